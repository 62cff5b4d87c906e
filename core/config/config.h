// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config_problem.h"
#include "config/rules.h"
#include "config/server_config.h"
#include "util/result.h"

#include <QByteArrayList>
#include <QJsonObject>
#include <QList>
#include <QString>
#include <QStringList>

#include <chrono>
#include <optional>

namespace pdlb {

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
    QList<ServerConfig> prefill;
    QList<ServerConfig> decode;
    Pairing pairing = Pairing::Any;
    QList<PairConfig> pairs; ///< see Pairing
    int workers = 0; ///< threads; 0: number of cores, at most 8
    QString policy = QStringLiteral("random"); ///< of both roles, unless PolicyRules names others
    PolicyRules policies;
    HealthRules health;
    BreakerRules breaker;
    RetryRules retry;
    OnNoHealthy onNoHealthy = OnNoHealthy::Try;
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
    qint64 serverMaxInFlight = 0; ///< legs that run on one server at a time
    RateRules rate;

    // Access.
    QByteArrayList apiKeys; ///< one of them must be sent with each request; empty: none is asked for; never saved
    QByteArrayList givenApiKeys; ///< those of apiKeys that none of apiKeyRefs names
    QStringList apiKeyRefs; ///< "file:PATH", "env:NAME"; resolveSecrets() reads them into apiKeys
    QByteArray engineApiKey; ///< sent to the engines as bearer token, in place of the client's; never saved
    QString engineApiKeyRef; ///< likewise
    QByteArrayList adminKeys; ///< one of them opens the admin API; empty: it is for callers on this machine; never saved
    QByteArrayList givenAdminKeys; ///< those of adminKeys that none of adminKeyRefs names
    QStringList adminKeyRefs; ///< likewise
    std::optional<qint64> adminPort; ///< of a listener of its own for the admin API, 0: any free port; unset: it is on `port`
    QString adminHost = QStringLiteral("127.0.0.1"); ///< address of that listener
    QByteArrayList adminHostNames; ///< names beside localhost, 127.0.0.1 and [::1] by which the admin API may be called
    bool debugHeaders = false; ///< every answer names its pair and room; otherwise only where a request asks for it
    QByteArrayList corsOrigins; ///< "https://HOST[:PORT]" of web pages that may call
    QString tlsCertFile; ///< PEM, the chain; with tlsKeyFile: clients speak TLS
    QString tlsKeyFile; ///< PEM
    QString caFile; ///< PEM, trusted beside the system's for https:// engines
    bool insecure = false; ///< certificates of https:// engines are not checked

    // Metrics, beside /metrics of the port above.
    QString metricsHost = QStringLiteral("127.0.0.1"); ///< as host
    std::optional<quint16> metricsPort; ///< unset: no listener of their own; 0: any free port, see Balancer::metricsUrl()
    QList<double> metricsBuckets; ///< upper bounds of the duration histograms in seconds, ascending; empty: the usual ones

    TraceRules trace;
    OtlpRules otlp;
    FaultRules faults;

    QJsonObject extra; ///< what the file has beside these, kept for when it is saved again

    /// Everything that is wrong; nothing when the configuration can be used.
    ConfigProblems problems() const;
    /// The first of problems(): one sentence with what is wrong, where, and what is allowed; nothing when the configuration can be used.
    Result<void> validate() const;
    /// Takes over from `running` what cannot change without a restart; returns the flags' names of what differed.
    QStringList keepStartSettings(const Config &running);
    int effectiveWorkers() const;
    /// Gives a name to each server that has none: "p1", "d1", … by its place among those of its role.
    void nameServers();
    /// The policy that picks servers of that role.
    const QString &policyOf(Role role) const;
    /// maxBodyMemory, or the smaller of 2 GiB and a quarter of the memory (the machine's, or what its container may use).
    qint64 effectiveBodyMemory() const;
    /// maxConnections, or 0.4 of the descriptors that this process may have: each request needs two more for its legs.
    qint64 effectiveConnections() const;
    /// Other machines can connect, and need no key for it.
    bool isOpenToAll() const;
};

} // namespace pdlb
