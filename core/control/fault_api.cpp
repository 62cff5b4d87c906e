// SPDX-License-Identifier: Apache-2.0
#include "control/fault_api.h"

#include "control/config_edit.h"

#include <QJsonArray>

using namespace Qt::StringLiterals;

namespace pdlb::control {

Endpoints FaultApi::endpoints()
{
    return {{"/admin/v1/faults", {"GET", "POST", "PUT", "DELETE"}, [this](const ControlRequest &request, const Reply &reply) {
        if (request.method == "GET")
            reply(list());
        else if (!m_context.config().faults.allow)
            reply(errorReply({403, "faults_not_allowed", u"faults are only injected when the balancer was started with --allow-faults"_s}));
        else if (request.method == "DELETE")
            reply(apply(request, {}));
        else
            reply(request.method == "POST" ? add(request) : replace(request));
    }, true}};
}

ControlReply FaultApi::list() const
{
    QJsonArray rules;
    for (const inject::Injector::Status &status : m_context.faults.status()) {
        QJsonObject rule{{u"rule"_s, status.rule}, {u"applied"_s, status.applied}};
        if (status.left)
            rule.insert(u"left"_s, *status.left);
        rules.append(rule);
    }
    return jsonReply(200, QJsonObject{{u"allowed"_s, m_context.config().faults.allow}, {u"rules"_s, rules}});
}

ControlReply FaultApi::add(const ControlRequest &request)
{
    const auto object = bodyObject(request);
    if (!object)
        return object.error();
    const QJsonValue rule = object->value("rule"_L1);
    if (!rule.isString())
        return errorReply({422, "invalid_request", u"expected {\"rule\": \"FILTER -> ACTION\"}"_s, "$.rule"});
    return apply(request, m_context.config().faults.rules + QStringList{rule.toString()});
}

ControlReply FaultApi::replace(const ControlRequest &request)
{
    const auto object = bodyObject(request);
    if (!object)
        return object.error();
    const QJsonValue list = object->value("rules"_L1);
    QStringList rules;
    bool good = list.isArray();
    for (const QJsonValue &rule : list.toArray()) {
        good = good && rule.isString();
        rules += rule.toString();
    }
    if (!good)
        return errorReply({422, "invalid_request", u"expected {\"rules\": [\"FILTER -> ACTION\", …]}"_s, "$.rules"});
    return apply(request, rules);
}

ControlReply FaultApi::apply(const ControlRequest &request, const QStringList &rules)
{
    Config config = m_context.config();
    config.faults.rules = rules;
    if (const auto applied = applyConfig(m_context, request, config); !applied)
        return applied.error();
    return list();
}

} // namespace pdlb::control
