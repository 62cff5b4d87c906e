// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include "edge/listen_socket.h"
#include "fleet/policy_registry.h"
#include "upstream/origin.h"
#include "util/process_limits.h"

#include <QThread>
#include <QUrl>

#include <algorithm>
#include <functional>

using namespace Qt::StringLiterals;

namespace pdlb {

int Config::effectiveWorkers() const
{
    return workers > 0 ? workers : qBound(1, QThread::idealThreadCount(), 8);
}

QStringList Config::keepStartSettings(const Config &running)
{
    QStringList differed;
    const auto keep = [&](auto member, const char *flag) {
        if (this->*member == running.*member)
            return;
        this->*member = running.*member;
        differed += QString::fromLatin1(flag);
    };
    keep(&Config::host, "--host");
    keep(&Config::port, "--port");
    keep(&Config::workers, "--workers");
    keep(&Config::maxBodyMemory, "--max-body-memory");
    keep(&Config::maxConnections, "--max-connections");
    keep(&Config::tlsCertFile, "--tls-cert");
    keep(&Config::tlsKeyFile, "--tls-key");
    keep(&Config::caFile, "--ca-file");
    keep(&Config::insecure, "--insecure");
    keep(&Config::metricsHost, "--metrics-host");
    keep(&Config::metricsPort, "--metrics-port");
    keep(&Config::metricsBuckets, "--metrics-buckets");
    return differed;
}

const QString &Config::policyOf(Role role) const
{
    const QString &own = role == Role::Prefill ? policies.prefill : policies.decode;
    return own.isEmpty() ? policy : own;
}

void Config::nameServers()
{
    for (const auto &[list, letter] : {std::pair{&prefill, u'p'}, {&decode, u'd'}}) {
        for (qsizetype i = 0; i < list->size(); ++i) {
            if (list->at(i).name.isEmpty())
                (*list)[i].name = letter + QString::number(i + 1);
        }
    }
}

Result<void> Config::validate() const
{
    if (const auto address = edge::parseListenAddress(host); !address)
        return tl::unexpected(address.error());
    if (const auto good = validateServers(); !good)
        return good;
    for (const Role role : {Role::Prefill, Role::Decode}) {
        if (const auto good = fleet::checkPolicy(policyOf(role)); !good)
            return good;
    }
    if (workers < 0 || workers > 256)
        return failure(u"workers %1: expected 0 (automatic) to 256"_s.arg(workers));
    if (const auto good = validateLimits(); !good)
        return good;
    if (const auto good = validateMetrics(); !good)
        return good;
    return validateAccess();
}

Result<void> Config::validateServers() const
{
    if (prefill.isEmpty())
        return failure(u"at least one prefill server is required (--prefill URL [PORT|none])"_s);
    if (decode.isEmpty())
        return failure(u"at least one decode server is required (--decode URL)"_s);
    for (const auto *list : {&prefill, &decode}) {
        for (const ServerConfig &server : *list) {
            const auto origin = upstream::parseOrigin(server.url);
            if (!origin)
                return tl::unexpected(origin.error());
            if (origin->tls && transport == TransportKind::Direct)
                return failure(u"engine URL \"%1\": --transport direct speaks http:// only; use auto or qnam"_s.arg(server.url));
        }
    }
    return {};
}

Result<void> Config::validateLimits() const
{
    constexpr std::chrono::seconds longestTimeout{2'000'000}; // timers count milliseconds in 31 bits
    constexpr qint64 smallestHead = 64;
    constexpr qint64 largestHead = 16 * 1024 * 1024;
    for (const auto &[name, value] : {std::pair{"request line", maxRequestLine}, {"header field", maxHeaderField}, {"header block", maxHeaderBlock}}) {
        if (value < smallestHead || value > largestHead)
            return failure(u"the largest %1 is %2 bytes; expected %3 to %4"_s.arg(QLatin1StringView(name)).arg(value).arg(smallestHead).arg(largestHead));
    }
    if (maxHeaders < 1 || maxHeaders > 10000)
        return failure(u"the most header fields are %1; expected 1 to 10000"_s.arg(maxHeaders));
    for (const qint64 limit : {maxBody, maxBodyMemory.value_or(0), maxConnections.value_or(0), maxInFlight, maxQueue}) {
        if (limit < 0)
            return failure(u"a limit is negative (%1); 0 switches it off"_s.arg(limit));
    }
    for (const auto timeout : {requestTimeout, connectTimeout, firstByteTimeout, streamIdleTimeout, writeStallTimeout, headerTimeout,
                               bodyTimeout, keepAliveTimeout, queueTimeout, drainTimeout}) {
        if (timeout.count() < 0)
            return failure(u"a timeout is negative; 0 switches it off"_s);
        if (timeout > longestTimeout)
            return failure(u"a timeout is longer than %1 s; 0 switches it off"_s.arg(longestTimeout.count()));
    }
    return {};
}

Result<void> Config::validateMetrics() const
{
    constexpr qsizetype mostBuckets = 50;
    if (const auto address = edge::parseListenAddress(metricsHost); !address)
        return failure(u"metrics: %1"_s.arg(address.error().message));
    if (metricsPort.value_or(0) != 0 && metricsPort == port)
        return failure(u"the metrics' own port is the same as --port (%1), which serves /metrics anyway; leave --metrics-port out or choose another"_s.arg(port));
    const bool ascending = std::adjacent_find(metricsBuckets.begin(), metricsBuckets.end(), std::greater_equal<double>()) == metricsBuckets.end();
    if (!ascending || metricsBuckets.size() > mostBuckets
        || !std::all_of(metricsBuckets.begin(), metricsBuckets.end(), [](double bound) { return bound > 0 && bound <= 1e6; }))
        return failure(u"--metrics-buckets: expected at most %1 numbers of seconds, ascending, above 0 and up to 1000000"_s.arg(mostBuckets));
    return {};
}

Result<void> Config::validateAccess() const
{
    const auto usable = [](const QByteArray &key) {
        return !key.isEmpty() && std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7f; });
    };
    // An empty one would let everybody in who sends none. What is wrong is said without showing the key.
    if (!std::all_of(apiKeys.begin(), apiKeys.end(), usable))
        return failure(u"an API key is empty or holds other characters than visible ASCII; check --api-key and --api-key-file"_s);
    if (!engineApiKey.isNull() && !usable(engineApiKey))
        return failure(u"the engines' API key is empty or holds other characters than visible ASCII; check --engine-api-key"_s);
    for (const QByteArray &origin : corsOrigins) {
        const QUrl url(QString::fromUtf8(origin), QUrl::StrictMode);
        const bool good = url.isValid() && (url.scheme() == "http"_L1 || url.scheme() == "https"_L1) && !url.host().isEmpty()
            && url.path().isEmpty() && url.userInfo().isEmpty() && !url.hasQuery() && !url.hasFragment();
        if (!good)
            return failure(u"CORS origin \"%1\": expected http(s)://HOST[:PORT], as browsers send it"_s.arg(QString::fromUtf8(origin.left(200))));
    }
    if (tlsCertFile.isEmpty() != tlsKeyFile.isEmpty())
        return failure(u"TLS needs both a certificate (--tls-cert) and its key (--tls-key)"_s);
    return {};
}

qint64 Config::effectiveBodyMemory() const
{
    return maxBodyMemory.value_or(std::min(qint64(2) << 30, physicalMemory() / 4));
}

qint64 Config::effectiveConnections() const
{
    return maxConnections.value_or(std::max<qint64>(descriptorLimit() * 2 / 5, 1));
}

bool Config::isOpenToAll() const
{
    const auto address = edge::parseListenAddress(host);
    return apiKeys.isEmpty() && address && !address->isLoopback();
}

} // namespace pdlb
