// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "relay/control_gate.h"
#include "util/result.h"

#include <QSslConfiguration>

namespace pdlb::relay {

/// The admin API on a port of its own. It has its own limits, so that an overloaded balancer can still be steered. Lives in
/// the control thread.
class AdminListener final
{
    Q_DISABLE_COPY_MOVE(AdminListener)

public:
    /// All but `tls` must outlive it.
    AdminListener(control::ControlPlane &control, fleet::Fleet &fleet, const Clock &clock, const std::optional<QSslConfiguration> &tls);
    /// Takes over the descriptor.
    Result<void> listen(int descriptor) { return m_edge.listen(descriptor); }
    /// Takes over the fleet's present configuration.
    void configure();
    /// Stops accepting and ends streams and idle connections.
    void drain();

private:
    fleet::Fleet &m_fleet;
    edge::EdgeShared m_shared;
    edge::EdgeServer m_edge;
    ControlGate m_gate;
};

} // namespace pdlb::relay
