// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/rules.h"
#include "util/clock.h"

#include <QByteArray>
#include <QHash>
#include <QHostAddress>

#include <list>
#include <mutex>

namespace pdlb::edge {

/// Token buckets by name, each as the one moment at which it is full again. Of more than `most` names the one that was
/// longest not heard of is forgotten. Thread-safe.
class RateLimiter
{
public:
    static constexpr qsizetype most = 65536;

    /// 0: the request may pass, and is counted. Else how long until one may.
    Monotonic take(const QByteArray &name, const RateRules &rules, Monotonic now);
    qsizetype size() const;

private:
    struct Bucket {
        QByteArray name;
        Monotonic fullAt{0};
    };

    mutable std::mutex m_mutex;
    std::list<Bucket> m_buckets; ///< the newest last
    QHash<QByteArray, std::list<Bucket>::iterator> m_byName;
};

/// Whom a request counts for: the key that it carries (by a digest), or, where it carries none, its client's address. One
/// who has an IPv6 network has all its addresses: they count as one.
QByteArray rateName(QByteArrayView key, const QHostAddress &peer);

} // namespace pdlb::edge
