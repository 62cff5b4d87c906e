// SPDX-License-Identifier: Apache-2.0
#include "edge/side_listener.h"

#include "edge/listen_socket.h"

namespace pdlb::edge {

namespace {

constexpr qint64 maxBodyMemory = 4 * 1024 * 1024;

EdgeOptions sideOptions()
{
    EdgeOptions options;
    options.maxBody = 1024 * 1024;
    options.maxConnections = 64;
    return options;
}

} // namespace

SideListener::SideListener(const Clock &clock) : m_shared(maxBodyMemory), m_server(sideOptions(), m_shared, clock) {}

Result<void> SideListener::listen(const QHostAddress &address, quint16 port)
{
    const auto sockets = openListenSockets(address, port, 1);
    if (!sockets)
        return tl::unexpected(sockets.error());
    m_port = localPort(sockets->first());
    return m_server.listen(sockets->first());
}

} // namespace pdlb::edge
