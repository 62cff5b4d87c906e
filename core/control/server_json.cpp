// SPDX-License-Identifier: Apache-2.0
#include "control/server_json.h"

#include "config/config_json.h"

using namespace Qt::StringLiterals;

namespace pdlb::control {

QByteArray statusName(const fleet::Server &server)
{
    if (!server.config.enabled)
        return server.state->inFlight.load(std::memory_order_relaxed) > 0 ? "draining" : "disabled";
    return healthName(server.state->health.health());
}

QJsonObject serverJson(const fleet::Server &server)
{
    QJsonObject object = serverToJson(server.config);
    object.insert(u"role"_s, QString::fromLatin1(roleName(server.role)));
    QJsonObject state{
        {u"status"_s, QString::fromLatin1(statusName(server))},
        {u"reason"_s, server.state->health.report().reason},
        {u"in_flight"_s, server.state->inFlight.load(std::memory_order_relaxed)},
        {u"requests"_s, qint64(server.state->requests.load(std::memory_order_relaxed))},
        {u"failures"_s, qint64(server.state->failures.load(std::memory_order_relaxed))},
    };
    if (server.role == Role::Prefill)
        state.insert(u"bootstrap_port"_s, server.bootstrapPort ? QJsonValue(int(*server.bootstrapPort)) : QJsonValue());
    object.insert(u"state"_s, state);
    return object;
}

} // namespace pdlb::control
