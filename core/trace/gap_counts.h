// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/clock.h"

#include <QtGlobal>

#include <algorithm>
#include <array>

namespace pdlb::trace {

/// The times between a stream's events, counted by length. Cheap enough to be kept for each event.
struct GapCounts {
    /// Upper bounds, each inclusive; the last count is for what is longer.
    static constexpr std::array<Monotonic, 17> bounds = [] {
        using std::chrono::milliseconds;
        return std::array<Monotonic, 17>{milliseconds(1),    milliseconds(2),    milliseconds(5),    milliseconds(10),
                                         milliseconds(15),   milliseconds(20),   milliseconds(30),   milliseconds(50),
                                         milliseconds(75),   milliseconds(100),  milliseconds(150),  milliseconds(250),
                                         milliseconds(500),  milliseconds(1000), milliseconds(2500), milliseconds(5000),
                                         milliseconds(10000)};
    }();

    std::array<quint32, bounds.size() + 1> counts{};
    Monotonic sum{0};

    /// `events` came together, `time` after those before them: they share it equally.
    void add(Monotonic time, quint32 events)
    {
        counts[size_t(std::lower_bound(bounds.begin(), bounds.end(), time / events) - bounds.begin())] += events;
        sum += time;
    }
};

} // namespace pdlb::trace
