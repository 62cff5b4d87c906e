// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtEndian>

#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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
#ifdef __SSE2__
    // Compared as signed bytes, what is not ASCII is less than a space too.
    const __m128i quotes = _mm_set1_epi8('"'), backslashes = _mm_set1_epi8('\\'), spaces = _mm_set1_epi8(' ');
    for (; end - p >= 16; p += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
        const __m128i found = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_cmpeq_epi8(bytes, backslashes)),
                                           _mm_cmplt_epi8(bytes, spaces));
        if (const auto mask = uint(_mm_movemask_epi8(found)))
            return p + std::countr_zero(mask);
    }
#endif
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

/// The first quote, bracket or brace from p on; else end.
inline const char *skipToStructure(const char *p, const char *end)
{
#ifdef __SSE2__
    // Brackets and braces differ in one bit.
    const __m128i quotes = _mm_set1_epi8('"'), bit = _mm_set1_epi8(0x20), opened = _mm_set1_epi8('{'), closed = _mm_set1_epi8('}');
    for (; end - p >= 16; p += 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
        const __m128i braces = _mm_or_si128(bytes, bit);
        const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(bytes, quotes), _mm_or_si128(_mm_cmpeq_epi8(braces, opened), _mm_cmpeq_epi8(braces, closed)));
        if (const auto mask = uint(_mm_movemask_epi8(found)))
            return p + std::countr_zero(mask);
    }
#endif
    while (p != end && *p != '"' && (*p | 0x20) != '{' && (*p | 0x20) != '}')
        ++p;
    return p;
}

/// The first place from p on where `first` stands in front of `second`; else end.
inline const char *findPair(const char *p, const char *end, char first, char second)
{
#ifdef __SSE2__
    const __m128i firsts = _mm_set1_epi8(first), seconds = _mm_set1_epi8(second);
    for (; end - p >= 17; p += 16) {
        const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p));
        const __m128i behind = _mm_loadu_si128(reinterpret_cast<const __m128i *>(p + 1));
        if (const auto mask = uint(_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(here, firsts), _mm_cmpeq_epi8(behind, seconds)))))
            return p + std::countr_zero(mask);
    }
#endif
    constexpr quint64 ones = 0x0101010101010101;
    for (; end - p >= 9; p += 8) {
        const quint64 other = (qFromLittleEndian<quint64>(p) ^ (ones * uchar(first))) | (qFromLittleEndian<quint64>(p + 1) ^ (ones * uchar(second)));
        const quint64 found = (other - ones) & ~other & (ones * 0x80); // the lowest bit is true, a borrow may set higher ones
        if (found != 0)
            return p + (std::countr_zero(found) >> 3);
    }
    for (; end - p >= 2; ++p) {
        if (p[0] == first && p[1] == second)
            return p;
    }
    return end;
}

inline const char *skipSpace(const char *p, const char *end)
{
    while (p != end && uchar(*p) <= ' ' && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        ++p;
    return p;
}

} // namespace pdlb::pd::json
