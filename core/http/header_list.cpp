// SPDX-License-Identifier: Apache-2.0
#include "http/header_list.h"

#include <QtEndian>

#include <algorithm>
#include <array>
#include <cstring>

namespace pdlb::http {

namespace {

constexpr char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? char(c | 0x20) : c;
}

constexpr std::array<bool, 256> makeTokenTable()
{
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c)
        table[size_t(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c)
        table[size_t(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c)
        table[size_t(c)] = true;
    for (const char c : {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'})
        table[uchar(c)] = true;
    return table;
}

constexpr std::array<bool, 256> tokenTable = makeTokenTable();

/// Calls f(token) for each member of a comma-separated list until it returns true.
template <typename F> bool anyListMember(QByteArrayView list, F f)
{
    while (!list.isEmpty()) {
        const qsizetype comma = list.indexOf(',');
        const QByteArrayView member = (comma < 0 ? list : list.first(comma)).trimmed();
        if (!member.isEmpty() && f(member))
            return true;
        if (comma < 0)
            break;
        list = list.sliced(comma + 1);
    }
    return false;
}

bool isHopByHop(QByteArrayView name)
{
    static constexpr QByteArrayView names[] = {
        "connection", "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te",
        "trailer", "transfer-encoding", "upgrade", "expect", "content-length",
    };
    return std::any_of(std::begin(names), std::end(names),
                       [&](QByteArrayView known) { return equalsIgnoreCase(name, known); });
}

bool mayNotBeNominated(QByteArrayView name)
{
    static constexpr QByteArrayView names[] = {"authorization", "content-type", "host", "content-length"};
    return std::any_of(std::begin(names), std::end(names),
                       [&](QByteArrayView known) { return equalsIgnoreCase(name, known); });
}

} // namespace

bool isSameIgnoringCase(const char *a, const char *b, qsizetype size)
{
    // The usual difference is in the first letters; the usual same names are the same bytes.
    if (size > 0 && lower(a[0]) != lower(b[0]))
        return false;
    for (qsizetype i = 1; i < size; ++i) {
        if (a[i] != b[i] && lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
}

QByteArray fieldName(QByteArrayView name)
{
    struct Known {
        QByteArrayView name;
        QByteArray kept;
    };
#define PDLB_NAMES(usual, small) {usual, QByteArrayLiteral(usual)}, {small, QByteArrayLiteral(small)}
    static const Known known[] = {
        PDLB_NAMES("Host", "host"), PDLB_NAMES("Date", "date"), PDLB_NAMES("Server", "server"), PDLB_NAMES("Accept", "accept"),
        PDLB_NAMES("Connection", "connection"), PDLB_NAMES("User-Agent", "user-agent"), PDLB_NAMES("Content-Type", "content-type"),
        PDLB_NAMES("X-Request-Id", "x-request-id"), PDLB_NAMES("Authorization", "authorization"), PDLB_NAMES("Cache-Control", "cache-control"),
        PDLB_NAMES("Content-Length", "content-length"), PDLB_NAMES("Accept-Encoding", "accept-encoding"),
        PDLB_NAMES("Transfer-Encoding", "transfer-encoding"),
    };
#undef PDLB_NAMES
    for (const Known &one : known) {
        if (one.name.size() == name.size() && std::memcmp(one.name.data(), name.data(), size_t(name.size())) == 0)
            return one.kept;
    }
    return name.toByteArray();
}

const Header *HeaderList::find(QByteArrayView name) const
{
    for (const Header &header : m_headers) {
        if (equalsIgnoreCase(header.name, name))
            return &header;
    }
    return nullptr;
}

QByteArrayView HeaderList::value(QByteArrayView name) const
{
    const Header *header = find(name);
    return header ? QByteArrayView(header->value) : QByteArrayView();
}

QList<QByteArray> HeaderList::values(QByteArrayView name) const
{
    QList<QByteArray> found;
    for (const Header &header : m_headers) {
        if (equalsIgnoreCase(header.name, name))
            found.append(header.value);
    }
    return found;
}

void HeaderList::set(const QByteArray &name, const QByteArray &value)
{
    remove(name);
    add(name, value);
}

void HeaderList::remove(QByteArrayView name)
{
    std::erase_if(m_headers, [&](const Header &header) { return equalsIgnoreCase(header.name, name); });
}

bool hasListMember(QByteArrayView list, QByteArrayView token)
{
    return anyListMember(list, [&](QByteArrayView member) { return equalsIgnoreCase(member, token); });
}

bool HeaderList::hasToken(QByteArrayView name, QByteArrayView token) const
{
    return std::any_of(m_headers.begin(), m_headers.end(), [&](const Header &header) {
        return equalsIgnoreCase(header.name, name) && hasListMember(header.value, token);
    });
}

HeaderList endToEndHeaders(const HeaderList &headers)
{
    QList<QByteArray> nominated;
    for (const Header &header : headers) {
        if (!equalsIgnoreCase(header.name, "connection"))
            continue;
        anyListMember(header.value, [&](QByteArrayView member) {
            if (!mayNotBeNominated(member))
                nominated.append(member.toByteArray());
            return false;
        });
    }
    HeaderList kept;
    kept.reserve(headers.size() + 4);
    for (const Header &header : headers) {
        const bool named = std::any_of(nominated.cbegin(), nominated.cend(), [&](const QByteArray &name) {
            return equalsIgnoreCase(header.name, name);
        });
        if (!named && !isHopByHop(header.name))
            kept.add(header.name, header.value);
    }
    return kept;
}

bool isFieldValue(QByteArrayView value)
{
    // Eight bytes at a time as long as there is neither a control nor anything that looks like one.
    constexpr quint64 ones = 0x0101010101010101;
    constexpr quint64 high = ones * 0x80;
    const char *p = value.begin();
    for (; value.end() - p >= 8; p += 8) {
        const auto word = qFromUnaligned<quint64>(p);
        const quint64 del = word ^ (ones * 0x7f);
        if ((((word - ones * 0x20) & ~word) | ((del - ones) & ~del)) & high)
            break;
    }
    return std::all_of(p, value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

bool isToken(QByteArrayView name)
{
    bool good = !name.isEmpty();
    for (const char c : name)
        good &= tokenTable[static_cast<unsigned char>(c)];
    return good;
}

} // namespace pdlb::http
