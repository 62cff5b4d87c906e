// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/clock.h"

#include <QtGlobal>

#include <optional>
#include <vector>

namespace pdlb::trace {

/// When the pieces of a stream came: every time up to a limit, then every second one, every fourth one, …; the gaps
/// between neighbours are counted exactly, whatever is dropped. 4 bytes a kept time.
class EventTimes
{
public:
    static constexpr size_t limit = 1024; ///< kept times

    /// Times must not go back.
    void add(Monotonic at)
    {
        if (m_count++ == 0) {
            m_first = m_last = at;
            m_kept.push_back(0);
            return;
        }
        addGap(at - m_last);
        m_last = at;
        if ((m_count - 1) % m_stride == 0)
            keep(at);
    }

    qint64 count() const { return m_count; }
    /// Of the pieces, how many stand for one kept time.
    quint32 stride() const { return m_stride; }
    Monotonic first() const { return m_first; }
    Monotonic last() const { return m_last; }
    /// Memory beside the object itself, but for what is reserved: a copy has the same.
    qint64 bytes() const { return qint64((m_kept.size() + m_gaps.size()) * sizeof(quint32)); }
    /// The kept times.
    std::vector<Monotonic> times() const;

    /// Of the gaps between neighbours; none with fewer than two pieces. quantile in 0 … 1, within 6 %, from the
    /// counts of a logarithmic scale; the largest is exact.
    std::optional<Monotonic> gapQuantile(double quantile) const;
    std::optional<Monotonic> gapMean() const;
    std::optional<Monotonic> gapMax() const;

    /// All there is to it, for files.
    struct State {
        qint64 count = 0;
        quint32 stride = 1;
        Monotonic first{0};
        Monotonic last{0};
        Monotonic maxGap{0};
        std::vector<quint32> kept; ///< µs since the first
        std::vector<std::pair<int, quint32>> gaps; ///< counts of the logarithmic scale that are not 0, by bucket
    };
    State state() const;
    /// Nothing when that cannot be a state.
    static std::optional<EventTimes> fromState(State state);

private:
    /// 8 steps per power of two, from 1 µs to 17 min; below and above are the first and the last.
    static constexpr int steps = 8;
    static constexpr int buckets = 30 * steps;
    static int bucketOf(quint64 micros);
    static quint64 lowerBound(int bucket);

    void addGap(Monotonic gap);
    void keep(Monotonic at);

    std::vector<quint32> m_kept; ///< µs since the first
    std::vector<quint32> m_gaps; ///< counts per bucket; empty before the first gap
    Monotonic m_first{0};
    Monotonic m_last{0};
    Monotonic m_maxGap{0};
    qint64 m_count = 0;
    quint32 m_stride = 1;
};

} // namespace pdlb::trace
