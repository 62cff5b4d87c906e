// SPDX-License-Identifier: Apache-2.0
#include "wire.h"

#include <QDir>

#include <algorithm>

#include <linux/sockios.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace pdlb::test {

namespace {

quint16 portOf(int descriptor, decltype(::getsockname) *name)
{
    sockaddr_in address{};
    socklen_t length = sizeof address;
    const bool known = name(descriptor, reinterpret_cast<sockaddr *>(&address), &length) == 0 && address.sin_family == AF_INET;
    return known ? ntohs(address.sin_port) : 0;
}

int waiting(int descriptor, unsigned long what)
{
    int bytes = 0;
    return ::ioctl(descriptor, what, &bytes) == 0 ? bytes : 0; // closed meanwhile: nobody waits for it
}

} // namespace

Wire::Wire()
{
    const QStringList names = QDir(QStringLiteral("/proc/self/fd")).entryList(QDir::Files | QDir::System | QDir::NoDotAndDotDot);
    for (const QString &name : names) {
        const int descriptor = name.toInt();
        if (const quint16 peer = portOf(descriptor, &::getpeername))
            m_ends.push_back({descriptor, portOf(descriptor, &::getsockname), peer});
    }
}

bool Wire::has(quint16 local, quint16 peer) const
{
    return std::any_of(m_ends.begin(), m_ends.end(), [&](const End &end) { return end.isOf(local, peer); });
}

bool Wire::isRead(quint16 from, quint16 to) const
{
    const auto none = [this](quint16 local, quint16 peer, unsigned long queue) {
        return std::none_of(m_ends.begin(), m_ends.end(), [&](const End &end) {
            return end.isOf(local, peer) && waiting(end.descriptor, queue) > 0;
        });
    };
    // In this order: bytes leave the sender's queue when the receiver's has them.
    return none(from, to, SIOCOUTQ) && none(to, from, FIONREAD);
}

} // namespace pdlb::test
