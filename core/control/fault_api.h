// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/control_context.h"
#include "control/endpoint.h"

#include <QObject>

namespace pdlb::control {

/// The admin API's calls on fault injection: rules are a part of the configuration, with how often each was applied.
/// Control thread.
class FaultApi final : public QObject
{
    Q_OBJECT

public:
    explicit FaultApi(ControlContext &context) : m_context(context) {}
    Endpoints endpoints();

private:
    ControlReply list() const;
    ControlReply add(const ControlRequest &request);
    ControlReply replace(const ControlRequest &request);
    ControlReply apply(const ControlRequest &request, const QStringList &rules);

    ControlContext &m_context;
};

} // namespace pdlb::control
