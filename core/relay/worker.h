// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "relay/control_gate.h"
#include "metrics/metrics.h"
#include "relay/relay.h"
#include "trace/live_traces.h"
#include "trace/trace_sink.h"
#include "upstream/direct_transport.h"
#include "upstream/qnam_transport.h"

namespace pdlb::relay {

/// What all workers of a balancer share; outlives them.
struct SharedState {
    const Config &config; ///< what it was started with
    fleet::Fleet &fleet;
    pd::RoomSource &rooms;
    Random &random;
    const Clock &clock;
    edge::EdgeShared &edge;
    Admission &admission;
    metrics::Metrics &metrics;
    RetryBudget &retries;
    std::shared_ptr<trace::BodyBudget> keptBodies;
    trace::LiveTraces &live;
    const inject::Injector &faults;
    std::optional<QSslConfiguration> serverTls;
    ClientTls engineTls;
    std::vector<trace::TraceSink *> sinks;
    control::ControlPlane *control; ///< lives in the control thread
    std::function<void(const QByteArray &)> prefillUnreachable; ///< thread-safe
    std::function<void(const std::shared_ptr<fleet::ServerState> &, bool good)> serverHeard; ///< likewise
    std::atomic<qint64> inFlight{0};
};

/// One thread's share of the balancer: its listener, connections, transports and relays. Constructed and used in its own
/// thread only.
class Worker final : public QObject
{
    Q_OBJECT

public:
    Worker(SharedState &shared, int listenDescriptor);
    ~Worker() override;

    /// Takes the fleet's present configuration over into the edge.
    void configure();
    Result<void> listen();
    /// Stops accepting and ends idle connections; emits drained() when the last request has ended.
    void drain();
    /// Ends every running request with an error.
    void forceEnd();
    /// Ends those of that X-Request-Id with an error.
    void abort(const QByteArray &requestId);

Q_SIGNALS:
    void drained();

private:
    void addRoutes();
    void answerReadiness(edge::Exchange &exchange) const;
    void startRelay(edge::Exchange &exchange, pd::Endpoint endpoint);
    void relayOver(Relay &relay);
    void tick();
    void publish(Monotonic now);
    void checkDrained();

    SharedState &m_shared;
    int m_listenDescriptor;
    metrics::WorkerMetrics &m_metrics;
    upstream::DirectTransport m_direct;
    upstream::QnamTransport m_qnam;
    AbortSender m_aborts;
    QuickRandom m_chance;
    RelayContext m_context;
    QSet<Relay *> m_relays; ///< children
    QTimer m_ticker;
    std::unique_ptr<edge::EdgeServer> m_edge;
    ControlGate m_gate;
    bool m_draining = false;
    bool m_forced = false;
};

} // namespace pdlb::relay
