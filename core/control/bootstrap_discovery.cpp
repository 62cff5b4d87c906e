// SPDX-License-Identifier: Apache-2.0
#include "control/bootstrap_discovery.h"

#include "upstream/engine_credentials.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

Q_LOGGING_CATEGORY(lcDiscovery, "pdlb.bootstrap")

constexpr std::chrono::milliseconds firstRoundLimit = std::chrono::seconds(2);
constexpr std::chrono::milliseconds longestPause = std::chrono::seconds(30);

bool toBeAsked(const fleet::FleetSnapshot &fleet, const QByteArray &prefill)
{
    const fleet::Server *server = fleet.find(Role::Prefill, prefill);
    return server && server->config.bootstrapPort.kind == BootstrapPort::Kind::Discover;
}

} // namespace

BootstrapDiscovery::BootstrapDiscovery(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, QObject *parent)
    : QObject(parent), m_transport(transport), m_fleet(fleet)
{
}

void BootstrapDiscovery::start()
{
    fleetChanged();
    QTimer::singleShot(m_states.isEmpty() ? std::chrono::milliseconds(0) : firstRoundLimit, this, [this] {
        if (std::exchange(m_firstRound, false))
            Q_EMIT firstRoundOver();
    });
}

void BootstrapDiscovery::fleetChanged()
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    m_states.removeIf([&](const std::pair<const QByteArray &, State &> &entry) { return !toBeAsked(*snapshot, entry.first); });
    for (const fleet::Server &server : snapshot->prefill) {
        if (!server.bootstrapPort && toBeAsked(*snapshot, server.name) && !m_states.contains(server.name)) {
            m_states.insert(server.name, {});
            ask(server.name);
        }
    }
}

void BootstrapDiscovery::recheck(const QByteArray &prefill)
{
    if (toBeAsked(*m_fleet.snapshot(), prefill))
        again(prefill);
}

void BootstrapDiscovery::again(const QByteArray &name)
{
    State &state = m_states[name];
    if (state.asking || std::exchange(state.waiting, true))
        return;
    QTimer::singleShot(state.pause, this, [this, name] {
        const auto waiting = m_states.find(name);
        if (waiting == m_states.end())
            return; // gone meanwhile
        waiting->waiting = false;
        ask(name);
    });
    state.pause = std::min(state.pause * 2, longestPause);
}

void BootstrapDiscovery::ask(const QByteArray &name)
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    const fleet::Server *server = snapshot->find(Role::Prefill, name);
    if (!server)
        return;
    m_states[name].asking = true;
    EngineRequest request;
    request.target = "/server_info";
    upstream::setEngineCredentials(request.headers, *snapshot->config, server->config);
    new EngineCall(m_transport, server->origin, std::move(request),
                   [this, name, url = server->url](const EngineReply &reply) { answered(name, url, reply); }, this);
}

void BootstrapDiscovery::answered(const QByteArray &name, const QByteArray &url, const EngineReply &reply)
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    const fleet::Server *server = snapshot->find(Role::Prefill, name);
    const auto state = m_states.find(name);
    if (state == m_states.end() || !server)
        return;
    state->asking = false;
    if (server->url != url) { // another engine by the same name meanwhile
        ask(name);
        return;
    }
    state->answered = true;
    const QJsonValue port = QJsonDocument::fromJson(reply.body).object().value("disaggregation_bootstrap_port"_L1);
    const qint64 number = port.toInteger(0);
    if (reply.ok() && number > 0 && number <= 65535) {
        state->pause = std::chrono::seconds(1);
        if (server->bootstrapPort != std::optional(quint16(number)))
            qCInfo(lcDiscovery, "prefill %s has bootstrap port %lld", url.constData(), static_cast<long long>(number));
        m_fleet.setDiscoveredPort(name, quint16(number));
    } else {
        const QString why = reply.ok() ? u"its /server_info names none"_s : reply.describe();
        qCInfo(lcDiscovery, "the bootstrap port of prefill %s is unknown (%s); null is sent until it answers, or give the port: --prefill %s PORT",
               url.constData(), qPrintable(why), url.constData());
        again(name);
    }
    const bool all = std::all_of(m_states.cbegin(), m_states.cend(), [](const State &s) { return s.answered; });
    if (all && std::exchange(m_firstRound, false))
        Q_EMIT firstRoundOver();
}

} // namespace pdlb::control
