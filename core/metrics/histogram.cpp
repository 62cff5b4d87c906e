// SPDX-License-Identifier: Apache-2.0
#include "metrics/histogram.h"

#include <functional>
#include <numeric>

namespace pdlb::metrics {

namespace {

/// Adds up element by element; an empty list is one of zeros.
template <typename Counts> void addCounts(std::vector<quint64> &to, const Counts &counts)
{
    to.resize(std::max(to.size(), counts.size()));
    std::transform(counts.begin(), counts.end(), to.begin(), to.begin(), std::plus<quint64>());
}

} // namespace

const Bounds &defaultDurationBounds()
{
    static constexpr std::array seconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,   0.25,  0.5,  1.0,
                                        2.5,   5.0,    10.0,  20.0, 30.0,  60.0, 120.0, 300.0, 600.0};
    static const Bounds bounds = boundsFromSeconds(seconds);
    return bounds;
}

Bounds boundsFromSeconds(std::span<const double> seconds)
{
    Bounds bounds;
    bounds.reserve(seconds.size());
    for (const double value : seconds)
        bounds.push_back(std::chrono::duration_cast<Monotonic>(std::chrono::duration<double>(value)));
    return bounds;
}

void Histogram::observe(const Bounds &bounds, Monotonic time)
{
    if (m_counts.empty())
        m_counts.resize(bounds.size() + 1);
    ++m_counts[size_t(std::lower_bound(bounds.begin(), bounds.end(), time) - bounds.begin())];
    m_sum += time;
}

void Histogram::add(const Histogram &other)
{
    addCounts(m_counts, other.m_counts);
    m_sum += other.m_sum;
}

void Histogram::add(const trace::GapCounts &gaps)
{
    addCounts(m_counts, gaps.counts);
    m_sum += gaps.sum;
}

quint64 Histogram::count() const
{
    return std::accumulate(m_counts.begin(), m_counts.end(), quint64(0));
}

} // namespace pdlb::metrics
