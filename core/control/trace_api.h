// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/control_context.h"
#include "control/endpoint.h"
#include "trace/filter.h"

#include <QObject>
#include <QUrlQuery>

namespace pdlb::control {

/// The filter that a query asks for with filter=; "+" is a space. Errors: 400 with the column.
Result<trace::Filter, ApiError> filterOfQuery(const QUrlQuery &query);

/// The admin API's view of requests: lists and exports, single ones, where one is stuck, and pins. Control thread.
class TraceApi final : public QObject
{
    Q_OBJECT

public:
    explicit TraceApi(ControlContext &context) : m_context(context) {}
    Endpoints endpoints();

private:
    using Handle = ControlReply (TraceApi::*)(const ControlRequest &);
    /// Calls back when LiveTraces knows what runs: at once when somebody has been watching, else after its settle time.
    void whenLive(const std::function<void()> &then);
    ControlReply list(const ControlRequest &request);
    ControlReply show(const ControlRequest &request);
    void explanation(const ControlRequest &request, const Reply &reply);
    ControlReply pin(const ControlRequest &request);
    ControlReply abort(const ControlRequest &request);

    ControlContext &m_context;
};

} // namespace pdlb::control
