// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/exchange.h"
#include "http/message_reader.h"

#include <QPointer>

#include <QTcpSocket>
#include <QTimer>

#include <memory>

namespace pdlb::edge {

/// The guard of one client connection: it alone reads the socket, judges framing, collects the body, and answers
/// malformed requests itself. When a request is whole it gives QHttpServer a canonical head (request line and Host)
/// by putting it back into the socket; the server routes it and calls back. Child of its socket.
class ClientConnection final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(ClientConnection)

public:
    struct Limits {
        http::HeadLimits head;
        qint64 maxBody = qint64(512) * 1024 * 1024;
        std::chrono::milliseconds writeStall = std::chrono::seconds(60); ///< for the last bytes of a closing connection
        qsizetype maxPipelined = 64 * 1024; ///< bytes kept while a request runs; beyond, the connection ends with it
    };

    ClientConnection(QTcpSocket *socket, const Limits &limits, const Clock &clock);
    ~ClientConnection() override;

    Exchange *exchange() const { return m_exchange; }
    QHostAddress peer() const { return m_socket->peerAddress(); }
    /// No further request is taken: a running one is answered with "Connection: close", an idle connection closes.
    void drain();
    bool isClosing() const { return m_closing; }
    /// Something that must live as long as the request is being answered (Qt 6.5+ hands out such an object).
    void holdUntilAnswered(std::shared_ptr<void> token) { m_token = std::move(token); }

    // For Exchange:
    /// Kept back and sent in front of the next send(), so that head and first bytes leave in one packet.
    void queue(const QByteArray &bytes) { m_queued.append(bytes); }
    void send(QByteArrayView bytes);
    qint64 pendingBytes() const { return m_socket->bytesToWrite(); }
    void exchangeEnded(bool keepAlive);
    /// `reset`: close by RST, where an orderly close would look like the end of the answer.
    void exchangeCut(bool reset);

Q_SIGNALS:
    /// A whole request is about to be given to the HTTP server, which must answer it synchronously or keep it.
    void requestReady(pdlb::edge::ClientConnection *connection);

private:
    enum class Mode { Reading, Answering, Lingering, Closed };

    void onReadyRead();
    void onDisconnected();
    void onBytesWritten();
    void consume(QByteArrayView input);
    void keepForLater(QByteArrayView bytes);
    void appendBody(QByteArrayView piece);
    void startRequest();
    void requestComplete(QByteArrayView rest);
    void giveToServer();
    void endTransaction();
    void refuse(const ApiError &error);
    void linger();
    void abortAfter(std::chrono::milliseconds time);
    void endExchange();
    void closeAfterWrites();
    void releaseToken();
    void nextRequest();

    QTcpSocket *m_socket;
    Limits m_limits;
    const Clock &m_clock;
    http::RequestReader m_reader;
    QByteArray m_body;
    QByteArray m_pipelined;
    QByteArray m_queued;
    QPointer<Exchange> m_exchange;
    std::shared_ptr<void> m_token;
    QTimer *m_closeTimer = nullptr; ///< the connection is aborted when it fires
    qint64 m_lingered = 0;
    Mode m_mode = Mode::Reading;
    bool m_insideReadyRead = false;
    bool m_muted = false;
    bool m_between = false; ///< answered, and nextRequest() is on its way
    bool m_closing = false;
    bool m_overHigh = false;
};

} // namespace pdlb::edge
