// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/config_edit.h"
#include "control/engine_call.h"

#include <QSet>
#include <QTimer>

namespace pdlb::control {

/// POST /pd_role_switch, as SGLang's mini load balancer serves it (sglang#28403): makes a decode engine of a prefill engine
/// or the other way round while the balancer runs. Control thread.
class RoleSwitchApi final : public QObject
{
    Q_OBJECT

public:
    explicit RoleSwitchApi(ControlContext &context) : m_context(context) {}
    Endpoints endpoints();

private:
    void handle(const ControlRequest &request, const Reply &reply);

    ControlContext &m_context;
    QSet<QString> m_running; ///< names of the servers that are being switched
};

/// One switch: takes the server out of routing, waits for its legs, asks the engine each second until it is idle or the
/// time is up, and registers it under its new role. After a failure it gets its old role back only when the engine said
/// that this is safe, or was never asked; otherwise it stays disabled. Deletes itself after calling back, exactly once.
class RoleSwitch final : public QObject
{
    Q_OBJECT

public:
    struct Order {
        QString name;
        Role from;
        Role to;
        QByteArray engineBody;
        std::optional<BootstrapPort> bootstrapPort; ///< of a future prefill; none: the engine is asked
        bool drain = true;
        std::chrono::milliseconds drainTimeout = std::chrono::seconds(300);
    };

    RoleSwitch(ControlContext &context, ControlRequest request, Order order, Reply done, QObject *parent);
    void start();

private:
    OrReply<QStringList> setEnabled(bool enabled);
    void lookAtLegs();
    void askEngine();
    void answered(const EngineReply &reply);
    void registerAgain(const QJsonObject &answer);
    void fail(int status, QJsonObject answer, const QString &message, bool restore);
    void finish(const ControlReply &reply);
    bool timeIsUp() const { return m_context.clock.now() >= m_deadline; }

    ControlContext &m_context;
    ControlRequest m_request;
    Order m_order;
    Reply m_done;
    QTimer m_timer;
    Monotonic m_deadline{0};
    int m_quietLooks = 0;
    bool m_wasEnabled = true;
};

} // namespace pdlb::control
