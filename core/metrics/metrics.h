// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/worker_metrics.h"

#include <functional>
#include <memory>

namespace pdlb::fleet {
class Fleet;
struct FleetSnapshot;
} // namespace pdlb::fleet

namespace pdlb::metrics {

class Exposition;

/// What is not counted but looked at when the metrics are read.
struct Gauges {
    qint64 running = 0; ///< PD requests under way, without those that wait
    qint64 queued = 0;
    qint64 clientConnections = 0;
    quint64 clientRefusals = 0; ///< see edge::EdgeShared
    qint64 bodyBytes = 0;       ///< of the budget for bodies
    qint64 bodyLimit = 0;       ///< 0: none
    qint64 runningLimit = 0;    ///< 0: none
    qint64 queueLimit = 0;
    int workers = 0;
    bool draining = false;
    qint64 keptBodyBytes = 0; ///< in records
    qint64 keptBodiesCut = 0; ///< bodies of which not all could be kept
    qint64 keptBodiesDropped = 0; ///< requests whose bodies were given up for those of newer ones
    qint64 fileRecords = 0; ///< written to the trace file
    qint64 fileRecordsDropped = 0;
    qint64 otlpRequests = 0; ///< whose spans were taken
    qint64 otlpRequestsDropped = 0;
};

/// All metrics of a balancer: those that its workers count and those that are read off the fleet and the process. What
/// is of servers that left the fleet is forgotten. One thread, but for addWorker().
class Metrics
{
    Q_DISABLE_COPY_MOVE(Metrics)

public:
    /// `clock`: the one that the fleet's states are timed with. `durations`: upper bounds of the duration histograms in
    /// seconds, ascending; empty: defaultDurationBounds(). `gauges` is called by text().
    Metrics(const fleet::Fleet &fleet, const Clock &clock, const QList<double> &durations,
            std::function<Gauges()> gauges);

    /// For one worker, as long as the Metrics live. Thread-safe.
    WorkerMetrics &addWorker();
    /// Takes over what the workers have counted. To be called when the fleet has changed, so that nothing piles up when
    /// nobody reads.
    void gather();
    /// Prometheus' text format 0.0.4.
    QByteArray text();
    static constexpr const char *contentType = "text/plain; version=0.0.4; charset=utf-8";

private:
    void gather(const fleet::FleetSnapshot &fleet);
    /// Calls for each endpoint; for "other" only once there was a request to one.
    void forEndpoints(const std::function<void(QByteArrayView, const Totals::OfEndpoint &)> &add) const;
    void addRequests(Exposition &exposition, const fleet::FleetSnapshot &fleet) const;
    void addTimes(Exposition &exposition, const fleet::FleetSnapshot &fleet) const;
    void addConnections(Exposition &exposition) const;
    static void addGauges(Exposition &exposition, const Gauges &gauges);

    const fleet::Fleet &m_fleet;
    const Clock &m_clock;
    const Bounds m_durations;
    std::function<Gauges()> m_gauges;
    mutable std::mutex m_mutex; ///< for the list
    std::vector<std::unique_ptr<WorkerMetrics>> m_workers;
    Totals m_totals;
};

} // namespace pdlb::metrics
