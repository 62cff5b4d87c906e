// SPDX-License-Identifier: Apache-2.0
#include "control/control_plane.h"

#include "control/admin_api.h"
#include "control/doctor_api.h"
#include "control/fault_api.h"
#include "control/openapi.h"
#include "control/role_switch.h"
#include "control/server_info.h"
#include "control/trace_api.h"
#include "control/workers_api.h"
#include "upstream/engine_credentials.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QUrlQuery>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

constexpr std::chrono::milliseconds infoTimeout = std::chrono::seconds(5);
/// SGLang answers /health_generate after at least 1 s and gives up after 20 s.
constexpr std::chrono::milliseconds healthTimeout = std::chrono::seconds(25);
constexpr std::chrono::milliseconds actionTimeout = std::chrono::seconds(30);
/// A profile is written to disk before /stop_profile is answered.
constexpr std::chrono::milliseconds profileTimeout = std::chrono::seconds(600);

EngineRequest engineRequest(const ControlRequest &request, const QByteArray &target, std::chrono::milliseconds timeout)
{
    EngineRequest engine;
    engine.method = request.method;
    engine.target = request.query.isEmpty() ? target : target + '?' + request.query;
    engine.headers = request.headers;
    engine.headers.remove("host");
    engine.body = request.body;
    engine.timeout = timeout;
    return engine;
}

/// 200 when all are, the engines' common 4xx when all that failed say the same, else 502.
int commonStatus(const std::vector<FanOutResult> &results)
{
    int status = 200;
    for (const FanOutResult &result : results) {
        if (result.reply.ok())
            continue;
        const bool clientError = result.reply.status >= 400 && result.reply.status < 500;
        if (!clientError || (status != 200 && status != result.reply.status))
            return 502;
        status = result.reply.status;
    }
    return status;
}

ControlReply metricsReply(metrics::Metrics &metrics)
{
    ControlReply reply{.status = 200, .body = metrics.text()};
    reply.headers.add("Content-Type", metrics::Metrics::contentType);
    return reply;
}

} // namespace

ControlPlane::ControlPlane(ControlContext context, QObject *parent)
    : QObject(parent), m_context(std::move(context)), m_watch(m_context.fleet, m_context.events, m_context.clock, nullptr)
{
    const auto to = [this](void (ControlPlane::*method)(const ControlRequest &, const Reply &)) {
        return [this, method](const ControlRequest &request, const Reply &reply) { (this->*method)(request, reply); };
    };
    const auto first = [this](const QByteArray &target) {
        return [this, target](const ControlRequest &request, const Reply &reply) { firstPrefill(request, target, reply); };
    };
    const auto fanOut = [this](std::chrono::milliseconds timeout) {
        return [this, timeout](const ControlRequest &request, const Reply &reply) { fanOutAction(request, timeout, reply); };
    };
    m_endpoints = {
        {"/health_generate", {"GET"}, to(&ControlPlane::healthGenerate)},
        {"/server_info", {"GET"}, to(&ControlPlane::serverInfo)},
        {"/get_server_info", {"GET"}, to(&ControlPlane::serverInfo)},
        {"/model_info", {"GET"}, first("/model_info")},
        {"/get_model_info", {"GET"}, first("/model_info")},
        {"/v1/models", {"GET"}, first("/v1/models")},
        {"/v1/loads", {"GET"}, to(&ControlPlane::loads)},
        {"/get_loads", {"GET"}, to(&ControlPlane::loads)},
        {"/openapi.json", {"GET"}, [](const ControlRequest &, const Reply &reply) { reply(jsonReply(200, openApiText())); }},
        {"/metrics", {"GET"}, [this](const ControlRequest &, const Reply &reply) { reply(metricsReply(m_context.metrics)); }},
    };
    for (const char *path : {"/abort_request", "/pause_generation", "/continue_generation"})
        m_endpoints.push_back({path, {"POST"}, fanOut(actionTimeout)});
    for (const char *path : {"/flush_cache", "/set_trace_level"})
        m_endpoints.push_back({path, {"GET", "POST"}, fanOut(actionTimeout)});
    for (const char *path : {"/start_profile", "/stop_profile"})
        m_endpoints.push_back({path, {"GET", "POST"}, fanOut(profileTimeout)});
    const auto add = [this](auto part) {
        const Endpoints endpoints = part->endpoints();
        m_endpoints.insert(m_endpoints.end(), endpoints.begin(), endpoints.end());
        m_parts.push_back(std::move(part));
    };
    add(std::make_unique<AdminApi>(m_context));
    add(std::make_unique<TraceApi>(m_context));
    add(std::make_unique<FaultApi>(m_context));
    add(std::make_unique<DoctorApi>(m_context));
    add(std::make_unique<WorkersApi>(m_context));
    add(std::make_unique<RoleSwitchApi>(m_context));
}

ControlPlane::~ControlPlane() = default;

void ControlPlane::healthGenerate(const ControlRequest &request, const Reply &reply)
{
    new FanOut(m_context.transport, *m_context.fleet.snapshot(), engineRequest(request, "/health_generate", healthTimeout),
               [reply](const std::vector<FanOutResult> &results) {
        ControlReply answer;
        if (std::all_of(results.begin(), results.end(), [](const FanOutResult &r) { return r.reply.ok(); })) {
            reply(answer);
            return;
        }
        answer.status = 503;
        answer.headers.add("Content-Type", "text/plain; charset=utf-8");
        for (const FanOutResult &result : results) {
            const QString state = result.reply.ok() ? u"ok"_s : result.reply.describe();
            answer.body += QByteArray(roleName(result.server.role)) + ' ' + result.server.name + ' '
                + result.server.origin.url() + ": " + state.toUtf8() + '\n';
        }
        reply(answer);
    }, this);
}

void ControlPlane::serverInfo(const ControlRequest &request, const Reply &reply)
{
    new FanOut(m_context.transport, *m_context.fleet.snapshot(), engineRequest(request, "/server_info", infoTimeout),
               [reply](const std::vector<FanOutResult> &results) {
        const bool any = std::any_of(results.begin(), results.end(), [](const FanOutResult &r) { return r.reply.ok(); });
        reply(jsonReply(any ? 200 : 503, aggregateServerInfo(results)));
    }, this);
}

void ControlPlane::loads(const ControlRequest &request, const Reply &reply)
{
    new FanOut(m_context.transport, *m_context.fleet.snapshot(), engineRequest(request, "/v1/loads", infoTimeout),
               [reply](const std::vector<FanOutResult> &results) {
        const bool any = std::any_of(results.begin(), results.end(), [](const FanOutResult &r) { return r.reply.ok(); });
        reply(jsonReply(any ? 200 : 503, aggregateLoads(results)));
    }, this);
}

void ControlPlane::firstPrefill(const ControlRequest &request, const QByteArray &target, const Reply &reply)
{
    tryPrefill(engineRequest(request, target, infoTimeout), 0, {}, reply);
}

void ControlPlane::tryPrefill(const EngineRequest &request, size_t index, const QStringList &failures, const Reply &reply)
{
    const fleet::SnapshotPtr snapshot = m_context.fleet.snapshot();
    if (index >= snapshot->prefill.size()) {
        reply(errorReply({503, "no_prefill_answered", u"no prefill engine answered: %1"_s.arg(failures.join(u"; "_s))}));
        return;
    }
    const upstream::Origin origin = snapshot->prefill[index].origin;
    EngineRequest own = request;
    upstream::setEngineCredentials(own.headers, *snapshot->config, snapshot->prefill[index].config);
    new EngineCall(m_context.transport, origin, std::move(own), [=, this](const EngineReply &answer) {
        if (answer.status == 0) {
            tryPrefill(request, index + 1, failures + QStringList{QString::fromUtf8(origin.url()) + u": "_s + answer.error}, reply);
            return;
        }
        reply({answer.status, http::endToEndHeaders(answer.headers), answer.body});
    }, this);
}

void ControlPlane::fanOutAction(const ControlRequest &request, std::chrono::milliseconds most, const Reply &reply)
{
    // /flush_cache?timeout=S waits S seconds at the engine for it to become idle.
    const double wait = QUrlQuery(QString::fromUtf8(request.query)).queryItemValue(u"timeout"_s).toDouble();
    const auto timeout = most + std::chrono::milliseconds(qint64(std::clamp(wait, 0.0, 3600.0) * 1000));
    new FanOut(m_context.transport, *m_context.fleet.snapshot(), engineRequest(request, request.path, timeout),
               [reply](const std::vector<FanOutResult> &results) {
        const int status = commonStatus(results);
        QJsonArray list;
        for (const FanOutResult &result : results) {
            list.append(QJsonObject{
                {u"role"_s, QString::fromLatin1(roleName(result.server.role))},
                {u"name"_s, QString::fromUtf8(result.server.name)},
                {u"url"_s, QString::fromUtf8(result.server.origin.url())},
                {u"success"_s, result.reply.ok()},
                {u"status"_s, result.reply.status},
                {u"message"_s, result.reply.status ? QString::fromUtf8(result.reply.body.left(1000)).trimmed() : result.reply.error},
            });
        }
        const QJsonObject body{{u"success"_s, status == 200}, {u"results"_s, list}};
        reply(jsonReply(status, QJsonDocument(body).toJson(QJsonDocument::Compact)));
    }, this);
}

} // namespace pdlb::control
