// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/byte_pieces.h"
#include "util/io_watch.h"

#include <QHostAddress>
#include <QObject>

#include <memory>
#include <optional>

namespace pdlb::upstream {

/// A non-blocking TCP connection with one read and one write call per wake-up. QTcpSocket asks the kernel how much there
/// is before each read, copies twice and cannot tell whether a byte of a failed write left; on the hot path this can.
class StreamSocket final : public QObject, private IoHandler
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(StreamSocket)

public:
    /// Told what happens. Replaceable, so that a kept connection changes hands without reconnecting signals. The
    /// observer may delete the socket in any call.
    class Observer
    {
    public:
        virtual void socketConnected() = 0;
        virtual void socketData(QByteArrayView bytes) = 0;
        /// All queued bytes are with the kernel.
        virtual void socketDrained() = 0;
        /// The peer closed (0) or the connection failed (errno). Comes once.
        virtual void socketClosed(int error) = 0;

    protected:
        ~Observer() = default;
    };

    explicit StreamSocket(QObject *parent = nullptr);
    ~StreamSocket() override;

    void setObserver(Observer *observer) { m_observer = observer; }
    /// Begins to connect. A failure is reported from the event loop, never from here.
    void connectTo(const QHostAddress &address, quint16 port);
    bool isConnected() const { return m_connected; }
    /// Writes what the kernel takes now and keeps the rest. Once the last write is over, that is, hasPendingWrites() is false.
    void write(const QByteArray &head, BytePieces body);
    bool hasPendingWrites() const { return !m_head.isEmpty() || m_next < m_body.pieces().size(); }
    bool wroteAnything() const { return m_wroteAnything; }
    void forgetWrites() { m_wroteAnything = false; }
    void setReading(bool on);
    /// Closes now and deletes the object from the event loop: safe from within an observer's call.
    static void dispose(std::unique_ptr<StreamSocket> socket);
    /// For an idle connection: no byte and no end of file waits. One recv(MSG_PEEK).
    bool isQuiet() const;

private:
    void ioReadable() override;
    void ioWritable() override;
    void flush();
    /// So much of what is being written is with the kernel.
    void written(qsizetype bytes);
    void closeDescriptor();
    void report(int error);

    // What each read looks at comes first.
    Observer *m_observer = nullptr;
    int m_descriptor = -1;
    bool m_connected = false;
    bool m_wroteAnything = false;
    bool m_writeFailed = false;
    std::optional<IoWatch> m_watch; ///< while the descriptor is open
    QByteArray m_head; ///< what is being written, with the next
    BytePieces m_body;
    qsizetype m_headWritten = 0;
    size_t m_next = 0; ///< piece of m_body that is written next
    qsizetype m_nextWritten = 0; ///< of it
};

/// "connection refused" and the like, lower case, for messages.
QString describeSocketError(int error);

} // namespace pdlb::upstream
