// SPDX-License-Identifier: Apache-2.0
#include "relay/control_gate.h"

#include "control/trace_api.h"
#include "http/path_pattern.h"
#include "upstream/engine_credentials.h"

#include <QUrlQuery>

using namespace Qt::StringLiterals;

namespace pdlb::relay {

namespace {

constexpr double defaultHeartbeat = 15; // seconds; proxies cut streams that are silent for a minute
constexpr double shortestHeartbeat = 0.05;
constexpr double longestHeartbeat = 3600;

} // namespace

ControlGate::ControlGate(control::ControlPlane &control, fleet::Fleet &fleet, edge::EdgeServer &edge, QObject *parent)
    : QObject(parent), m_control(control), m_fleet(fleet), m_edge(edge)
{
}

void ControlGate::addRoutes(bool admin)
{
    const edge::Access access = admin ? edge::Access::Admin : edge::Access::Key;
    for (const control::Endpoint &endpoint : m_control.endpoints()) {
        if (endpoint.admin == admin) {
            m_edge.addRoute(endpoint.path, endpoint.methods, [this, &endpoint](edge::Exchange &exchange) { ask(exchange, endpoint); },
                            access, admin ? maxAdminBody : 0);
        }
    }
    if (admin)
        m_edge.addRoute("/admin/v1/events", {"GET"}, [this](edge::Exchange &exchange) { openEvents(exchange); }, access);
}

void ControlGate::ask(edge::Exchange &exchange, const control::Endpoint &endpoint)
{
    const quint64 id = m_nextId++;
    m_waiting.try_emplace(id, *this, id, exchange);
    const http::RequestHead &head = exchange.head();
    control::ControlRequest request{head.method == "HEAD" ? "GET" : head.method, head.path(), head.query(), http::endToEndHeaders(head.headers), exchange.body(),
                                    http::matchPath(endpoint.path, head.path()).value_or(QByteArrayList())};
    request.headers.set("X-Request-Id", exchange.requestId());
    upstream::setEngineCredentials(request.headers, *m_fleet.snapshot()->config);
    QMetaObject::invokeMethod(&m_control, [this, id, request = std::move(request), &endpoint] {
        endpoint.handler(request, [this, id](const control::ControlReply &reply) {
            QMetaObject::invokeMethod(this, [this, id, reply] { answer(id, reply); }, Qt::QueuedConnection);
        });
    }, Qt::QueuedConnection);
}

void ControlGate::answer(quint64 id, const control::ControlReply &reply)
{
    const auto found = m_waiting.find(id);
    if (found == m_waiting.end())
        return; // the client left
    edge::Exchange &exchange = *found->second.exchange;
    m_waiting.erase(found);
    http::HeaderList headers = reply.headers;
    edge::AccessRules::removeCorsHeaders(headers);
    if (reply.pieces && exchange.head().method != "HEAD")
        answerInPieces(id, exchange, reply);
    else
        exchange.respond(reply.status, std::move(headers), reply.body);
}

void ControlGate::answerInPieces(quint64 id, edge::Exchange &exchange, const control::ControlReply &reply)
{
    const auto ask = [this, id, pieces = reply.pieces] {
        QMetaObject::invokeMethod(&m_control, [this, id, pieces] {
            QMetaObject::invokeMethod(this, [this, id, piece = pieces()] {
                if (ReplyStream *stream = m_replies.value(id))
                    stream->add(piece);
            }, Qt::QueuedConnection);
        }, Qt::QueuedConnection);
    };
    auto *stream = new ReplyStream(exchange, reply.status, reply.headers, m_fleet.snapshot()->config->writeStallTimeout, ask, this);
    m_replies.insert(id, stream);
    connect(stream, &ReplyStream::over, this, [this, id](ReplyStream *ended) {
        m_replies.remove(id);
        ended->deleteLater();
    });
    stream->start();
}

void ControlGate::openEvents(edge::Exchange &exchange)
{
    const QUrlQuery query(QString::fromUtf8(exchange.head().query()));
    const auto filter = control::filterOfQuery(query);
    if (!filter) {
        exchange.respondError(filter.error());
        return;
    }
    const QString asked = query.queryItemValue(u"heartbeat_secs"_s);
    bool good = true;
    const double seconds = asked.isEmpty() ? defaultHeartbeat : asked.toDouble(&good);
    if (!good || !(seconds >= shortestHeartbeat && seconds <= longestHeartbeat)) {
        exchange.respondError({400, "invalid_query", u"heartbeat_secs: expected a number from %1 to %2"_s.arg(shortestHeartbeat).arg(longestHeartbeat),
                               "heartbeat_secs"});
        return;
    }
    using Detail = control::EventFeed::Listener::Detail;
    const QString detail = query.queryItemValue(u"detail"_s);
    if (!detail.isEmpty() && detail != "summary"_L1 && detail != "record"_L1) {
        exchange.respondError({400, "invalid_query", u"detail: expected summary or record"_s, "detail"});
        return;
    }
    if (exchange.head().method == "HEAD") { // without a body to stream
        exchange.respond(200, {}, {});
        return;
    }
    if (m_draining) {
        exchange.respondError({503, "shutting_down", u"the balancer is shutting down"_s});
        return;
    }
    control::EventFeed &feed = m_control.events();
    if (feed.listenerCount() >= maxListeners) {
        http::HeaderList headers;
        headers.add("Retry-After", "10");
        exchange.respondError({429, "too_many_listeners", u"%1 clients listen already, no more may"_s.arg(maxListeners)}, std::move(headers));
        return;
    }
    auto *stream = new EventStream(exchange, feed,
                                   {.filter = *filter,
                                    .detail = detail == "record"_L1 ? Detail::Record : Detail::Summary,
                                    .heartbeat = std::chrono::milliseconds(qint64(seconds * 1000))}, this);
    m_streams.insert(stream);
    connect(stream, &EventStream::over, this, [this](EventStream *ended) {
        m_streams.remove(ended);
        ended->deleteLater();
    });
    QMetaObject::invokeMethod(&m_control, &control::ControlPlane::watchServers, Qt::QueuedConnection);
}

void ControlGate::drain()
{
    m_draining = true;
    const auto streams = m_streams;
    for (EventStream *stream : streams)
        stream->finish();
}

} // namespace pdlb::relay
