// SPDX-License-Identifier: Apache-2.0
#include "edge/client_socket.h"

#include "util/io_watch.h"

#include <array>
#include <cerrno>

#include <sys/socket.h>

namespace pdlb::edge {

namespace {

constexpr size_t readSize = 64 * 1024;
constexpr int readsPerTurn = 16; ///< the other connections have their turn after a MiB

class PlainSocket final : public ClientSocket, private IoHandler
{
public:
    PlainSocket(int descriptor, Observer &observer) : m_observer(observer), m_descriptor(descriptor)
    {
        m_watch.emplace(m_descriptor, static_cast<IoHandler &>(*this));
        m_watch->setReading(true);
    }
    ~PlainSocket() override { closeDescriptor(); }

    bool write(QByteArrayView bytes) override
    {
        if (m_descriptor < 0)
            return false;
        if (m_pending.isEmpty() && !sendSome(bytes))
            return false;
        if (!bytes.isEmpty()) {
            m_pending.append(bytes);
            m_watch->setWriting(true);
        }
        return true;
    }
    qint64 pendingBytes() const override { return m_pending.size() - m_written; }
    void closeAfterWrites() override
    {
        m_closing = true;
        if (m_pending.isEmpty())
            abort();
    }
    void abort(bool reset = false) override
    {
        if (m_descriptor < 0)
            return;
        if (reset) {
            const struct ::linger now{1, 0};
            ::setsockopt(m_descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        }
        closeDescriptor();
        m_observer.socketClosed();
    }
    void shutdownWrites() override
    {
        if (m_pending.isEmpty())
            ::shutdown(m_descriptor, SHUT_WR);
    }
    bool hasUnread() const override
    {
        char byte;
        return ::recv(m_descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    }
    bool isEncrypted() const override { return false; }

private:
    void ioReadable() override
    {
        // Once, unless there may be more: an upload comes by many buffers.
        thread_local std::array<char, readSize> buffer;
        bool full = true;
        for (int i = 0; i < readsPerTurn && full && m_descriptor >= 0; ++i) {
            const ssize_t n = ::recv(m_descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
            full = n == ssize_t(buffer.size());
            if (n > 0) {
                m_observer.socketData({buffer.data(), n});
            } else if (n == 0) {
                m_watch->setReading(false);
                m_observer.socketEnded();
            } else if (errno != EAGAIN && errno != EINTR) {
                abort();
            }
        }
    }
    void ioWritable() override
    {
        QByteArrayView rest = QByteArrayView(m_pending).sliced(m_written);
        if (!sendSome(rest)) {
            abort();
            return;
        }
        m_written = m_pending.size() - rest.size();
        if (rest.isEmpty()) {
            m_pending = QByteArray();
            m_written = 0;
            m_watch->setWriting(false);
        } else if (m_written > m_pending.size() / 2) {
            m_pending.remove(0, m_written);
            m_written = 0;
        }
        if (m_closing && m_pending.isEmpty())
            abort();
        else
            m_observer.socketWritten();
    }
    /// Takes what was sent off the front. False: broken.
    bool sendSome(QByteArrayView &bytes) const
    {
        if (bytes.isEmpty())
            return true;
        const ssize_t n = ::send(m_descriptor, bytes.data(), size_t(bytes.size()), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        bytes = bytes.sliced(n);
        return true;
    }
    void closeDescriptor()
    {
        if (m_watch)
            m_watch->close();
        m_watch.reset();
        m_descriptor = -1;
        m_pending = QByteArray();
        m_written = 0;
    }

    Observer &m_observer;
    int m_descriptor;
    bool m_closing = false;
    QByteArray m_pending;
    qsizetype m_written = 0; ///< of m_pending
    std::optional<IoWatch> m_watch; ///< while the descriptor is open
};

} // namespace

std::unique_ptr<ClientSocket> makePlainSocket(int descriptor, ClientSocket::Observer &observer)
{
    return std::make_unique<PlainSocket>(descriptor, observer);
}

} // namespace pdlb::edge
