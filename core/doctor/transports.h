// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "upstream/direct_transport.h"
#include "upstream/qnam_transport.h"

namespace pdlb::doctor {

/// The transports that the balancer itself would use: what they cannot reach, it cannot either.
class Transports
{
public:
    explicit Transports(const ClientTls &tls) : m_qnam(tls) {}
    upstream::UpstreamTransport &of(const upstream::Origin &origin) { return origin.tls ? static_cast<upstream::UpstreamTransport &>(m_qnam) : m_direct; }

private:
    upstream::DirectTransport m_direct;
    upstream::QnamTransport m_qnam;
};

} // namespace pdlb::doctor
