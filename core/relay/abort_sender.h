// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "upstream/upstream_transport.h"

#include <functional>

namespace pdlb::relay {

/// Tells engines to forget requests: POST /abort_request {"rid":…}. It reaches every PD queue and works at once, where
/// a closed connection is noticed after seconds (SGLang polls every ~4 s). Nobody waits for the answers. Lives in a
/// worker's thread.
class AbortSender final : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;
    /// `status` of the answer, or 0 and why there was none.
    using Answered = std::function<void(int status, const QString &error)>;
    /// `headers`: Authorization and the like, as the request had them.
    void send(upstream::UpstreamTransport &transport, const upstream::Origin &origin, const QByteArray &rid,
              const http::HeaderList &headers, Answered answered);
    int inFlight() const { return m_inFlight; }

Q_SIGNALS:
    /// The last one under way has ended.
    void idle();

private:
    int m_inFlight = 0;
};

} // namespace pdlb::relay
