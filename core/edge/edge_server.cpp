// SPDX-License-Identifier: Apache-2.0

// The one file that knows which Qt HTTP Server it is built with.
#include "edge/edge_server.h"

#include <QAbstractHttpServer>
#include <QCoreApplication>
#include <QHttpServerRequest>
#include <QHttpServerResponder>
#include <QTcpServer>

using namespace Qt::StringLiterals;

namespace pdlb::edge {

class EdgeServer::Listener final : public QTcpServer
{
    Q_OBJECT

public:
    explicit Listener(EdgeServer *edge) : m_edge(edge) {}

protected:
    void incomingConnection(qintptr descriptor) override { m_edge->adopt(descriptor, this); }

private:
    friend class EdgeServer;
    EdgeServer *m_edge;
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

EdgeServer::EdgeServer(const ClientConnection::Limits &limits, const Clock &clock, QObject *parent)
    : QObject(parent), m_limits(limits), m_clock(clock), m_server(std::make_unique<HttpServer>(this))
{
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

void EdgeServer::addRoute(const QByteArray &path, const QByteArrayList &methods, Handler handler)
{
    m_routes.insert(path, {methods, std::move(handler)});
}

Result<void> EdgeServer::listen(int descriptor)
{
    auto listener = std::make_unique<Listener>(this);
    listener->setMaxPendingConnections(4096);
    if (!listener->setSocketDescriptor(descriptor))
        return failure(u"cannot listen: %1"_s.arg(listener->errorString()));
    // Out of descriptors: try again when some may have been freed, instead of staying deaf.
    connect(listener.get(), &QTcpServer::acceptError, this, [server = listener.get()] {
        QTimer::singleShot(100, server, [server] {
            if (server->isListening())
                server->resumeAccepting();
        });
    });
    m_listener = listener.release();
    m_server->bind(m_listener);
    return {};
}

void EdgeServer::adopt(qintptr descriptor, Listener *listener)
{
    auto *socket = new QTcpSocket(listener);
    if (!socket->setSocketDescriptor(descriptor)) {
        delete socket;
        return;
    }
    socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    auto *connection = new ClientConnection(socket, m_limits, m_clock);
    m_connections.insert(connection);
    connect(connection, &ClientConnection::requestReady, this, [this](ClientConnection *ready) { m_given = ready; });
    connect(connection, &QObject::destroyed, this, [this, connection] {
        m_connections.remove(connection);
        if (m_given == connection)
            m_given = nullptr;
        if (m_draining && m_connections.isEmpty())
            Q_EMIT drained();
    });
    listener->addPendingConnection(socket);
}

bool EdgeServer::dispatch(Exchange &exchange)
{
    m_given = nullptr;
    const auto route = m_routes.constFind(exchange.head().path());
    const bool served = route != m_routes.constEnd() && (route->methods.contains(exchange.head().method)
                            || (exchange.head().method == "HEAD" && route->methods.contains("GET")));
    if (served)
        route->handler(exchange);
    else
        answerMissing(exchange);
    return true;
}

void EdgeServer::answerMissing(Exchange &exchange)
{
    const QByteArray path = exchange.head().path();
    const QString shown = QString::fromUtf8(path.left(200));
    const auto route = m_routes.constFind(path);
    if (route == m_routes.constEnd() && path != "*") {
        exchange.respondError({404, "not_found", u"there is no endpoint %1 here"_s.arg(shown)});
        return;
    }
    QByteArrayList methods = path == "*" ? QByteArrayList{"GET", "HEAD", "POST"} : route->methods;
    if (methods.contains("GET") && !methods.contains("HEAD"))
        methods += "HEAD";
    http::HeaderList headers;
    headers.add("Allow", methods.join(", "));
    exchange.respondError({405, "method_not_allowed",
                           u"%1 is not served for %2; use %3"_s.arg(QString::fromUtf8(exchange.head().method.left(32)),
                               shown, QString::fromUtf8(methods.join(" or ")))}, std::move(headers));
}

void EdgeServer::drain()
{
    m_draining = true;
    if (m_listener)
        m_listener->close();
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
