// SPDX-License-Identifier: Apache-2.0
#include "trace/timeline.h"

#include <algorithm>
#include <atomic>

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

quint64 nextSerial()
{
    static std::atomic<quint64> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

const LegTimeline *Timeline::answeringLeg() const
{
    for (const bool prefill : {false, true}) {
        if (const LegTimeline *found = leg(prefill); found && found->status > 0 && found->status == status)
            return found;
    }
    return nullptr;
}

} // namespace pdlb::trace
