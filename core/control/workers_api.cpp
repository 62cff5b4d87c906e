// SPDX-License-Identifier: Apache-2.0
#include "control/workers_api.h"

#include "control/engine_call.h"
#include "fleet/server_status.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QUrlQuery>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

/// An error as the gateway tells it.
ControlReply workerError(int status, const char *code, const QString &message)
{
    return jsonReply(status, QJsonObject{{u"error"_s, message}, {u"code"_s, QString::fromLatin1(code)}});
}

/// What an error answer of ours says in words.
QString messageOf(const ControlReply &reply)
{
    const QJsonObject object = QJsonDocument::fromJson(reply.body).object();
    return object.value("error"_L1).isString() ? object.value("error"_L1).toString() : object["error"_L1]["message"_L1].toString();
}

ControlReply refused(const ControlReply &reply)
{
    return workerError(reply.status == 422 ? 400 : reply.status, "BAD_REQUEST", messageOf(reply));
}

ControlReply accepted(const QString &name, const QString &message)
{
    return jsonReply(202, QJsonObject{{u"status"_s, u"accepted"_s}, {u"worker_id"_s, name}, {u"message"_s, message}});
}

ControlReply textReply(int status, const QString &text)
{
    ControlReply reply{.status = status, .body = text.toUtf8()};
    reply.headers.add("Content-Type", "text/plain; charset=utf-8");
    return reply;
}

QJsonObject workerJson(const fleet::Server &server, Monotonic now)
{
    const QByteArray status = serverStatus(server, now).name;
    QJsonObject labels;
    for (auto it = server.config.labels.begin(); it != server.config.labels.end(); ++it)
        labels.insert(it.key(), it.value());
    QJsonObject object{
        {u"id"_s, server.config.name},
        {u"url"_s, QString::fromUtf8(server.url)},
        {u"worker_type"_s, QString::fromLatin1(roleName(server.role))},
        {u"is_healthy"_s, server.config.enabled && status != "down"},
        {u"load"_s, server.state->inFlight.load(std::memory_order_relaxed)},
        {u"connection_mode"_s, u"http"_s},
        {u"status"_s, QString::fromLatin1(status)},
        {u"metadata"_s, labels},
    };
    if (server.bootstrapPort)
        object.insert(u"bootstrap_port"_s, int(*server.bootstrapPort));
    return object;
}

/// Takes over what a body of the gateway says of a worker. What has no counterpart here (priority, cost, …) is passed over.
OrReply<void> readWorker(const QJsonObject &object, ServerConfig &server)
{
    if (const QJsonValue port = object.value("bootstrap_port"_L1); !port.isUndefined() && !port.isNull()) {
        const auto parsed = BootstrapPort::parse(port.isString() ? port.toString() : QString::number(port.toDouble(-1)));
        if (!parsed)
            return tl::unexpected(workerError(400, "BAD_REQUEST", parsed.error().message));
        server.bootstrapPort = *parsed;
    }
    const QJsonObject labels = object.value("labels"_L1).toObject();
    for (auto it = labels.begin(); it != labels.end(); ++it)
        server.labels.insert(it.key(), it.value().toVariant().toString());
    if (object.contains("api_key"_L1))
        server.apiKey = object.value("api_key"_L1).toString().toUtf8();
    return {};
}

} // namespace

Endpoints WorkersApi::endpoints()
{
    const auto to = [this](void (WorkersApi::*method)(const ControlRequest &, const Reply &)) {
        return [this, method](const ControlRequest &request, const Reply &reply) { (this->*method)(request, reply); };
    };
    return {
        {"/workers", {"GET", "POST"}, to(&WorkersApi::workers), true},
        {"/workers/{id}", {"GET", "PUT", "DELETE"}, to(&WorkersApi::worker), true},
        {"/add_worker", {"POST"}, to(&WorkersApi::addWorker), true},
        {"/remove_worker", {"POST"}, to(&WorkersApi::removeWorker), true},
        {"/list_workers", {"GET"}, to(&WorkersApi::listWorkers), true},
        {"/register", {"POST"}, to(&WorkersApi::registerEngine), true},
    };
}

const fleet::Server *WorkersApi::find(const fleet::FleetSnapshot &snapshot, const QByteArray &id) const
{
    for (const Role role : {Role::Prefill, Role::Decode}) {
        if (const fleet::Server *server = snapshot.find(role, id))
            return server;
    }
    const auto place = findServerByUrl(*snapshot.config, QString::fromUtf8(id));
    return place ? &snapshot.servers(place->role)[size_t(place->index)] : nullptr;
}

void WorkersApi::workers(const ControlRequest &request, const Reply &reply)
{
    const fleet::SnapshotPtr snapshot = m_context.fleet.snapshot();
    if (request.method == "GET") {
        QJsonArray list;
        for (const Role role : {Role::Prefill, Role::Decode}) {
            for (const fleet::Server &server : snapshot->servers(role))
                list.append(workerJson(server, m_context.clock.now()));
        }
        reply(jsonReply(200, QJsonObject{
            {u"workers"_s, list},
            {u"total"_s, list.size()},
            {u"stats"_s, QJsonObject{{u"prefill_count"_s, qint64(snapshot->prefill.size())}, {u"decode_count"_s, qint64(snapshot->decode.size())}, {u"regular_count"_s, 0}}},
        }));
        return;
    }
    const auto object = bodyObject(request);
    if (!object) {
        reply(refused(object.error()));
        return;
    }
    add(request, *object, [reply, url = object->value("url"_L1).toString()](const OrReply<QString> &name) {
        if (!name) {
            reply(name.error());
            return;
        }
        const QByteArray location = "/workers/" + name->toUtf8().toPercentEncoding();
        ControlReply answer = jsonReply(202, QJsonObject{{u"status"_s, u"accepted"_s}, {u"worker_id"_s, *name}, {u"url"_s, url},
                                                         {u"location"_s, QString::fromUtf8(location)}, {u"message"_s, u"the worker is added"_s}});
        answer.headers.add("Location", location);
        reply(answer);
    });
}

void WorkersApi::worker(const ControlRequest &request, const Reply &reply)
{
    const fleet::SnapshotPtr snapshot = m_context.fleet.snapshot();
    const fleet::Server *server = find(*snapshot, request.parameters.first());
    if (!server) {
        reply(workerError(404, "WORKER_NOT_FOUND", u"there is no worker \"%1\""_s.arg(QString::fromUtf8(request.parameters.first().left(200)))));
        return;
    }
    if (request.method == "GET") {
        reply(jsonReply(200, workerJson(*server, m_context.clock.now())));
        return;
    }
    const ServerPlace place = *findServer(*snapshot->config, server->config.name);
    if (request.method == "DELETE") {
        const auto removed = remove(request, place);
        reply(removed ? accepted(*removed, u"the worker is removed; what runs on it may end"_s) : removed.error());
        return;
    }
    const auto object = bodyObject(request);
    if (!object) {
        reply(refused(object.error()));
        return;
    }
    Config config = m_context.config();
    if (const auto read = readWorker(*object, serverAt(config, place)); !read)
        reply(read.error());
    else if (const auto applied = applyConfig(m_context, request, config); !applied)
        reply(refused(applied.error()));
    else
        reply(accepted(server->config.name, u"the worker is changed"_s));
}

void WorkersApi::add(const ControlRequest &request, const QJsonObject &object, const std::function<void(const OrReply<QString> &)> &done)
{
    ServerConfig server{object.value("url"_L1).toString()};
    const auto origin = upstream::parseOrigin(server.url);
    if (!origin) {
        done(tl::unexpected(workerError(400, "BAD_REQUEST", u"url: %1"_s.arg(origin.error().message))));
        return;
    }
    if (const auto read = readWorker(object, server); !read) {
        done(tl::unexpected(read.error()));
        return;
    }
    if (const QString type = object.value("worker_type"_L1).toString(); !type.isEmpty()) {
        done(addAs(request, type, server));
        return;
    }
    EngineRequest question{.target = "/server_info"};
    if (const QByteArray key = server.apiKey.isEmpty() ? m_context.fleet.snapshot()->config->engineApiKey : server.apiKey; !key.isEmpty())
        question.headers.add("Authorization", "Bearer " + key);
    new EngineCall(m_context.transport, *origin, question, [this, request, server, done](const EngineReply &answer) {
        const QString mode = QJsonDocument::fromJson(answer.body).object().value("disaggregation_mode"_L1).toString();
        if (mode == "prefill"_L1 || mode == "decode"_L1) {
            done(addAs(request, mode, server));
            return;
        }
        const QString why = answer.ok() ? u"the engine says it is neither"_s : u"the engine does not tell: %1"_s.arg(answer.describe());
        done(tl::unexpected(workerError(400, "BAD_REQUEST", u"say worker_type \"prefill\" or \"decode\"; %1"_s.arg(why))));
    }, this);
}

OrReply<QString> WorkersApi::addAs(const ControlRequest &request, const QString &type, ServerConfig server)
{
    if (type != "prefill"_L1 && type != "decode"_L1)
        return tl::unexpected(workerError(400, "BAD_REQUEST", u"worker_type: expected \"prefill\" or \"decode\"; others have no place in disaggregated serving"_s));
    const Role role = type == "prefill"_L1 ? Role::Prefill : Role::Decode;
    Config config = m_context.config();
    if (const auto other = findServerByUrl(config, server.url))
        return tl::unexpected(workerError(409, "WORKER_ALREADY_EXISTS", u"worker \"%1\" has that URL already"_s.arg(serverAt(config, *other).name)));
    server.name = freeName(config, role);
    serversOf(config, role).append(server);
    if (const auto applied = applyConfig(m_context, request, config); !applied)
        return tl::unexpected(refused(applied.error()));
    return server.name;
}

OrReply<QString> WorkersApi::remove(const ControlRequest &request, const ServerPlace &place)
{
    Config config = m_context.config();
    const QString name = serverAt(config, place).name;
    if (serversOf(config, place.role).size() == 1)
        return tl::unexpected(workerError(409, "BAD_REQUEST", u"it is the last %1 worker; add another one first"_s.arg(QLatin1StringView(roleName(place.role)))));
    removeServer(config, place);
    if (const auto applied = applyConfig(m_context, request, config); !applied)
        return tl::unexpected(refused(applied.error()));
    return name;
}

void WorkersApi::addWorker(const ControlRequest &request, const Reply &reply)
{
    const QUrlQuery query(QString::fromUtf8(request.query));
    QJsonObject object;
    for (const QString &name : {u"url"_s, u"worker_type"_s, u"bootstrap_port"_s, u"api_key"_s}) {
        if (query.hasQueryItem(name))
            object.insert(name, query.queryItemValue(name, QUrl::FullyDecoded));
    }
    add(request, object, [reply, url = object.value("url"_L1).toString()](const OrReply<QString> &name) {
        reply(name ? textReply(200, u"added worker %1 as %2"_s.arg(url, *name)) : textReply(name.error().status, messageOf(name.error())));
    });
}

void WorkersApi::removeWorker(const ControlRequest &request, const Reply &reply)
{
    const QString url = QUrlQuery(QString::fromUtf8(request.query)).queryItemValue(u"url"_s, QUrl::FullyDecoded);
    const auto place = findServerByUrl(m_context.config(), url);
    if (!place) {
        reply(textReply(404, u"there is no worker %1"_s.arg(url.left(200))));
        return;
    }
    const auto removed = remove(request, *place);
    reply(removed ? textReply(200, u"removed worker %1"_s.arg(url)) : textReply(removed.error().status, messageOf(removed.error())));
}

void WorkersApi::listWorkers(const ControlRequest &, const Reply &reply)
{
    QJsonArray urls;
    const fleet::SnapshotPtr snapshot = m_context.fleet.snapshot();
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const fleet::Server &server : snapshot->servers(role))
            urls.append(QString::fromUtf8(server.url));
    }
    reply(jsonReply(200, QJsonObject{{u"urls"_s, urls}}));
}

void WorkersApi::registerEngine(const ControlRequest &request, const Reply &reply)
{
    const auto detail = [](int status, const QString &text) { return jsonReply(status, QJsonObject{{u"detail"_s, text}}); };
    const auto object = bodyObject(request);
    if (!object) {
        reply(detail(422, messageOf(object.error())));
        return;
    }
    const QString mode = object->value("mode"_L1).toString();
    if (mode != "prefill"_L1 && mode != "decode"_L1) {
        reply(detail(400, u"mode: expected \"prefill\" or \"decode\""_s));
        return;
    }
    const Role role = mode == "prefill"_L1 ? Role::Prefill : Role::Decode;
    const QString url = object->value("registry_url"_L1).toString();
    if (const auto origin = upstream::parseOrigin(url); !origin) {
        reply(detail(422, u"registry_url: %1"_s.arg(origin.error().message)));
        return;
    }
    Config config = m_context.config();
    auto place = findServerByUrl(config, url);
    if (place && place->role != role) {
        reply(detail(409, u"that engine is registered as %1; POST /pd_role_switch changes it"_s.arg(QLatin1StringView(roleName(place->role)))));
        return;
    }
    if (!place) { // an engine that was restarted announces itself again
        serversOf(config, role).append(ServerConfig{.url = url, .name = freeName(config, role)});
        place = ServerPlace{role, serversOf(config, role).size() - 1};
    }
    if (const auto read = readWorker(*object, serverAt(config, *place)); !read)
        reply(detail(422, messageOf(read.error())));
    else if (const auto applied = applyConfig(m_context, request, config); !applied)
        reply(detail(applied.error().status, messageOf(applied.error())));
    else
        reply({});
}

} // namespace pdlb::control
