// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QByteArray>

namespace pdlb::upstream {

/// Where an engine listens, as its URL says.
struct Origin {
    QByteArray host; ///< name or IP literal, without brackets
    quint16 port = 0;
    bool tls = false;
    QByteArray basePath; ///< prefix of every target, without a trailing slash; usually empty
    QByteArray peerName; ///< whom the certificate must name, when not `host`: an address that was looked up

    /// "host:port" with IPv6 in brackets: the Host field and the pool's key.
    QByteArray authority() const;
    /// SGLang's bootstrap_host: the host alone, IPv6 in brackets.
    QByteArray bracketedHost() const;
    QByteArray url() const;
    bool operator==(const Origin &) const = default;
};

/// Reads "http://host:port[/base]" or "https://…"; a bare "host:port" is taken as http. The error says which part is
/// wrong. User info, query and fragment are refused.
Result<Origin> parseOrigin(const QString &text);

/// How a server's URL leads to addresses.
enum class Lookup {
    None, ///< it names one server
    Addresses, ///< dns+http://: A and AAAA records
    Services, ///< srv+http://: SRV records, which tell the port too
};

/// A server's URL as people give it.
struct ServerUrl {
    Lookup lookup = Lookup::None;
    Origin origin; ///< with Services the port means nothing

    bool operator==(const ServerUrl &) const = default;
};

/// parseOrigin(), and before the scheme "dns+" or "srv+".
Result<ServerUrl> parseServerUrl(const QString &url);
/// What parseServerUrl() reads as that.
QByteArray toString(const ServerUrl &url);

} // namespace pdlb::upstream
