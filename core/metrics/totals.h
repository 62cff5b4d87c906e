// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/histogram.h"
#include "trace/timeline.h"

#include <functional>
#include <unordered_map>

namespace pdlb::metrics {

/// The values of the label "endpoint"; the last is for whatever is none of the others.
inline constexpr std::array<QByteArrayView, 4> endpointNames{"/generate", "/v1/chat/completions", "/v1/completions",
                                                             "other"};

/// What tells requests apart in pdlb_requests_total. Numbers only: nothing is looked up by text per request.
struct RequestKey {
    quint64 prefill = 0; ///< fleet::Server::id; 0: no pair was picked
    quint64 decode = 0;
    quint16 status = 0;  ///< as knownStatus() gives it
    quint8 endpoint = 0; ///< index into endpointNames
    quint8 end = 0;      ///< trace::EndReason

    bool operator==(const RequestKey &) const = default;
};

struct RequestKeyHash {
    size_t operator()(const RequestKey &key) const noexcept
    {
        // Ids are hashes already.
        const quint64 rest = quint64(key.status) << 16 | quint64(key.endpoint) << 8 | key.end;
        return size_t(key.prefill ^ (key.decode * 3) ^ (rest * 0x9e3779b97f4a7c15));
    }
};

/// A status as it is told apart: those that pdlb and engines use by themselves, others by their class (2 … 9), 0 for
/// none. So an engine with odd statuses does not make series without end.
quint16 knownStatus(int status);
/// "404", "4xx", "none".
QByteArray statusName(quint16 known);

/// Everything that is counted of finished requests. Totals can be added up: each worker counts what is new, the sum is
/// kept in one place. A plain value: one thread at a time.
struct Totals {
    struct OfEndpoint {
        Histogram firstToken;           ///< of streams
        std::array<Histogram, 2> total; ///< of good requests; [1]: of streams
        quint64 requestBytes = 0;
        quint64 answerBytes = 0;
    };

    std::unordered_map<RequestKey, quint64, RequestKeyHash> requests;
    std::array<OfEndpoint, endpointNames.size()> endpoints;
    std::unordered_map<quint64, Histogram> prefillTime; ///< by the prefill's id
    std::unordered_map<quint64, Histogram> gaps;        ///< by the decode's id; by trace::GapCounts::bounds
    Histogram queueWait;
    quint64 attempts = 0;
    quint64 retries = 0;
    std::array<quint64, 2> aborts{};      ///< [1]: told to prefills
    std::array<quint64, 2> connections{}; ///< of legs; [1]: kept ones that were used again

    void count(const trace::Timeline &timeline, const Bounds &durations);
    void add(const Totals &other);
    /// Forgets what is of a server for which `known(prefill?, id)` is false.
    void keepServers(const std::function<bool(bool, quint64)> &known);
};

} // namespace pdlb::metrics
