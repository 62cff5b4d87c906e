// SPDX-License-Identifier: Apache-2.0
#include "control/admin_api.h"

#include "config/config_json.h"
#include "config/secrets.h"
#include "control/server_json.h"

#include <QDateTime>
#include <QJsonArray>

#include <map>

using namespace Qt::StringLiterals;

namespace pdlb::control {

Endpoint AdminApi::endpoint(const char *path, std::initializer_list<std::pair<const char *, Handle>> handlers)
{
    std::map<QByteArray, Handle> byMethod;
    QByteArrayList methods;
    for (const auto &[method, handle] : handlers) {
        byMethod.emplace(method, handle);
        methods += method;
    }
    const auto handler = [this, byMethod](const ControlRequest &request, const Reply &reply) { reply((this->*byMethod.at(request.method))(request)); };
    return {path, methods, handler, true};
}

Endpoints AdminApi::endpoints()
{
    return {
        endpoint("/admin/v1/servers", {{"GET", &AdminApi::listServers}, {"POST", &AdminApi::addServer}}),
        endpoint("/admin/v1/servers/{name}", {{"GET", &AdminApi::showServer}, {"PATCH", &AdminApi::changeServer}, {"DELETE", &AdminApi::deleteServer}}),
        endpoint("/admin/v1/servers/{name}/enable", {{"POST", &AdminApi::enableServer}}),
        endpoint("/admin/v1/servers/{name}/disable", {{"POST", &AdminApi::disableServer}}),
        // The same: what runs there ends by itself, "draining" until then. Two words for two intentions.
        endpoint("/admin/v1/servers/{name}/drain", {{"POST", &AdminApi::disableServer}}),
        endpoint("/admin/v1/pairs", {{"GET", &AdminApi::listPairs}, {"POST", &AdminApi::addPair}}),
        endpoint("/admin/v1/pairs/{prefill}/{decode}", {{"GET", &AdminApi::showPair}, {"PATCH", &AdminApi::changePair}, {"DELETE", &AdminApi::deletePair}}),
        endpoint("/admin/v1/config", {{"GET", &AdminApi::showConfig}, {"PUT", &AdminApi::putConfig}}),
        endpoint("/admin/v1/stats", {{"GET", &AdminApi::stats}}),
    };
}

ControlReply AdminApi::showConfig(const ControlRequest &)
{
    return jsonReply(200, configToJson(m_context.config()));
}

ControlReply AdminApi::putConfig(const ControlRequest &request)
{
    // Whether it is JSON at all is another question than whether it is a configuration.
    if (const auto object = bodyObject(request); !object)
        return object.error();
    auto loaded = configFromJson(request.body, CheckConfig::Form);
    if (!loaded)
        return problemsReply(loaded.error());
    Config &config = loaded->config;
    keepGivenSecrets(config, m_context.config());
    if (const auto resolved = resolveSecrets(config); !resolved)
        return problemsReply({resolved.error()});
    const auto applied = applyConfig(m_context, request, config);
    if (!applied)
        return applied.error();
    return jsonReply(200, QJsonObject{
        {u"needs_restart"_s, QJsonArray::fromStringList(*applied)},
        {u"unknown_keys"_s, QJsonArray::fromStringList(loaded->unknownKeys)},
    });
}

ControlReply AdminApi::stats(const ControlRequest &)
{
    const fleet::SnapshotPtr snapshot = m_context.fleet.snapshot();
    QJsonArray servers;
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const fleet::Server &server : snapshot->servers(role)) {
            servers.append(QJsonObject{{u"name"_s, QString::fromUtf8(server.name)}, {u"role"_s, QString::fromLatin1(roleName(role))},
                                       {u"state"_s, serverJson(server, m_context.clock.now()).value("state"_L1)}});
        }
    }
    return jsonReply(200, QJsonObject{
        {u"time"_s, QDateTime::currentDateTimeUtc().toString(Qt::ISODateWithMs)},
        {u"uptime_secs"_s, double((m_context.clock.now() - m_startedAt).count()) / 1e9},
        {u"in_flight"_s, m_context.inFlight()},
        {u"connections"_s, m_context.connections()},
        {u"fleet_version"_s, qint64(snapshot->version)},
        {u"traces"_s, qint64(m_context.traces.size())},
        {u"event_listeners"_s, m_context.events.listenerCount()},
        {u"servers"_s, servers},
    });
}

} // namespace pdlb::control
