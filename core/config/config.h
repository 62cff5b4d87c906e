// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QByteArrayList>
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

    // Deadlines; 0: none.
    std::chrono::milliseconds requestTimeout = std::chrono::seconds(1800); ///< whole request
    std::chrono::milliseconds connectTimeout = std::chrono::seconds(3); ///< to an engine
    std::chrono::milliseconds firstByteTimeout{0}; ///< until decode's first byte
    std::chrono::milliseconds streamIdleTimeout = std::chrono::seconds(300); ///< between decode's bytes
    std::chrono::milliseconds writeStallTimeout = std::chrono::seconds(60); ///< a client that takes no byte
    std::chrono::milliseconds headerTimeout = std::chrono::seconds(10); ///< a request's head, from its first byte
    std::chrono::milliseconds bodyTimeout = std::chrono::seconds(30); ///< a body of which nothing, or under 500 B/s, comes
    std::chrono::milliseconds keepAliveTimeout = std::chrono::seconds(60); ///< a connection without a request
    std::chrono::milliseconds queueTimeout = std::chrono::seconds(30); ///< waiting for one of maxInFlight
    std::chrono::milliseconds drainTimeout = std::chrono::seconds(30); ///< running requests, once drain() was called

    // Limits; 0: none, but for those of the head, which cannot be without.
    qint64 maxRequestLine = 8 * 1024; ///< bytes
    qint64 maxHeaderField = 16 * 1024; ///< bytes of one field line
    qint64 maxHeaderBlock = 32 * 1024; ///< bytes of all field lines
    int maxHeaders = 100;
    qint64 maxBody = qint64(512) * 1024 * 1024; ///< bytes of a request body
    std::optional<qint64> maxBodyMemory; ///< bytes of all bodies at a time, each counted as received and as sent on; unset: automatic
    std::optional<qint64> maxConnections; ///< of clients; unset: automatic
    qint64 maxInFlight = 0; ///< PD requests that run at a time
    qint64 maxQueue = 256; ///< further ones that wait; 0: they are refused at once

    // Access.
    QByteArrayList apiKeys; ///< one of them must be sent with each request; empty: none is asked for
    QByteArray engineApiKey; ///< sent to the engines as bearer token, in place of the client's
    QByteArrayList corsOrigins; ///< "https://HOST[:PORT]" of web pages that may call
    QString tlsCertFile; ///< PEM, the chain; with tlsKeyFile: clients speak TLS
    QString tlsKeyFile; ///< PEM
    QString caFile; ///< PEM, trusted beside the system's for https:// engines
    bool insecure = false; ///< certificates of https:// engines are not checked

    /// One sentence with what is wrong, where, and what is allowed; nothing when the configuration can be used.
    Result<void> validate() const;
    int effectiveWorkers() const;
    /// maxBodyMemory, or the smaller of 2 GiB and a quarter of the memory (the machine's, or what its container may use).
    qint64 effectiveBodyMemory() const;
    /// maxConnections, or 0.4 of the descriptors that this process may have: each request needs two more for its legs.
    qint64 effectiveConnections() const;
    /// Other machines can connect, and need no key for it.
    bool isOpenToAll() const;

private:
    Result<void> validateLimits() const;
    Result<void> validateAccess() const;
};

} // namespace pdlb
