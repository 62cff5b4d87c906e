// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/byte_pieces.h"
#include "util/io_watch.h"

#include <QHostAddress>
#include <QObject>

#include <deque>
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
    /// Queues the bytes and writes what the kernel takes now.
    void write(const BytePieces &bytes);
    bool hasPendingWrites() const { return !m_pending.empty(); }
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
    void closeDescriptor();
    void report(int error);

    Observer *m_observer = nullptr;
    std::optional<IoWatch> m_watch; ///< while the descriptor is open
    std::deque<BytePieces::Piece> m_pending;
    int m_descriptor = -1;
    bool m_connected = false;
    bool m_wroteAnything = false;
    bool m_writeFailed = false;
};

/// "connection refused" and the like, lower case, for messages.
QString describeSocketError(int error);

} // namespace pdlb::upstream
