// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mock/mock_exchange.h"
#include "util/result.h"

#include <QHash>
#include <QHostAddress>
#include <QSet>
#include <QTcpServer>

#include <chrono>
#include <functional>

namespace pdlb::mock {

class MockConnection;

/// A small HTTP/1.1 server for tests and demos: strict parsing, keep-alive, TCP_NODELAY, and full control over what
/// goes on the wire. Lives in one thread and never blocks it.
///
///     MockHttpServer server;
///     server.setHandler([](MockExchange &x) { x.respond(200, "text/plain", "hello"); });
///     if (auto ok = server.listen(QHostAddress::LocalHost, 0); !ok) …
///
/// A handler may answer later: keep a QPointer<MockExchange> and watch clientGone().
class MockHttpServer final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(MockHttpServer)

public:
    using Handler = std::function<void(MockExchange &)>;

    explicit MockHttpServer(QObject *parent = nullptr);
    ~MockHttpServer() override;

    /// Called with each whole request.
    void setHandler(Handler handler) { m_handler = std::move(handler); }
    /// Called with each head before its body is read: may answer at once or stopReading().
    void setHeadHandler(Handler handler) { m_headHandler = std::move(handler); }

    /// Port 0: any free port. Fails when the address is taken or not ours.
    Result<void> listen(const QHostAddress &address, quint16 port);
    /// New connections are refused from now on; open ones stay.
    void stopListening();
    /// RST on every open connection.
    void dropConnections();
    bool isListening() const { return m_server.isListening(); }
    /// The port of the last listen(), also after stopListening().
    quint16 port() const { return m_port; }

    /// How long an idle connection is kept; 0: for ever. Holds from each connection's next idle time on.
    void setKeepAlive(std::chrono::milliseconds time) { m_keepAlive = time; }
    std::chrono::milliseconds keepAlive() const { return m_keepAlive; }

    qint64 connectionCount() const { return m_accepted; } ///< accepted so far
    qint64 openConnections() const { return m_connections.size(); }
    qint64 requestCount() const { return m_requests; } ///< heads read so far
    /// Heads with that path (without query) so far. Only the first 1,000 different paths are told apart.
    qint64 requestCount(const QByteArray &path) const { return m_perPath.value(path); }

private:
    friend class MockConnection;

    void accept();
    void handleHead(MockExchange &exchange);
    void handleRequest(MockExchange &exchange);
    void forget(MockConnection *connection) { m_connections.remove(connection); }

    QTcpServer m_server;
    Handler m_handler;
    Handler m_headHandler;
    QSet<MockConnection *> m_connections;
    QHash<QByteArray, qint64> m_perPath;
    std::chrono::milliseconds m_keepAlive{5000};
    qint64 m_accepted = 0;
    qint64 m_requests = 0;
    quint16 m_port = 0;
};

} // namespace pdlb::mock
