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

} // namespace pdlb::upstream
