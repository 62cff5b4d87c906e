// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/fan_out.h"
#include "metrics/metrics.h"

namespace pdlb::control {

/// A client's request to an endpoint that is no PD request, free of its connection so that it can cross threads.
struct ControlRequest {
    QByteArray method;
    QByteArray path;
    QByteArray query;
    http::HeaderList headers; ///< end-to-end
    QByteArray body;
};

struct ControlReply {
    int status = 200;
    http::HeaderList headers;
    QByteArray body;
};

/// The endpoints that ask the engines: /health_generate, /server_info, /model_info, /v1/models, /flush_cache,
/// /abort_request and their old names; and /metrics, which asks nobody. Everything runs concurrently and within a time limit. One thread.
class ControlPlane final : public QObject
{
    Q_OBJECT

public:
    using Reply = std::function<void(const ControlReply &)>;

    ControlPlane(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, metrics::Metrics &metrics, QObject *parent);

    struct Endpoint {
        QByteArray path;
        QByteArrayList methods;
    };
    static const std::vector<Endpoint> &endpoints();

    /// Calls back exactly once, unless the object is destroyed before.
    void handle(const ControlRequest &request, const Reply &reply);

private:
    ControlReply metricsReply();
    void healthGenerate(const ControlRequest &request, const Reply &reply);
    void serverInfo(const ControlRequest &request, const Reply &reply);
    void firstPrefill(const ControlRequest &request, const QByteArray &target, const Reply &reply);
    void tryPrefill(const EngineRequest &request, size_t index, const QStringList &failures, const Reply &reply);
    void fanOutAction(const ControlRequest &request, const Reply &reply);

    upstream::UpstreamTransport &m_transport;
    fleet::Fleet &m_fleet;
    metrics::Metrics &m_metrics;
};

} // namespace pdlb::control
