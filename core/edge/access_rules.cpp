// SPDX-License-Identifier: Apache-2.0
#include "edge/access_rules.h"

#include <QCryptographicHash>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::edge {

namespace {

/// Takes the same time wherever the two differ. Both are digests, so their length tells nothing.
bool sameDigest(QByteArrayView a, QByteArrayView b)
{
    unsigned char difference = 0;
    for (qsizetype i = 0; i < a.size(); ++i)
        difference |= static_cast<unsigned char>(a[i] ^ b[i]);
    return difference == 0;
}

Refusal missingKey(QByteArrayView presented, const QString &which)
{
    Refusal refusal{{401, "invalid_api_key",
                     presented.isEmpty() ? u"this needs %1: send \"Authorization: Bearer KEY\" or \"X-API-Key: KEY\""_s.arg(which)
                                         : u"%1 was sent that is not known here"_s.arg(which)}};
    refusal.headers.add("WWW-Authenticate", "Bearer");
    return refusal;
}

/// "HOST[:PORT]" without the port, in lower case.
QByteArray hostName(QByteArrayView host)
{
    const qsizetype bracket = host.lastIndexOf(']');
    const qsizetype colon = host.lastIndexOf(':');
    return (colon > bracket ? host.first(colon) : host).toByteArray().trimmed().toLower();
}

} // namespace

QByteArrayView presentedKey(const http::HeaderList &headers)
{
    constexpr QByteArrayView scheme = "Bearer ";
    const QByteArrayView authorization = headers.value("authorization").trimmed();
    if (authorization.size() > scheme.size() && http::equalsIgnoreCase(authorization.first(scheme.size()), scheme))
        return authorization.sliced(scheme.size()).trimmed();
    return headers.value("x-api-key").trimmed();
}

ApiKeys::ApiKeys(const QByteArrayList &keys)
{
    for (const QByteArray &key : keys)
        m_digests.push_back(QCryptographicHash::hash(key, QCryptographicHash::Sha256));
}

bool ApiKeys::contains(QByteArrayView key) const
{
    const QByteArray digest = QCryptographicHash::hash(key.toByteArray(), QCryptographicHash::Sha256);
    bool found = false;
    for (const QByteArray &known : m_digests)
        found |= sameDigest(known, digest);
    return found && !key.isEmpty();
}

AccessRules::AccessRules(const Options &options)
    : m_keys(options.apiKeys), m_adminKeys(options.adminKeys), m_corsOrigins(options.corsOrigins)
{
    m_adminHosts = {"localhost", "127.0.0.1", "[::1]"};
    for (const QByteArray &host : options.adminHosts)
        m_adminHosts += host.toLower();
}

std::optional<Refusal> AccessRules::judge(const http::RequestHead &head, const QHostAddress &peer, Access access) const
{
    if (access == Access::Admin)
        return judgeAdmin(head, peer);
    if (access == Access::Open || m_keys.isEmpty())
        return {};
    const QByteArrayView key = presentedKey(head.headers);
    if (m_keys.contains(key))
        return {};
    return missingKey(key, u"an API key"_s);
}

std::optional<Refusal> AccessRules::judgeAdmin(const http::RequestHead &head, const QHostAddress &peer) const
{
    if (!m_adminHosts.contains(hostName(head.headers.value("host"))))
        return Refusal{{421, "wrong_host", u"the admin API answers only under a name of this machine (localhost)"_s}};
    if (head.headers.contains("origin") && allowedOrigin(head).isEmpty())
        return Refusal{{403, "wrong_origin", u"the admin API takes no requests of web pages from there"_s}};
    const bool hasBody = head.framing == http::Framing::Chunked || (head.framing == http::Framing::Length && head.contentLength > 0);
    if (hasBody) {
        const QByteArray type = head.headers.value("content-type").toByteArray().toLower();
        if (type.split(';').first().trimmed() != "application/json")
            return Refusal{{415, "unsupported_media_type", u"send the body as application/json"_s}};
    }
    if (m_adminKeys.isEmpty()) {
        if (peer.isLoopback())
            return {};
        return Refusal{{403, "not_local", u"without an admin key the admin API is for callers on this machine"_s}};
    }
    const QByteArrayView key = presentedKey(head.headers);
    if (m_adminKeys.contains(key))
        return {};
    return missingKey(key, u"an admin key"_s);
}

QByteArray AccessRules::allowedOrigin(const http::RequestHead &head) const
{
    if (m_corsOrigins.isEmpty())
        return {};
    const QByteArray origin = head.headers.value("origin").toByteArray();
    return m_corsOrigins.contains(origin) ? origin : QByteArray();
}

void AccessRules::removeCorsHeaders(http::HeaderList &headers)
{
    for (const char *name : {"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
                             "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age",
                             "Access-Control-Allow-Private-Network"})
        headers.remove(name);
}

void AccessRules::addCorsHeaders(http::HeaderList &headers, const QByteArray &origin)
{
    if (origin.isEmpty())
        return;
    headers.set("Access-Control-Allow-Origin", origin);
    headers.set("Access-Control-Expose-Headers", "X-Request-Id, Retry-After");
    headers.add("Vary", "Origin");
}

http::HeaderList AccessRules::preflightHeaders(const http::RequestHead &head, const QByteArrayList &methods)
{
    http::HeaderList headers;
    headers.add("Access-Control-Allow-Methods", methods.join(", "));
    const QByteArrayView wanted = head.headers.value("access-control-request-headers");
    if (!wanted.isEmpty())
        headers.add("Access-Control-Allow-Headers", wanted.toByteArray());
    headers.add("Access-Control-Max-Age", "600");
    return headers;
}

} // namespace pdlb::edge
