// SPDX-License-Identifier: Apache-2.0

// The one file that knows which Qt HTTP Server it is built with.
#include "edge/edge_server.h"

#include <QAbstractHttpServer>
#include <QCoreApplication>
#include <QHttpServerRequest>
#include <QHttpServerResponder>
#include <QLoggingCategory>
#include <QTcpServer>

#include <fcntl.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb::edge {

namespace {

Q_LOGGING_CATEGORY(lcEdge, "pdlb.edge")

constexpr std::chrono::milliseconds longestSweep{500};
constexpr std::chrono::milliseconds shortestSweep{10};

} // namespace

/// What QHttpServer takes connections from. It holds the listening socket but never accepts by itself: Acceptor does.
class EdgeServer::Listener final : public QTcpServer
{
    Q_OBJECT

public:
    bool take(int descriptor)
    {
        const bool good = setSocketDescriptor(descriptor);
        pauseAccepting();
        return good;
    }
    void add(QTcpSocket *socket) { addPendingConnection(socket); }
    QTcpSocket *nextPendingConnection() override
    {
        QTcpSocket *socket = QTcpServer::nextPendingConnection();
        pauseAccepting(); // QTcpServer resumes by itself whenever a connection is taken from it
        return socket;
    }
};

class EdgeServer::HttpServer final : public QAbstractHttpServer
{
    Q_OBJECT

public:
    explicit HttpServer(EdgeServer *edge) : m_edge(edge) {}

protected:
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    bool handleRequest(const QHttpServerRequest &, QHttpServerResponder &responder) override
    {
        // The stream behind the responder takes no further head while it lives, and dies with it.
        ClientConnection *connection = m_edge->m_given;
        if (!connection || !connection->exchange())
            return false;
        connection->holdUntilAnswered(std::make_shared<QHttpServerResponder>(std::move(responder)));
        return m_edge->dispatch(*connection->exchange());
    }
    void missingHandler(const QHttpServerRequest &, QHttpServerResponder &) override { answerMissing(); }
#else
    // The responder of 6.4 keeps a bare pointer to the socket, so none is made: the guard has the socket.
    bool handleRequest(const QHttpServerRequest &, QTcpSocket *) override
    {
        return m_edge->m_given && m_edge->m_given->exchange() && m_edge->dispatch(*m_edge->m_given->exchange());
    }
    void missingHandler(const QHttpServerRequest &, QTcpSocket *) override { answerMissing(); }
#endif

private:
    void answerMissing()
    {
        if (m_edge->m_given && m_edge->m_given->exchange())
            m_edge->answerMissing(*m_edge->m_given->exchange());
    }

    EdgeServer *m_edge;
};

EdgeServer::EdgeServer(const EdgeOptions &options, EdgeShared &shared, const Clock &clock, QObject *parent)
    : QObject(parent), m_options(options), m_shared(shared), m_clock(clock), m_server(std::make_unique<HttpServer>(this))
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
    // Responders must go before their server.
    const auto connections = m_connections;
    for (ClientConnection *connection : connections) {
        connection->disconnect(this);
        connection->holdUntilAnswered(nullptr);
        QCoreApplication::sendPostedEvents(connection, QEvent::MetaCall); // may hold the last one's responder
    }
}

void EdgeServer::addRoute(const QByteArray &path, const QByteArrayList &methods, Route::Handler handler, Access access, qint64 maxBody)
{
    qCDebug(lcEdge, "serves %s %s", methods.join(',').constData(), path.constData());
    m_routes.add({path, methods, std::move(handler), access, maxBody});
}

Result<void> EdgeServer::listen(int descriptor)
{
    auto listener = std::make_unique<Listener>();
    if (!listener->take(descriptor))
        return failure(u"cannot listen: %1"_s.arg(listener->errorString()));
    // Through a copy of the descriptor: the dispatcher knows QTcpServer's own as one that is not to be watched.
    m_acceptor = std::make_unique<Acceptor>(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0), m_shared, m_options.maxConnections);
    connect(m_acceptor.get(), &Acceptor::accepted, this, &EdgeServer::adopt);
    m_listener = listener.release();
    m_server->bind(m_listener);
    return {};
}

void EdgeServer::adopt(qintptr descriptor)
{
    QTcpSocket *socket = nullptr;
    if (m_tls) {
        auto *encrypted = new QSslSocket(m_listener);
        encrypted->setSslConfiguration(*m_tls);
        socket = encrypted;
    } else {
        socket = new QTcpSocket(m_listener);
    }
    if (!socket->setSocketDescriptor(descriptor)) {
        delete socket;
        ::close(int(descriptor));
        m_acceptor->connectionClosed();
        return;
    }
    socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    auto *connection = new ClientConnection(socket, m_options, m_shared, *this, m_clock);
    m_connections.insert(connection);
    if (!m_sweeper.isActive())
        m_sweeper.start();
    connect(connection, &ClientConnection::requestReady, this, [this](ClientConnection *ready) { m_given = ready; });
    connect(connection, &QObject::destroyed, this, [this, connection] {
        m_connections.remove(connection);
        m_acceptor->connectionClosed();
        if (m_given == connection)
            m_given = nullptr;
        if (m_connections.isEmpty())
            m_sweeper.stop();
        if (m_draining && m_connections.isEmpty())
            Q_EMIT drained();
    });
    m_listener->add(socket);
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

bool EdgeServer::dispatch(Exchange &exchange)
{
    m_given = nullptr;
    const Route *route = m_routes.find(exchange.head().path());
    if (route && route->serves(exchange.head().method))
        route->handler(exchange);
    else
        answerMissing(exchange);
    return true;
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
    if (m_listener) {
        m_acceptor->stop();
        m_listener->close();
    }
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
        static_cast<QTcpSocket *>(connection->parent())->abort();
}

} // namespace pdlb::edge

#include "edge_server.moc"
