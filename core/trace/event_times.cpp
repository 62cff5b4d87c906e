// SPDX-License-Identifier: Apache-2.0
#include "trace/event_times.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace pdlb::trace {

int EventTimes::bucketOf(quint64 micros)
{
    if (micros < steps)
        return int(micros); // exact where a step would be less than a microsecond
    const int power = std::bit_width(micros) - 1;
    const int step = int(micros >> (power - 3)) & (steps - 1);
    return std::min((power - 2) * steps + step, buckets - 1);
}

quint64 EventTimes::lowerBound(int bucket)
{
    if (bucket < steps)
        return quint64(bucket);
    const int power = bucket / steps + 2;
    return quint64(steps + bucket % steps) << (power - 3);
}

void EventTimes::addGap(Monotonic gap)
{
    if (m_gaps.empty())
        m_gaps.resize(buckets, 0);
    m_maxGap = std::max(m_maxGap, gap);
    ++m_gaps[size_t(bucketOf(quint64(std::max<Monotonic::rep>(gap.count(), 0)) / 1000))];
}

void EventTimes::keep(Monotonic at)
{
    if (m_kept.size() == limit) {
        for (size_t i = 0; i < limit / 2; ++i)
            m_kept[i] = m_kept[2 * i];
        m_kept.resize(limit / 2);
        m_stride *= 2;
        if ((m_count - 1) % m_stride != 0)
            return;
    }
    const auto micros = (at - m_first).count() / 1000;
    m_kept.push_back(quint32(std::clamp<Monotonic::rep>(micros, 0, std::numeric_limits<quint32>::max())));
}

std::vector<Monotonic> EventTimes::times() const
{
    std::vector<Monotonic> list;
    list.reserve(m_kept.size());
    for (const quint32 micros : m_kept)
        list.push_back(m_first + std::chrono::microseconds(micros));
    return list;
}

std::optional<Monotonic> EventTimes::gapQuantile(double quantile) const
{
    if (m_count < 2)
        return {};
    if (quantile >= 1)
        return m_maxGap;
    const auto rank = qint64(std::ceil(std::clamp(quantile, 0.0, 1.0) * double(m_count - 1)));
    qint64 seen = 0;
    for (int i = 0; i < buckets; ++i) {
        seen += m_gaps[size_t(i)];
        if (seen >= std::max<qint64>(rank, 1)) {
            // The middle of the bucket, but never more than what was really seen.
            const quint64 low = lowerBound(i), high = i < steps ? low : lowerBound(i + 1);
            return std::min(m_maxGap, Monotonic(std::chrono::microseconds((low + high) / 2)));
        }
    }
    return m_maxGap;
}

std::optional<Monotonic> EventTimes::gapMean() const
{
    if (m_count < 2)
        return {};
    return (m_last - m_first) / (m_count - 1);
}

std::optional<Monotonic> EventTimes::gapMax() const
{
    return m_count < 2 ? std::nullopt : std::optional(m_maxGap);
}

EventTimes::State EventTimes::state() const
{
    State state{m_count, m_stride, m_first, m_last, m_maxGap, m_kept, {}};
    for (size_t i = 0; i < m_gaps.size(); ++i) {
        if (m_gaps[i] > 0)
            state.gaps.emplace_back(int(i), m_gaps[i]);
    }
    return state;
}

std::optional<EventTimes> EventTimes::fromState(State state)
{
    if (state.count < 0 || state.stride < 1 || state.kept.size() > limit || state.last < state.first
        || (state.count > 1 && state.gaps.empty()))
        return {};
    EventTimes times;
    times.m_count = state.count;
    times.m_stride = state.stride;
    times.m_first = state.first;
    times.m_last = state.last;
    times.m_maxGap = state.maxGap;
    times.m_kept = std::move(state.kept);
    if (!state.gaps.empty())
        times.m_gaps.resize(buckets, 0);
    for (const auto &[bucket, count] : state.gaps) {
        if (bucket < 0 || bucket >= buckets)
            return {};
        times.m_gaps[size_t(bucket)] = count;
    }
    return times;
}

} // namespace pdlb::trace
