// SPDX-License-Identifier: Apache-2.0
#include "metrics/fleet_metrics.h"

#include "fleet/server_status.h"
#include "metrics/exposition.h"

#include <cmath>

namespace pdlb::metrics {

namespace {

/// The names of fleet::ServerStatus.
constexpr std::array states{"up", "degraded", "down", "starting", "unknown", "draining", "disabled"};
constexpr std::array breakerStates{"closed", "open", "half_open"};

double healthyPairs(const fleet::FleetSnapshot &fleet, Monotonic now)
{
    const auto healthy = [&](const std::vector<fleet::Server> &servers) {
        std::vector<bool> list;
        for (const fleet::Server &server : servers) {
            const QByteArray state = fleet::serverStatus(server, now).name;
            list.push_back(state == "up" || state == "degraded" || state == "unknown");
        }
        return list;
    };
    const std::vector<bool> prefills = healthy(fleet.prefill), decodes = healthy(fleet.decode);
    double count = 0;
    for (size_t p = 0; p < prefills.size(); ++p) {
        for (size_t d = 0; d < decodes.size(); ++d)
            count += prefills[p] && decodes[d] && fleet.pairs.weight(qsizetype(p), qsizetype(d)) > 0;
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

void addFleetMetrics(Exposition &exposition, const fleet::FleetSnapshot &fleet, Monotonic now)
{
    exposition.gauge("pdlb_fleet_version", "Grows with each change of servers or configuration");
    exposition.value(double(fleet.version));
    exposition.gauge("pdlb_pairs_healthy", "Pairs of which neither server is known to fail");
    exposition.value(healthyPairs(fleet, now));

    const auto each = [&](const auto &add) {
        for (const Role role : {Role::Prefill, Role::Decode}) {
            for (const fleet::Server &server : fleet.servers(role))
                add(server, Exposition::Labels{{"role", roleName(role)}, {"server", server.name}});
        }
    };
    using Labels = Exposition::Labels;
    exposition.gauge("pdlb_server_info", "1 for each server, with its URL");
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const fleet::Server &server : fleet.servers(role))
            exposition.value(1, {{"role", roleName(role)}, {"server", server.name}, {"url", server.url}});
    }
    exposition.gauge("pdlb_server_state", "1 for the state that the server is in");
    each([&](const fleet::Server &server, Labels labels) {
        exposition.oneOf("state", states, fleet::serverStatus(server, now).name, labels);
    });
    exposition.gauge("pdlb_server_breaker_state", "1 for the state that its circuit breaker is in");
    each([&](const fleet::Server &server, Labels labels) {
        exposition.oneOf("state", breakerStates, fleet::breakerStateName(server.state->breaker.report(now).state),
                         labels);
    });
    exposition.counter("pdlb_server_breaker_openings_total", "How often its circuit breaker opened");
    each([&](const fleet::Server &server, Labels labels) {
        exposition.value(double(server.state->breaker.report(now).openings), labels);
    });
    exposition.counter("pdlb_server_probes_total", "Health probes of the server that ended");
    each([&](const fleet::Server &server, Labels labels) {
        const double all = double(server.state->probes.load()),
                     failed = std::min(double(server.state->probeFailures.load()), all);
        exposition.value(all - failed, labels, Exposition::Label{"result", "ok"});
        exposition.value(failed, labels, Exposition::Label{"result", "failed"});
    });
    exposition.gauge("pdlb_server_legs_in_flight", "Legs that run on the server");
    each([&](const fleet::Server &server, Labels labels) {
        exposition.value(double(server.state->inFlight.load()), labels);
    });
    exposition.counter("pdlb_server_legs_total", "Legs opened on the server");
    each([&](const fleet::Server &server, Labels labels) {
        exposition.value(double(server.state->requests.load()), labels);
    });
    exposition.counter("pdlb_server_failures_total", "5xx answers and transport errors of the server");
    each([&](const fleet::Server &server, Labels labels) {
        exposition.value(double(server.state->failures.load()), labels);
    });
    exposition.gauge("pdlb_server_load_requests", "What the server itself says of its load, where it is asked");
    each([&](const fleet::Server &server, Labels labels) {
        if (const double load = server.state->load.load(); !std::isnan(load))
            exposition.value(load, labels);
    });
}

} // namespace pdlb::metrics
