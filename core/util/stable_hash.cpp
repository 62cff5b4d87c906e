// SPDX-License-Identifier: Apache-2.0
#include "util/stable_hash.h"

#include <QtEndian>

namespace pdlb {

quint64 stableHash(QByteArrayView bytes, quint64 seed)
{
    constexpr quint64 factor = 0x9e3779b97f4a7c15;
    quint64 hash = (seed ^ quint64(bytes.size())) * factor;
    const auto take = [&](quint64 word) {
        hash = (hash ^ word) * factor;
        hash ^= hash >> 32;
    };
    const char *at = bytes.data();
    qsizetype left = bytes.size();
    for (; left >= 8; at += 8, left -= 8)
        take(qFromLittleEndian<quint64>(at));
    quint64 rest = 0;
    for (qsizetype i = 0; i < left; ++i)
        rest |= quint64(quint8(at[i])) << 8 * i;
    take(rest);
    return mix64(hash);
}

} // namespace pdlb
