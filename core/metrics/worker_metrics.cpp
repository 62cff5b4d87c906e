// SPDX-License-Identifier: Apache-2.0
#include "metrics/worker_metrics.h"

namespace pdlb::metrics {

void WorkerMetrics::record(const trace::Timeline &timeline)
{
    const std::scoped_lock lock(m_mutex);
    m_totals.count(timeline, m_durations);
}

Totals WorkerMetrics::take()
{
    Totals taken;
    const std::scoped_lock lock(m_mutex);
    std::swap(taken, m_totals);
    return taken;
}

} // namespace pdlb::metrics
