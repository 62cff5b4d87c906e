// SPDX-License-Identifier: Apache-2.0
#include "fleet/fleet.h"

#include "util/stable_hash.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::fleet {

namespace {

/// `config` must have its name. `old`: the snapshot before this one, or null.
Server makeServer(Role role, const ServerConfig &config, qint64 maxInFlight, const FleetSnapshot *old)
{
    Server server;
    server.config = config;
    server.role = role;
    server.weight = config.weight;
    server.enabled = config.enabled;
    server.name = config.name.toUtf8();
    server.id = stableHash(server.name);
    server.origin = *upstream::parseOrigin(config.url);
    server.origin.peerName = config.hostName.toUtf8();
    server.url = server.origin.url();
    server.authority = server.origin.authority();
    server.bracketedHost = server.origin.bracketedHost();
    server.label = u"%1 %2 (%3)"_s.arg(QLatin1StringView(roleName(role)), config.name, QString::fromUtf8(server.url));
    server.maxInFlight = config.maxInFlight > 0 ? config.maxInFlight : maxInFlight;
    if (config.bootstrapPort.kind == BootstrapPort::Kind::Fixed)
        server.bootstrapPort = config.bootstrapPort.port;
    if (const Server *before = old ? old->find(role, server.name) : nullptr; before && before->origin == server.origin) {
        server.state = before->state;
        server.steeredRanks = before->steeredRanks;
        if (config.bootstrapPort.kind == BootstrapPort::Kind::Discover && before->config.bootstrapPort == config.bootstrapPort) {
            server.bootstrapPort = before->bootstrapPort;
            server.portPending = before->portPending;
        }
    } else {
        server.state = std::make_shared<ServerState>();
        server.portPending = old && role == Role::Prefill && config.bootstrapPort.kind == BootstrapPort::Kind::Discover;
    }
    return server;
}

Result<SnapshotPtr> makeSnapshot(const Config &given, const FleetSnapshot *old)
{
    auto config = std::make_shared<Config>(given);
    config->nameServers();
    // A name that is not looked up yet has no server.
    for (QList<ServerConfig> *list : {&config->prefill, &config->decode})
        list->removeIf([](const ServerConfig &server) { return upstream::parseServerUrl(server.url)->lookup != upstream::Lookup::None; });
    auto snapshot = std::make_shared<FleetSnapshot>();
    for (const ServerConfig &server : std::as_const(config->prefill))
        snapshot->prefill.push_back(makeServer(Role::Prefill, server, config->serverMaxInFlight, old));
    for (const ServerConfig &server : std::as_const(config->decode))
        snapshot->decode.push_back(makeServer(Role::Decode, server, config->serverMaxInFlight, old));
    snapshot->pairs = PairTable(*config);
    for (const Role role : {Role::Prefill, Role::Decode}) {
        const bool same = old && old->config->policyOf(role) == config->policyOf(role) && old->config->policies == config->policies;
        auto policy = same ? Result<PolicyPtr>(old->policy(role)) : makePolicy(config->policyOf(role), config->policies);
        if (!policy)
            return tl::unexpected(policy.error());
        (role == Role::Prefill ? snapshot->prefillPolicy : snapshot->decodePolicy) = std::move(*policy);
    }
    if (const auto key = HashKey::parse(config->policies.hashKey))
        snapshot->hashKey = *key;
    snapshot->wants = snapshot->prefillPolicy->wants() | snapshot->decodePolicy->wants();
    snapshot->version = old ? old->version + 1 : 0;
    snapshot->config = std::move(config);
    return SnapshotPtr(std::move(snapshot));
}

} // namespace

const Server *FleetSnapshot::find(Role role, QByteArrayView name) const
{
    const std::vector<Server> &list = servers(role);
    const auto server = std::find_if(list.begin(), list.end(), [&](const Server &s) { return s.name == name; });
    return server == list.end() ? nullptr : &*server;
}

SnapshotPtr Fleet::snapshot() const
{
    const std::scoped_lock lock(m_mutex);
    return m_snapshot;
}

Result<void> Fleet::apply(const Config &config)
{
    const std::scoped_lock lock(m_mutex);
    auto snapshot = makeSnapshot(config, m_snapshot.get());
    if (!snapshot)
        return tl::unexpected(snapshot.error());
    m_snapshot = std::move(*snapshot);
    return {};
}

void Fleet::changePrefill(const QByteArray &name, const std::function<bool(Server &)> &change)
{
    const std::scoped_lock lock(m_mutex);
    const Server *current = m_snapshot->find(Role::Prefill, name);
    if (!current)
        return;
    auto changed = std::make_shared<FleetSnapshot>(*m_snapshot);
    if (!change(changed->prefill[size_t(current - m_snapshot->prefill.data())]))
        return;
    ++changed->version;
    m_snapshot = std::move(changed);
}

void Fleet::setDiscoveredPort(const QByteArray &prefill, std::optional<quint16> port)
{
    changePrefill(prefill, [port](Server &server) {
        if (server.config.bootstrapPort.kind != BootstrapPort::Kind::Discover)
            return false;
        const bool waited = std::exchange(server.portPending, false);
        return std::exchange(server.bootstrapPort, port) != port || waited;
    });
}

void Fleet::setSteeredRanks(const QByteArray &prefill, int ranks)
{
    changePrefill(prefill, [ranks](Server &server) { return std::exchange(server.steeredRanks, ranks) != ranks; });
}

} // namespace pdlb::fleet
