// SPDX-License-Identifier: Apache-2.0
#include "metrics/fleet_metrics.h"

#include "metrics/exposition.h"

#include <cmath>

namespace pdlb::metrics {

namespace {

constexpr std::array states{"up", "degraded", "down", "unknown", "disabled"};

QByteArrayView stateOf(const fleet::Server &server)
{
    return server.config.enabled ? fleet::healthName(server.state->health.health()) : "disabled";
}

/// A pair of which neither server is known to fail.
bool isHealthy(const fleet::Server &server)
{
    const fleet::HealthRecord &health = server.state->health;
    return server.config.enabled && health.health() != fleet::Health::Down
        && (health.health() != fleet::Health::Unknown || !health.isFailing());
}

double healthyPairs(const fleet::FleetSnapshot &fleet)
{
    double count = 0;
    for (size_t p = 0; p < fleet.prefill.size(); ++p) {
        for (size_t d = 0; d < fleet.decode.size(); ++d)
            count += isHealthy(fleet.prefill[p]) && isHealthy(fleet.decode[d]) && fleet.pairs.weight(qsizetype(p), qsizetype(d)) > 0;
    }
    return count;
}

} // namespace

ServerLabels::ServerLabels(const fleet::FleetSnapshot &fleet)
{
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const fleet::Server &server : fleet.servers(role))
            m_names[role == Role::Prefill].emplace(server.id, server.name);
    }
}

QByteArray ServerLabels::name(bool prefill, quint64 id) const
{
    const auto found = m_names[prefill].find(id);
    return found == m_names[prefill].end() ? QByteArray() : found->second;
}

QByteArray ServerLabels::inPair(bool prefill, quint64 id) const
{
    return id != 0 && m_names[0].size() * m_names[1].size() > mostPairs ? QByteArray("other") : name(prefill, id);
}

QByteArray ServerLabels::inHistogram(bool prefill, quint64 id) const
{
    return m_names[prefill].size() > mostHistograms ? QByteArray("other") : name(prefill, id);
}

void addFleetMetrics(Exposition &exposition, const fleet::FleetSnapshot &fleet)
{
    exposition.gauge("pdlb_fleet_version", "Grows with each change of servers or configuration");
    exposition.value(double(fleet.version));
    exposition.gauge("pdlb_pairs_healthy", "Pairs that may be picked now and of which no server is known to fail");
    exposition.value(healthyPairs(fleet));

    const auto each = [&](const auto &add) {
        for (const Role role : {Role::Prefill, Role::Decode}) {
            for (const fleet::Server &server : fleet.servers(role))
                add(server, Exposition::Labels{{"role", roleName(role)}, {"server", server.name}});
        }
    };
    exposition.gauge("pdlb_server_info", "1 for each server, with its URL");
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const fleet::Server &server : fleet.servers(role))
            exposition.value(1, {{"role", roleName(role)}, {"server", server.name}, {"url", server.url}});
    }
    exposition.gauge("pdlb_server_state", "1 for the state that the server is in");
    each([&](const fleet::Server &server, Exposition::Labels labels) { exposition.oneOf("state", states, stateOf(server), labels); });
    exposition.gauge("pdlb_server_legs_in_flight", "Legs that run on the server");
    each([&](const fleet::Server &server, Exposition::Labels labels) { exposition.value(double(server.state->inFlight.load()), labels); });
    exposition.counter("pdlb_server_legs_total", "Legs opened on the server");
    each([&](const fleet::Server &server, Exposition::Labels labels) { exposition.value(double(server.state->requests.load()), labels); });
    exposition.counter("pdlb_server_failures_total", "5xx answers and transport errors of the server");
    each([&](const fleet::Server &server, Exposition::Labels labels) { exposition.value(double(server.state->failures.load()), labels); });
    exposition.gauge("pdlb_server_load_requests", "What the server itself says of its load, where it is asked");
    each([&](const fleet::Server &server, Exposition::Labels labels) {
        if (const double load = server.state->load.load(); !std::isnan(load))
            exposition.value(load, labels);
    });
}

} // namespace pdlb::metrics
