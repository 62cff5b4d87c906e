// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/fleet.h"
#include "upstream/upstream_transport.h"

#include <QTimer>

#include <functional>
#include <optional>

namespace pdlb::control {

/// What an engine said to a control request; status 0 with `error` when it said nothing usable.
struct EngineReply {
    int status = 0;
    http::HeaderList headers;
    QByteArray body;
    QString error;
    /// How the connection failed; none with status 0: the time was over, or the answer too large.
    std::optional<upstream::LegEndKind> failure = {};
    bool ok() const { return status >= 200 && status < 300; }
    /// The error, or "status N: …" with the start of the body.
    QString describe() const;
};

struct EngineRequest {
    QByteArray method = "GET";
    QByteArray target;
    http::HeaderList headers;
    QByteArray body;
    std::chrono::milliseconds timeout = std::chrono::seconds(5);
};

/// One request to one engine, answered whole (at most 64 MiB). Deletes itself after calling back, exactly once; destroying
/// it earlier cancels it.
class EngineCall final : public QObject
{
    Q_OBJECT

public:
    using Callback = std::function<void(const EngineReply &)>;
    EngineCall(upstream::UpstreamTransport &transport, const upstream::Origin &origin, EngineRequest request,
               Callback callback, QObject *parent);

private:
    void finish();

    upstream::Leg *m_leg = nullptr;
    Callback m_callback;
    EngineReply m_reply;
    QTimer m_timer;
    bool m_over = false;
};

} // namespace pdlb::control
