// SPDX-License-Identifier: Apache-2.0
#include "control/config_edit.h"

#include "config/config_json.h"
#include "config/secrets.h"
#include "upstream/origin.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QUrlQuery>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

template <typename Match> std::optional<ServerPlace> findIf(const Config &config, const Match &match)
{
    for (const Role role : {Role::Prefill, Role::Decode}) {
        const QList<ServerConfig> &list = role == Role::Prefill ? config.prefill : config.decode;
        const auto found = std::find_if(list.begin(), list.end(), match);
        if (found != list.end())
            return ServerPlace{role, found - list.begin()};
    }
    return {};
}

/// Whether the query says ?save=true.
OrReply<bool> asksToSave(const ControlContext &context, const ControlRequest &request)
{
    const QUrlQuery query(QString::fromUtf8(request.query));
    if (!query.hasQueryItem(u"save"_s))
        return false;
    const QString value = query.queryItemValue(u"save"_s);
    if (value != "true"_L1 && value != "false"_L1)
        return tl::unexpected(errorReply({400, "invalid_query", u"save: expected true or false"_s, "save"}));
    if (value == "true"_L1 && !context.save)
        return tl::unexpected(errorReply({409, "no_config_file", u"the balancer was not started from a configuration file (--config), so there is nothing to save to"_s}));
    return value == "true"_L1;
}

} // namespace

std::optional<ServerPlace> findServer(const Config &config, const QString &name)
{
    return findIf(config, [&](const ServerConfig &server) { return server.name == name; });
}

std::optional<ServerPlace> findServerByUrl(const Config &config, const QString &url)
{
    const auto wanted = upstream::parseOrigin(url); // "http://a" and "http://A:80/" are the same
    if (!wanted)
        return {};
    return findIf(config, [&](const ServerConfig &server) {
        const auto origin = upstream::parseOrigin(server.url);
        return origin && *origin == *wanted;
    });
}

QList<ServerConfig> &serversOf(Config &config, Role role)
{
    return role == Role::Prefill ? config.prefill : config.decode;
}

QString freeName(const Config &config, Role role)
{
    const QChar letter = role == Role::Prefill ? u'p' : u'd';
    for (int i = 1;; ++i) {
        QString name = letter + QString::number(i);
        if (!findServer(config, name))
            return name;
    }
}

QStringList removeServer(Config &config, const ServerPlace &place)
{
    const QString name = serverAt(config, place).name;
    serversOf(config, place.role).removeAt(place.index);
    QStringList removed;
    config.pairs.removeIf([&](const PairConfig &pair) {
        if (pair.prefill != name && pair.decode != name)
            return false;
        removed += pair.prefill + u'/' + pair.decode;
        return true;
    });
    return removed;
}

OrReply<QStringList> applyConfig(const ControlContext &context, const ControlRequest &request, const Config &config)
{
    const auto save = asksToSave(context, request);
    if (!save)
        return tl::unexpected(save.error());
    if (const ConfigProblems problems = config.problems(); !problems.isEmpty())
        return tl::unexpected(problemsReply(problems));
    const auto applied = context.apply(config);
    if (!applied)
        return tl::unexpected(errorReply({422, "not_applied", applied.error().message}));
    if (!*save)
        return *applied;
    if (const auto saved = context.save(config); !saved)
        return tl::unexpected(errorReply({500, "not_saved", u"the change is in force but was not saved: %1"_s.arg(saved.error().message)}));
    return *applied;
}

OrReply<QJsonObject> bodyObject(const ControlRequest &request)
{
    if (request.body.isEmpty())
        return QJsonObject();
    const auto object = strictJsonObject(request.body);
    if (object)
        return *object;
    const ConfigProblem &problem = object.error().first();
    return tl::unexpected(errorReply({400, "invalid_json", problem.message, problem.path.toUtf8()}));
}

ControlReply problemsReply(const ConfigProblems &problems)
{
    const ConfigProblem &first = problems.first();
    const ApiError error{422, "invalid_config", u"%1: %2"_s.arg(first.path, first.message), first.path.toUtf8()};
    QJsonArray list;
    for (const ConfigProblem &problem : problems)
        list.append(QJsonObject{{u"path"_s, problem.path}, {u"message"_s, problem.message}});
    QJsonObject body = QJsonDocument::fromJson(error.toJson()).object();
    body.insert(u"problems"_s, list);
    return jsonReply(error.status, body);
}

} // namespace pdlb::control
