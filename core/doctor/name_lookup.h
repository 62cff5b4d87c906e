// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/dns_discovery.h"

#include <QTimer>

namespace pdlb::doctor {

/// Looks up the names of a configuration's servers once.
class NameLookup final : public QObject
{
    Q_OBJECT

public:
    /// `resolver` outlives it. `config` is named throughout, see Config::nameServers().
    NameLookup(control::Resolver &resolver, const Config &config, QObject *parent);
    /// finished() follows, at the latest when the time is over, never from within.
    void start(std::chrono::milliseconds timeout);

    /// With a server for each address that was found in place of the names.
    Config expanded() const { return m_names.expand(m_config); }
    /// Those that led nowhere: the servers' names.
    QStringList lost() const;
    /// Whether `server` is the one of that name, or one that the name has become.
    static bool covers(const QString &name, const ServerConfig &server);

Q_SIGNALS:
    void finished();

private:
    Config m_config;
    control::DnsDiscovery m_names;
    QTimer m_timer;
};

} // namespace pdlb::doctor
