// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

namespace pdlb::trace {

/// Gets finished timelines from any worker thread; must not block.
class TraceSink
{
public:
    virtual ~TraceSink() = default;
    virtual void record(const TimelinePtr &timeline) = 0;
};

} // namespace pdlb::trace
