// SPDX-License-Identifier: Apache-2.0
#include "edge/edge_server.h"

#include <QCoreApplication>
#include <QLoggingCategory>

#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb::edge {

namespace {

Q_LOGGING_CATEGORY(lcEdge, "pdlb.edge")

constexpr std::chrono::milliseconds longestSweep{500};
constexpr std::chrono::milliseconds shortestSweep{10};

} // namespace

EdgeServer::EdgeServer(const EdgeOptions &options, EdgeShared &shared, const Clock &clock, QObject *parent)
    : QObject(parent), m_options(options), m_shared(shared), m_clock(clock), m_router([this](Exchange &exchange) { dispatch(exchange); })
{
    setSweepInterval();
    connect(&m_sweeper, &QTimer::timeout, this, &EdgeServer::sweep);
}

void EdgeServer::configure(const EdgeOptions &options, AccessRules access)
{
    m_options = options;
    m_access = std::move(access);
    setSweepInterval();
}

void EdgeServer::setSweepInterval()
{
    // Often enough that no deadline is overrun by more than an eighth.
    std::chrono::milliseconds shortest = longestSweep;
    for (const auto timeout : {m_options.headerTimeout, m_options.bodyTimeout, m_options.keepAliveTimeout}) {
        if (timeout.count() > 0)
            shortest = std::min(shortest, timeout / 8);
    }
    m_sweeper.setInterval(std::max(shortest, shortestSweep));
}

EdgeServer::~EdgeServer()
{
    disconnect(); // nobody is told of what ends now
    const auto connections = m_connections;
    for (ClientConnection *connection : connections) {
        connection->holdUntilAnswered(nullptr); // tokens go before their router
        QCoreApplication::sendPostedEvents(connection, QEvent::MetaCall);
        delete connection;
    }
}

void EdgeServer::addRoute(const QByteArray &path, const QByteArrayList &methods, Route::Handler handler, Access access, qint64 maxBody)
{
    qCDebug(lcEdge, "serves %s %s", methods.join(',').constData(), path.constData());
    m_routes.add({path, methods, std::move(handler), access, maxBody});
}

void EdgeServer::addDirectRoute(const QByteArray &path, Route::Handler handler)
{
    qCDebug(lcEdge, "serves POST %s directly", path.constData());
    m_routes.add({.path = path, .methods = {"POST"}, .handler = std::move(handler), .isDirect = true});
}

Result<void> EdgeServer::listen(int descriptor)
{
    m_acceptor = std::make_unique<Acceptor>(descriptor, m_shared, m_options.maxConnections);
    connect(m_acceptor.get(), &Acceptor::accepted, this, &EdgeServer::adopt);
    return {};
}

void EdgeServer::adopt(qintptr descriptor, const QHostAddress &peer)
{
    auto *connection = new ClientConnection(m_options, m_shared, *this, m_clock, this);
    m_connections.insert(connection);
    if (!connection->open(int(descriptor), peer, m_tls)) {
        ::close(int(descriptor));
        delete connection;
        return;
    }
    if (!m_sweeper.isActive())
        m_sweeper.start();
}

void EdgeServer::connectionGone(ClientConnection &connection)
{
    m_connections.remove(&connection);
    m_acceptor->connectionClosed();
    if (!m_connections.isEmpty())
        return;
    m_sweeper.stop();
    if (m_draining)
        Q_EMIT drained();
}

void EdgeServer::requestReady(ClientConnection &connection)
{
    Exchange &exchange = *connection.exchange();
    const Route *route = m_routes.find(exchange.head().path());
    if (route && route->isDirect && route->serves(exchange.head().method))
        route->handler(exchange);
    else
        connection.holdUntilAnswered(m_router.route(exchange));
}

void EdgeServer::sweep()
{
    const Monotonic now = m_clock.now();
    const auto connections = m_connections;
    for (ClientConnection *connection : connections)
        connection->tick(now);
}

std::optional<Refusal> EdgeServer::judge(const http::RequestHead &head, const QHostAddress &peer) const
{
    const Route *route = m_routes.find(head.path());
    // A preflight carries no key: the browser asks before it sends one.
    const bool preflight = head.method == "OPTIONS" && !allowedOrigin(head).isEmpty() && (!route || route->access != Access::Admin);
    const bool open = preflight || (route && route->access == Access::Open);
    const bool hasBody = head.framing == http::Framing::Chunked || (head.framing == http::Framing::Length && head.contentLength > 0);
    // Nobody without a key fills the memory that is set aside for bodies.
    if (open && hasBody && m_access.needsKey())
        return Refusal{{413, "body_too_large", u"nothing is done with a body here"_s}};
    if (preflight)
        return {};
    const Access access = route ? route->access : Access::Key;
    if (auto refusal = m_access.judge(head, peer, access))
        return refusal;
    return access == Access::Key ? judgeRate(head, peer) : std::nullopt;
}

std::optional<Refusal> EdgeServer::judgeRate(const http::RequestHead &head, const QHostAddress &peer) const
{
    if (m_options.rate.perSecond <= 0)
        return {};
    // Where no key is asked for anybody could send a new one each time.
    const QByteArray name = rateName(m_access.needsKey() ? presentedKey(head.headers) : QByteArrayView(), peer);
    const Monotonic wait = m_shared.rates.take(name, m_options.rate, m_clock.now());
    if (wait.count() == 0)
        return {};
    return Refusal{{429, "rate_limited", u"more than %1 requests a second; try again later"_s.arg(m_options.rate.perSecond), {}, wait}};
}

qint64 EdgeServer::maxBody(const http::RequestHead &head) const
{
    const Route *route = m_routes.find(head.path());
    return route && route->maxBody > 0 ? std::min(route->maxBody, m_options.maxBody) : m_options.maxBody;
}

void EdgeServer::dispatch(Exchange &exchange)
{
    const Route *route = m_routes.find(exchange.head().path());
    if (route && route->serves(exchange.head().method))
        route->handler(exchange);
    else
        answerMissing(exchange);
}

void EdgeServer::answerMissing(Exchange &exchange)
{
    const QByteArray path = exchange.head().path();
    const QString shown = QString::fromUtf8(path.left(200));
    const Route *route = m_routes.find(path);
    if (!route && path != "*") {
        exchange.respondError({404, "not_found", u"there is no endpoint %1 here"_s.arg(shown)});
        return;
    }
    const QByteArrayList methods = path == "*" ? QByteArrayList{"GET", "HEAD", "POST"} : route->allowed();
    if (exchange.head().method == "OPTIONS" && !m_access.allowedOrigin(exchange.head()).isEmpty()) {
        exchange.respond(204, AccessRules::preflightHeaders(exchange.head(), methods), {});
        return;
    }
    http::HeaderList headers;
    headers.add("Allow", methods.join(", "));
    exchange.respondError({405, "method_not_allowed",
                           u"%1 is not served for %2; use %3"_s.arg(QString::fromUtf8(exchange.head().method.left(32)),
                               shown, QString::fromUtf8(methods.join(" or ")))}, std::move(headers));
}

void EdgeServer::drain()
{
    m_draining = true;
    if (m_acceptor)
        m_acceptor->stop();
    const auto connections = m_connections;
    for (ClientConnection *connection : connections)
        connection->drain();
    if (m_connections.isEmpty())
        Q_EMIT drained();
}

void EdgeServer::abortConnections()
{
    const auto connections = m_connections;
    for (ClientConnection *connection : connections)
        connection->abort();
}

} // namespace pdlb::edge
