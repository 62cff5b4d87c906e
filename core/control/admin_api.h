// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/config_edit.h"

#include <QObject>

namespace pdlb::control {

/// Servers, pairs, configuration and figures under /admin/v1. Each change builds a whole configuration and applies
/// it at once, so that nothing is ever half done; errors are 4xx with the JSON path of the mistake and change nothing.
/// Control thread.
class AdminApi final : public QObject
{
    Q_OBJECT

public:
    explicit AdminApi(ControlContext &context) : m_context(context), m_startedAt(context.clock.now()) {}
    Endpoints endpoints();

private:
    using Handle = ControlReply (AdminApi::*)(const ControlRequest &);
    Endpoint endpoint(const char *path, std::initializer_list<std::pair<const char *, Handle>> handlers);

    // admin_servers.cpp
    ControlReply listServers(const ControlRequest &request);
    ControlReply addServer(const ControlRequest &request);
    ControlReply showServer(const ControlRequest &request);
    ControlReply changeServer(const ControlRequest &request);
    ControlReply deleteServer(const ControlRequest &request);
    ControlReply enableServer(const ControlRequest &request) { return setEnabled(request, true); }
    ControlReply disableServer(const ControlRequest &request) { return setEnabled(request, false); }
    ControlReply setEnabled(const ControlRequest &request, bool enabled);
    ControlReply serverReply(int status, const QString &name) const;
    // admin_pairs.cpp
    ControlReply listPairs(const ControlRequest &request);
    ControlReply addPair(const ControlRequest &request);
    ControlReply showPair(const ControlRequest &request);
    ControlReply changePair(const ControlRequest &request);
    ControlReply deletePair(const ControlRequest &request);
    // admin_api.cpp
    ControlReply showConfig(const ControlRequest &request);
    ControlReply putConfig(const ControlRequest &request);
    ControlReply stats(const ControlRequest &request);

    ControlContext &m_context;
    Monotonic m_startedAt;
};

} // namespace pdlb::control
