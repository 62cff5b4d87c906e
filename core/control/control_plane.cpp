// SPDX-License-Identifier: Apache-2.0
#include "control/control_plane.h"

#include "control/server_info.h"
#include "upstream/engine_credentials.h"
#include "util/api_error.h"

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

ControlReply errorReply(const ApiError &error)
{
    ControlReply reply{.status = error.status, .body = error.toJson()};
    reply.headers.add("Content-Type", "application/json");
    return reply;
}

ControlReply jsonReply(int status, const QByteArray &json)
{
    ControlReply reply{.status = status, .body = json};
    reply.headers.add("Content-Type", "application/json");
    return reply;
}

EngineRequest engineRequest(const ControlRequest &request, const QByteArray &target, std::chrono::milliseconds timeout)
{
    EngineRequest engine;
    engine.method = request.method == "HEAD" ? "GET" : request.method;
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

} // namespace

ControlPlane::ControlPlane(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, QObject *parent)
    : QObject(parent), m_transport(transport), m_fleet(fleet)
{
}

const std::vector<ControlPlane::Endpoint> &ControlPlane::endpoints()
{
    static const std::vector<Endpoint> list{
        {"/health_generate", {"GET"}}, {"/server_info", {"GET"}}, {"/get_server_info", {"GET"}},
        {"/model_info", {"GET"}}, {"/get_model_info", {"GET"}}, {"/v1/models", {"GET"}},
        {"/flush_cache", {"GET", "POST"}}, {"/abort_request", {"POST"}},
    };
    return list;
}

void ControlPlane::handle(const ControlRequest &request, const Reply &reply)
{
    if (request.path == "/health_generate")
        healthGenerate(request, reply);
    else if (request.path == "/server_info" || request.path == "/get_server_info")
        serverInfo(request, reply);
    else if (request.path == "/model_info" || request.path == "/get_model_info")
        firstPrefill(request, "/model_info", reply);
    else if (request.path == "/v1/models")
        firstPrefill(request, "/v1/models", reply);
    else if (request.path == "/flush_cache" || request.path == "/abort_request")
        fanOutAction(request, reply);
    else
        reply(errorReply({404, "not_found", u"there is no such endpoint"_s}));
}

void ControlPlane::healthGenerate(const ControlRequest &request, const Reply &reply)
{
    new FanOut(m_transport, *m_fleet.snapshot(), engineRequest(request, "/health_generate", healthTimeout),
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
    new FanOut(m_transport, *m_fleet.snapshot(), engineRequest(request, "/server_info", infoTimeout),
               [reply](const std::vector<FanOutResult> &results) {
        const bool any = std::any_of(results.begin(), results.end(), [](const FanOutResult &r) { return r.reply.ok(); });
        reply(jsonReply(any ? 200 : 503, aggregateServerInfo(results)));
    }, this);
}

void ControlPlane::firstPrefill(const ControlRequest &request, const QByteArray &target, const Reply &reply)
{
    tryPrefill(engineRequest(request, target, infoTimeout), 0, {}, reply);
}

void ControlPlane::tryPrefill(const EngineRequest &request, size_t index, const QStringList &failures, const Reply &reply)
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    if (index >= snapshot->prefill.size()) {
        reply(errorReply({503, "no_prefill_answered", u"no prefill engine answered: %1"_s.arg(failures.join(u"; "_s))}));
        return;
    }
    const upstream::Origin origin = snapshot->prefill[index].origin;
    EngineRequest own = request;
    upstream::setEngineCredentials(own.headers, *snapshot->config, snapshot->prefill[index].config);
    new EngineCall(m_transport, origin, std::move(own), [=, this](const EngineReply &answer) {
        if (answer.status == 0) {
            tryPrefill(request, index + 1, failures + QStringList{QString::fromUtf8(origin.url()) + u": "_s + answer.error}, reply);
            return;
        }
        reply({answer.status, http::endToEndHeaders(answer.headers), answer.body});
    }, this);
}

void ControlPlane::fanOutAction(const ControlRequest &request, const Reply &reply)
{
    // /flush_cache?timeout=S waits S seconds at the engine for it to become idle.
    const double wait = QUrlQuery(QString::fromUtf8(request.query)).queryItemValue(u"timeout"_s).toDouble();
    const auto timeout = actionTimeout + std::chrono::milliseconds(qint64(std::clamp(wait, 0.0, 3600.0) * 1000));
    new FanOut(m_transport, *m_fleet.snapshot(), engineRequest(request, request.path, timeout),
               [reply](const std::vector<FanOutResult> &results) {
        const int status = commonStatus(results);
        QJsonArray list;
        for (const FanOutResult &result : results) {
            list.append(QJsonObject{
                {u"role"_s, QString::fromLatin1(roleName(result.server.role))},
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
