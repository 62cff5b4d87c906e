// SPDX-License-Identifier: Apache-2.0
#include "util/clock.h"

namespace pdlb {

Monotonic SteadyClock::now() const
{
    return std::chrono::duration_cast<Monotonic>(std::chrono::steady_clock::now().time_since_epoch());
}

const SteadyClock &SteadyClock::instance()
{
    static const SteadyClock clock;
    return clock;
}

} // namespace pdlb
