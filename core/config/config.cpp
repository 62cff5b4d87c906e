// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include "edge/listen_socket.h"
#include "fleet/policy.h"
#include "upstream/origin.h"
#include "util/memory_limit.h"
#include "util/process_limits.h"

#include <QThread>
#include <QUrl>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb {

Result<BootstrapPort> BootstrapPort::parse(const QString &text)
{
    if (text.compare("none"_L1, Qt::CaseInsensitive) == 0)
        return none();
    if (text.compare("auto"_L1, Qt::CaseInsensitive) == 0)
        return BootstrapPort{};
    // toUInt() also takes white space, a plus sign and anything behind a NUL.
    const bool isNumber = std::all_of(text.begin(), text.end(), [](QChar c) { return c >= u'0' && c <= u'9'; });
    const uint port = isNumber ? text.toUInt() : 0;
    if (port == 0 || port > 65535)
        return failure(u"bootstrap port \"%1\": expected a number from 1 to 65535, \"none\" or \"auto\""_s.arg(text));
    return fixed(quint16(port));
}

int Config::effectiveWorkers() const
{
    return workers > 0 ? workers : qBound(1, QThread::idealThreadCount(), 8);
}

Result<void> Config::validate() const
{
    if (const auto address = edge::parseListenAddress(host); !address)
        return tl::unexpected(address.error());
    if (prefill.isEmpty())
        return failure(u"at least one prefill server is required (--prefill URL [PORT|none])"_s);
    if (decode.isEmpty())
        return failure(u"at least one decode server is required (--decode URL)"_s);
    const auto check = [&](const QString &url) -> Result<void> {
        const auto origin = upstream::parseOrigin(url);
        if (!origin)
            return tl::unexpected(origin.error());
        if (origin->tls && transport == TransportKind::Direct)
            return failure(u"engine URL \"%1\": --transport direct speaks http:// only; use auto or qnam"_s.arg(url));
        return {};
    };
    for (const PrefillServer &server : prefill) {
        if (auto good = check(server.url); !good)
            return good;
    }
    for (const QString &url : decode) {
        if (auto good = check(url); !good)
            return good;
    }
    if (!fleet::policyNames().contains(policy))
        return failure(u"policy \"%1\" is unknown; known are: %2"_s.arg(policy, fleet::policyNames().join(u", "_s)));
    if (workers < 0 || workers > 256)
        return failure(u"workers %1: expected 0 (automatic) to 256"_s.arg(workers));
    if (auto good = validateLimits(); !good)
        return good;
    return validateAccess();
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
    return maxBodyMemory.value_or(std::clamp<qint64>(usableMemory() / 4, 1, qint64(2) << 30)); // 0 would be no limit
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
