// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/totals.h"

#include <atomic>
#include <mutex>

namespace pdlb::metrics {

/// What one worker has counted since it was last asked. The worker's thread records; anybody may take.
class WorkerMetrics
{
    Q_DISABLE_COPY_MOVE(WorkerMetrics)

public:
    explicit WorkerMetrics(const Bounds &durations) : m_durations(durations) {}

    void record(const trace::Timeline &timeline);
    /// The counts since the last take().
    Totals take();

    std::atomic<qint64> rooms{0};           ///< of requests that run
    std::atomic<qint64> idleConnections{0}; ///< kept to the engines

private:
    const Bounds m_durations;
    std::mutex m_mutex; ///< never held for longer than it takes to count one request: take() swaps
    Totals m_totals;
};

} // namespace pdlb::metrics
