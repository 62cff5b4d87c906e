// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message.h"

#include <QObject>
#include <QPointer>

class QTcpSocket;

namespace pdlb::mock {

/// Where an answer breaks off, and how.
struct Cut {
    enum class Point {
        Never,
        BeforeHead, ///< instead of the first byte
        AfterHead, ///< head complete, no byte of the body
        AfterEvents, ///< behind `amount` chunks of a stream; in the middle of the body of any other answer
        AfterBytes, ///< behind `amount` bytes on the wire, head and chunk framing included
    };
    enum class How {
        Fin, ///< a normal close
        Reset, ///< RST (SO_LINGER 0)
        Stall, ///< the connection stays open and silent
    };
    Point point = Point::Never;
    How how = How::Fin;
    qint64 amount = 0;
};

/// One request and its answer on one connection. Owned by the connection and deleted once the answer has ended or the
/// connection is gone: hold it in a QPointer. Writing after that point is harmless.
class MockExchange final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(MockExchange)

public:
    MockExchange(http::RequestHead head, QTcpSocket *socket, QObject *parent);

    const http::RequestHead &head() const { return m_head; }
    const QByteArray &body() const { return m_body; } ///< whole once the request handler is called
    bool bodyComplete() const { return m_bodyComplete; }
    /// True from the first byte of the answer on.
    bool answered() const { return m_started; }
    /// Bytes that the client has not taken yet and the kernel did not want either.
    qint64 backlog() const;

    /// Scripts a break of this answer; set before the answer begins.
    void setCut(Cut cut) { m_cut = cut; }
    /// Until-close instead of the usual framing, or chunks also for respond().
    void setFraming(http::Framing framing) { m_framing = framing; }
    /// Takes no more bytes from the client: its sending stalls once the kernel's buffers are full. With unread bytes
    /// the client's leaving goes unnoticed as well.
    void stopReading() { m_readingStopped = true; }
    bool readingStopped() const { return m_readingStopped; }

    /// A whole answer with a Content-Length. HEAD requests get no body.
    void respond(int status, const http::HeaderList &headers, const QByteArray &body);
    /// Shorthand with one Content-Type.
    void respond(int status, const QByteArray &contentType, const QByteArray &body);
    /// The head of a streamed answer. `withFirstChunk`: holds it back for the segment of the first chunk.
    void beginChunked(int status, const http::HeaderList &headers, bool withFirstChunk = false);
    void writeChunk(const QByteArray &data);
    void endChunked();
    /// These very bytes, outside any framing. The connection is not used again: close() or reset() ends it, unless
    /// endRaw() says that the bytes were a whole answer.
    void writeRaw(const QByteArray &bytes);
    void endRaw();
    /// FIN behind everything written.
    void close();
    /// RST; what the client has not read may be lost to it.
    void reset();

Q_SIGNALS:
    void clientGone(); ///< the connection ended before the answer did
    void finished(); ///< the answer is complete
    void drained(); ///< backlog() is 0 again

private:
    friend class MockConnection;

    void send(const QByteArray &bytes);
    bool sendHead(int status, http::HeaderList headers, qint64 length);
    void cutNow();
    void finish();

    http::RequestHead m_head;
    QByteArray m_body;
    QPointer<QTcpSocket> m_socket;
    Cut m_cut;
    http::Framing m_framing = http::Framing::Length;
    qint64 m_sent = 0;
    qint64 m_events = 0;
    bool m_bodyComplete = false;
    bool m_readingStopped = false;
    bool m_started = false;
    bool m_finished = false;
    bool m_chunked = false;
    bool m_headHeld = false;
    bool m_muted = false; ///< nothing more goes out: cut, closed or gone
    bool m_keepAlive = true;
};

} // namespace pdlb::mock
