// SPDX-License-Identifier: Apache-2.0
#include "control/server_info.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

QByteArray entry(const FanOutResult &result, const QJsonDocument &parsed)
{
    if (result.reply.ok() && parsed.isObject())
        return result.reply.body.trimmed();
    const QString why = result.reply.ok() ? u"the answer is no JSON object"_s : result.reply.describe();
    const QJsonObject object{{u"url"_s, QString::fromUtf8(result.server.origin.url())}, {u"error"_s, why}};
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

} // namespace

QByteArray aggregateServerInfo(const std::vector<FanOutResult> &results)
{
    QJsonArray states;
    QByteArrayList prefill, decode;
    for (const FanOutResult &result : results) {
        const QJsonDocument parsed = QJsonDocument::fromJson(result.reply.body);
        const bool isPrefill = result.server.role == Role::Prefill;
        (isPrefill ? prefill : decode) += entry(result, parsed);
        if (isPrefill || !result.reply.ok())
            continue;
        for (const QJsonValue &state : parsed.object().value("internal_states"_L1).toArray())
            states.append(state);
    }
    if (states.isEmpty())
        states.append(QJsonObject{{u"last_gen_throughput"_s, 0.0}, {u"avg_spec_accept_length"_s, QJsonValue::Null}});
    return "{\"internal_states\":" + QJsonDocument(states).toJson(QJsonDocument::Compact) + ",\"prefill\":["
        + prefill.join(',') + "],\"decode\":[" + decode.join(',') + "]}";
}

QByteArray aggregateLoads(const std::vector<FanOutResult> &results)
{
    QByteArrayList prefill, decode;
    for (const FanOutResult &result : results) {
        QJsonObject head{{u"name"_s, QString::fromUtf8(result.server.name)}, {u"url"_s, QString::fromUtf8(result.server.url)}};
        const bool isJson = result.reply.ok() && !QJsonDocument::fromJson(result.reply.body).isNull();
        if (!result.reply.ok())
            head.insert(u"error"_s, result.reply.describe());
        else if (!isJson)
            head.insert(u"loads"_s, QString::fromUtf8(result.reply.body));
        QByteArray entry = QJsonDocument(head).toJson(QJsonDocument::Compact);
        if (isJson)
            entry = entry.chopped(1) + ",\"loads\":" + result.reply.body.trimmed() + '}';
        (result.server.role == Role::Prefill ? prefill : decode) += entry;
    }
    return "{\"prefill\":[" + prefill.join(',') + "],\"decode\":[" + decode.join(',') + "]}";
}

} // namespace pdlb::control
