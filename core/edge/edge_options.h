// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/rules.h"
#include "edge/rate_limiter.h"
#include "http/message.h"
#include "util/byte_budget.h"

#include <chrono>

namespace pdlb::edge {

/// Limits and deadlines of clients' connections; 0 switches one off.
struct EdgeOptions {
    http::HeadLimits head;
    qint64 maxBody = qint64(512) * 1024 * 1024;
    qint64 maxConnections = 0; ///< of all workers together; beyond it nothing is accepted
    qsizetype maxPipelined = 64 * 1024; ///< bytes kept while a request runs; beyond, the connection ends with it
    std::chrono::milliseconds headerTimeout = std::chrono::seconds(10); ///< from a request's first byte to its head's end
    std::chrono::milliseconds bodyTimeout = std::chrono::seconds(30); ///< without a body byte, or with less than 500 B/s
    std::chrono::milliseconds keepAliveTimeout = std::chrono::seconds(60); ///< idle between two requests
    RateRules rate;
    std::chrono::milliseconds writeStall = std::chrono::seconds(60); ///< for the last bytes of a closing connection
};

/// What the edges of all workers share. Thread-safe.
struct EdgeShared {
    explicit EdgeShared(qint64 maxBodyMemory) : bodies(maxBodyMemory) {}

    ByteBudget bodies; ///< memory of request bodies, each counted as received and as sent to the engines
    RateLimiter rates;
    std::atomic<qint64> connections{0};
    std::atomic<quint64> refusals{0}; ///< requests answered with an error before they reached a handler
};

} // namespace pdlb::edge
