// SPDX-License-Identifier: Apache-2.0
#include "pd/json_value.h"

#include "pd/byte_runs.h"

#include <QString>

#include <charconv>
#include <cstring>

namespace pdlb::pd::json {

namespace {

bool isSpace(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

QByteArrayView trimmedFront(QByteArrayView text)
{
    qsizetype n = 0;
    while (n < text.size() && isSpace(text[n]))
        ++n;
    return text.sliced(n);
}

/// p is at the opening quote; returns the place behind the closing one.
const char *skipString(const char *p, const char *end)
{
    const char *begin = p + 1;
    for (const char *quote = begin;; ++quote) {
        quote = static_cast<const char *>(std::memchr(quote, '"', size_t(end - quote)));
        if (quote == nullptr)
            return end;
        const char *slash = quote;
        while (slash != begin && slash[-1] == '\\')
            --slash;
        if ((quote - slash) % 2 == 0)
            return quote + 1;
    }
}

const char *skipContainer(const char *p, const char *end)
{
    for (qsizetype depth = 0; (p = skipToStructure(p, end)) != end;) {
        switch (*p) {
        case '"':
            p = skipString(p, end);
            continue;
        case '[':
        case '{':
            ++depth;
            break;
        case ']':
        case '}':
            if (--depth == 0)
                return p + 1;
            break;
        default:
            break;
        }
        ++p;
    }
    return end;
}

const char *skipValue(const char *p, const char *end)
{
    if (*p == '"')
        return skipString(p, end);
    if (*p == '{' || *p == '[')
        return skipContainer(p, end);
    while (p != end && *p != ',' && *p != ']' && *p != '}' && !isSpace(*p))
        ++p;
    return p;
}

/// Takes the value at the front of `rest` with the comma behind it.
Value takeValue(QByteArrayView &rest)
{
    const QByteArrayView value(rest.data(), skipValue(rest.data(), rest.data() + rest.size()));
    rest = trimmedFront(rest.sliced(value.size()));
    if (rest.startsWith(','))
        rest = trimmedFront(rest.sliced(1));
    return Value(value);
}

char32_t hexQuad(const char *p)
{
    quint16 unit = 0;
    std::from_chars(p, p + 4, unit, 16);
    return unit;
}

/// Reads "\uXXXX" at p, with its second half when it is the first of a surrogate pair. Moves p behind.
char32_t readUnicodeEscape(const char *&p, const char *end)
{
    const char32_t unit = hexQuad(p + 2);
    p += 6;
    if (!QChar::isSurrogate(unit))
        return unit;
    if (QChar::isHighSurrogate(unit) && end - p >= 6 && p[0] == '\\' && p[1] == 'u') {
        const char32_t low = hexQuad(p + 2);
        if (QChar::isLowSurrogate(low)) {
            p += 6;
            return QChar::surrogateToUcs4(char16_t(unit), char16_t(low));
        }
    }
    return QChar::ReplacementCharacter;
}

void appendUtf8(QByteArray &out, char32_t c)
{
    if (c < 0x80) {
        out += char(c);
    } else if (c < 0x800) {
        out += char(0xc0 | c >> 6);
        out += char(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        out += char(0xe0 | c >> 12);
        out += char(0x80 | (c >> 6 & 0x3f));
        out += char(0x80 | (c & 0x3f));
    } else {
        out += char(0xf0 | c >> 18);
        out += char(0x80 | (c >> 12 & 0x3f));
        out += char(0x80 | (c >> 6 & 0x3f));
        out += char(0x80 | (c & 0x3f));
    }
}

char plainEscape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c;
    }
}

} // namespace

Span Value::spanIn(QByteArrayView text) const
{
    const qsizetype begin = m_bytes.data() - text.data();
    return {begin, begin + m_bytes.size()};
}

Value Value::member(QByteArrayView name) const
{
    Value found;
    for (Members members(*this); members.next();) {
        if (members.isNamed(name))
            found = members.value();
    }
    return found;
}

Value Value::first() const
{
    Elements elements(*this);
    return elements.next() ? elements.value() : Value();
}

QByteArrayView Value::inside() const
{
    QByteArrayView inner = trimmedFront(m_bytes.sliced(1).chopped(1));
    while (!inner.isEmpty() && isSpace(inner.back()))
        inner.chop(1);
    return inner;
}

QByteArray Value::string(qsizetype maxSize) const
{
    if (!is(Type::String))
        return {};
    const char *p = m_bytes.data() + 1;
    const char *const end = m_bytes.data() + m_bytes.size() - 1;
    QByteArray text("");
    text.reserve(std::min(maxSize, qsizetype(end - p)));
    while (p != end && text.size() < maxSize) {
        const auto *slash = static_cast<const char *>(std::memchr(p, '\\', size_t(end - p)));
        const char *plainEnd = slash != nullptr ? slash : end;
        if (plainEnd - p > maxSize - text.size()) {
            plainEnd = p + (maxSize - text.size());
            while (plainEnd != p && (uchar(*plainEnd) & 0xc0) == 0x80)
                --plainEnd;
            return text.append(p, plainEnd - p);
        }
        text.append(p, plainEnd - p);
        p = plainEnd;
        if (p == end || text.size() >= maxSize)
            break;
        if (p[1] == 'u') {
            const qsizetype before = text.size();
            appendUtf8(text, readUnicodeEscape(p, end));
            if (text.size() > maxSize)
                return text.first(before);
        } else {
            text += plainEscape(p[1]);
            p += 2;
        }
    }
    return text;
}

std::optional<qint64> Value::integer() const
{
    qint64 number = 0;
    const char *end = m_bytes.data() + m_bytes.size();
    const auto [behind, error] = std::from_chars(m_bytes.data(), end, number);
    if (error != std::errc() || behind != end || m_bytes.isEmpty())
        return std::nullopt;
    return number;
}

Members::Members(Value object) : m_rest(object.is(Type::Object) ? object.inside() : QByteArrayView()) {}

bool Members::next()
{
    if (m_rest.isEmpty())
        return false;
    m_key = QByteArrayView(m_rest.data(), skipString(m_rest.data(), m_rest.data() + m_rest.size()));
    m_rest = trimmedFront(m_rest.sliced(m_key.size()));
    m_rest = trimmedFront(m_rest.sliced(1)); // the colon
    m_value = takeValue(m_rest);
    return true;
}

bool Members::isNamed(QByteArrayView name) const
{
    const QByteArrayView key = m_key.sliced(1).chopped(1);
    if (key.size() < name.size()) // an escape is longer than what it stands for
        return false;
    if (key.size() == name.size())
        return std::memcmp(key.data(), name.data(), size_t(name.size())) == 0;
    return key.contains('\\') && Value(m_key).string() == name;
}

Elements::Elements(Value array) : m_rest(array.is(Type::Array) ? array.inside() : QByteArrayView()) {}

bool Elements::next()
{
    if (m_rest.isEmpty())
        return false;
    m_value = takeValue(m_rest);
    return true;
}

} // namespace pdlb::pd::json
