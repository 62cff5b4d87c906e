// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/edge_server.h"

namespace pdlb::edge {

/// A listener of its own for a few tools, beside those of the workers: small limits, and its memory and connections do not
/// count among the clients'. Lives in the thread that makes it, which runs an event loop.
class SideListener final
{
    Q_DISABLE_COPY_MOVE(SideListener)

public:
    explicit SideListener(const Clock &clock);

    /// For routes, TLS and access rules; before listen().
    EdgeServer &server() { return m_server; }
    /// Error: the port is taken and the like.
    Result<void> listen(const QHostAddress &address, quint16 port);
    /// The port in use; 0 before listen().
    quint16 port() const { return m_port; }

private:
    EdgeShared m_shared;
    EdgeServer m_server;
    quint16 m_port = 0;
};

} // namespace pdlb::edge
