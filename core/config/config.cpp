// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include "edge/listen_socket.h"
#include "fleet/policy.h"
#include "upstream/origin.h"

#include <QThread>

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
        if (const auto good = check(server.url); !good)
            return good;
    }
    for (const QString &url : decode) {
        if (const auto good = check(url); !good)
            return good;
    }
    if (!fleet::policyNames().contains(policy))
        return failure(u"policy \"%1\" is unknown; known are: %2"_s.arg(policy, fleet::policyNames().join(u", "_s)));
    if (workers < 0 || workers > 256)
        return failure(u"workers %1: expected 0 (automatic) to 256"_s.arg(workers));
    if (maxBody < 1)
        return failure(u"the largest body must be at least one byte"_s);
    for (const auto timeout : {requestTimeout, connectTimeout, firstByteTimeout, streamIdleTimeout, writeStallTimeout, drainTimeout}) {
        if (timeout.count() < 0)
            return failure(u"a timeout is negative; 0 switches it off"_s);
    }
    return {};
}

} // namespace pdlb
