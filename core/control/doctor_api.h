// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/control_context.h"
#include "control/endpoint.h"

#include <QObject>

namespace pdlb::doctor {
class Doctor;
}

namespace pdlb::control {

/// POST /admin/v1/doctor: examines the fleet that is in force, one examination at a time. Control thread.
class DoctorApi final : public QObject
{
    Q_OBJECT

public:
    explicit DoctorApi(ControlContext &context) : m_context(context) {}
    Endpoints endpoints();

private:
    void handle(const ControlRequest &request, const Reply &reply);

    ControlContext &m_context;
    doctor::Doctor *m_running = nullptr; ///< child
};

} // namespace pdlb::control
