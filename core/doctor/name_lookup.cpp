// SPDX-License-Identifier: Apache-2.0
#include "doctor/name_lookup.h"

#include <algorithm>

namespace pdlb::doctor {

NameLookup::NameLookup(control::Resolver &resolver, const Config &config, QObject *parent)
    : QObject(parent), m_config(config), m_names(resolver, nullptr)
{
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &NameLookup::finished);
    connect(&m_names, &control::DnsDiscovery::changed, this, [this] {
        if (m_timer.isActive() && lost().isEmpty())
            m_timer.start(0);
    });
}

void NameLookup::start(std::chrono::milliseconds timeout)
{
    m_timer.start(lost().isEmpty() ? std::chrono::milliseconds(0) : timeout);
    m_names.configure(m_config);
}

QStringList NameLookup::lost() const
{
    QStringList names;
    const Config found = expanded();
    const auto add = [&](const QList<ServerConfig> &asked, const QList<ServerConfig> &there) {
        for (const ServerConfig &server : asked) {
            if (std::none_of(there.begin(), there.end(),
                             [&](const ServerConfig &one) { return covers(server.name, one); }))
                names += server.name;
        }
    };
    add(m_config.prefill, found.prefill);
    add(m_config.decode, found.decode);
    return names;
}

bool NameLookup::covers(const QString &name, const ServerConfig &server)
{
    return name == server.name || (!server.hostName.isEmpty() && server.name.startsWith(name + u'-'));
}

} // namespace pdlb::doctor
