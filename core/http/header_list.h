// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QList>

#include <vector>

namespace pdlb::http {

/// One field line. The name keeps the sender's case; the value has no surrounding white space.
struct Header {
    QByteArray name;
    QByteArray value;
};

/// Field lines in the order they arrived, duplicates kept (Set-Cookie must stay two lines, RFC 9110 §5.3).
/// Names compare without case.
class HeaderList
{
public:
    void add(QByteArray name, QByteArray value) { m_headers.push_back({std::move(name), std::move(value)}); }
    /// Replaces every field of that name by one.
    void set(const QByteArray &name, const QByteArray &value);
    void remove(QByteArrayView name);
    bool contains(QByteArrayView name) const { return find(name) != nullptr; }
    /// The first field's value, or an empty view.
    QByteArrayView value(QByteArrayView name) const;
    QList<QByteArray> values(QByteArrayView name) const;
    /// True when a comma-separated field of that name holds `token` (RFC 9110 §5.6.1), without case.
    bool hasToken(QByteArrayView name, QByteArrayView token) const;

    qsizetype size() const { return qsizetype(m_headers.size()); }
    bool isEmpty() const { return m_headers.empty(); }
    auto begin() const { return m_headers.begin(); }
    auto end() const { return m_headers.end(); }
    void clear() { m_headers.clear(); }
    void reserve(qsizetype n) { m_headers.reserve(size_t(n)); }

private:
    const Header *find(QByteArrayView name) const;

    std::vector<Header> m_headers;
};

bool isSameIgnoringCase(const char *a, const char *b, qsizetype size);
/// ASCII letters only.
inline bool equalsIgnoreCase(QByteArrayView a, QByteArrayView b)
{
    return a.size() == b.size() && isSameIgnoringCase(a.data(), b.data(), a.size());
}
/// A field's name to be kept. The usual ones, in their usual writings, need no memory of their own.
QByteArray fieldName(QByteArrayView name);

/// True when the comma-separated list holds `token` (RFC 9110 §5.6.1), without case.
bool hasListMember(QByteArrayView list, QByteArrayView token);

/// The fields that go on to the next hop: without Connection, all it names (but never Authorization, Content-Type,
/// Host or Content-Length: naming those is an attack, reference RFC 9110 §7.6.1), Keep-Alive, Proxy-Connection,
/// Proxy-Authenticate, Proxy-Authorization, TE, Trailer, Transfer-Encoding, Upgrade, Expect and Content-Length
/// (framing is always our own).
HeaderList endToEndHeaders(const HeaderList &headers);

/// True when every byte may stand in a field value (RFC 9110 §5.5): no CR, LF, NUL or other control but HTAB.
bool isFieldValue(QByteArrayView value);
/// True for a non-empty token (RFC 9110 §5.6.2).
bool isToken(QByteArrayView name);

} // namespace pdlb::http
