// SPDX-License-Identifier: Apache-2.0

// The one file that knows which Qt HTTP Server it is built with.
#include "edge/qt_router.h"

#include "edge/exchange.h"

#include <QAbstractHttpServer>
#include <QHttpServerRequest>
#include <QHttpServerResponder>
#include <QPointer>
#include <QTcpServer>

#include <algorithm>
#include <cstring>
#include <optional>

#include <sys/socket.h>
#include <unistd.h>

namespace pdlb::edge {

/// A connection that exists in memory only and brings one head.
class QtRouter::HeadSocket final : public QTcpSocket
{
    Q_OBJECT

public:
    explicit HeadSocket(QByteArray head) : m_head(std::move(head))
    {
        setOpenMode(QIODevice::ReadWrite);
        setSocketState(ConnectedState);
    }
    qint64 bytesAvailable() const override { return m_head.size() + QIODevice::bytesAvailable(); }
    /// Lets Qt HTTP Server delete it and what belongs to it.
    void end()
    {
        setSocketState(UnconnectedState);
        Q_EMIT disconnected();
    }

protected:
    qint64 readData(char *to, qint64 size) override
    {
        const qsizetype n = std::min<qsizetype>(size, m_head.size());
        std::memcpy(to, m_head.constData(), size_t(n));
        m_head.remove(0, n);
        return n;
    }
    qint64 writeData(const char *, qint64 size) override { return size; }

private:
    QByteArray m_head;
};

/// What Qt HTTP Server takes connections from. Its own socket is bound to nothing: Qt only asks whether there is one.
class QtRouter::Listener final : public QTcpServer
{
    Q_OBJECT

public:
    bool open()
    {
        const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const bool good = descriptor >= 0 && setSocketDescriptor(descriptor);
        if (!good && descriptor >= 0)
            ::close(descriptor);
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

struct QtRouter::Token {
    explicit Token(HeadSocket *socket) : socket(socket) {}
    ~Token()
    {
        if (socket)
            socket->end();
    }
    Q_DISABLE_COPY_MOVE(Token)

    QPointer<HeadSocket> socket;
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    std::optional<QHttpServerResponder> responder;
#endif
};

class QtRouter::HttpServer final : public QAbstractHttpServer
{
    Q_OBJECT

public:
    explicit HttpServer(QtRouter *router) : m_router(router) {}

protected:
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    bool handleRequest(const QHttpServerRequest &, QHttpServerResponder &responder) override
    {
        // The stream behind the responder lives as long as it does.
        if (m_router->m_token)
            m_router->m_token->responder.emplace(std::move(responder));
        return dispatch();
    }
    void missingHandler(const QHttpServerRequest &, QHttpServerResponder &) override {}
#else
    // The responder of 6.4 keeps a bare pointer to the socket, so none is made.
    bool handleRequest(const QHttpServerRequest &, QTcpSocket *) override { return dispatch(); }
    void missingHandler(const QHttpServerRequest &, QTcpSocket *) override {}
#endif

private:
    bool dispatch()
    {
        if (Exchange *exchange = std::exchange(m_router->m_given, nullptr))
            m_router->m_dispatch(*exchange);
        return true;
    }

    QtRouter *m_router;
};

QtRouter::QtRouter(Handler dispatch) : m_dispatch(std::move(dispatch)), m_waiting(std::make_unique<Listener>())
{
    if (!m_waiting->open())
        m_waiting.reset();
}

QtRouter::~QtRouter() = default;

bool QtRouter::start()
{
    if (m_server)
        return true;
    if (!m_waiting)
        return false;
    m_server = std::make_unique<HttpServer>(this);
    m_listener = m_waiting.release();
    m_server->bind(m_listener);
    return true;
}

std::shared_ptr<void> QtRouter::route(Exchange &exchange)
{
    if (!start()) {
        m_dispatch(exchange); // Qt only routes: an answer is better than none
        return nullptr;
    }
    const http::RequestHead &head = exchange.head();
    QByteArray canonical;
    canonical.reserve(head.method.size() + head.target.size() + 24);
    canonical.append(head.method).append(' ').append(head.target).append(" HTTP/1.1\r\nHost: x\r\n\r\n");
    auto *socket = new HeadSocket(std::move(canonical));
    auto token = std::make_shared<Token>(socket);
    m_given = &exchange;
    m_token = token.get();
    m_listener->add(socket); // which makes Qt HTTP Server its owner
    Q_EMIT socket->readyRead();
    m_given = nullptr;
    m_token = nullptr;
    return token;
}

} // namespace pdlb::edge

#include "qt_router.moc"
