// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/random.h"

#include <atomic>

namespace pdlb::pd {

/// Bootstrap rooms: 1 … 2^63-1 (0 is SGLang's "not ready", values above int64 break older engines), never the same
/// twice from one source: a keyed bijection over a counter, so uniqueness needs no memory of what is live. Two sources
/// (two balancers) are as unlikely to meet as random numbers are. Thread-safe.
class RoomSource
{
public:
    explicit RoomSource(Random &random);
    quint64 next();

private:
    std::atomic<quint64> m_counter;
    quint64 m_keys[4];
};

} // namespace pdlb::pd
