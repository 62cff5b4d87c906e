// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

namespace pdlb::trace {

/// What is known of the engines of a running request at one moment.
struct PairSamples {
    LoadSample prefill;
    LoadSample decode;
    BootstrapSample bootstrap; ///< prefill's
};

/// Since when nothing has come of a running request: decode's newest byte, or its coming.
Monotonic silentSince(const Timeline &timeline);

/// In which phase a running request is, out of its timeline and what its engines say of their queues (PD reference §4.5,
/// §4.8). Queues are counted, not named: what is said is the likeliest, and the numbers are said with it.
Explanation explain(const Timeline &timeline, const PairSamples &samples, Monotonic now);

} // namespace pdlb::trace
