// SPDX-License-Identifier: Apache-2.0
#include "util/random.h"

#include "util/stable_hash.h"

#include <array>
#include <utility>

namespace pdlb {

quint64 Random::below(quint64 bound)
{
    // The upper half of a product, after D. Lemire, "Fast Random Integer Generation in an Interval": no division but for
    // the rare rejection that keeps the result uniform.
    __extension__ using Wide = unsigned __int128;
    Wide product = Wide(next64()) * bound;
    if (quint64(product) < bound) {
        const quint64 threshold = (0 - bound) % bound;
        while (quint64(product) < threshold)
            product = Wide(next64()) * bound;
    }
    return quint64(product >> 64);
}

quint64 SystemRandom::next64()
{
    // A system call brings a few kilobits: the processor's own generator, which Qt asks, takes half a microsecond a number.
    thread_local std::array<quint64, 32> drawn;
    thread_local size_t left = 0;
    if (left == 0) {
        QRandomGenerator::system()->fillRange(drawn.data(), qsizetype(drawn.size()));
        left = drawn.size();
    }
    return std::exchange(drawn[--left], 0);
}

QuickRandom::QuickRandom() : m_state(QRandomGenerator::system()->generate64()) {}

quint64 QuickRandom::next64()
{
    // A walk through all 64-bit numbers, each scrambled (S. Vigna's splitmix64 is built the same way).
    return mix64(m_state += 0x9e3779b97f4a7c15);
}

} // namespace pdlb
