// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

namespace pdlb::trace {

/// When an engine had a request, by its own clock (meta_info's request_received_ts and request_finished_ts, PD reference §4.8), on
/// the request's axis.
struct ServerTimes {
    Monotonic received{0};
    Monotonic finished{0};
    Monotonic clockOffset{0}; ///< how much the engine's clock is ahead of ours
    Monotonic uncertainty{0}; ///< of the offset, and so of both moments, in both directions
};

/// For a leg of that request. The offset is measured as by NTP: what we sent came after we had sent it, and what was answered left
/// before we had it, so the engine's stretch lies within ours; in its middle, as far as we know. None: the engine does not tell its
/// times, or they cannot be right (its stretch is longer than ours).
std::optional<ServerTimes> serverTimes(const Timeline &timeline, const LegTimeline &leg);

} // namespace pdlb::trace
