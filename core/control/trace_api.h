// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/control_context.h"
#include "control/endpoint.h"

#include <QObject>

namespace pdlb::control {

/// The admin API's calls on single requests: where one is stuck, and pins. Control thread.
class TraceApi final : public QObject
{
    Q_OBJECT

public:
    explicit TraceApi(ControlContext &context) : m_context(context) {}
    Endpoints endpoints();

private:
    void explanation(const ControlRequest &request, const Reply &reply);
    ControlReply pin(const ControlRequest &request);

    ControlContext &m_context;
};

/// Calls back when LiveTraces knows what runs: at once when somebody has been watching, else after its settle time.
void whenLive(ControlContext &context, QObject *owner, const std::function<void()> &then);

} // namespace pdlb::control
