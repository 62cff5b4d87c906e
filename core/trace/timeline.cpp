// SPDX-License-Identifier: Apache-2.0
#include "trace/timeline.h"

#include <algorithm>

namespace pdlb::trace {

const LegTimeline *Timeline::leg(bool prefill) const
{
    const auto found = std::find_if(legs.begin(), legs.end(), [&](const LegTimeline &leg) { return leg.prefill == prefill; });
    return found == legs.end() ? nullptr : &*found;
}

Moment Timeline::firstToken() const
{
    Moment first;
    for (const LegTimeline &leg : legs) {
        if (!leg.prefill && leg.isGood() && leg.firstByte && (!first || *leg.firstByte < *first))
            first = leg.firstByte;
    }
    return first;
}

} // namespace pdlb::trace
