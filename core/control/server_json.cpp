// SPDX-License-Identifier: Apache-2.0
#include "control/server_json.h"

#include "config/config_json.h"
#include "fleet/server_status.h"

using namespace Qt::StringLiterals;

namespace pdlb::control {

QJsonObject serverJson(const fleet::Server &server, Monotonic now)
{
    const fleet::ServerStatus status = serverStatus(server, now);
    QJsonObject object = serverToJson(server.config);
    object.insert(u"role"_s, QString::fromLatin1(roleName(server.role)));
    QJsonObject state{
        {u"status"_s, QString::fromLatin1(status.name)},
        {u"reason"_s, status.reason},
        {u"since_secs"_s, status.since.count() > 0 ? QJsonValue(double((now - status.since).count()) / 1e9) : QJsonValue()},
        {u"in_flight"_s, server.state->inFlight.load(std::memory_order_relaxed)},
        {u"requests"_s, qint64(server.state->requests.load(std::memory_order_relaxed))},
        {u"failures"_s, qint64(server.state->failures.load(std::memory_order_relaxed))},
    };
    if (const Monotonic probed(server.state->probedAt.load(std::memory_order_relaxed)); probed.count() > 0) {
        state.insert(u"probe"_s, QJsonObject{{u"ms"_s, double(server.state->probeMicros.load(std::memory_order_relaxed)) / 1e3},
                                             {u"secs_ago"_s, double((now - probed).count()) / 1e9}});
    }
    if (server.role == Role::Prefill)
        state.insert(u"bootstrap_port"_s, server.bootstrapPort ? QJsonValue(int(*server.bootstrapPort)) : QJsonValue());
    object.insert(u"state"_s, state);
    return object;
}

} // namespace pdlb::control
