// SPDX-License-Identifier: Apache-2.0
#include "control/load_poller.h"

#include "upstream/engine_credentials.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <limits>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

constexpr std::chrono::milliseconds shortestTimeout = std::chrono::seconds(1);
constexpr std::chrono::milliseconds longestTimeout = std::chrono::seconds(5);
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

} // namespace

LoadPoller::LoadPoller(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, QObject *parent)
    : QObject(parent), m_transport(transport), m_fleet(fleet)
{
    connect(&m_timer, &QTimer::timeout, this, &LoadPoller::poll);
}

void LoadPoller::fleetChanged()
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    bool wanted = false;
    for (const Role role : {Role::Prefill, Role::Decode}) {
        if ((snapshot->policy(role)->wants() & fleet::Policy::Load) != 0) {
            wanted = true;
            continue;
        }
        for (const fleet::Server &server : snapshot->servers(role))
            server.state->load = unknown;
    }
    const auto interval = snapshot->config->policies.loadInterval;
    if (!wanted) {
        m_timer.stop();
    } else if (!m_timer.isActive() || m_timer.intervalAsDuration() != interval) {
        m_timer.start(interval);
        poll();
    }
}

void LoadPoller::poll()
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    const auto timeout = std::clamp(snapshot->config->policies.loadInterval, shortestTimeout, longestTimeout);
    for (const Role role : {Role::Prefill, Role::Decode}) {
        if ((snapshot->policy(role)->wants() & fleet::Policy::Load) == 0)
            continue;
        for (const fleet::Server &server : snapshot->servers(role)) {
            if (server.config.enabled && !m_asked.contains(server.name))
                ask(server, timeout);
        }
    }
}

void LoadPoller::ask(const fleet::Server &server, std::chrono::milliseconds timeout)
{
    m_asked.insert(server.name);
    EngineRequest request{.target = "/v1/loads?include=core,disagg"};
    upstream::setEngineCredentials(request.headers, *m_fleet.snapshot()->config, server.config);
    request.timeout = timeout;
    new EngineCall(m_transport, server.origin, std::move(request), [this, name = server.name, state = server.state](const EngineReply &reply) {
        m_asked.remove(name);
        state->loadInFlight = state->inFlight.load();
        state->load = m_timer.isActive() ? requestsIn(reply) : unknown;
    }, this);
}

double LoadPoller::requestsIn(const EngineReply &reply)
{
    const QJsonArray ranks = QJsonDocument::fromJson(reply.body).object().value("loads"_L1).toArray();
    if (!reply.ok() || ranks.isEmpty())
        return unknown;
    double requests = 0;
    for (const QJsonValue &rank : ranks) {
        const QJsonObject load = rank.toObject();
        const QJsonObject transfers = load.value("disaggregation"_L1).toObject();
        // What waits for its peer at the bootstrap is among the waiting, what is being transferred is not.
        for (const QJsonValue &count : {load.value("num_running_reqs"_L1), load.value("num_waiting_reqs"_L1),
                                        transfers.value("prefill_inflight_queue_reqs"_L1), transfers.value("decode_transfer_queue_reqs"_L1)})
            requests += std::max(0.0, count.toDouble());
    }
    return requests;
}

} // namespace pdlb::control
