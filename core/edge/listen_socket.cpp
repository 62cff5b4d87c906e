// SPDX-License-Identifier: Apache-2.0
#include "edge/listen_socket.h"

#include "util/socket_address.h"

#include <cerrno>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb::edge {

namespace {

constexpr int backlog = 4096; ///< a shorter one costs a second (SYN retransmission) when many clients come at once

/// A bound socket, or -1 with errno set.
int bindSocket(const QHostAddress &address, quint16 port, bool reusePort)
{
    const SocketAddress where = toSocketAddress(address, port);
    const int fd = ::socket(where.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (reusePort)
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (where.storage.ss_family == AF_INET6)
        ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(fd, where.pointer(), where.length) != 0) {
        const int error = errno;
        ::close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

tl::unexpected<Error> cannotListen(const QHostAddress &address, quint16 port, int error)
{
    QString advice = u"check --host and --port"_s;
    if (error == EADDRINUSE)
        advice = u"another program listens there; stop it or choose another --port"_s;
    else if (error == EACCES)
        advice = u"ports below 1024 need privileges; choose another --port"_s;
    else if (error == EADDRNOTAVAIL)
        advice = u"this machine has no such address; check --host"_s;
    return failure(u"cannot listen on %1 port %2: %3; %4"_s.arg(address.toString()).arg(port)
                       .arg(QString::fromLocal8Bit(std::strerror(error)), advice));
}

} // namespace

Result<QHostAddress> parseListenAddress(const QString &host)
{
    if (host.compare("localhost"_L1, Qt::CaseInsensitive) == 0)
        return QHostAddress(QHostAddress::LocalHost);
    if (host == "*"_L1)
        return QHostAddress(QHostAddress::AnyIPv4);
    QString literal = host;
    if (literal.startsWith(u'[') && literal.endsWith(u']'))
        literal = literal.sliced(1, literal.size() - 2);
    const QHostAddress address(literal);
    if (address.isNull())
        return failure(u"--host \"%1\": expected an IP address, \"localhost\" or \"*\""_s.arg(host.left(200)));
    return address;
}

Result<QList<int>> openListenSockets(const QHostAddress &address, quint16 port, int count)
{
    QList<int> sockets;
    const auto fail = [&](int error) {
        for (const int fd : std::as_const(sockets))
            ::close(fd);
        return cannotListen(address, port, error);
    };
    if (port != 0) {
        const int probe = bindSocket(address, port, false);
        // bind() alone lets two sockets share a port that nobody listens on yet; listen() settles it.
        if (probe < 0 || ::listen(probe, 1) != 0)
            return fail(errno);
        ::close(probe);
    }
    for (int i = 0; i < count; ++i) {
        const int fd = bindSocket(address, port, true);
        if (fd < 0)
            return fail(errno);
        sockets += fd;
        if (::listen(fd, backlog) != 0)
            return fail(errno);
        port = localPort(fd);
    }
    return sockets;
}

quint16 localPort(int descriptor)
{
    sockaddr_storage storage{};
    socklen_t length = sizeof storage;
    ::getsockname(descriptor, reinterpret_cast<sockaddr *>(&storage), &length);
    if (storage.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6 &>(storage).sin6_port);
    return ntohs(reinterpret_cast<const sockaddr_in &>(storage).sin_port);
}

} // namespace pdlb::edge
