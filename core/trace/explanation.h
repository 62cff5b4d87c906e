// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/clock.h"

#include <QByteArrayView>
#include <QString>

#include <optional>

namespace pdlb::trace {

/// Where in the life of a PD request it is (PD reference §4.5, §4.8), in the order of that life.
enum class PdPhase {
    WaitingForPair, ///< in the balancer's queue
    Connecting, ///< to the engines
    Sending, ///< an engine has not taken the whole request yet
    Bootstrapping, ///< prefill and decode shake hands through prefill's bootstrap server
    PrefillQueue,
    PrefillCompute,
    KvTransfer,
    DecodePrealloc, ///< decode has no room yet for the KV cache
    DecodeQueue,
    Decoding,
    Client, ///< the client takes nothing
    Unknown, ///< the engines do not say
};
/// "prefill_queue", as in JSON and in filters.
const char *phaseName(PdPhase phase);
/// Unknown for another name.
PdPhase phaseFromName(QByteArrayView name);

/// What an engine says of its queues: `/v1/loads?include=disagg,queues`, all its DP ranks added up. Absent: not told.
struct LoadSample {
    Monotonic at{0};
    QString error; ///< why there are no numbers; empty: there are
    std::optional<qint64> running;
    std::optional<qint64> waiting;
    std::optional<qint64> runningLimit; ///< max_running_requests
    std::optional<double> tokenUsage; ///< share of the KV cache in use, of the fullest rank
    std::optional<qint64> prefillBootstrapQueue;
    std::optional<qint64> prefillInflightQueue; ///< computed, KV cache under way
    std::optional<qint64> decodePreallocQueue;
    std::optional<qint64> decodeTransferQueue;
    std::optional<qint64> decodeRetractedQueue;
    std::optional<double> kvSpeed; ///< GB/s
    std::optional<double> kvLatency; ///< milliseconds
};

/// What a prefill's bootstrap server says.
struct BootstrapSample {
    QString address; ///< HOST:PORT; empty: nobody asked
    QString error; ///< it does not answer, or not as one does
    bool registered = true; ///< false: "not fully registered yet"
    std::optional<quint16> prefillPort; ///< prefill_http_port, whose bootstrap server it says it is
};

/// Where a running request is stuck, and why, as far as timeline and engines tell.
struct Explanation {
    Monotonic at{0};
    PdPhase phase = PdPhase::Unknown;
    QString sentence; ///< where it is and what that follows from
    QString advice; ///< what to look at
    LoadSample prefill;
    LoadSample decode;
    BootstrapSample bootstrap;
};

} // namespace pdlb::trace
