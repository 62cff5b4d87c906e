// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/random.h"

#include <atomic>

namespace pdlb::pd {

/// For a prefill whose DP rank is room % ranks (SGLang's follow_bootstrap_room): which rank gets the first room, the next
/// rooms the ranks that follow.
struct RoomSteering {
    int ranks = 0; ///< below 2: rooms are not steered
    quint64 first = 0;
    bool same = false; ///< all rooms get the first one's rank
};

/// Bootstrap rooms: 1 … 2^63-1 (0 is SGLang's "not ready", values above int64 break older engines), never the same
/// twice from one source: a keyed bijection over a counter, so uniqueness needs no memory of what is live. Two sources
/// (two balancers) are as unlikely to meet as random numbers are. Thread-safe.
class RoomSource
{
public:
    explicit RoomSource(Random &random);
    quint64 next();
    /// The room for a request's prompt number `index`. Rooms that lead to other ranks are left out, so this takes about as
    /// many steps as there are ranks.
    quint64 next(const RoomSteering &steering, quint64 index);

private:
    std::atomic<quint64> m_counter;
    quint64 m_keys[4];
};

} // namespace pdlb::pd
