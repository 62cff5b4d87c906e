// SPDX-License-Identifier: Apache-2.0
#include "pd/json_scan.h"

#include "pd/byte_runs.h"
#include "pd/json_value.h"

#include <array>
#include <cstring>

namespace pdlb::pd::json {

namespace {

constexpr std::array<Type, 256> makeTypes()
{
    std::array<Type, 256> types{};
    types['{'] = Type::Object;
    types['['] = Type::Array;
    types['"'] = Type::String;
    types['t'] = Type::True;
    types['f'] = Type::False;
    types['n'] = Type::Null;
    types['-'] = Type::Number;
    for (char c = '0'; c <= '9'; ++c)
        types[uchar(c)] = Type::Number;
    return types;
}

constexpr std::array<Type, 256> types = makeTypes();

/// One pass over one text. The reading functions take the place to read at and return the place behind, or null once
/// m_error is set.
class Scanner
{
public:
    Scanner(QByteArrayView text, NonFinite nonFinite)
        : m_begin(text.data()), m_end(text.data() + text.size()), m_nonFinite(nonFinite)
    {
    }
    bool run();

    Document document;
    ScanError error;

private:
    const char *fail(const char *at, const char *what);
    const char *failBeginning(const char *at);
    const char *readString(const char *p);
    const char *readEscape(const char *p);
    const char *readKey(const char *p);
    const char *readNumber(const char *p);
    const char *readWord(const char *p, QByteArrayView word);
    const char *readScalar(const char *p);
    const char *open(const char *p);
    const char *leaveValue(const char *p, bool &next);
    bool isTopMember() const { return m_depth == 1 && document.type == Type::Object; }
    bool finish(const char *p);
    void push(bool object);
    void pop();
    qsizetype at(const char *p) const { return p - m_begin; }

    const char *m_begin;
    const char *m_end;
    NonFinite m_nonFinite;
    int m_depth = 0;
    bool m_inObject = false;
    bool m_escaped = false;                    ///< the string just read holds escapes
    quint64 m_objects[maxDepth / 64 + 1] = {}; ///< one bit for each open bracket: it is a brace
    Member m_member;
};

const char *Scanner::fail(const char *where, const char *what)
{
    error = {at(where), what};
    return nullptr;
}

const char *Scanner::failBeginning(const char *p)
{
    if (p == m_end)
        return fail(p, "it ends where a value is expected");
    if (*p == ']' || *p == '}')
        return fail(p, "a value is missing before the closing bracket (is there a comma too many?)");
    if (*p == 'N' || *p == 'I')
        return fail(p, "NaN and Infinity are no JSON numbers");
    if (*p == '\'')
        return fail(p, "strings stand in double quotes");
    return fail(p, "no JSON value begins like this");
}

inline void Scanner::push(bool object)
{
    const quint64 bit = quint64(1) << (m_depth & 63);
    quint64 &word = m_objects[m_depth >> 6];
    word = object ? word | bit : word & ~bit;
    ++m_depth;
    m_inObject = object;
}

inline void Scanner::pop()
{
    --m_depth;
    m_inObject = m_depth > 0 && (m_objects[(m_depth - 1) >> 6] >> ((m_depth - 1) & 63) & 1) != 0;
}

/// p is behind the opening quote.
inline const char *Scanner::readString(const char *p)
{
    m_escaped = false;
    for (;;) {
        p = skipPlain(p, m_end);
        if (p == m_end)
            return fail(p, "it ends inside a string");
        if (*p == '"')
            return p + 1;
        if (*p == '\\') {
            m_escaped = true;
            p = readEscape(p);
            if (p == nullptr)
                return nullptr;
        } else if (uchar(*p) < 0x20) {
            return fail(p, "a control character stands in a string without being escaped");
        } else {
            do {
                const char *behind = skipSequence(p, m_end);
                if (behind == nullptr)
                    return fail(p, "a string holds bytes that are not UTF-8");
                p = behind;
            } while (p != m_end && uchar(*p) >= 0x80);
        }
    }
}

/// p is at the backslash.
const char *Scanner::readEscape(const char *p)
{
    if (m_end - p < 2)
        return fail(m_end, "it ends inside a string");
    if (p[1] == 'u') {
        for (int i = 2; i < 6; ++i) {
            if (p + i == m_end)
                return fail(m_end, "it ends inside a string");
            if (!isHex(p[i]))
                return fail(p, "\\u is not followed by four hexadecimal digits");
        }
        return p + 6;
    }
    if (std::strchr("\"\\/bfnrt", p[1]) == nullptr || p[1] == '\0')
        return fail(p, "there is no such escape");
    return p + 2;
}

/// Reads a key and its colon; returns where the value begins.
inline const char *Scanner::readKey(const char *p)
{
    if (p == m_end)
        return fail(p, "it ends where a member's name is expected");
    if (*p == '}')
        return fail(p, "there is a comma before the closing brace");
    if (*p != '"')
        return fail(p, "a member's name in double quotes is expected");
    const char *begin = p;
    p = readString(p + 1);
    if (p == nullptr)
        return nullptr;
    if (isTopMember()) {
        m_member.key = {at(begin), at(p)};
        m_member.unescapedKey = m_escaped ? Value({begin, p}).string() : QByteArray();
        m_member.count = 0;
    }
    p = skipSpace(p, m_end);
    if (p == m_end || *p != ':')
        return fail(p, "a colon is expected behind a member's name");
    return skipSpace(p + 1, m_end);
}

inline const char *Scanner::readNumber(const char *p)
{
    const char *begin = p;
    if (*p == '-')
        ++p;
    if (p == m_end || !isDigit(*p)) {
        if (m_nonFinite == NonFinite::Accept && p != m_end && *p == 'I')
            return readWord(p, "Infinity");
        return fail(begin, "a minus sign is not followed by a digit");
    }
    if (*p == '0') {
        ++p;
        if (p != m_end && isDigit(*p))
            return fail(begin, "a number begins with 0");
    } else {
        p = skipDigits(p, m_end);
    }
    if (p != m_end && *p == '.') {
        ++p;
        if (p == m_end || !isDigit(*p))
            return fail(p, "a digit is expected behind a decimal point");
        p = skipDigits(p, m_end);
    }
    if (p != m_end && (*p | 0x20) == 'e') {
        ++p;
        if (p != m_end && (*p == '+' || *p == '-'))
            ++p;
        if (p == m_end || !isDigit(*p))
            return fail(p, "a digit is expected in an exponent");
        p = skipDigits(p, m_end);
    }
    return p;
}

const char *Scanner::readWord(const char *p, QByteArrayView word)
{
    if (m_end - p < word.size() || std::memcmp(p, word.data(), size_t(word.size())) != 0)
        return fail(p, "no JSON value begins like this");
    return p + word.size();
}

inline const char *Scanner::readScalar(const char *p)
{
    switch (types[uchar(*p)]) {
    case Type::String:
        return readString(p + 1);
    case Type::Number:
        return readNumber(p);
    case Type::True:
        return readWord(p, "true");
    case Type::False:
        return readWord(p, "false");
    case Type::Null:
        return readWord(p, "null");
    default:
        if (m_nonFinite == NonFinite::Accept && (*p == 'N' || *p == 'I'))
            return readWord(p, *p == 'N' ? QByteArrayView("NaN") : QByteArrayView("Infinity"));
        return failBeginning(p);
    }
}

/// p is at a bracket. Returns where the first value in it begins; behind the bracket's partner when it is empty (the
/// depth is then what it was).
inline const char *Scanner::open(const char *p)
{
    if (m_depth == maxDepth)
        return fail(p, "brackets are nested more than 1024 deep");
    const bool object = *p == '{';
    push(object);
    p = skipSpace(p + 1, m_end);
    if (p != m_end && *p == (object ? '}' : ']')) {
        pop();
        return p + 1;
    }
    return object ? readKey(p) : p;
}

/// p is behind a value in a bracket. Reads the comma (`next`; returns where the next value begins) or the closing
/// bracket (returns the place behind).
inline const char *Scanner::leaveValue(const char *p, bool &next)
{
    if (m_depth == 2) {
        ++m_member.count;
    } else if (isTopMember()) {
        m_member.value.end = at(p);
        if (qsizetype(document.members.size()) == maxMembers)
            return fail(p, "the object has more than 16384 members");
        document.members.push_back(m_member);
    }
    p = skipSpace(p, m_end);
    if (p == m_end)
        return fail(p, m_inObject ? "it ends inside an object" : "it ends inside an array");
    next = *p == ',';
    if (next) {
        p = skipSpace(p + 1, m_end);
        return m_inObject ? readKey(p) : p;
    }
    if (*p != (m_inObject ? '}' : ']'))
        return fail(p, m_inObject ? "a comma or the closing brace is expected"
                                  : "a comma or the closing bracket is expected");
    pop();
    return p + 1;
}

bool Scanner::finish(const char *p)
{
    document.value.end = at(p);
    p = skipSpace(p, m_end);
    return p == m_end || fail(p, "something follows the end of the JSON value") != nullptr;
}

bool Scanner::run()
{
    const char *p = skipSpace(m_begin, m_end);
    if (QByteArrayView(p, m_end).startsWith("\xef\xbb\xbf"))
        return fail(p, "it begins with a byte order mark; send UTF-8 without one") != nullptr;
    document.value.begin = at(p);
    if (p != m_end)
        document.type = types[uchar(*p)];
    if (document.type == Type::Object)
        document.members.reserve(16);
    for (;;) {
        if (p == m_end)
            return failBeginning(p) != nullptr;
        if (isTopMember()) {
            m_member.value.begin = at(p);
            m_member.type = types[uchar(*p)];
        }
        if (*p == '{' || *p == '[') {
            const int depth = m_depth;
            p = open(p);
            if (p == nullptr)
                return false;
            if (m_depth != depth)
                continue;
        } else {
            p = readScalar(p);
            if (p == nullptr)
                return false;
        }
        for (bool next = false; !next;) {
            if (m_depth == 0)
                return finish(p);
            p = leaveValue(p, next);
            if (p == nullptr)
                return false;
        }
    }
}

} // namespace

Type typeAt(char first)
{
    if (first == 'N' || first == 'I')
        return Type::Number;
    return types[uchar(first)];
}

Result<Document, ScanError> scan(QByteArrayView text, NonFinite nonFinite)
{
    Scanner scanner(text, nonFinite);
    if (!scanner.run())
        return tl::unexpected(scanner.error);
    return std::move(scanner.document);
}

} // namespace pdlb::pd::json
