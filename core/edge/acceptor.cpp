// SPDX-License-Identifier: Apache-2.0
#include "edge/acceptor.h"

#include <QLoggingCategory>

#include <cerrno>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace pdlb::edge {

namespace {

Q_LOGGING_CATEGORY(lcAccept, "pdlb.accept")

constexpr int connectionsPerTurn = 16;
constexpr std::chrono::milliseconds retryInterval{50}; ///< other workers' connections may have closed meanwhile
constexpr std::chrono::seconds warningInterval{60};

} // namespace

Acceptor::Acceptor(int descriptor, EdgeShared &shared, qint64 maxConnections, QObject *parent)
    : QObject(parent), m_descriptor(descriptor), m_shared(shared), m_maxConnections(maxConnections),
      m_notifier(descriptor, QSocketNotifier::Read)
{
    const int on = 1;
    ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); // accepted sockets inherit it
    connect(&m_notifier, &QSocketNotifier::activated, this, &Acceptor::onReadable);
    m_retry.setSingleShot(true);
    connect(&m_retry, &QTimer::timeout, this, &Acceptor::tryAgain);
}

Acceptor::~Acceptor()
{
    stop();
}

void Acceptor::stop()
{
    m_notifier.setEnabled(false);
    m_retry.stop();
    if (m_descriptor >= 0)
        ::close(m_descriptor);
    m_descriptor = -1;
}

bool Acceptor::isFull() const
{
    return m_maxConnections > 0 && m_shared.connections.load(std::memory_order_relaxed) >= m_maxConnections;
}

void Acceptor::onReadable()
{
    for (int i = 0; i < connectionsPerTurn; ++i) {
        if (isFull()) {
            pause();
            return;
        }
        sockaddr_storage address{};
        socklen_t length = sizeof address;
        const int fd = ::accept4(m_descriptor, reinterpret_cast<sockaddr *>(&address), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                if (m_nextWarning.hasExpired()) {
                    m_nextWarning.setRemainingTime(warningInterval);
                    qCWarning(lcAccept, "cannot accept a connection: %s; new clients wait until others close (raise the limit of open files)",
                              qPrintable(qt_error_string(errno)));
                }
                pause();
                return;
            }
            if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO)
                continue;
            return; // nobody left waiting
        }
        m_shared.connections.fetch_add(1, std::memory_order_relaxed);
        Q_EMIT accepted(fd, QHostAddress(reinterpret_cast<const sockaddr *>(&address)));
    }
}

void Acceptor::pause()
{
    m_notifier.setEnabled(false);
    m_retry.start(retryInterval);
}

void Acceptor::tryAgain()
{
    if (isFull())
        m_retry.start(retryInterval);
    else
        m_notifier.setEnabled(true);
}

void Acceptor::connectionClosed()
{
    m_shared.connections.fetch_sub(1, std::memory_order_relaxed);
    if (m_retry.isActive()) {
        m_retry.stop();
        tryAgain();
    }
}

} // namespace pdlb::edge
