// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QHostAddress>

namespace pdlb::edge {

/// The address of a --host value: an IP literal, "localhost", or "*" for every IPv4 address.
Result<QHostAddress> parseListenAddress(const QString &host);

/// Bound and listening TCP sockets with SO_REUSEPORT, one per worker, so that the kernel spreads connections. The port
/// is checked first without SO_REUSEPORT: another program's (or another pdlb's) listener there is an error, not a
/// partner. Descriptors belong to the caller.
Result<QList<int>> openListenSockets(const QHostAddress &address, quint16 port, int count);

quint16 localPort(int descriptor);

} // namespace pdlb::edge
