// SPDX-License-Identifier: Apache-2.0
#include "relay/admin_listener.h"

#include "relay/edge_config.h"

namespace pdlb::relay {

namespace {

constexpr qint64 maxBodyMemory = qint64(128) * 1024 * 1024; ///< of four of the largest, see ControlGate::maxAdminBody
constexpr qint64 maxConnections = 256;

edge::EdgeOptions options(const Config &config)
{
    edge::EdgeOptions options = edgeOptions(config);
    options.maxBody = ControlGate::maxAdminBody;
    options.maxConnections = maxConnections;
    return options;
}

} // namespace

AdminListener::AdminListener(control::ControlPlane &control, fleet::Fleet &fleet, const Clock &clock, const std::optional<QSslConfiguration> &tls)
    : m_fleet(fleet), m_shared(maxBodyMemory), m_edge(options(*fleet.snapshot()->config), m_shared, clock),
      m_gate(control, fleet, m_edge, nullptr)
{
    if (tls)
        m_edge.setTls(*tls);
    m_gate.addRoutes(true);
    configure();
}

void AdminListener::configure()
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    m_edge.configure(options(*snapshot->config), accessRules(*snapshot->config));
}

void AdminListener::drain()
{
    m_edge.drain();
    m_gate.drain();
}

} // namespace pdlb::relay
