// SPDX-License-Identifier: Apache-2.0
// MockEngine's endpoints; its life and its faults are in mock_engine.cpp.
#include "mock/mock_engine.h"

#include <QJsonDocument>

namespace pdlb::mock {

namespace {

constexpr const char *json = "application/json";
constexpr const char *plainText = "text/plain; charset=utf-8";

/// The body of errors that the endpoint function itself finds: /generate wraps the text, OpenAI has its own shape.
QByteArray refusalBody(MockRequest::Kind kind, const MockRefusal &refusal)
{
    if (kind != MockRequest::Kind::Generate || refusal.validation)
        return errorBody(400, refusal.message);
    return toJson(QJsonObject{
        {QStringLiteral("error"), QJsonObject{{QStringLiteral("message"), refusal.message}}}});
}

} // namespace

void MockEngine::serve(MockExchange &exchange, const Fault *fault)
{
    const QByteArray path = exchange.head().path();
    const QByteArray &method = exchange.head().method;
    const bool get = method == "GET" || method == "HEAD";
    const bool post = method == "POST";
    const auto &options = m_core.options;
    const auto known = [&](std::initializer_list<const char *> names) {
        return std::any_of(names.begin(), names.end(), [&](const char *name) { return path == name; });
    };
    const bool healthPath = known({"/health", "/health_generate"});
    if (!healthPath && !checkKey(exchange))
        return;

    if (path == "/generate" && (post || method == "PUT"))
        generate(exchange, MockRequest::Kind::Generate, fault);
    else if (path == "/v1/chat/completions" && post)
        generate(exchange, MockRequest::Kind::Chat, fault);
    else if (path == "/v1/completions" && post)
        generate(exchange, MockRequest::Kind::Completions, fault);
    else if (healthPath && get)
        health(exchange);
    else if (known({"/server_info", "/get_server_info"}) && get)
        exchange.respond(200, json, serverInfo(m_core, facts()));
    else if (known({"/model_info", "/get_model_info"}) && get)
        exchange.respond(200, json, modelInfo(options));
    else if (path == "/v1/models" && get)
        exchange.respond(200, json, modelList(options));
    else if (path == "/v1/loads" && get)
        exchange.respond(200, json, loads(m_core, facts()));
    else if (path == "/flush_cache" && (get || post))
        flushCache(exchange);
    else if (path == "/abort_request" && post)
        abortRequest(exchange);
    else if (path == "/pd_role_switch" && post)
        switchRole(exchange);
    else if ((known({"/start_profile", "/stop_profile", "/set_trace_level"}) && (get || post))
             || (known({"/pause_generation", "/continue_generation"}) && post))
        exchange.respond(200, json, toJson(QJsonObject{{QStringLiteral("status"), QStringLiteral("ok")}})); // it is in requests()
    else if (healthPath
             || known({"/generate", "/v1/chat/completions", "/v1/completions", "/server_info", "/get_server_info",
                       "/model_info", "/get_model_info", "/v1/models", "/v1/loads", "/flush_cache", "/abort_request",
                       "/pd_role_switch", "/start_profile", "/stop_profile", "/set_trace_level", "/pause_generation",
                       "/continue_generation"}))
        exchange.respond(405, json, R"({"detail":"Method Not Allowed"})");
    else
        exchange.respond(404, json, R"({"detail":"Not Found"})");
}

bool MockEngine::checkKey(MockExchange &exchange) const
{
    const QByteArray &key = m_core.options.apiKey;
    if (key.isEmpty() || exchange.head().headers.value("authorization") == QByteArray("Bearer " + key))
        return true;
    exchange.respond(401, json, R"({"error":"Unauthorized"})");
    return false;
}

void MockEngine::generate(MockExchange &exchange, MockRequest::Kind kind, const Fault *fault)
{
    const QByteArray type = exchange.head().headers.value("content-type").toByteArray().toLower();
    if (kind != MockRequest::Kind::Generate && !type.startsWith("application/json")) {
        const QString message = QStringLiteral("Unsupported Media Type: Only 'application/json' is allowed");
        exchange.respond(400, json, errorBody(400, message));
        return;
    }
    const bool disaggregated = m_core.role != Role::Plain;
    auto request = readMockRequest(kind, exchange.body(), m_core.options, disaggregated);
    if (!request) {
        exchange.respond(400, json, refusalBody(kind, request.error()));
        return;
    }
    if (request->samples > 1 && disaggregated) {
        ++m_hungSamples;
        return;
    }
    if (!claim(exchange, *request))
        return;
    auto *task = new GenerationTask(m_core, &exchange, std::move(*request), this);
    if (fault && fault->kind == Fault::Kind::Abort) {
        const QString message = fault->message.isEmpty() ? QStringLiteral("scripted abort") : fault->message;
        task->scriptAbort({fault->status, message}, fault->after);
    }
    if (fault && fault->kind == Fault::Kind::KvFail)
        task->scriptTransferFailure(fault->message.isEmpty() ? QStringLiteral("scripted transfer failure") : fault->message);
    m_tasks.insert(task);
    connect(task, &GenerationTask::ended, this, [this, task] { release(task); });
    if (const int most = m_core.options.maxRunning; most > 0 && m_tasks.size() - m_waiting.size() > most)
        m_waiting.append(task);
    else
        task->start();
}

bool MockEngine::claim(MockExchange &exchange, const MockRequest &request)
{
    QSet<quint64> rooms;
    QSet<QByteArray> rids;
    QString refusal;
    for (const MockPrompt &prompt : request.prompts) {
        // Room 0 is shared by all that ask for the fake bootstrap host.
        const quint64 room = prompt.room.value_or(0);
        if (room != 0 && (m_rooms.contains(room) || rooms.contains(room))) {
            ++m_duplicateRooms;
            refusal = QStringLiteral("Bootstrap room %1 is already in use").arg(room);
        }
        if (m_rids.contains(prompt.rid) || rids.contains(prompt.rid))
            refusal = QStringLiteral("Duplicate request ID detected: %1").arg(QString::fromUtf8(prompt.rid));
        if (room != 0)
            rooms.insert(room);
        rids.insert(prompt.rid);
    }
    if (!refusal.isEmpty()) {
        exchange.respond(400, json, refusalBody(request.kind, {refusal, false}));
        return false;
    }
    m_rooms.unite(rooms);
    m_rids.unite(rids);
    return true;
}

void MockEngine::release(GenerationTask *task)
{
    for (const MockPrompt &prompt : task->request().prompts) {
        m_rooms.remove(prompt.room.value_or(0));
        m_rids.remove(prompt.rid);
    }
    m_tasks.remove(task);
    if (!m_waiting.removeOne(task) && !m_waiting.isEmpty())
        m_waiting.takeFirst()->start();
    Q_EMIT requestEnded();
}

void MockEngine::health(MockExchange &exchange)
{
    exchange.respond(m_healthy ? 200 : 503, plainText, {});
}

void MockEngine::flushCache(MockExchange &exchange)
{
    if (m_tasks.isEmpty()) {
        exchange.respond(200, plainText,
                         "Cache flushed.\nPlease check backend logs for more details. (When there are running or "
                         "waiting requests, the operation will not be performed.)\n");
    } else {
        exchange.respond(400, plainText, "Flush cache failed.\n");
    }
}

void MockEngine::abortRequest(MockExchange &exchange)
{
    const QJsonDocument document = QJsonDocument::fromJson(exchange.body());
    if (!document.isObject()) {
        exchange.respond(400, json, errorBody(400, QStringLiteral("JSON decode error")));
        return;
    }
    const bool all = document.object().value(QLatin1String("abort_all")).toBool();
    const QByteArray rid = document.object().value(QLatin1String("rid")).toString().toUtf8();
    m_log.addAbort(all ? QByteArray("*") : rid);
    exchange.respond(200, plainText, {});
    if (!all && rid.isEmpty())
        return;
    const auto tasks = m_tasks;
    for (GenerationTask *task : tasks)
        task->abort(all ? QByteArray() : rid);
}

void MockEngine::switchRole(MockExchange &exchange)
{
    const QString wanted = QJsonDocument::fromJson(exchange.body()).object().value(QLatin1String("new_role")).toString();
    const auto refuse = [&](const QString &message) {
        exchange.respond(400, json, toJson(QJsonObject{{QStringLiteral("success"), false}, {QStringLiteral("message"), message},
                                                       {QStringLiteral("safe_to_restore"), true}}));
    };
    if (wanted != QLatin1String("prefill") && wanted != QLatin1String("decode")) {
        refuse(QStringLiteral("new_role must be prefill or decode"));
        return;
    }
    if (!m_tasks.isEmpty()) {
        refuse(QStringLiteral("scheduler is not idle: %1 running").arg(m_tasks.size()));
        return;
    }
    if (const auto done = become(wanted == QLatin1String("prefill") ? Role::Prefill : Role::Decode); !done) {
        refuse(done.error().message);
        return;
    }
    exchange.respond(200, json, toJson(QJsonObject{{QStringLiteral("success"), true},
                                                   {QStringLiteral("message"), QStringLiteral("role is now %1").arg(wanted)}}));
}

EngineFacts MockEngine::facts() const
{
    EngineFacts facts;
    facts.port = port();
    facts.running = running();
    facts.queued = int(m_waiting.size());
    for (const GenerationTask *task : m_tasks) {
        facts.lookup += task->countIn(RoomSide::Phase::Lookup);
        facts.waiting += task->countIn(RoomSide::Phase::Waiting);
        facts.computing += task->countIn(RoomSide::Phase::Computing);
        facts.transferring += task->countIn(RoomSide::Phase::Transferring);
        facts.decoding += task->countIn(RoomSide::Phase::Done);
    }
    return facts;
}

} // namespace pdlb::mock
