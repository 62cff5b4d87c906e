// SPDX-License-Identifier: Apache-2.0
#include "relay/worker.h"

#include "relay/edge_config.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>


using namespace Qt::StringLiterals;

namespace pdlb::relay {

namespace {

Q_LOGGING_CATEGORY(lcRequest, "pdlb.request")

constexpr std::chrono::milliseconds tickInterval{100};

} // namespace

Worker::Worker(SharedState &shared, int listenDescriptor)
    : m_shared(shared), m_listenDescriptor(listenDescriptor), m_metrics(shared.metrics.addWorker()), m_qnam(shared.engineTls),
      m_context{pd::sglangDialect(), shared.fleet, shared.rooms, shared.random, m_chance, shared.clock,
                m_direct, m_qnam, m_aborts, shared.admission, m_metrics, shared.retries, shared.keptBodies, shared.faults, shared.prefillUnreachable, shared.serverHeard,
                [this](Relay &relay) { relayOver(relay); },
                std::any_of(shared.sinks.begin(), shared.sinks.end(), [](const trace::TraceSink *sink) { return sink->isSearched(); })},
      m_edge(std::make_unique<edge::EdgeServer>(edgeOptions(shared.config), shared.edge, shared.clock)),
      m_gate(*shared.control, shared.fleet, *m_edge, nullptr)
{
    m_direct.pool().countIdleIn(&m_metrics.idleConnections);
    if (shared.serverTls)
        m_edge->setTls(*shared.serverTls);
    addRoutes();
    connect(m_edge.get(), &edge::EdgeServer::drained, this, &Worker::checkDrained);
    connect(&m_aborts, &AbortSender::idle, this, &Worker::checkDrained);
    m_ticker.setInterval(tickInterval);
    connect(&m_ticker, &QTimer::timeout, this, &Worker::tick);
}

Worker::~Worker()
{
    // Relays hold exchanges and legs; they go before the edge and the transports.
    qDeleteAll(m_relays);
}

Result<void> Worker::listen()
{
    return m_edge->listen(m_listenDescriptor);
}

void Worker::configure()
{
    const fleet::SnapshotPtr snapshot = m_shared.fleet.snapshot();
    const Config &config = *snapshot->config;
    m_edge->configure(edgeOptions(config), accessRules(config));
}

void Worker::addRoutes()
{
    for (const pd::Endpoint endpoint : {pd::Endpoint::ChatCompletions, pd::Endpoint::Completions, pd::Endpoint::Generate}) {
        m_edge->addDirectRoute(pd::endpointPath(endpoint), [this, endpoint](edge::Exchange &exchange) { startRelay(exchange, endpoint); });
    }
    // Liveness by two names, readiness by three: ours, SGLang's router's and SGLang's own.
    for (const char *path : {"/livez", "/liveness"})
        m_edge->addRoute(path, {"GET"}, [](edge::Exchange &exchange) { exchange.respond(200, {}, {}); }, edge::Access::Open);
    for (const char *path : {"/readyz", "/readiness", "/health"})
        m_edge->addRoute(path, {"GET"}, [this](edge::Exchange &exchange) { answerReadiness(exchange); }, edge::Access::Open);
    m_gate.addRoutes(false);
    if (!m_shared.config.adminPort)
        m_gate.addRoutes(true);
}

void Worker::answerReadiness(edge::Exchange &exchange) const
{
    const fleet::SnapshotPtr snapshot = m_shared.fleet.snapshot();
    const Monotonic now = m_shared.clock.now();
    const qsizetype prefills = fleet::usableServers(*snapshot, Role::Prefill, now);
    const qsizetype decodes = fleet::usableServers(*snapshot, Role::Decode, now);
    std::optional<ApiError> error;
    if (m_draining)
        error = ApiError{503, "shutting_down", u"the balancer is shutting down"_s};
    else if (prefills == 0 || decodes == 0)
        error = ApiError{503, "not_ready", u"no %1 server can be used now"_s.arg(prefills == 0 ? u"prefill"_s : u"decode"_s)};
    if (exchange.head().path() != "/readiness") {
        if (error)
            exchange.respondError(*error);
        else
            exchange.respond(200, {}, {});
        return;
    }
    // As SGLang's router tells it.
    QJsonObject answer{{u"status"_s, error ? u"not ready"_s : u"ready"_s}, {u"healthy_workers"_s, prefills + decodes},
                       {u"total_workers"_s, qint64(snapshot->prefill.size() + snapshot->decode.size())}};
    http::HeaderList headers;
    headers.add("Content-Type", "application/json");
    if (error) {
        answer.insert(u"reason"_s, error->message);
        headers.add("Retry-After", error->retryAfterField());
    }
    exchange.respond(error ? error->status : 200, std::move(headers), QJsonDocument(answer).toJson(QJsonDocument::Compact));
}

void Worker::startRelay(edge::Exchange &exchange, pd::Endpoint endpoint)
{
    if (m_forced) {
        exchange.respondError({503, "shutting_down", QStringLiteral("the balancer is shutting down")});
        return;
    }
    auto *relay = new Relay(m_context, exchange, endpoint, this);
    m_relays.insert(relay);
    m_shared.inFlight.fetch_add(1, std::memory_order_relaxed);
    if (!m_ticker.isActive())
        m_ticker.start();
    relay->start();
}

void Worker::relayOver(Relay &relay)
{
    const auto record = std::make_shared<const trace::Timeline>(relay.takeTimeline());
    const trace::Timeline &timeline = *record;
    const bool good = timeline.end == trace::EndReason::Ok || timeline.end == trace::EndReason::ClientGone
        || timeline.end == trace::EndReason::BadRequest;
    if (!good)
        qCWarning(lcRequest, "%s", qUtf8Printable(trace::summarizeTimeline(timeline)));
    else if (lcRequest().isDebugEnabled())
        qCDebug(lcRequest, "%s", qUtf8Printable(trace::summarizeTimeline(timeline)));
    m_metrics.record(timeline);
    if (relay.publishedAt().count() > 0)
        m_shared.live.ended(timeline.serial);
    for (trace::TraceSink *sink : m_shared.sinks)
        sink->record(record);
    m_shared.inFlight.fetch_sub(1, std::memory_order_relaxed);
    m_relays.remove(&relay);
    relay.deleteLater();
    if (m_relays.isEmpty())
        m_ticker.stop();
    checkDrained();
}

void Worker::tick()
{
    const Monotonic now = m_shared.clock.now();
    const auto relays = m_relays;
    for (Relay *relay : relays)
        relay->tick(now);
    publish(now);
    if (m_shared.admission.waiting() > 0)
        m_shared.admission.placeFreed(); // servers come up and limits change without any leg's end
}

void Worker::publish(Monotonic now)
{
    constexpr int most = 200; // a record is copied in some microseconds
    const bool watched = m_shared.live.isWatched(now);
    const std::chrono::milliseconds explainAfter = m_shared.fleet.snapshot()->config->trace.explainAfter;
    if (!watched && explainAfter.count() == 0)
        return;
    // Each in its turn, when there are more than can be told at a time.
    const Monotonic pause = tickInterval / 2 + tickInterval * (m_relays.size() / most);
    int told = 0;
    for (Relay *relay : std::as_const(m_relays)) {
        if (!watched && relay->silentFor(now) < explainAfter) {
            if (relay->publishedAt().count() > 0) { // what is not told any more must not look as if it stood still
                m_shared.live.ended(relay->serial());
                relay->setPublishedAt(Monotonic(0));
            }
            continue;
        }
        if (now - relay->publishedAt() < pause)
            continue;
        relay->setPublishedAt(now);
        m_shared.live.update(std::make_shared<const trace::Timeline>(relay->snapshot()));
        if (++told == most)
            break;
    }
}

void Worker::drain()
{
    m_draining = true;
    m_edge->drain();
    m_gate.drain();
    checkDrained();
}

void Worker::forceEnd()
{
    m_forced = true;
    const auto relays = m_relays;
    for (Relay *relay : relays)
        relay->forceEnd({503, "shutting_down", u"the balancer is shutting down"_s}, trace::EndReason::Drain);
}

void Worker::abort(const QByteArray &requestId)
{
    const auto relays = m_relays;
    for (Relay *relay : relays) {
        if (relay->requestId() == requestId)
            relay->forceEnd({503, "aborted", u"somebody ended the request by the balancer's admin API"_s}, trace::EndReason::Aborted);
    }
}

void Worker::checkDrained()
{
    if (m_draining && m_relays.isEmpty() && m_aborts.inFlight() == 0 && m_edge->connectionCount() == 0)
        Q_EMIT drained();
}

} // namespace pdlb::relay
