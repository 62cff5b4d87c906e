// SPDX-License-Identifier: Apache-2.0
#include "pd/room_source.h"

namespace pdlb::pd {

namespace {

constexpr quint64 mask = ~quint64(0) >> 1; // 63 bits

/// Each step is a bijection on 63-bit numbers: adding a key, multiplying by an odd number, folding the upper half in.
quint64 scramble(quint64 x, const quint64 (&keys)[4])
{
    for (const quint64 key : keys) {
        x = (x + key) & mask;
        x ^= x >> 32;
        x = x * 0x9e3779b97f4a7c15 & mask;
        x ^= x >> 29;
        x = x * (key | 1) & mask;
    }
    return x ^ x >> 32;
}

} // namespace

RoomSource::RoomSource(Random &random) : m_counter(random.next64())
{
    for (quint64 &key : m_keys)
        key = random.next64();
}

quint64 RoomSource::next()
{
    for (;;) {
        const quint64 room = scramble(m_counter.fetch_add(1, std::memory_order_relaxed) & mask, m_keys);
        if (room != 0)
            return room;
    }
}

quint64 RoomSource::next(const RoomSteering &steering, quint64 index)
{
    quint64 room = next();
    if (steering.ranks < 2)
        return room;
    const quint64 ranks = quint64(steering.ranks);
    const quint64 rank = (steering.first + (steering.same ? 0 : index)) % ranks;
    // No more than that many: missing so often has a chance of e^-50.
    for (quint64 left = 50 * ranks; left > 0 && room % ranks != rank; --left)
        room = next();
    return room;
}

} // namespace pdlb::pd
