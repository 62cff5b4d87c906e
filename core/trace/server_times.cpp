// SPDX-License-Identifier: Apache-2.0
#include "trace/server_times.h"

#include <cmath>

namespace pdlb::trace {

namespace {

constexpr Monotonic tolerance = std::chrono::milliseconds(2); ///< clocks are told in milliseconds
constexpr double longest = 1e8; ///< seconds; nobody's clock is years ahead

} // namespace

std::optional<ServerTimes> serverTimes(const Timeline &timeline, const LegTimeline &leg)
{
    // Decode's answer is the client's, unless it was put together of several.
    if (!leg.prefill && timeline.samples > 1)
        return {};
    const pd::AnswerFacts &facts = leg.prefill ? leg.facts : timeline.facts;
    if (!facts.serverReceived || !facts.serverFinished || !leg.sent || !leg.ended || !timeline.startedAt.isValid())
        return {};
    const double stretch = *facts.serverFinished - *facts.serverReceived;
    // Small numbers first: seconds since 1970 leave little for nanoseconds.
    const double ahead = *facts.serverReceived - double(timeline.startedAt.toMSecsSinceEpoch()) / 1000;
    if (!(stretch >= 0) || !(stretch < longest) || !(std::abs(ahead) < longest))
        return {};
    const auto inside = Monotonic(qint64(stretch * 1e9));
    const Monotonic ours = *leg.ended - *leg.sent;
    if (inside > ours + tolerance)
        return {};
    ServerTimes times;
    times.uncertainty = std::max(Monotonic(0), (ours - inside) / 2);
    times.received = *leg.sent + times.uncertainty;
    times.finished = times.received + inside;
    times.clockOffset = Monotonic(qint64(ahead * 1e9)) - (times.received - timeline.received);
    return times;
}

} // namespace pdlb::trace
