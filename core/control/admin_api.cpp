// SPDX-License-Identifier: Apache-2.0
#include "control/admin_api.h"

#include "config/config_json.h"
#include "config/secrets.h"
#include "control/server_json.h"
#include "control/trace_api.h"
#include "trace/export/exporter.h"
#include "trace/filter.h"
#include "trace/timeline_json.h"

#include <QJsonArray>
#include <QUrlQuery>

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
    if (!QByteArrayView(path).startsWith("/admin/v1/traces"))
        return {path, methods, handler, true};
    const auto withRunning = [this, handler](const ControlRequest &request, const Reply &reply) {
        if (!request.parameters.isEmpty() && m_context.traces.find(request.parameters.first()))
            handler(request, reply);
        else
            whenLive(m_context, this, [handler, request, reply] { handler(request, reply); });
    };
    return {path, methods, withRunning, true};
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
        endpoint("/admin/v1/traces", {{"GET", &AdminApi::listTraces}}),
        endpoint("/admin/v1/traces/{request_id}", {{"GET", &AdminApi::showTrace}}),
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
        {u"uptime_secs"_s, double((m_context.clock.now() - m_startedAt).count()) / 1e9},
        {u"in_flight"_s, m_context.inFlight()},
        {u"connections"_s, m_context.connections()},
        {u"fleet_version"_s, qint64(snapshot->version)},
        {u"traces"_s, qint64(m_context.traces.size())},
        {u"event_listeners"_s, m_context.events.listenerCount()},
        {u"servers"_s, servers},
    });
}

ControlReply AdminApi::listTraces(const ControlRequest &request)
{
    constexpr uint defaultLimit = 100;
    const QUrlQuery query(QString::fromUtf8(request.query));
    const QString asked = query.queryItemValue(u"limit"_s);
    bool good = true;
    const uint limit = asked.isEmpty() ? defaultLimit : asked.toUInt(&good);
    if (!good)
        return errorReply({400, "invalid_query", u"limit: expected a whole number"_s, "limit"});
    const auto filter = trace::Filter::parse(query.queryItemValue(u"filter"_s, QUrl::FullyDecoded).replace(u'+', u' '));
    if (!filter) {
        return errorReply({400, "invalid_filter", u"filter, column %1: %2"_s.arg(filter.error().column + 1).arg(filter.error().message), "filter"});
    }
    std::vector<trace::TimelinePtr> found;
    for (const auto &list : {m_context.live.all(), m_context.traces.newest(m_context.traces.size())}) { // what runs is newest
        for (const auto &timeline : list) {
            if (found.size() < limit && filter->matches(*timeline, m_context.clock.now()))
                found.push_back(timeline);
        }
    }
    if (const QString format = query.queryItemValue(u"format"_s); !format.isEmpty() && format != "json"_L1)
        return exportTraces(format, found);
    QJsonArray list;
    for (const auto &timeline : found)
        list.append(trace::timelineJson(*timeline));
    return jsonReply(200, QJsonObject{{u"traces"_s, list}});
}

ControlReply AdminApi::exportTraces(const QString &format, const std::vector<trace::TimelinePtr> &newestFirst)
{
    auto exporter = trace::makeExporter(format, {});
    if (!exporter)
        return errorReply({400, "invalid_query", exporter.error().message, "format"});
    ControlReply reply;
    reply.headers.add("Content-Type", (*exporter)->mimeType());
    reply.body = (*exporter)->begin();
    for (auto it = newestFirst.rbegin(); it != newestFirst.rend(); ++it)
        reply.body += (*exporter)->write(**it);
    reply.body += (*exporter)->end();
    return reply;
}

ControlReply AdminApi::showTrace(const ControlRequest &request)
{
    trace::TimelinePtr timeline = m_context.live.find(request.parameters.first());
    if (!timeline)
        timeline = m_context.traces.find(request.parameters.first());
    if (!timeline)
        return errorReply({404, "unknown_trace", u"no request of that id runs now, and no finished request of that id is remembered"_s});
    if (QUrlQuery(QString::fromUtf8(request.query)).queryItemValue(u"format"_s) != "text"_L1)
        return jsonReply(200, trace::timelineJson(*timeline));
    ControlReply reply;
    reply.headers.add("Content-Type", "text/plain; charset=utf-8");
    reply.body = trace::describeTimeline(*timeline).toUtf8();
    return reply;
}

} // namespace pdlb::control
