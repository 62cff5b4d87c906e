// SPDX-License-Identifier: Apache-2.0
#include "util/random.h"

namespace pdlb {

quint64 Random::below(quint64 bound)
{
    // Rejection keeps the result uniform for every bound.
    const quint64 limit = ~quint64(0) - ~quint64(0) % bound;
    quint64 value = next64();
    while (value >= limit)
        value = next64();
    return value % bound;
}

quint64 SystemRandom::next64()
{
    return QRandomGenerator::system()->generate64();
}

} // namespace pdlb
