// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_connection.h"

#include "http/message_writer.h"
#include "mock/mock_http_server.h"

#include <QTcpSocket>

#include <sys/socket.h>

namespace pdlb::mock {

namespace {
/// A client that sends on while its request is being answered is held back here.
constexpr qint64 readBuffer = 1024 * 1024;
constexpr qint64 largestReserve = 64 * 1024 * 1024;
} // namespace

MockConnection::MockConnection(QTcpSocket *socket, MockHttpServer *server)
    : QObject(server), m_server(server), m_socket(socket)
{
    m_socket->setParent(this);
    m_socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
    m_socket->setReadBufferSize(readBuffer);
    connect(m_socket, &QTcpSocket::readyRead, this, &MockConnection::readInput);
    connect(m_socket, &QTcpSocket::disconnected, this, &MockConnection::onDisconnected);
    connect(m_socket, &QTcpSocket::bytesWritten, this, [this] {
        if (m_exchange && m_socket->bytesToWrite() == 0)
            Q_EMIT m_exchange->drained();
    });
    m_idle.setSingleShot(true);
    connect(&m_idle, &QTimer::timeout, m_socket, &QTcpSocket::disconnectFromHost);
    startIdleTimer();
    if (m_socket->bytesAvailable() > 0)
        QMetaObject::invokeMethod(this, &MockConnection::readInput, Qt::QueuedConnection);
}

void MockConnection::drop()
{
    const linger hard{1, 0};
    ::setsockopt(int(m_socket->socketDescriptor()), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    m_socket->abort();
}

bool MockConnection::mayRead() const
{
    return !m_discarding && m_socket->state() == QAbstractSocket::ConnectedState
           && (!m_exchange || (!m_exchange->bodyComplete() && !m_exchange->readingStopped()));
}

void MockConnection::readInput()
{
    if (m_discarding) {
        m_socket->skip(m_socket->bytesAvailable());
        return;
    }
    // A handler may answer at once; the loop here then goes on with the next request.
    if (m_reading)
        return;
    m_reading = true;
    while (mayRead()) {
        if (m_input.isEmpty())
            m_input = m_socket->readAll();
        if (m_input.isEmpty())
            break;
        m_idle.stop();
        consumeInput();
    }
    m_reading = false;
    if (!m_exchange && !m_discarding && m_reader.isIdle())
        startIdleTimer();
}

void MockConnection::consumeInput()
{
    const QByteArray input = std::exchange(m_input, {});
    QByteArrayView rest(input);
    while (mayRead()) {
        switch (m_reader.next(rest)) {
        case http::ReadEvent::NeedMore:
            return;
        case http::ReadEvent::Head:
            beginExchange();
            break;
        case http::ReadEvent::Body:
            m_exchange->m_body.append(m_reader.body());
            break;
        case http::ReadEvent::End:
            m_exchange->m_bodyComplete = true;
            m_reader.reset();
            m_server->handleRequest(*m_exchange);
            break;
        case http::ReadEvent::Error:
            refuse(m_reader.error());
            break;
        }
    }
    if (!m_discarding)
        m_input = rest.toByteArray();
}

void MockConnection::startIdleTimer()
{
    if (m_server->keepAlive().count() > 0)
        m_idle.start(m_server->keepAlive());
}

void MockConnection::beginExchange()
{
    m_exchange = new MockExchange(m_reader.takeHead(), m_socket, this);
    const http::RequestHead &head = m_exchange->head();
    if (head.framing == http::Framing::Length)
        m_exchange->m_body.reserve(qMin(head.contentLength, largestReserve));
    connect(m_exchange, &MockExchange::finished, this, &MockConnection::endExchange);
    m_server->handleHead(*m_exchange);
    if (m_exchange && head.expectContinue && !m_exchange->answered() && !m_exchange->readingStopped())
        m_socket->write("HTTP/1.1 100 Continue\r\n\r\n");
}

void MockConnection::endExchange()
{
    MockExchange *done = std::exchange(m_exchange, nullptr);
    done->m_socket = nullptr;
    done->deleteLater();
    if (!done->m_bodyComplete) {
        lingerAndDiscard();
    } else if (!done->m_keepAlive) {
        m_socket->disconnectFromHost();
    } else if (!m_reading) {
        startIdleTimer();
        if (!m_input.isEmpty() || m_socket->bytesAvailable() > 0)
            QMetaObject::invokeMethod(this, &MockConnection::readInput, Qt::QueuedConnection);
    }
}

void MockConnection::refuse(const http::ProtocolError &error)
{
    http::HeaderList headers;
    headers.add("content-type", "text/plain; charset=utf-8");
    headers.add("connection", "close");
    const QByteArray body = "Invalid HTTP request received.";
    headers.add("content-length", QByteArray::number(body.size()));
    m_socket->write(http::writeResponseHead(error.status, http::reasonPhrase(error.status), headers) + body);
    lingerAndDiscard();
}

void MockConnection::lingerAndDiscard()
{
    // Closing with unread input makes the kernel send RST, which can take the answer away from the client.
    m_discarding = true;
    startIdleTimer();
    m_socket->flush();
    ::shutdown(int(m_socket->socketDescriptor()), SHUT_WR);
    m_socket->skip(m_socket->bytesAvailable());
}

void MockConnection::onDisconnected()
{
    if (m_exchange) {
        m_exchange->m_muted = true;
        m_exchange->m_socket = nullptr;
        Q_EMIT m_exchange->clientGone();
    }
    m_server->forget(this);
    deleteLater();
}

} // namespace pdlb::mock
