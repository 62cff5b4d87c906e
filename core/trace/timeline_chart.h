// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

namespace pdlb::trace {

/// What a terminal can do.
struct ChartStyle {
    int width = 80; ///< columns; at least 60 are used
    bool unicode = true; ///< block characters, else # and |
    bool color = false; ///< ANSI colours
};

/// The request as a drawing for people: what it was and how it ended, a bar for each phase of the client's exchange and of each leg on
/// one axis with its milliseconds, and what was found out about it. Control characters of others are escaped.
QString drawTimeline(const Timeline &timeline, const ChartStyle &style);

/// Two requests phase by phase: milliseconds of each, difference and ratio; then sizes and words that differ.
QString compareTimelines(const Timeline &a, const Timeline &b);

} // namespace pdlb::trace
