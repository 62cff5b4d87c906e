// SPDX-License-Identifier: Apache-2.0
#include "edge/exchange.h"

#include "edge/client_connection.h"
#include "http/message_writer.h"
#include "util/decimal.h"
#include "util/hex.h"
#include "util/random.h"

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace pdlb::edge {

namespace {

constexpr size_t mostInOnePiece = 4096; ///< a chunk of a stream is put together on the stack

bool isRequestId(QByteArrayView id)
{
    return !id.isEmpty() && id.size() <= 128 && std::all_of(id.begin(), id.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_'
            || c == '-';
    });
}

QByteArray newRequestId()
{
    SystemRandom random;
    QByteArray id(36, Qt::Uninitialized);
    char *to = std::copy_n("req-", 4, id.data());
    to = writeHex64(to, random.next64());
    writeHex64(to, random.next64());
    return id;
}

} // namespace

Exchange::Exchange(ClientConnection *connection, http::RequestHead head, QByteArray body, ByteBudget::Charge charge, Monotonic received)
    : m_connection(connection), m_head(std::move(head)), m_body(std::move(body)), m_charge(std::move(charge)),
      m_received(received)
{
    const QByteArrayView id = m_head.headers.value("x-request-id");
    m_requestId = isRequestId(id) ? id.toByteArray() : newRequestId();
}

void Exchange::end()
{
    m_observer = nullptr;
    m_body = QByteArray();
    m_charge.release();
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
    headers.set("X-Request-Id"_ba, m_requestId);
    AccessRules::addCorsHeaders(headers, m_allowedOrigin);
    const bool noBody = status == 204 || status == 304;
    const bool isHead = m_head.method == "HEAD";
    const bool oldClient = m_head.minorVersion == 0;
    m_left = contentLength.value_or(0);
    if (contentLength && !noBody)
        headers.add("Content-Length"_ba, decimal(*contentLength));
    if (noBody || isHead)
        m_framing = BodyFraming::None;
    else if (contentLength)
        m_framing = BodyFraming::Length;
    else
        m_framing = oldClient ? BodyFraming::UntilClose : BodyFraming::Chunked;
    if (!contentLength && !noBody && !oldClient)
        headers.add("Transfer-Encoding"_ba, "chunked"_ba);
    if (m_framing == BodyFraming::UntilClose || m_connection->isClosing())
        m_head.keepAlive = false;
    if (!m_head.keepAlive)
        headers.add("Connection"_ba, "close"_ba);
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
        if (bytes.isEmpty())
            return;
        std::array<char, mostInOnePiece + http::chunkFrameSize> small;
        if (bytes.size() <= qsizetype(mostInOnePiece)) {
            m_connection->send({small.data(), http::writeChunk(small.data(), bytes)});
        } else {
            QByteArray chunk;
            http::appendChunk(chunk, bytes);
            m_connection->send(chunk);
        }
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
