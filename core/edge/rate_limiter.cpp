// SPDX-License-Identifier: Apache-2.0
#include "edge/rate_limiter.h"

#include <QCryptographicHash>

#include <algorithm>

namespace pdlb::edge {

namespace {

constexpr int ipv6NetworkBytes = 8; ///< a /64

} // namespace

Monotonic RateLimiter::take(const QByteArray &name, const RateRules &rules, Monotonic now)
{
    if (rules.perSecond <= 0)
        return Monotonic(0);
    // One token takes so long; a full bucket has `burst` of them.
    const double token = 1e9 / rules.perSecond;
    const double burst = std::max(1.0, rules.burst > 0 ? rules.burst : rules.perSecond);
    const std::scoped_lock lock(m_mutex);
    auto found = m_byName.find(name);
    if (found == m_byName.end()) {
        if (qsizetype(m_buckets.size()) >= most) {
            m_byName.remove(m_buckets.front().name);
            m_buckets.pop_front();
        }
        found = m_byName.insert(name, m_buckets.insert(m_buckets.end(), {name, now}));
    } else {
        m_buckets.splice(m_buckets.end(), m_buckets, *found);
    }
    Bucket &bucket = **found;
    const Monotonic full = std::max(bucket.fullAt, now) + Monotonic(qint64(token));
    const Monotonic wait = full - now - Monotonic(qint64(token * burst));
    if (wait.count() > 0)
        return wait;
    bucket.fullAt = full;
    return Monotonic(0);
}

qsizetype RateLimiter::size() const
{
    const std::scoped_lock lock(m_mutex);
    return qsizetype(m_buckets.size());
}

QByteArray rateName(QByteArrayView key, const QHostAddress &peer)
{
    if (!key.isEmpty())
        return 'k' + QCryptographicHash::hash(key.toByteArray(), QCryptographicHash::Sha256);
    bool isV4 = false;
    const quint32 v4 = peer.toIPv4Address(&isV4);
    if (isV4)
        return '4' + QByteArray::number(v4);
    const Q_IPV6ADDR v6 = peer.toIPv6Address();
    return '6' + QByteArray(reinterpret_cast<const char *>(v6.c), ipv6NetworkBytes);
}

} // namespace pdlb::edge
