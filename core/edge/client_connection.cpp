// SPDX-License-Identifier: Apache-2.0
#include "edge/client_connection.h"

#include "http/message_writer.h"

#include <cstring>

using namespace Qt::StringLiterals;

namespace pdlb::edge {

namespace {

constexpr std::chrono::milliseconds lingerTime{2000};
constexpr qint64 maxLingered = 1024 * 1024;
constexpr qint64 maxReserve = 64 * 1024 * 1024; ///< a promise of more is believed as it arrives
constexpr qint64 slowestUpload = 500; ///< bytes a second, over EdgeOptions::bodyTimeout
constexpr int copiesOfBody = 2; ///< as received, and as sent to the engines

QByteArray codeOf(int status)
{
    switch (status) {
    case 413: return "body_too_large";
    case 414: return "uri_too_long";
    case 417: return "expectation_failed";
    case 431: return "headers_too_large";
    case 501: return "unknown_transfer_encoding";
    case 505: return "http_version_not_supported";
    default: return "bad_request";
    }
}

} // namespace

ClientConnection::ClientConnection(const EdgeOptions &options, EdgeShared &shared, ConnectionHost &host, const Clock &clock, QObject *parent)
    : QObject(parent), m_options(options), m_host(host), m_clock(clock), m_reader(options.head), m_budget(shared.bodies),
      m_refusals(shared.refusals)
{
}

ClientConnection::~ClientConnection()
{
    if (m_exchange && m_exchange->observer())
        m_exchange->observer()->clientGone();
    m_host.connectionGone(*this);
}

bool ClientConnection::open(int descriptor, const QHostAddress &peer, const std::optional<QSslConfiguration> &tls)
{
    m_socket = tls ? makeTlsSocket(descriptor, *tls, *this) : makePlainSocket(descriptor, *this);
    if (!m_socket)
        return false;
    m_peer = peer;
    await(Wait::FirstByte);
    return true;
}

void ClientConnection::socketData(QByteArrayView bytes)
{
    if (m_mode == Mode::Reading && !m_between)
        consume(bytes);
    else if (m_mode == Mode::Reading || m_mode == Mode::Answering)
        keepForLater(bytes);
    else if (m_mode == Mode::Lingering && (m_lingered += bytes.size()) > maxLingered)
        m_socket->abort();
}

void ClientConnection::keepForLater(QByteArrayView bytes)
{
    if (m_pipelined.size() + bytes.size() <= m_options.maxPipelined)
        m_pipelined.append(bytes);
    else
        m_closing = true;
}

void ClientConnection::consume(QByteArrayView input)
{
    for (;;) {
        switch (m_reader.next(input)) {
        case http::ReadEvent::NeedMore:
            if (m_closing && m_reader.isIdle()) // drained, and what had arrived was no request
                closeAfterWrites();
            else if (m_wait < Wait::Head && !m_reader.isIdle())
                await(Wait::Head);
            return;
        case http::ReadEvent::Head:
            startRequest();
            break;
        case http::ReadEvent::Body:
            appendBody(m_reader.body());
            break;
        case http::ReadEvent::End:
            requestComplete(input);
            return;
        case http::ReadEvent::Error:
            refuse({m_reader.error().status, codeOf(m_reader.error().status),
                    u"malformed HTTP request: %1"_s.arg(QLatin1StringView(m_reader.error().what))});
            return;
        }
        if (m_mode != Mode::Reading)
            return;
    }
}

const QByteArray &ClientConnection::peerName()
{
    if (m_peerName.isEmpty()) {
        bool isV4 = false;
        const quint32 v4 = m_peer.toIPv4Address(&isV4);
        m_peerName = (isV4 ? QHostAddress(v4) : m_peer).toString().toLatin1();
    }
    return m_peerName;
}

void ClientConnection::await(Wait what)
{
    m_wait = what;
    m_waitingSince = m_clock.now();
    if (what == Wait::Body) {
        m_lastBodyByte = m_rateSince = m_waitingSince;
        m_rateBytes = 0;
    }
}

void ClientConnection::tick(Monotonic now)
{
    if (m_mode != Mode::Reading || m_between)
        return;
    const auto expired = [now](Monotonic since, std::chrono::milliseconds limit) {
        return limit.count() > 0 && now - since >= limit;
    };
    const auto seconds = [](std::chrono::milliseconds time) { return double(time.count()) / 1000; };
    const qint64 unsent = pendingBytes();
    if (m_wait == Wait::NextRequest && unsent != m_unsent) {
        m_unsent = unsent; // the last answer is still on its way: a slow reader is not idle
        m_waitingSince = now;
    } else if (m_wait == Wait::NextRequest && unsent > 0 && expired(m_waitingSince, m_options.writeStall)) {
        closeAfterWrites();
        return;
    }
    switch (m_wait) {
    case Wait::FirstByte:
    case Wait::NextRequest:
        // Nothing was asked, so there is nothing to answer.
        if (expired(m_waitingSince, m_wait == Wait::FirstByte ? m_options.headerTimeout : m_options.keepAliveTimeout))
            closeAfterWrites();
        break;
    case Wait::Head:
        if (expired(m_waitingSince, m_options.headerTimeout))
            refuse({408, "request_timeout", u"the request's head did not arrive within %1 s"_s.arg(seconds(m_options.headerTimeout))});
        break;
    case Wait::Body: {
        const bool idle = expired(m_lastBodyByte, m_options.bodyTimeout);
        const bool measured = expired(m_rateSince, m_options.bodyTimeout);
        if (idle || (measured && m_rateBytes * 1000 < slowestUpload * m_options.bodyTimeout.count())) {
            refuse({408, "request_timeout", u"the request's body did not arrive: less than %1 bytes a second over %2 s"_s
                        .arg(slowestUpload).arg(seconds(m_options.bodyTimeout))});
        } else if (measured) {
            m_rateSince = now;
            m_rateBytes = 0;
        }
        break;
    }
    }
}

void ClientConnection::bodyReceived(qsizetype bytes)
{
    m_lastBodyByte = m_clock.now();
    m_rateBytes += bytes;
}

void ClientConnection::appendBody(QByteArrayView piece)
{
    if (m_body.size() + piece.size() > m_maxBody) {
        refuse(tooLarge());
        return;
    }
    if (isBeyondMemory(m_body.size() + piece.size())) {
        refuse(tooLarge());
        return;
    }
    if (!m_charge.grow(copiesOfBody * piece.size())) {
        refuseForMemory();
        return;
    }
    bodyReceived(piece.size());
    // Unlike append(), resize() grows by realloc(), which moves pages instead of copying a body of many megabytes.
    const qsizetype size = m_body.size();
    m_body.resize(size + piece.size());
    std::memcpy(m_body.data() + size, piece.data(), size_t(piece.size()));
}

ApiError ClientConnection::tooLarge() const
{
    const qint64 memory = m_budget.limit() > 0 ? m_budget.limit() / copiesOfBody : m_maxBody;
    return {413, "body_too_large", u"the body is larger than %1 bytes"_s.arg(std::min(m_maxBody, memory))};
}

bool ClientConnection::isBeyondMemory(qint64 bodySize) const
{
    return m_budget.limit() > 0 && bodySize > m_budget.limit() / copiesOfBody;
}

void ClientConnection::refuseForMemory()
{
    refuse({503, "overloaded", u"the bodies of other requests take up the memory set aside for them (%1 bytes); try again"_s
                .arg(m_budget.limit())});
}

void ClientConnection::startRequest()
{
    const http::RequestHead &head = m_reader.head();
    if (std::optional<Refusal> refusal = m_host.judge(head, m_peer)) {
        refuse(refusal->error, std::move(refusal->headers));
        return;
    }
    m_maxBody = m_host.maxBody(head);
    m_charge = ByteBudget::Charge(m_budget);
    if (head.framing == http::Framing::Length) {
        if (head.contentLength > m_maxBody || isBeyondMemory(head.contentLength)) {
            refuse(tooLarge());
            return;
        }
        if (!m_budget.hasRoomFor(copiesOfBody * head.contentLength)) {
            refuseForMemory();
            return;
        }
        m_body.reserve(qsizetype(std::min(head.contentLength, maxReserve)));
    }
    if (head.expectContinue && head.framing != http::Framing::None)
        send("HTTP/1.1 100 Continue\r\n\r\n");
    await(Wait::Body);
}

void ClientConnection::requestComplete(QByteArrayView rest)
{
    m_pipelined = rest.toByteArray();
    m_closing = m_closing || m_pipelined.size() > m_options.maxPipelined;
    m_mode = Mode::Answering;
    const QByteArray origin = m_host.allowedOrigin(m_reader.head());
    m_exchange = std::make_unique<Exchange>(this, m_reader.takeHead(), std::exchange(m_body, QByteArray()), std::move(m_charge), m_clock.now());
    m_exchange->setAllowedOrigin(origin);
    m_host.requestReady(*this);
}

void ClientConnection::holdUntilAnswered(std::shared_ptr<void> token)
{
    m_token = std::move(token);
    if (m_mode != Mode::Answering) // an answer may be immediate
        releaseToken();
}

void ClientConnection::send(QByteArrayView bytes)
{
    if (m_mode == Mode::Closed)
        return;
    if (!m_queued.isEmpty()) {
        m_queued.append(bytes);
        bytes = m_queued;
    }
    if (!m_socket->write(bytes))
        abortLater();
    else
        m_overHigh = m_overHigh || pendingBytes() > Exchange::highWater;
    m_queued.clear();
}

void ClientConnection::abort()
{
    m_socket->abort();
}

void ClientConnection::abortLater()
{
    // Not from within the call of whoever writes.
    QMetaObject::invokeMethod(this, &ClientConnection::abort, Qt::QueuedConnection);
}

void ClientConnection::socketWritten()
{
    if (m_mode == Mode::Closed && m_closeTimer && m_closeTimer->isActive())
        abortAfter(m_options.writeStall);
    if (!m_overHigh || pendingBytes() >= Exchange::lowWater)
        return;
    m_overHigh = false;
    if (m_exchange && m_exchange->observer())
        m_exchange->observer()->clientDrained();
}

void ClientConnection::socketEnded()
{
    // What is left of a finished answer is still delivered. Who waits for one is taken to have left.
    if (!m_exchange && pendingBytes() > 0)
        closeAfterWrites();
    else
        m_socket->abort();
}

void ClientConnection::endExchange()
{
    if (!m_exchange)
        return;
    m_exchange->end();
    m_ended = std::move(m_exchange);
}

void ClientConnection::exchangeEnded(bool keepAlive)
{
    endExchange();
    releaseToken();
    if (keepAlive && !m_closing) {
        m_reader.reset();
        m_mode = Mode::Reading;
        await(Wait::NextRequest);
        // What came meanwhile goes first; from the event loop, because this may be within the call for the request before.
        m_between = !m_pipelined.isEmpty();
        if (m_between)
            QMetaObject::invokeMethod(this, &ClientConnection::nextRequest, Qt::QueuedConnection);
    } else {
        closeAfterWrites();
    }
}

void ClientConnection::nextRequest()
{
    m_between = false;
    if (m_mode != Mode::Reading)
        return;
    if (m_closing)
        closeAfterWrites();
    else if (!m_pipelined.isEmpty())
        consume(std::exchange(m_pipelined, QByteArray()));
}

void ClientConnection::exchangeCut(bool reset)
{
    endExchange();
    m_queued.clear();
    if (reset) {
        m_mode = Mode::Closed;
        QMetaObject::invokeMethod(this, [this] { m_socket->abort(true); }, Qt::QueuedConnection);
    } else {
        // Delivered bytes leave, the terminator never does.
        closeAfterWrites();
    }
    releaseToken();
}

void ClientConnection::releaseToken()
{
    if (m_token)
        QMetaObject::invokeMethod(this, [token = std::move(m_token)] {}, Qt::QueuedConnection);
    m_token = nullptr;
}

void ClientConnection::closeAfterWrites()
{
    m_mode = Mode::Closed;
    m_pipelined.clear();
    if ((m_socket->isEncrypted() || pendingBytes() > 0) && m_options.writeStall.count() > 0)
        abortAfter(m_options.writeStall); // each byte that the client takes starts it anew
    QMetaObject::invokeMethod(this, [this] { m_socket->closeAfterWrites(); }, Qt::QueuedConnection);
}

void ClientConnection::refuse(const ApiError &error, http::HeaderList headers)
{
    m_refusals.fetch_add(1, std::memory_order_relaxed);
    headers.add("Content-Type", "application/json");
    AccessRules::addCorsHeaders(headers, m_host.allowedOrigin(m_reader.head()));
    const QByteArray body = error.toJson();
    headers.add("Content-Length", QByteArray::number(body.size()));
    if (error.status == 405)
        headers.add("Allow", "GET, HEAD, POST");
    if (const QByteArray after = error.retryAfterField(); !after.isEmpty())
        headers.add("Retry-After", after);
    headers.add("Connection", "close");
    const bool isHead = m_reader.head().method == "HEAD";
    send(http::writeResponseHead(error.status, http::reasonPhrase(error.status), headers) + (isHead ? QByteArray() : body));
    m_body = {};
    m_charge.release();
    linger();
}

void ClientConnection::linger()
{
    // A client that is still uploading would lose the answer to a reset: shut our side, read on for a moment.
    m_mode = Mode::Lingering;
    m_closing = true;
    abortAfter(lingerTime);
    m_socket->shutdownWrites();
}

void ClientConnection::abortAfter(std::chrono::milliseconds time)
{
    if (!m_closeTimer) {
        m_closeTimer = new QTimer(this);
        m_closeTimer->setSingleShot(true);
        connect(m_closeTimer, &QTimer::timeout, this, &ClientConnection::abort);
    }
    m_closeTimer->start(time);
}

void ClientConnection::drain()
{
    m_closing = true;
    // A request that has begun to arrive is still answered, even if nobody has read of it yet.
    if (m_mode == Mode::Reading && m_reader.isIdle() && m_pipelined.isEmpty() && !m_socket->hasUnread())
        closeAfterWrites();
}

void ClientConnection::socketClosed()
{
    m_mode = Mode::Closed;
    if (m_exchange) {
        Exchange::Observer *observer = m_exchange->observer();
        endExchange();
        if (observer)
            observer->clientGone();
    }
    releaseToken();
    deleteLater();
}

} // namespace pdlb::edge
