// SPDX-License-Identifier: Apache-2.0
#include "edge/exchange.h"

#include "edge/client_connection.h"
#include "http/message_writer.h"

#include <QRandomGenerator>

#include <algorithm>

namespace pdlb::edge {

namespace {

bool isRequestId(QByteArrayView id)
{
    return !id.isEmpty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_'
            || c == '-';
    });
}

QByteArray newRequestId()
{
    quint32 words[4];
    QRandomGenerator::global()->generate(std::begin(words), std::end(words));
    return "req-" + QByteArray(reinterpret_cast<const char *>(words), sizeof words).toHex();
}

} // namespace

Exchange::Exchange(ClientConnection *connection, http::RequestHead head, QByteArray body, ByteBudget::Charge charge, Monotonic received)
    : QObject(connection), m_connection(connection), m_head(std::move(head)), m_body(std::move(body)), m_charge(std::move(charge)),
      m_received(received)
{
    const QByteArrayView id = m_head.headers.value("x-request-id");
    m_requestId = isRequestId(id) ? id.toByteArray() : newRequestId();
}

QHostAddress Exchange::peer() const
{
    return m_connection->peer();
}

const QByteArray &Exchange::peerName() const
{
    return m_connection->peerName();
}

qint64 Exchange::pendingBytes() const
{
    return m_connection->pendingBytes();
}

void Exchange::respond(int status, http::HeaderList headers, const QByteArray &body)
{
    begin(status, http::reasonPhrase(status), std::move(headers), body.size());
    write(body);
    finish();
}

void Exchange::respondJson(int status, const QByteArray &json)
{
    http::HeaderList headers;
    headers.add("Content-Type", "application/json");
    respond(status, std::move(headers), json);
}

void Exchange::respondError(const ApiError &error, http::HeaderList headers)
{
    headers.add("Content-Type", "application/json");
    if (const QByteArray after = error.retryAfterField(); !after.isEmpty())
        headers.add("Retry-After", after);
    respond(error.status, std::move(headers), error.toJson());
}

void Exchange::begin(int status, const QByteArray &reason, http::HeaderList headers, std::optional<qint64> contentLength)
{
    m_begun = true;
    headers.set("X-Request-Id", m_requestId);
    AccessRules::addCorsHeaders(headers, m_allowedOrigin);
    const bool noBody = status == 204 || status == 304;
    const bool isHead = m_head.method == "HEAD";
    const bool oldClient = m_head.minorVersion == 0;
    m_left = contentLength.value_or(0);
    if (contentLength && !noBody)
        headers.add("Content-Length", QByteArray::number(*contentLength));
    if (noBody || isHead)
        m_framing = BodyFraming::None;
    else if (contentLength)
        m_framing = BodyFraming::Length;
    else
        m_framing = oldClient ? BodyFraming::UntilClose : BodyFraming::Chunked;
    if (!contentLength && !noBody && !oldClient)
        headers.add("Transfer-Encoding", "chunked");
    if (m_framing == BodyFraming::UntilClose || m_connection->isClosing())
        m_head.keepAlive = false;
    if (!m_head.keepAlive)
        headers.add("Connection", "close");
    else if (oldClient)
        headers.add("Connection", "keep-alive");
    m_connection->queue(http::writeResponseHead(status, reason, headers));
}

void Exchange::write(QByteArrayView bytes)
{
    switch (m_framing) {
    case BodyFraming::None:
        return;
    case BodyFraming::Length:
        bytes = bytes.first(qsizetype(std::min<qint64>(bytes.size(), m_left)));
        m_left -= bytes.size();
        break;
    case BodyFraming::Chunked: {
        QByteArray chunk;
        chunk.reserve(bytes.size() + 20);
        http::appendChunk(chunk, bytes);
        m_connection->send(chunk);
        return;
    }
    case BodyFraming::UntilClose:
        break;
    }
    m_connection->send(bytes);
}

void Exchange::finish()
{
    if (m_framing == BodyFraming::Length && m_left > 0) {
        cut();
        return;
    }
    m_connection->send(m_framing == BodyFraming::Chunked ? http::lastChunk : QByteArrayView());
    m_connection->exchangeEnded(m_head.keepAlive);
}

void Exchange::cut(bool told)
{
    m_connection->exchangeCut(m_framing == BodyFraming::UntilClose && !told);
}

} // namespace pdlb::edge
