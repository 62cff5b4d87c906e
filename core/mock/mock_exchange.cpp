// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_exchange.h"

#include "http/message_writer.h"

#include <QTcpSocket>

#include <sys/socket.h>

namespace pdlb::mock {

MockExchange::MockExchange(http::RequestHead head, QTcpSocket *socket, QObject *parent)
    : QObject(parent), m_head(std::move(head)), m_socket(socket), m_keepAlive(m_head.keepAlive)
{
}

qint64 MockExchange::backlog() const
{
    return m_socket ? m_socket->bytesToWrite() : 0;
}

void MockExchange::respond(int status, const QByteArray &contentType, const QByteArray &body)
{
    http::HeaderList headers;
    headers.add("content-type", contentType);
    respond(status, headers, body);
}

void MockExchange::respond(int status, const http::HeaderList &headers, const QByteArray &body)
{
    if (m_framing != http::Framing::Length) {
        beginChunked(status, headers, true);
        writeChunk(body);
        endChunked();
        return;
    }
    if (!sendHead(status, headers, body.size()))
        return;
    const bool bodyless = m_head.method == "HEAD" || status == 204 || status == 304;
    if (!bodyless && m_cut.point == Cut::Point::AfterEvents) {
        send(body.first(body.size() / 2));
        cutNow();
        return;
    }
    if (!bodyless)
        send(body);
    finish();
}

void MockExchange::beginChunked(int status, const http::HeaderList &headers, bool withFirstChunk)
{
    m_chunked = m_framing != http::Framing::UntilClose && m_head.minorVersion >= 1;
    m_headHeld = withFirstChunk;
    if (sendHead(status, headers, -1) && !withFirstChunk && m_socket)
        m_socket->flush();
}

void MockExchange::writeChunk(const QByteArray &data)
{
    if (m_muted || m_finished || data.isEmpty())
        return;
    m_headHeld = false;
    QByteArray framed;
    if (m_chunked)
        http::appendChunk(framed, data);
    else
        framed = data;
    send(framed);
    ++m_events;
    if (m_cut.point == Cut::Point::AfterEvents && m_events >= m_cut.amount)
        cutNow();
    else if (m_socket)
        m_socket->flush();
}

void MockExchange::endChunked()
{
    if (m_muted || m_finished)
        return;
    if (m_chunked)
        send(http::lastChunk.toByteArray());
    finish();
}

void MockExchange::writeRaw(const QByteArray &bytes)
{
    m_started = true;
    m_keepAlive = false;
    send(bytes);
    if (m_socket)
        m_socket->flush();
}

void MockExchange::endRaw()
{
    m_keepAlive = m_head.keepAlive;
    finish();
}

void MockExchange::close()
{
    m_started = true;
    m_muted = true;
    if (m_socket)
        m_socket->disconnectFromHost();
}

void MockExchange::reset()
{
    m_started = true;
    m_muted = true;
    if (!m_socket)
        return;
    m_socket->flush();
    const linger hard{1, 0};
    ::setsockopt(int(m_socket->socketDescriptor()), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    m_socket->abort();
}

bool MockExchange::sendHead(int status, http::HeaderList headers, qint64 length)
{
    if (m_started || m_muted)
        return false;
    m_started = true;
    if (m_cut.point == Cut::Point::BeforeHead) {
        cutNow();
        return false;
    }
    if (length >= 0)
        headers.add("content-length", QByteArray::number(length));
    else if (m_chunked)
        headers.add("transfer-encoding", "chunked");
    // An answer given before the whole request was read ends the connection, as uvicorn does.
    if ((length < 0 && !m_chunked) || !m_bodyComplete)
        m_keepAlive = false;
    if (!m_keepAlive)
        headers.add("connection", "close");
    send(http::writeResponseHead(status, http::reasonPhrase(status), headers));
    const bool cutHere =
        m_cut.point == Cut::Point::AfterHead || (m_cut.point == Cut::Point::AfterEvents && m_cut.amount <= 0);
    if (cutHere && !m_muted)
        cutNow();
    return !m_muted;
}

void MockExchange::send(const QByteArray &bytes)
{
    if (m_muted || !m_socket)
        return;
    if (m_cut.point == Cut::Point::AfterBytes && m_sent + bytes.size() >= m_cut.amount) {
        m_socket->write(bytes.first(qMax(qint64(0), m_cut.amount - m_sent)));
        m_sent = m_cut.amount;
        cutNow();
        return;
    }
    m_sent += bytes.size();
    m_socket->write(bytes);
}

void MockExchange::cutNow()
{
    m_muted = true;
    if (m_socket)
        m_socket->flush();
    if (m_cut.how == Cut::How::Fin)
        close();
    else if (m_cut.how == Cut::How::Reset)
        reset();
}

void MockExchange::finish()
{
    if (m_muted || m_finished)
        return;
    m_finished = true;
    if (m_socket)
        m_socket->flush();
    Q_EMIT finished();
}

} // namespace pdlb::mock
