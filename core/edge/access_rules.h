// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message.h"
#include "util/api_error.h"

#include <QByteArrayList>
#include <QHostAddress>

#include <optional>
#include <vector>

namespace pdlb::edge {

/// Why a request is not taken, and what the answer says beside it.
struct Refusal {
    ApiError error;
    http::HeaderList headers = {};
};

/// Secrets that open something. Only their digests are kept, and all of them are compared in constant time.
class ApiKeys
{
public:
    ApiKeys() = default;
    explicit ApiKeys(const QByteArrayList &keys);
    bool isEmpty() const { return m_digests.empty(); }
    bool contains(QByteArrayView key) const;

private:
    std::vector<QByteArray> m_digests; ///< SHA-256
};

/// What a route asks of its callers.
enum class Access {
    Open, ///< nothing: liveness and readiness probes
    Key, ///< an API key, where there are any
    Admin, ///< see AccessRules::judgeAdmin()
};

/// Who may use what, told from a request's head. Immutable once set up, so that all threads may share it.
class AccessRules
{
public:
    struct Options {
        QByteArrayList apiKeys;
        QByteArrayList adminKeys;
        QByteArrayList corsOrigins; ///< "https://host[:port]"; browsers' pages from there may call
        QByteArrayList adminHosts; ///< names beside localhost, 127.0.0.1 and [::1] that an admin request's Host may have
    };

    AccessRules() = default;
    explicit AccessRules(const Options &options);

    bool needsKey() const { return !m_keys.isEmpty(); }
    /// Nothing: the request may pass.
    std::optional<Refusal> judge(const http::RequestHead &head, const QHostAddress &peer, Access access) const;
    /// The request's Origin where it is an allowed one, else empty.
    QByteArray allowedOrigin(const http::RequestHead &head) const;
    static void removeCorsHeaders(http::HeaderList &headers);
    /// What lets a page of `origin` read the answer; nothing when that is empty.
    static void addCorsHeaders(http::HeaderList &headers, const QByteArray &origin);
    /// The answer to a CORS preflight of an allowed origin.
    static http::HeaderList preflightHeaders(const http::RequestHead &head, const QByteArrayList &methods);

private:
    /// The admin API changes the fleet: an admin key, or, where none is set, a caller on this machine. A web page must
    /// not reach it through its visitor's browser: Host must name this machine (DNS rebinding), Origin be absent or
    /// allowed, and a POST's type be one that a page cannot send without being asked (application/json).
    std::optional<Refusal> judgeAdmin(const http::RequestHead &head, const QHostAddress &peer) const;

    ApiKeys m_keys;
    ApiKeys m_adminKeys;
    QByteArrayList m_corsOrigins;
    QByteArrayList m_adminHosts;
};

/// The key that a request carries: "Authorization: Bearer KEY", or "X-API-Key: KEY"; empty when there is none.
QByteArrayView presentedKey(const http::HeaderList &headers);

} // namespace pdlb::edge
