// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/access_rules.h"
#include "edge/client_socket.h"
#include "edge/edge_options.h"
#include "edge/exchange.h"
#include "http/message_reader.h"

#include <QTimer>

#include <memory>

namespace pdlb::edge {

class ClientConnection;

/// What a connection asks and tells its server.
class ConnectionHost
{
public:
    /// Decides on a request by its head, before any of its body is read. Nothing: the request may pass.
    virtual std::optional<Refusal> judge(const http::RequestHead &head, const QHostAddress &peer) const = 0;
    /// The largest body that this request may have, in bytes.
    virtual qint64 maxBody(const http::RequestHead &head) const = 0;
    /// The origin of a web page that may read the answer, for AccessRules::addCorsHeaders().
    virtual QByteArray allowedOrigin(const http::RequestHead &head) const = 0;
    /// A request is whole: exchange() is to be answered, now or later.
    virtual void requestReady(ClientConnection &connection) = 0;
    /// It is being destroyed.
    virtual void connectionGone(ClientConnection &connection) = 0;

protected:
    ~ConnectionHost() = default;
};

/// The guard of one client connection: it alone reads the socket, judges framing, collects the body, and answers
/// malformed requests itself. Destroys itself from the event loop when the connection is closed.
class ClientConnection final : public QObject, private ClientSocket::Observer
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(ClientConnection)

public:
    /// All references must outlive the connection. Open it next.
    ClientConnection(const EdgeOptions &options, EdgeShared &shared, ConnectionHost &host, const Clock &clock, QObject *parent);
    ~ClientConnection() override;

    /// Takes over an accepted descriptor, for TLS when there is a configuration. False: it is none, and still the caller's.
    bool open(int descriptor, const QHostAddress &peer, const std::optional<QSslConfiguration> &tls);
    Exchange *exchange() const { return m_exchange.get(); }
    const QHostAddress &peer() const { return m_peer; }
    const QByteArray &peerName();
    /// No further request is taken: a running one is answered with "Connection: close", an idle connection closes.
    void drain();
    bool isClosing() const { return m_closing; }
    /// Looks at the deadlines of what is being waited for; to be called several times within the shortest of them.
    void tick(Monotonic now);
    /// Something that must live as long as the request is being answered, and is dropped from the event loop.
    void holdUntilAnswered(std::shared_ptr<void> token);
    /// Closes it now, whatever is going on.
    void abort();

    // For Exchange:
    /// Kept back and sent in front of the next send(), so that head and first bytes leave in one packet.
    void queue(const QByteArray &bytes) { m_queued.append(bytes); }
    void send(QByteArrayView bytes);
    qint64 pendingBytes() const { return m_socket->pendingBytes(); }
    void exchangeEnded(bool keepAlive);
    /// `reset`: close by RST, where an orderly close would look like the end of the answer.
    void exchangeCut(bool reset);

private:
    enum class Mode { Reading, Answering, Lingering, Closed };
    /// What Mode::Reading is waiting for.
    enum class Wait { FirstByte, NextRequest, Head, Body };

    // ClientSocket::Observer
    void socketData(QByteArrayView bytes) override;
    void socketWritten() override;
    void socketEnded() override;
    void socketClosed() override;

    void consume(QByteArrayView input);
    void keepForLater(QByteArrayView bytes);
    void appendBody(QByteArrayView piece);
    void startRequest();
    void await(Wait what);
    void bodyReceived(qsizetype bytes);
    ApiError tooLarge() const;
    /// So large that it never fits the memory for bodies, however idle the balancer is.
    bool isBeyondMemory(qint64 bodySize) const;
    void refuseForMemory();
    void requestComplete(QByteArrayView rest);
    void refuse(const ApiError &error, http::HeaderList headers = {});
    void linger();
    void abortAfter(std::chrono::milliseconds time);
    void endExchange();
    void closeAfterWrites();
    void releaseToken();
    void nextRequest();

    void abortLater();

    // What each write looks at comes first.
    Mode m_mode = Mode::Reading;
    Wait m_wait = Wait::FirstByte;
    bool m_between = false; ///< answered, and nextRequest() is on its way
    bool m_closing = false;
    bool m_overHigh = false;
    std::unique_ptr<ClientSocket> m_socket;
    QByteArray m_queued;
    const EdgeOptions &m_options;
    ConnectionHost &m_host;
    const Clock &m_clock;
    QHostAddress m_peer;
    http::RequestReader m_reader;
    QByteArray m_peerName;
    QByteArray m_body;
    qint64 m_maxBody = 0; ///< of this request
    ByteBudget &m_budget;
    std::atomic<quint64> &m_refusals;
    ByteBudget::Charge m_charge; ///< for m_body
    QByteArray m_pipelined;
    std::unique_ptr<Exchange> m_exchange;
    std::unique_ptr<Exchange> m_ended; ///< the one before: what told of its end may be its own call
    std::shared_ptr<void> m_token;
    QTimer *m_closeTimer = nullptr; ///< the connection is aborted when it fires
    Monotonic m_waitingSince{0};
    Monotonic m_lastBodyByte{0};
    Monotonic m_rateSince{0}; ///< start of the time over which the upload's rate is taken
    qint64 m_rateBytes = 0; ///< of the body since then
    qint64 m_unsent = 0; ///< of the last answer, when last looked at
    qint64 m_lingered = 0;
};

} // namespace pdlb::edge
