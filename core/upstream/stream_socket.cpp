// SPDX-License-Identifier: Apache-2.0
#include "upstream/stream_socket.h"

#include "util/socket_address.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

namespace pdlb::upstream {

namespace {

constexpr size_t readSize = 64 * 1024;
constexpr size_t maxVectors = 16;
constexpr qsizetype maxWritePerTurn = 1024 * 1024; ///< keeps one large upload from holding up the other streams

} // namespace

QString describeSocketError(int error)
{
    switch (error) {
    case 0: return QStringLiteral("the connection was closed");
    case ECONNREFUSED: return QStringLiteral("connection refused");
    case ECONNRESET:
    case EPIPE: return QStringLiteral("the connection was reset");
    default: return QString::fromLocal8Bit(std::strerror(error)).toLower();
    }
}

StreamSocket::StreamSocket(QObject *parent) : QObject(parent) {}

StreamSocket::~StreamSocket()
{
    closeDescriptor();
}

void StreamSocket::closeDescriptor()
{
    if (m_watch)
        m_watch->close();
    else if (m_descriptor >= 0)
        ::close(m_descriptor); // it never began to connect
    m_watch.reset();
    m_descriptor = -1;
    m_connected = false;
}

void StreamSocket::dispose(std::unique_ptr<StreamSocket> socket)
{
    if (!socket)
        return;
    socket->m_observer = nullptr;
    socket->closeDescriptor();
    socket.release()->deleteLater();
}

void StreamSocket::report(int error)
{
    closeDescriptor();
    if (m_observer)
        m_observer->socketClosed(error);
}

void StreamSocket::connectTo(const QHostAddress &address, quint16 port)
{
    const SocketAddress where = toSocketAddress(address, port);
    m_descriptor = ::socket(where.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = m_descriptor < 0 ? errno : 0;
    if (!error) {
        const int on = 1;
        ::setsockopt(m_descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        if (::connect(m_descriptor, where.pointer(), where.length) != 0)
            error = errno;
    }
    if (error && error != EINPROGRESS) {
        QMetaObject::invokeMethod(this, [this, error] { report(error); }, Qt::QueuedConnection);
        return;
    }
    m_watch.emplace(m_descriptor, static_cast<IoHandler &>(*this));
    m_watch->setWriting(true);
}

void StreamSocket::ioWritable()
{
    if (m_descriptor < 0)
        return;
    if (m_connected) {
        flush();
        return;
    }
    int error = 0;
    socklen_t length = sizeof error;
    ::getsockopt(m_descriptor, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error) {
        report(error);
        return;
    }
    m_connected = true;
    m_watch->setWriting(false);
    m_watch->setReading(true);
    if (m_observer)
        m_observer->socketConnected();
}

void StreamSocket::ioReadable()
{
    if (m_descriptor < 0)
        return;
    thread_local std::array<char, readSize> buffer;
    const ssize_t n = ::recv(m_descriptor, buffer.data(), buffer.size(), 0);
    if (n > 0) {
        if (m_observer)
            m_observer->socketData(QByteArrayView(buffer.data(), n));
    } else if (n == 0) {
        report(0);
    } else if (errno != EAGAIN && errno != EINTR) {
        report(errno);
    }
}

void StreamSocket::setReading(bool on)
{
    if (m_connected && m_watch)
        m_watch->setReading(on);
}

void StreamSocket::write(const QByteArray &head, BytePieces body)
{
    Q_ASSERT(!hasPendingWrites());
    m_head = head;
    m_headWritten = 0;
    m_body = std::move(body);
    m_next = 0;
    m_nextWritten = 0;
    flush();
}

void StreamSocket::flush()
{
    qsizetype budget = maxWritePerTurn;
    bool blocked = false;
    while (hasPendingWrites() && budget > 0 && !blocked && !m_writeFailed) {
        std::array<iovec, maxVectors> vectors;
        size_t count = 0;
        qsizetype offered = 0;
        const auto offer = [&](QByteArrayView view) {
            view = view.first(std::min(view.size(), budget - offered));
            vectors[count++] = {const_cast<char *>(view.data()), size_t(view.size())};
            offered += view.size();
        };
        if (!m_head.isEmpty())
            offer(QByteArrayView(m_head).sliced(m_headWritten));
        for (size_t i = m_next; i < m_body.pieces().size() && count < maxVectors && offered < budget; ++i)
            offer(m_body.pieces()[i].view().sliced(i == m_next ? m_nextWritten : 0));
        msghdr message{};
        message.msg_iov = vectors.data();
        message.msg_iovlen = count;
        const ssize_t n = ::sendmsg(m_descriptor, &message, MSG_NOSIGNAL);
        if (n < 0) {
            // After a failed write the answer may still wait to be read (an early 413): the reading side reports.
            m_writeFailed = errno != EAGAIN && errno != EINTR;
            break;
        }
        m_wroteAnything = m_wroteAnything || n > 0;
        written(n);
        budget -= n;
        blocked = n < offered;
    }
    if (m_watch)
        m_watch->setWriting(hasPendingWrites() && !m_writeFailed);
    if (!hasPendingWrites() && m_observer)
        m_observer->socketDrained();
}

void StreamSocket::written(qsizetype bytes)
{
    if (!m_head.isEmpty()) {
        const qsizetype part = std::min(bytes, m_head.size() - m_headWritten);
        m_headWritten += part;
        bytes -= part;
        if (m_headWritten < m_head.size())
            return;
        m_head.clear();
    }
    while (bytes > 0) {
        const qsizetype left = m_body.pieces()[m_next].size - m_nextWritten;
        if (bytes < left) {
            m_nextWritten += bytes;
            return;
        }
        bytes -= left;
        ++m_next;
        m_nextWritten = 0;
    }
    if (!hasPendingWrites()) {
        m_body = {};
        m_next = 0;
    }
}

bool StreamSocket::isQuiet() const
{
    char byte;
    return m_connected && ::recv(m_descriptor, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

} // namespace pdlb::upstream
