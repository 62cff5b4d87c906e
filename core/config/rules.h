// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayList>
#include <QString>
#include <QStringList>

#include <chrono>

namespace pdlb {

/// How servers are probed. Durations of 0 switch what they time off.
struct HealthRules {
    bool enabled = true;
    QString path = QStringLiteral("/health");
    std::chrono::milliseconds interval = std::chrono::seconds(5); ///< between two probes of a server, ± 10 %
    /// SGLang's own /health answers after a second or more when it runs a token through the model.
    std::chrono::milliseconds timeout = std::chrono::seconds(3);
    int fall = 3; ///< failed probes in a row until a server is down
    int rise = 2; ///< good ones in a row until it is up again
    std::chrono::milliseconds startupGrace = std::chrono::seconds(1800); ///< a server never seen up is "starting", not down
    bool probeBootstrap = true; ///< also GET /health of each prefill's bootstrap server

    bool operator==(const HealthRules &) const = default;
};

/// When a server that answers its probes but fails requests is left alone.
struct BreakerRules {
    bool enabled = true;
    int failures = 5; ///< 5xx answers or transport errors in a row
    std::chrono::milliseconds openFor = std::chrono::seconds(10); ///< doubled each time it opens again …
    std::chrono::milliseconds longest = std::chrono::seconds(60); ///< … up to this
    int successes = 1; ///< in a row, one request at a time, until it is closed

    bool operator==(const BreakerRules &) const = default;
};

/// Another attempt is made only when no byte of the request was written to any engine.
struct RetryRules {
    int retries = 1; ///< of one request; 0: none
    double budget = 0.1; ///< retries per request over time; 0: no limit
    std::chrono::milliseconds initialBackoff{0}; ///< before the first retry
    std::chrono::milliseconds longestBackoff = std::chrono::seconds(30);
    double multiplier = 1.5; ///< of the pause, per retry
    double jitter = 0.2; ///< the pause varies by this share of it

    bool operator==(const RetryRules &) const = default;
};

/// A token bucket for each API key, or for each client address where no key is asked for.
struct RateRules {
    double perSecond = 0; ///< requests; 0: no limit
    double burst = 0; ///< requests that may come at once; 0: as many as perSecond, at least 1

    bool operator==(const RateRules &) const = default;
};

/// What the policies may be told. Only those that use one look at it.
struct PolicyRules {
    QString prefill; ///< empty: Config::policy
    QString decode; ///< empty: Config::policy
    QString hashKey = QStringLiteral("header:x-session-id"); ///< consistent_hash: "header:NAME" or "body:MEMBER"
    double cacheThreshold = 0.3; ///< prefix_affinity: smallest share of the prompt that must be known to a server
    qint64 balanceAbs = 64; ///< prefix_affinity: imbalanced when max - min in flight is above this and …
    double balanceRel = 1.5; ///< … max is above this times min: then least_in_flight decides
    qint64 maxTreeBytes = qint64(64) * 1024 * 1024; ///< prefix_affinity: memory for remembered prompts, of each role that has this policy
    std::chrono::milliseconds loadInterval = std::chrono::seconds(2); ///< least_load: between two polls of /v1/loads

    bool operator==(const PolicyRules &) const = default;
};

/// What is kept of requests, and what of those that take long.
struct TraceRules {
    qint64 records = 1000; ///< finished requests
    qint64 bodyLimit = qint64(1024) * 1024; ///< bytes kept of each body; 0: none
    qint64 bodyMemory = qint64(256) * 1024 * 1024; ///< bytes of all kept bodies; 0: none
    /// A request of which nothing comes for so long is explained: its engines are asked where it is. 0: only on demand.
    std::chrono::milliseconds explainAfter = std::chrono::seconds(3);
    QString file; ///< each finished request is appended to it; empty: none
    qint64 fileSize = qint64(100) * 1024 * 1024; ///< bytes of one file
    int fileCount = 5; ///< files, older ones included
    bool fileBodies = true;

    bool operator==(const TraceRules &) const = default;
};

/// Where spans go.
struct OtlpRules {
    QString endpoint; ///< http(s)://HOST:PORT[/PATH]; empty: none are sent
    QString headersRef; ///< "file:PATH", "env:NAME"; resolveSecrets() reads it into headers
    QByteArrayList headers; ///< see trace::OtlpSender::parseHeaders(); never saved
    double sampling = 1; ///< share of the traces begun here that is sent

    bool operator==(const OtlpRules &) const = default;
};

/// Faults that are injected on purpose.
struct FaultRules {
    bool allow = false;
    QStringList rules; ///< see inject::FaultRule

    bool operator==(const FaultRules &) const = default;
};

/// What happens when health probes leave no pair.
enum class OnNoHealthy {
    Try, ///< the enabled servers are tried all the same
    Fail, ///< 503 with Retry-After
};

} // namespace pdlb
