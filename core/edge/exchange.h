// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message.h"
#include "util/api_error.h"
#include "util/byte_budget.h"
#include "util/clock.h"

#include <QHostAddress>

#include <optional>

namespace pdlb::edge {

class ClientConnection;

/// One client request and the way to answer it. Belongs to its connection and lives in that thread.
///
/// Answer with respond(), or with begin(), any number of write(), and finish() or cut(). The exchange is gone after
/// finish(), cut(), respond() and Observer::clientGone(): keep no pointer beyond them.
class Exchange final
{
    Q_DISABLE_COPY_MOVE(Exchange)

public:
    class Observer
    {
    public:
        /// The client closed or reset the connection, or writing to it failed.
        virtual void clientGone() = 0;
        /// pendingBytes() fell below the low-water mark after having been above it.
        virtual void clientDrained() = 0;

    protected:
        ~Observer() = default;
    };

    static constexpr qint64 highWater = 256 * 1024;
    static constexpr qint64 lowWater = 64 * 1024;

    Exchange(ClientConnection *connection, http::RequestHead head, QByteArray body, ByteBudget::Charge charge, Monotonic received);

    const http::RequestHead &head() const { return m_head; }
    const QByteArray &body() const { return m_body; }
    /// Moves the body out, so that its memory is free as soon as the taker has no more use for it.
    QByteArray takeBody() { return std::exchange(m_body, QByteArray()); }
    /// What the body counts for in the budget of all bodies; to be kept as long as the body.
    ByteBudget::Charge takeCharge() { return std::move(m_charge); }
    Monotonic received() const { return m_received; }
    QHostAddress peer() const;
    /// The same as text; an IPv4 address of a dual-stack socket as IPv4.
    const QByteArray &peerName() const;
    /// A web page from there may read the answer.
    void setAllowedOrigin(const QByteArray &origin) { m_allowedOrigin = origin; }
    void setObserver(Observer *observer) { m_observer = observer; }
    Observer *observer() const { return m_observer; }

    /// X-Request-Id of the request when it is fit to be passed on (≤ 128 characters of [A-Za-z0-9._-]), else a new one.
    const QByteArray &requestId() const { return m_requestId; }

    /// A whole answer. Content-Length, Connection and X-Request-Id are added.
    void respond(int status, http::HeaderList headers, const QByteArray &body);
    void respondJson(int status, const QByteArray &json);
    void respondError(const ApiError &error, http::HeaderList headers = {});

    /// Status line and end-to-end fields now; then write(). Without a length the body is chunked (delimited by close for
    /// HTTP/1.0).
    void begin(int status, const QByteArray &reason, http::HeaderList headers, std::optional<qint64> contentLength);
    bool hasBegun() const { return m_begun; }
    void write(QByteArrayView bytes);
    /// The answer is whole. Short of the promised Content-Length it is cut instead.
    void finish();
    /// Closes the connection so that the client sees an incomplete answer. `told`: the body itself says so already.
    void cut(bool told = false);
    /// Bytes that the kernel has not taken yet.
    qint64 pendingBytes() const;

private:
    friend class ClientConnection;

    enum class BodyFraming { None, Length, Chunked, UntilClose };

    /// Over: gives its memory back. It may be its own caller, so it is destroyed later.
    void end();

    // What each write looks at comes first.
    ClientConnection *m_connection;
    BodyFraming m_framing = BodyFraming::None;
    bool m_begun = false;
    qint64 m_left = 0; ///< of the promised Content-Length
    Observer *m_observer = nullptr;
    http::RequestHead m_head;
    QByteArray m_body;
    ByteBudget::Charge m_charge;
    QByteArray m_requestId;
    QByteArray m_allowedOrigin;
    Monotonic m_received;
};

} // namespace pdlb::edge
