// SPDX-License-Identifier: Apache-2.0
#include "fuzzing.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace pdlb::fuzz {

void fail(const char *file, int line, const char *what)
{
    std::fprintf(stderr, "%s:%d: an oracle is not met: %s\n", file, line, what);
    std::abort();
}

Input::Input(const uint8_t *data, size_t size) : bytes(reinterpret_cast<const char *>(data), qsizetype(size))
{
    options = bytes.isEmpty() ? 0 : uchar(bytes[0]);
    cuts = bytes.size() < 2 ? 0 : uchar(bytes[1]);
    bytes = bytes.sliced(std::min<qsizetype>(2, bytes.size()));
}

qsizetype PieceSizes::next(qsizetype left)
{
    if (m_feed == Feed::Whole)
        return left;
    if (m_feed == Feed::Bytewise)
        return 1;
    m_state = m_state * 1664525 + 1013904223;
    const quint32 most = quint32(1) << (m_state >> 29); // short and long pieces mixed
    return std::min(left, qsizetype(1 + (m_state >> 8) % (most * 4)));
}

} // namespace pdlb::fuzz
