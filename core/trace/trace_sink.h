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
    /// Whether records need their searchText: many of them are filtered again and again.
    virtual bool isSearched() const { return false; }
};

} // namespace pdlb::trace
