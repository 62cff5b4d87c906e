// SPDX-License-Identifier: Apache-2.0
#include "util/json_writer.h"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace pdlb {

namespace {

/// The letter behind the backslash, 'u' for those that have only a number; 0: needs no escape.
char escapeLetter(char c)
{
    switch (c) {
    case '"':
    case '\\': return c;
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    case '\b': return 'b';
    case '\f': return 'f';
    default: return static_cast<unsigned char>(c) < 0x20 ? 'u' : '\0';
    }
}

} // namespace

void JsonWriter::separate()
{
    if (!std::exchange(m_first, false))
        m_out += ',';
}

void JsonWriter::open(char bracket)
{
    separate();
    m_out += bracket;
    m_first = true;
}

void JsonWriter::close(char bracket)
{
    m_out += bracket;
    m_first = false;
}

JsonWriter &JsonWriter::key(QByteArrayView key)
{
    separate();
    m_out += '"';
    m_out += key;
    m_out += "\":";
    m_first = true;
    return *this;
}

void JsonWriter::value(QByteArrayView utf8)
{
    if (!utf8.isValidUtf8()) {
        value(QByteArrayView(QString::fromUtf8(utf8).toUtf8()));
        return;
    }
    separate();
    m_out += '"';
    qsizetype copied = 0;
    for (qsizetype at = 0; at < utf8.size(); ++at) {
        const char letter = escapeLetter(utf8[at]);
        if (!letter)
            continue;
        m_out += utf8.sliced(copied, at - copied);
        m_out += '\\';
        m_out += letter;
        if (letter == 'u') {
            static constexpr char digits[] = "0123456789abcdef";
            m_out += "00";
            m_out += digits[(utf8[at] >> 4) & 0xf];
            m_out += digits[utf8[at] & 0xf];
        }
        copied = at + 1;
    }
    m_out += utf8.sliced(copied);
    m_out += '"';
}

void JsonWriter::value(bool flag)
{
    raw(flag ? "true" : "false");
}

void JsonWriter::value(qint64 number)
{
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    raw(QByteArrayView(text, end - text));
}

void JsonWriter::value(double number)
{
    char text[40];
    const auto end = std::to_chars(text, text + sizeof text, number).ptr;
    raw(std::isfinite(number) ? QByteArrayView(text, end - text) : QByteArrayView("null"));
}

void JsonWriter::value(Monotonic time)
{
    constexpr qint64 millisecond = 1'000'000;
    const qint64 nanos = time.count();
    char text[40];
    char *end = text;
    if (nanos < 0)
        *end++ = '-';
    end = std::to_chars(end, text + sizeof text, std::abs(nanos / millisecond)).ptr;
    if (qint64 rest = std::abs(nanos % millisecond); rest > 0) {
        *end++ = '.';
        for (qint64 unit = millisecond / 10; rest > 0; unit /= 10) {
            *end++ = char('0' + rest / unit);
            rest %= unit;
        }
    }
    raw(QByteArrayView(text, end - text));
}

void JsonWriter::raw(QByteArrayView json)
{
    separate();
    m_out += json;
}

} // namespace pdlb
