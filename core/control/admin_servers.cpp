// SPDX-License-Identifier: Apache-2.0
// AdminApi's servers.
#include "config/config_json.h"
#include "config/secrets.h"
#include "control/admin_api.h"
#include "control/server_json.h"

#include <QJsonArray>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

ControlReply unknownServer(const QByteArray &name)
{
    return errorReply({404, "unknown_server", u"there is no server \"%1\"; GET /admin/v1/servers lists them"_s.arg(QString::fromUtf8(name.left(200)))});
}

/// "role" of a server's JSON.
std::optional<Role> roleOf(const QJsonObject &object)
{
    const QString role = object.value("role"_L1).toString();
    if (role == "prefill"_L1)
        return Role::Prefill;
    if (role == "decode"_L1)
        return Role::Decode;
    return {};
}

/// What the object says about a server, over `base`. Unlike a file's, unknown members are refused: a call can be repeated.
OrReply<ServerConfig> readServer(QJsonObject object, const ServerConfig &base)
{
    for (const char *shown : {"role", "state"}) // what GET shows besides
        object.remove(QLatin1StringView(shown));
    const auto loaded = serverFromJson(object, u"$"_s, base);
    if (!loaded)
        return tl::unexpected(problemsReply(loaded.error()));
    if (!loaded->unknownKeys.isEmpty())
        return tl::unexpected(problemsReply({{loaded->unknownKeys.first(), u"a server has no such member; free text belongs under \"labels\""_s}}));
    return loaded->value;
}

} // namespace

ControlReply AdminApi::serverReply(int status, const QString &name) const
{
    const fleet::SnapshotPtr snapshot = m_context.fleet.snapshot();
    for (const Role role : {Role::Prefill, Role::Decode}) {
        if (const fleet::Server *server = snapshot->find(role, name.toUtf8())) {
            ControlReply reply = jsonReply(status, serverJson(*server, m_context.clock.now()));
            if (status == 201)
                reply.headers.add("Location", "/admin/v1/servers/" + server->name.toPercentEncoding());
            return reply;
        }
    }
    return unknownServer(name.toUtf8());
}

ControlReply AdminApi::listServers(const ControlRequest &)
{
    const fleet::SnapshotPtr snapshot = m_context.fleet.snapshot();
    QJsonArray list;
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const fleet::Server &server : snapshot->servers(role))
            list.append(serverJson(server, m_context.clock.now()));
    }
    return jsonReply(200, QJsonObject{{u"servers"_s, list}});
}

ControlReply AdminApi::addServer(const ControlRequest &request)
{
    const auto object = bodyObject(request);
    if (!object)
        return object.error();
    const auto role = roleOf(*object);
    if (!role)
        return problemsReply({{u"$.role"_s, u"expected \"prefill\" or \"decode\""_s}});
    auto server = readServer(*object, {});
    if (!server)
        return server.error();
    Config config = m_context.config();
    if (server->name.isEmpty())
        server->name = freeName(config, *role);
    if (findServer(config, server->name))
        return errorReply({409, "duplicate_name", u"there is a server \"%1\" already"_s.arg(server->name), "$.name"});
    if (const auto other = findServerByUrl(config, server->url))
        return errorReply({409, "duplicate_url", u"server \"%1\" has that URL already"_s.arg(serverAt(config, *other).name), "$.url"});
    serversOf(config, *role).append(*server);
    if (!server->apiKeyRef.isEmpty()) {
        if (const auto resolved = resolveSecrets(config); !resolved)
            return problemsReply({resolved.error()});
    }
    if (const auto applied = applyConfig(m_context, request, config); !applied)
        return applied.error();
    return serverReply(201, server->name);
}

ControlReply AdminApi::showServer(const ControlRequest &request)
{
    return serverReply(200, QString::fromUtf8(request.parameters.first()));
}

ControlReply AdminApi::changeServer(const ControlRequest &request)
{
    Config config = m_context.config();
    const auto place = findServer(config, QString::fromUtf8(request.parameters.first()));
    if (!place)
        return unknownServer(request.parameters.first());
    const auto object = bodyObject(request);
    if (!object)
        return object.error();
    if (object->contains("role"_L1) && roleOf(*object) != place->role)
        return problemsReply({{u"$.role"_s, u"the role of an engine is changed by POST /pd_role_switch"_s}});
    ServerConfig &server = serverAt(config, *place);
    const ServerConfig before = server;
    const auto changed = readServer(*object, before);
    if (!changed)
        return changed.error();
    const auto taken = [&](const std::optional<ServerPlace> &other) { return other && serverAt(config, *other).name != before.name; };
    if (taken(findServer(config, changed->name)))
        return errorReply({409, "duplicate_name", u"there is a server \"%1\" already"_s.arg(changed->name), "$.name"});
    if (taken(findServerByUrl(config, changed->url)))
        return errorReply({409, "duplicate_url", u"another server has that URL already"_s, "$.url"});
    server = *changed;
    for (PairConfig &pair : config.pairs) { // they follow a server to its new name
        for (QString *name : {&pair.prefill, &pair.decode})
            *name = *name == before.name ? server.name : *name;
    }
    if (server.apiKeyRef != before.apiKeyRef) {
        if (const auto resolved = resolveSecrets(config); !resolved)
            return problemsReply({resolved.error()});
    }
    if (const auto applied = applyConfig(m_context, request, config); !applied)
        return applied.error();
    return serverReply(200, changed->name);
}

ControlReply AdminApi::deleteServer(const ControlRequest &request)
{
    const fleet::SnapshotPtr before = m_context.fleet.snapshot();
    Config config = m_context.config();
    const auto place = findServer(config, QString::fromUtf8(request.parameters.first()));
    if (!place)
        return unknownServer(request.parameters.first());
    if (serversOf(config, place->role).size() == 1) {
        return errorReply({409, "last_server", u"it is the last %1 server, and without one no request can be served; add another one first"_s
                               .arg(QLatin1StringView(roleName(place->role)))});
    }
    const QStringList pairs = removeServer(config, *place);
    if (const auto applied = applyConfig(m_context, request, config); !applied)
        return applied.error();
    const fleet::Server *server = before->find(place->role, request.parameters.first());
    return jsonReply(200, QJsonObject{
        {u"name"_s, QString::fromUtf8(server->name)},
        {u"in_flight"_s, server->state->inFlight.load(std::memory_order_relaxed)}, // they end by themselves
        {u"removed_pairs"_s, QJsonArray::fromStringList(pairs)},
    });
}

ControlReply AdminApi::setEnabled(const ControlRequest &request, bool enabled)
{
    Config config = m_context.config();
    const auto place = findServer(config, QString::fromUtf8(request.parameters.first()));
    if (!place)
        return unknownServer(request.parameters.first());
    serverAt(config, *place).enabled = enabled;
    if (const auto applied = applyConfig(m_context, request, config); !applied)
        return applied.error();
    return serverReply(200, QString::fromUtf8(request.parameters.first()));
}

} // namespace pdlb::control
