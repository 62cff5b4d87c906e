// SPDX-License-Identifier: Apache-2.0
#include "fleet/fleet.h"

namespace pdlb::fleet {

namespace {

Server makeServer(Role role, qsizetype number, const QString &url)
{
    Server server;
    server.name = (role == Role::Prefill ? "p" : "d") + QByteArray::number(number);
    server.role = role;
    server.origin = *upstream::parseOrigin(url);
    server.url = server.origin.url();
    server.label = QStringLiteral("%1 %2 (%3)").arg(role == Role::Prefill ? QStringLiteral("prefill") : QStringLiteral("decode"),
                                                    QString::fromUtf8(server.name), QString::fromUtf8(server.url));
    server.counters = std::make_shared<ServerCounters>();
    return server;
}

} // namespace

Fleet::Fleet(const Config &config)
{
    auto snapshot = std::make_shared<FleetSnapshot>();
    for (const PrefillServer &entry : config.prefill) {
        Server server = makeServer(Role::Prefill, qsizetype(snapshot->prefill.size()) + 1, entry.url);
        server.bootstrapSetting = entry.bootstrapPort;
        if (entry.bootstrapPort.kind == BootstrapPort::Kind::Fixed)
            server.bootstrapPort = entry.bootstrapPort.port;
        snapshot->prefill.push_back(std::move(server));
    }
    for (const QString &url : config.decode)
        snapshot->decode.push_back(makeServer(Role::Decode, qsizetype(snapshot->decode.size()) + 1, url));
    m_snapshot = std::move(snapshot);
}

SnapshotPtr Fleet::snapshot() const
{
    const std::scoped_lock lock(m_mutex);
    return m_snapshot;
}

void Fleet::setDiscoveredPort(qsizetype prefillIndex, std::optional<quint16> port)
{
    const std::scoped_lock lock(m_mutex);
    const Server &current = m_snapshot->prefill.at(size_t(prefillIndex));
    if (current.bootstrapSetting.kind != BootstrapPort::Kind::Discover || current.bootstrapPort == port)
        return;
    auto changed = std::make_shared<FleetSnapshot>(*m_snapshot);
    changed->prefill.at(size_t(prefillIndex)).bootstrapPort = port;
    ++changed->version;
    m_snapshot = std::move(changed);
}

} // namespace pdlb::fleet
