// SPDX-License-Identifier: Apache-2.0
#include "metrics/metrics.h"

#include "metrics/exposition.h"
#include "metrics/fleet_metrics.h"
#include "metrics/process_metrics.h"

#include <map>
#include <tuple>

namespace pdlb::metrics {

Metrics::Metrics(const fleet::Fleet &fleet, const Clock &clock, const QList<double> &durations,
                 std::function<Gauges()> gauges)
    : m_fleet(fleet), m_clock(clock),
      m_durations(durations.isEmpty() ? defaultDurationBounds() : boundsFromSeconds(durations)),
      m_gauges(std::move(gauges))
{
}

WorkerMetrics &Metrics::addWorker()
{
    const std::scoped_lock lock(m_mutex);
    return *m_workers.emplace_back(std::make_unique<WorkerMetrics>(m_durations));
}

void Metrics::gather()
{
    gather(*m_fleet.snapshot());
}

void Metrics::gather(const fleet::FleetSnapshot &fleet)
{
    {
        const std::scoped_lock lock(m_mutex);
        for (const auto &worker : m_workers)
            m_totals.add(worker->take());
    }
    const ServerLabels labels(fleet);
    m_totals.keepServers([&](bool prefill, quint64 id) { return labels.knows(prefill, id); });
}

QByteArray Metrics::text()
{
    const fleet::SnapshotPtr fleet = m_fleet.snapshot();
    gather(*fleet);
    Exposition exposition;
    exposition.gauge("pdlb_build_info", "1, with what this program is");
    exposition.value(1, {{"version", PDLB_VERSION}, {"qt", qVersion()}});
    addRequests(exposition, *fleet);
    addTimes(exposition, *fleet);
    addConnections(exposition);
    addGauges(exposition, m_gauges());
    addFleetMetrics(exposition, *fleet, m_clock.now());
    addProcessMetrics(exposition);
    return exposition.text();
}

void Metrics::forEndpoints(const std::function<void(QByteArrayView, const Totals::OfEndpoint &)> &add) const
{
    for (size_t i = 0; i < endpointNames.size(); ++i) {
        const Totals::OfEndpoint &endpoint = m_totals.endpoints[i];
        if (i + 1 < endpointNames.size() || endpoint.requestBytes > 0)
            add(endpointNames[i], endpoint);
    }
}

void Metrics::addRequests(Exposition &exposition, const fleet::FleetSnapshot &fleet) const
{
    const ServerLabels labels(fleet);
    // Several keys may have the same labels where servers are "other".
    std::map<std::tuple<quint8, QByteArray, QByteArray, quint16, quint8>, quint64> requests;
    for (const auto &[key, count] : m_totals.requests)
        requests[{key.endpoint, labels.inPair(true, key.prefill), labels.inPair(false, key.decode), key.status,
                  key.end}] += count;
    exposition.counter("pdlb_requests_total", "Finished PD requests; end: how, status: told to the client");
    for (const auto &[key, count] : requests) {
        const auto &[endpoint, prefill, decode, status, end] = key;
        exposition.value(double(count), {{"endpoint", endpointNames[endpoint]},
                                         {"prefill", prefill},
                                         {"decode", decode},
                                         {"status", statusName(status)},
                                         {"end", trace::endReasonName(trace::EndReason(end))}});
    }
    exposition.counter("pdlb_request_body_bytes_total", "Bodies of clients' PD requests");
    forEndpoints([&](QByteArrayView name, const Totals::OfEndpoint &of) {
        exposition.value(double(of.requestBytes), {{"endpoint", name}});
    });
    exposition.counter("pdlb_answer_body_bytes_total", "Bodies of answers to PD requests");
    forEndpoints([&](QByteArrayView name, const Totals::OfEndpoint &of) {
        exposition.value(double(of.answerBytes), {{"endpoint", name}});
    });
    exposition.counter("pdlb_attempts_total", "Pairs picked");
    exposition.value(double(m_totals.attempts));
    exposition.counter("pdlb_retries_total", "Pairs picked because an earlier one could not be connected to");
    exposition.value(double(m_totals.retries));
    exposition.counter("pdlb_aborts_sent_total", "Engines told to forget a request");
    for (const Role role : {Role::Prefill, Role::Decode})
        exposition.value(double(m_totals.aborts[role == Role::Prefill]), {{"role", roleName(role)}});
}

void Metrics::addTimes(Exposition &exposition, const fleet::FleetSnapshot &fleet) const
{
    const ServerLabels labels(fleet);
    const auto perServer = [&](bool prefill, std::span<const Monotonic> bounds,
                               const std::unordered_map<quint64, Histogram> &histograms) {
        std::map<QByteArray, Histogram> byName;
        for (const auto &[id, histogram] : histograms)
            byName[labels.inHistogram(prefill, id)].add(histogram);
        for (const auto &[name, histogram] : byName)
            exposition.value(bounds, histogram, {{"server", name}});
    };
    exposition.histogram("pdlb_queue_wait_seconds",
                         "From a request's last byte to its turn; 0 for those that did not wait");
    exposition.value(m_durations, m_totals.queueWait);
    exposition.histogram("pdlb_prefill_seconds",
                         "From the request sent to prefill's answer: prefill done and KV cache transferred");
    perServer(true, m_durations, m_totals.prefillTime);
    exposition.histogram("pdlb_time_to_first_token_seconds",
                         "Streams: from the request's last byte to decode's first one");
    forEndpoints([&](QByteArrayView name, const Totals::OfEndpoint &of) {
        exposition.value(m_durations, of.firstToken, {{"endpoint", name}});
    });
    exposition.histogram("pdlb_inter_chunk_gap_seconds", "Between two events of a decode engine's stream");
    perServer(false, trace::GapCounts::bounds, m_totals.gaps);
    exposition.histogram("pdlb_request_seconds",
                         "Good requests: from the last byte of the request to that of the answer");
    forEndpoints([&](QByteArrayView name, const Totals::OfEndpoint &of) {
        for (const bool stream : {false, true})
            exposition.value(m_durations, of.total[stream],
                             {{"endpoint", name}, {"stream", stream ? "true" : "false"}});
    });
}

void Metrics::addConnections(Exposition &exposition) const
{
    qint64 rooms = 0, idle = 0;
    {
        const std::scoped_lock lock(m_mutex);
        for (const auto &worker : m_workers) {
            rooms += worker->rooms.load(std::memory_order_relaxed);
            idle += worker->idleConnections.load(std::memory_order_relaxed);
        }
    }
    exposition.gauge("pdlb_rooms_live", "Bootstrap rooms of requests under way");
    exposition.value(double(rooms));
    exposition.gauge("pdlb_pool_idle_connections", "Connections to engines that are kept for later legs");
    exposition.value(double(idle));
    exposition.counter("pdlb_pool_connections_total", "Connections that legs got");
    for (const bool reused : {false, true})
        exposition.value(double(m_totals.connections[reused]), {{"reused", reused ? "true" : "false"}});
}

void Metrics::addGauges(Exposition &exposition, const Gauges &gauges)
{
    const auto add = [&](const char *name, const char *help, double value) {
        exposition.gauge(name, help);
        exposition.value(value);
    };
    add("pdlb_requests_in_flight", "PD requests that run", double(gauges.running));
    add("pdlb_requests_in_flight_limit", "So many may run (--max-in-flight); 0: no limit", double(gauges.runningLimit));
    add("pdlb_requests_queued", "PD requests that wait for their turn", double(gauges.queued));
    add("pdlb_requests_queued_limit", "So many may wait (--max-queue)", double(gauges.queueLimit));
    add("pdlb_client_connections", "Open connections of clients", double(gauges.clientConnections));
    exposition.counter("pdlb_client_refusals_total",
                       "Requests refused by their head or framing: malformed, too large, too slow, without a key");
    exposition.value(double(gauges.clientRefusals));
    add("pdlb_body_memory_bytes", "Memory of request bodies, as received and as sent on", double(gauges.bodyBytes));
    add("pdlb_body_memory_limit_bytes", "The most that it may be (--max-body-memory); 0: no limit",
        double(gauges.bodyLimit));
    add("pdlb_workers", "Worker threads", gauges.workers);
    const auto count = [&](const char *name, const char *help, qint64 value) {
        exposition.counter(name, help);
        exposition.value(double(value));
    };
    add("pdlb_trace_body_memory_bytes", "Memory of the bodies that records keep", double(gauges.keptBodyBytes));
    count("pdlb_trace_bodies_cut_total", "Bodies of which records keep only the beginning", gauges.keptBodiesCut);
    count("pdlb_trace_bodies_dropped_total", "Requests whose bodies were given up for those of newer ones", gauges.keptBodiesDropped);
    count("pdlb_trace_file_records_total", "Requests written to --trace-file", gauges.fileRecords);
    count("pdlb_trace_file_dropped_total", "Requests that were not: disk full, not writable, too slow", gauges.fileRecordsDropped);
    count("pdlb_otlp_requests_total", "Requests whose spans the collector of --otlp-endpoint has taken", gauges.otlpRequests);
    count("pdlb_otlp_dropped_total", "Requests whose spans were dropped: refused, not reachable, too slow", gauges.otlpRequestsDropped);
    add("pdlb_draining", "1: no new connections are taken, running requests may end", gauges.draining);
}

} // namespace pdlb::metrics
