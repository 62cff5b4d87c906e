// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_http_server.h"

#include "mock/mock_connection.h"

#include <QTcpSocket>

namespace pdlb::mock {

namespace {
constexpr int backlog = 4096;
constexpr qsizetype maxPaths = 1000;
} // namespace

MockHttpServer::MockHttpServer(QObject *parent) : QObject(parent)
{
    m_server.setListenBacklogSize(backlog);
    m_server.setMaxPendingConnections(backlog);
    connect(&m_server, &QTcpServer::newConnection, this, &MockHttpServer::accept);
}

MockHttpServer::~MockHttpServer()
{
    // The connections' destructors must not meet a half-destroyed server.
    m_server.close();
    m_handler = nullptr;
    const auto connections = m_connections;
    m_connections.clear();
    qDeleteAll(connections);
}

Result<void> MockHttpServer::listen(const QHostAddress &address, quint16 port)
{
    if (!m_server.listen(address, port)) {
        const bool v6 = address.protocol() == QAbstractSocket::IPv6Protocol;
        const QString host = v6 ? QStringLiteral("[%1]").arg(address.toString()) : address.toString();
        return failure(QStringLiteral("cannot listen on %1:%2: %3; choose another port or stop what uses it")
                           .arg(host, QString::number(port), m_server.errorString()));
    }
    m_port = m_server.serverPort();
    return {};
}

void MockHttpServer::stopListening()
{
    m_server.close();
}

void MockHttpServer::dropConnections()
{
    const auto connections = m_connections;
    for (MockConnection *connection : connections)
        connection->drop();
}

void MockHttpServer::accept()
{
    while (QTcpSocket *socket = m_server.nextPendingConnection()) {
        ++m_accepted;
        m_connections.insert(new MockConnection(socket, this));
    }
}

void MockHttpServer::handleHead(MockExchange &exchange)
{
    ++m_requests;
    const QByteArray path = exchange.head().path();
    if (m_perPath.size() < maxPaths || m_perPath.contains(path))
        ++m_perPath[path];
    if (m_headHandler)
        m_headHandler(exchange);
}

void MockHttpServer::handleRequest(MockExchange &exchange)
{
    if (exchange.answered())
        return;
    if (m_handler)
        m_handler(exchange);
    else
        exchange.respond(404, "application/json", R"({"detail":"Not Found"})");
}

} // namespace pdlb::mock
