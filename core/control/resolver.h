// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "upstream/origin.h"

#include <QList>
#include <QObject>

#include <chrono>
#include <functional>
#include <tuple>

namespace pdlb::control {

/// What a name leads to now.
struct Resolution {
    struct Address {
        QString address; ///< IP literal
        quint16 port = 0;
        bool operator==(const Address &) const = default;
        bool operator<(const Address &other) const { return std::tie(address, port) < std::tie(other.address, other.port); }
    };
    QList<Address> addresses; ///< sorted, each once
    std::chrono::seconds ttl{0}; ///< how long this may be kept
    QString error; ///< why nothing can be said now; then the rest means nothing
};

/// Looks up names of servers. One thread.
class Resolver
{
public:
    using Callback = std::function<void(const Resolution &)>;

    virtual ~Resolver() = default;
    /// `url.lookup` is not None. Calls back once, later, unless `context` is destroyed before.
    virtual void lookUp(const upstream::ServerUrl &url, QObject *context, const Callback &callback) = 0;
};

/// Asks the machine's name servers (QDnsLookup): A records, where there are none AAAA, or SRV records and then those of
/// their targets. Names must be complete: search domains are not tried, and the hosts file is not read.
class DnsResolver final : public Resolver
{
public:
    void lookUp(const upstream::ServerUrl &url, QObject *context, const Callback &callback) override;
};

} // namespace pdlb::control
