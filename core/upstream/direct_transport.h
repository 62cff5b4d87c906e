// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "upstream/connection_pool.h"
#include "upstream/upstream_transport.h"

namespace pdlb::upstream {

/// The hot path: http:// over our own sockets and strict reader, keep-alive pool, TCP_NODELAY, no copy of the body.
class DirectTransport final : public UpstreamTransport
{
    Q_OBJECT

public:
    explicit DirectTransport(QObject *parent = nullptr);
    Leg *open(LegRequest request, QObject *owner) override;
    ConnectionPool &pool() { return m_pool; }

private:
    ConnectionPool m_pool;
};

} // namespace pdlb::upstream
