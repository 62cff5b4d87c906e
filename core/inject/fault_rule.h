// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/filter.h"
#include "util/result.h"

#include <QString>

#include <chrono>
#include <optional>

namespace pdlb::inject {

/// What is done to a leg.
enum class FaultKind {
    Delay, ///< the request leaves later
    Status, ///< the engine is not asked; the leg ends with that status and an error body
    Drop, ///< the connection breaks behind so many events of the answer
    Stall, ///< nothing more comes behind so many events
    Cut, ///< the connection breaks at the answer's first byte
    WrongRoom, ///< the leg gets another room than its peer
};

/// A fault that is done on purpose to some requests, to see what clients and engines make of it. Written as
///
///     [FILTER] -> ACTION[, probability P][, count N]
///
///     leg:decode model:llama -> delay 500ms
///     id:test-* -> status 503, count 3
///     -> drop after 10 events, probability 1%
///     leg:prefill -> wrong-room
///
/// FILTER is of the filter language and judges the running request once its pair is picked; "leg:prefill" or "leg:decode"
/// alone in it chooses the leg (decode, when neither is there). Actions: delay TIME, status CODE, drop after N events,
/// stall after N events, cut, wrong-room.
struct FaultRule {
    QString text; ///< as written
    trace::Filter filter;
    bool prefill = false; ///< the leg
    FaultKind kind = FaultKind::Delay;
    std::chrono::milliseconds delay{0};
    int status = 0;
    qint64 events = 0;
    double probability = 1;
    std::optional<qint64> count; ///< so many requests, then no more
};

/// The error says in one sentence what is wrong, with the column where the filter is.
Result<FaultRule> parseFaultRule(const QString &text);

} // namespace pdlb::inject
