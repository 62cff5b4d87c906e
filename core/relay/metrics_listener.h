// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/edge_server.h"
#include "metrics/metrics.h"

namespace pdlb::relay {

/// /metrics on a port of its own, for whoever reaches it. It has its own limits, so that an overloaded balancer can
/// still be looked at. Lives in the control thread.
class MetricsListener final
{
    Q_DISABLE_COPY_MOVE(MetricsListener)

public:
    /// `metrics` and `clock` must outlive it.
    MetricsListener(metrics::Metrics &metrics, const Clock &clock);
    /// Takes over the descriptor.
    Result<void> listen(int descriptor) { return m_edge.listen(descriptor); }

private:
    edge::EdgeShared m_shared;
    edge::EdgeServer m_edge;
};

} // namespace pdlb::relay
