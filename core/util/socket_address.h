// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QHostAddress>

#include <sys/socket.h>

namespace pdlb {

/// An IPv4 or IPv6 address and port as the socket calls want it.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t length = 0;
    const sockaddr *pointer() const { return reinterpret_cast<const sockaddr *>(&storage); }
};

SocketAddress toSocketAddress(const QHostAddress &address, quint16 port);

} // namespace pdlb
