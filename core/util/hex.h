// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

namespace pdlb {

/// Writes the 16 lower-case hexadecimal digits of a number, most significant first, to `to`.
inline char *writeHex64(char *to, quint64 bits)
{
    static constexpr char digits[] = "0123456789abcdef";
    for (int shift = 60; shift >= 0; shift -= 4)
        *to++ = digits[bits >> shift & 15];
    return to;
}

} // namespace pdlb
