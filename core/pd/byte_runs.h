// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtEndian>

#include <bit>

/// The inner loops of the JSON scanner. In a header because they are worth their speed only when inlined.
namespace pdlb::pd::json {

inline bool isDigit(char c)
{
    return uchar(c - '0') < 10;
}

/// The first byte from p on that is no digit; eight at a time as well, because numbers come in all lengths and a loop
/// over their digits ends in a mispredicted branch each time.
inline const char *skipDigits(const char *p, const char *end)
{
    constexpr quint64 ones = 0x0101010101010101;
    for (; end - p >= 8; p += 8) {
        const quint64 word = qFromLittleEndian<quint64>(p);
        const quint64 others = (((word ^ (ones * '0')) + ones * (0x80 - 10)) | word) & (ones * 0x80);
        if (others != 0)
            return p + (std::countr_zero(others) >> 3);
    }
    while (p != end && isDigit(*p))
        ++p;
    return p;
}

inline bool isHex(char c)
{
    return isDigit(c) || uchar((c | 0x20) - 'a') < 6;
}

inline bool isContinuation(char c)
{
    return (uchar(c) & 0xc0) == 0x80;
}

/// The first byte from p on that is a quote, a backslash, a control or not ASCII; else end. Eight bytes at a time: each
/// term sets the high bit of the bytes it looks for, and no borrow reaches below the first of them.
inline const char *skipPlain(const char *p, const char *end)
{
    constexpr quint64 ones = 0x0101010101010101;
    constexpr quint64 high = 0x8080808080808080;
    for (; end - p >= 8; p += 8) {
        const quint64 word = qFromLittleEndian<quint64>(p);
        const quint64 quote = word ^ (ones * '"');
        const quint64 backslash = word ^ (ones * '\\');
        const quint64 special =
            (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) | ((word - ones * 0x20) & ~word) | word) &
            high;
        if (special != 0)
            return p + (std::countr_zero(special) >> 3);
    }
    while (p != end && *p != '"' && *p != '\\' && uchar(*p) >= 0x20 && uchar(*p) < 0x80)
        ++p;
    return p;
}

/// The end of the UTF-8 sequence at p (its first byte is not ASCII), or null when it is not valid (RFC 3629 §4).
inline const char *skipSequence(const char *p, const char *end)
{
    const uchar first = uchar(p[0]);
    const auto left = end - p;
    if (first >= 0xe1 && first <= 0xef && first != 0xed)
        return left >= 3 && isContinuation(p[1]) && isContinuation(p[2]) ? p + 3 : nullptr;
    if (first >= 0xc2 && first <= 0xdf)
        return left >= 2 && isContinuation(p[1]) ? p + 2 : nullptr;
    if (first == 0xe0 || first == 0xed) {
        const bool good = left >= 3 && isContinuation(p[1]) && (uchar(p[1]) >= 0xa0) == (first == 0xe0);
        return good && isContinuation(p[2]) ? p + 3 : nullptr;
    }
    if (first < 0xf0 || first > 0xf4 || left < 4 || !isContinuation(p[1]))
        return nullptr;
    if ((first == 0xf0 && uchar(p[1]) < 0x90) || (first == 0xf4 && uchar(p[1]) > 0x8f))
        return nullptr;
    return isContinuation(p[2]) && isContinuation(p[3]) ? p + 4 : nullptr;
}

inline const char *skipSpace(const char *p, const char *end)
{
    while (p != end && uchar(*p) <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        ++p;
    return p;
}

} // namespace pdlb::pd::json
