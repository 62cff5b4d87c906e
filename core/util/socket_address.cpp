// SPDX-License-Identifier: Apache-2.0
#include "util/socket_address.h"

#include <cstring>

#include <netinet/in.h>

namespace pdlb {

SocketAddress toSocketAddress(const QHostAddress &address, quint16 port)
{
    SocketAddress result;
    if (address.protocol() == QAbstractSocket::IPv6Protocol) {
        auto &v6 = reinterpret_cast<sockaddr_in6 &>(result.storage);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        const Q_IPV6ADDR bytes = address.toIPv6Address();
        std::memcpy(&v6.sin6_addr, &bytes, sizeof bytes);
        v6.sin6_scope_id = address.scopeId().toUInt();
        result.length = sizeof v6;
    } else {
        auto &v4 = reinterpret_cast<sockaddr_in &>(result.storage);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        v4.sin_addr.s_addr = htonl(address.toIPv4Address());
        result.length = sizeof v4;
    }
    return result;
}

} // namespace pdlb
