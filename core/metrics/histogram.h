// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/gap_counts.h"

#include <span>
#include <vector>

namespace pdlb::metrics {

/// Upper bounds of a histogram's buckets, ascending and inclusive.
using Bounds = std::vector<Monotonic>;

/// What durations are counted by unless --metrics-buckets says otherwise: 1 ms to 10 min.
const Bounds &defaultDurationBounds();
Bounds boundsFromSeconds(std::span<const double> seconds);

/// Durations counted by length. A plain value: one thread at a time. All that are added together have the same bounds.
class Histogram
{
public:
    void observe(const Bounds &bounds, Monotonic time);
    void add(const Histogram &other);
    void add(const trace::GapCounts &gaps);

    /// Per bucket, not cumulated; one more than there are bounds. Empty: nothing was observed.
    const std::vector<quint64> &counts() const { return m_counts; }
    quint64 count() const;
    double sumSeconds() const { return std::chrono::duration<double>(m_sum).count(); }

private:
    std::vector<quint64> m_counts;
    Monotonic m_sum{0};
};

} // namespace pdlb::metrics
