// SPDX-License-Identifier: Apache-2.0
#include "client/distribution.h"

#include <algorithm>
#include <cmath>

namespace pdlb::client {

namespace {

constexpr double smallest = 0.001; // a microsecond
constexpr int stepsPerDoubling = 64;
constexpr size_t buckets = 32 * stepsPerDoubling; // up to 70 minutes
constexpr double certainty = 1.96; // standard deviations that hold 95 %

} // namespace

size_t Distribution::bucketOf(double milliseconds)
{
    if (!(milliseconds > smallest))
        return 0;
    return std::min(buckets - 1, size_t(std::log2(milliseconds / smallest) * stepsPerDoubling));
}

double Distribution::valueOf(size_t bucket)
{
    return smallest * std::exp2((double(bucket) + 0.5) / stepsPerDoubling);
}

void Distribution::add(double milliseconds)
{
    if (m_counts.empty())
        m_counts.resize(buckets);
    ++m_counts[bucketOf(milliseconds)];
    m_least = m_count == 0 ? milliseconds : std::min(m_least, milliseconds);
    m_most = m_count == 0 ? milliseconds : std::max(m_most, milliseconds);
    ++m_count;
    m_sum += milliseconds;
    m_squares += milliseconds * milliseconds;
}

void Distribution::add(const Distribution &other)
{
    if (other.isEmpty())
        return;
    if (isEmpty()) {
        *this = other;
        return;
    }
    for (size_t i = 0; i < buckets; ++i)
        m_counts[i] += other.m_counts[i];
    m_least = std::min(m_least, other.m_least);
    m_most = std::max(m_most, other.m_most);
    m_count += other.m_count;
    m_sum += other.m_sum;
    m_squares += other.m_squares;
}

double Distribution::valueAtRank(double rank) const
{
    // Ranks count from 0; the extremes are known exactly.
    if (rank <= 0)
        return m_least;
    if (rank >= double(m_count - 1))
        return m_most;
    double seen = 0;
    for (size_t i = 0; i < buckets; ++i) {
        seen += m_counts[i];
        if (seen > rank)
            return std::clamp(valueOf(i), m_least, m_most);
    }
    return m_most;
}

double Distribution::quantile(double share) const
{
    return valueAtRank(share * double(m_count - 1));
}

std::optional<Distribution::Estimate> Distribution::estimate(double share) const
{
    if (m_count == 0 || (1 - share) * double(m_count) < 1 - 1e-9)
        return {};
    const double rank = share * double(m_count - 1);
    const double spread = certainty * std::sqrt(double(m_count) * share * (1 - share));
    return Estimate{valueAtRank(rank), valueAtRank(rank - spread), valueAtRank(rank + spread)};
}

Distribution::Estimate Distribution::meanEstimate() const
{
    const double n = double(m_count);
    const double variance = m_count > 1 ? std::max(0.0, (m_squares - m_sum * m_sum / n) / (n - 1)) : 0;
    const double spread = certainty * std::sqrt(variance / n);
    return {mean(), mean() - spread, mean() + spread};
}

} // namespace pdlb::client
