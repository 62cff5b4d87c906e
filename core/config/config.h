// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QByteArray>
#include <QList>
#include <QString>

#include <chrono>
#include <optional>

namespace pdlb {

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
    bool operator==(const BootstrapPort &) const = default;
};

struct PrefillServer {
    QString url; ///< http://HOST:PORT
    BootstrapPort bootstrapPort;
};

/// Which transport sends the legs.
enum class TransportKind {
    Auto, ///< direct for http://, qnam for https://
    Direct,
    Qnam,
};

/// Everything a Balancer needs to start. Plain values; validate() tells what is wrong.
struct Config {
    QString host = QStringLiteral("127.0.0.1"); ///< listen address: IP literal, "localhost" or "*"
    quint16 port = 30000; ///< 0: any free port, see Balancer::port()
    QList<PrefillServer> prefill;
    QStringList decode; ///< http://HOST:PORT
    int workers = 0; ///< threads; 0: number of cores, at most 8
    QString policy = QStringLiteral("random");
    TransportKind transport = TransportKind::Auto;

    std::chrono::milliseconds requestTimeout = std::chrono::seconds(1800); ///< whole request; 0: none
    std::chrono::milliseconds connectTimeout = std::chrono::seconds(3); ///< 0: none
    std::chrono::milliseconds firstByteTimeout{0}; ///< until decode's first byte; 0: none
    std::chrono::milliseconds streamIdleTimeout = std::chrono::seconds(300); ///< between decode's bytes; 0: none
    std::chrono::milliseconds writeStallTimeout = std::chrono::seconds(60); ///< a client that takes no byte; 0: none
    std::chrono::milliseconds drainTimeout = std::chrono::seconds(30);
    qint64 maxBody = qint64(512) * 1024 * 1024; ///< bytes of a request body

    /// One sentence with what is wrong, where, and what is allowed; nothing when the configuration can be used.
    Result<void> validate() const;
    int effectiveWorkers() const;
};

} // namespace pdlb
