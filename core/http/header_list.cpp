// SPDX-License-Identifier: Apache-2.0
#include "http/header_list.h"

#include <algorithm>
#include <array>

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

bool equalsIgnoreCase(QByteArrayView a, QByteArrayView b)
{
    if (a.size() != b.size())
        return false;
    for (qsizetype i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i]))
            return false;
    }
    return true;
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

bool HeaderList::hasToken(QByteArrayView name, QByteArrayView token) const
{
    return std::any_of(m_headers.begin(), m_headers.end(), [&](const Header &header) {
        return equalsIgnoreCase(header.name, name)
            && anyListMember(header.value, [&](QByteArrayView member) { return equalsIgnoreCase(member, token); });
    });
}

HeaderList endToEndHeaders(const HeaderList &headers)
{
    QList<QByteArray> nominated;
    for (const QByteArray &list : headers.values("connection")) {
        anyListMember(list, [&](QByteArrayView member) {
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
    return std::all_of(value.begin(), value.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
    });
}

bool isToken(QByteArrayView name)
{
    return !name.isEmpty() && std::all_of(name.begin(), name.end(), [](char c) {
        return tokenTable[static_cast<unsigned char>(c)];
    });
}

} // namespace pdlb::http
