// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QByteArray>
#include <QJsonObject>
#include <QMap>
#include <QString>

namespace pdlb {

/// What an engine was started as (SGLang's --disaggregation-mode).
enum class Role { Prefill, Decode };

/// "prefill", "decode".
const char *roleName(Role role);

/// A prefill engine's bootstrap port, as told by the user.
struct BootstrapPort {
    enum class Kind {
        Discover, ///< ask the engine's /server_info; JSON null until it has answered
        None, ///< always JSON null: each engine uses its own setting
        Fixed,
    };
    Kind kind = Kind::Discover;
    quint16 port = 0; ///< with Fixed

    static BootstrapPort fixed(quint16 port) { return {Kind::Fixed, port}; }
    static BootstrapPort none() { return {Kind::None, 0}; }
    /// "8998", "none" (any case) or "auto".
    static Result<BootstrapPort> parse(const QString &text);
    /// What parse() reads as this.
    QString toString() const;
    bool operator==(const BootstrapPort &) const = default;
};

/// One engine, as the user describes it.
struct ServerConfig {
    QString url; ///< http://HOST:PORT, or a name to look up, see upstream::ServerUrl
    BootstrapPort bootstrapPort = {}; ///< of a prefill
    QString name = {}; ///< unique over both roles, [A-Za-z0-9._-]; empty: "p1", "d1", … by its place
    int weight = 1; ///< share of the requests under policy "weighted", 1 … 1000
    bool enabled = true; ///< false: gets no new request
    QString group = {}; ///< with Pairing::Group only servers of the same group are paired
    QMap<QString, QString> labels = {}; ///< free for people and tools; copied to the admin API
    qint64 maxInFlight = 0; ///< legs that run on it at a time; 0: Config::serverMaxInFlight
    QString apiKeyRef = {}; ///< where its own key comes from: "env:NAME" or "file:PATH"; empty: Config::engineApiKey
    QByteArray apiKey = {}; ///< what apiKeyRef pointed to; never saved, shown or logged
    QJsonObject extra = {}; ///< see Config::extra
    QString hostName = {}; ///< what the URL's address was looked up from; never saved

    bool operator==(const ServerConfig &) const = default;
};

/// Which prefills and decodes may serve a request together.
enum class Pairing {
    Any, ///< every prefill with every decode
    Group, ///< those of the same group
    Listed, ///< only what Config::pairs lists
};

/// One pair by its servers' names. With Pairing::Any and Group an entry changes that pair alone.
struct PairConfig {
    QString prefill;
    QString decode;
    int weight = 1; ///< 1 … 1000, multiplies the servers' weights
    bool enabled = true;
    QJsonObject extra = {}; ///< see Config::extra

    bool operator==(const PairConfig &) const = default;
};

} // namespace pdlb
