// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/control_context.h"
#include "control/endpoint.h"
#include "control/fan_out.h"
#include "control/server_watch.h"

#include <memory>

namespace pdlb::control {

/// Everything that is no PD request: what asks the engines or tells them something, and the admin API. Requests run
/// concurrently and within a time limit, in the control thread; endpoints() and events() may be used from any thread.
class ControlPlane final : public QObject
{
    Q_OBJECT

public:
    ControlPlane(ControlContext context, QObject *parent);
    ~ControlPlane() override;

    /// Never changes.
    const Endpoints &endpoints() const { return m_endpoints; }
    EventFeed &events() const { return m_context.events; }
    /// Somebody listens to events: see to it that changes of servers' status are told.
    void watchServers() { m_watch.start(); }

private:
    void healthGenerate(const ControlRequest &request, const Reply &reply);
    void serverInfo(const ControlRequest &request, const Reply &reply);
    void loads(const ControlRequest &request, const Reply &reply);
    void firstPrefill(const ControlRequest &request, const QByteArray &target, const Reply &reply);
    void tryPrefill(const EngineRequest &request, size_t index, const QStringList &failures, const Reply &reply);
    void fanOutAction(const ControlRequest &request, std::chrono::milliseconds most, const Reply &reply);

    ControlContext m_context;
    ServerWatch m_watch;
    std::vector<std::unique_ptr<QObject>> m_parts; ///< those that serve the admin API's endpoints
    Endpoints m_endpoints;
};

} // namespace pdlb::control
