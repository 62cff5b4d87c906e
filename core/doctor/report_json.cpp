// SPDX-License-Identifier: Apache-2.0
#include "doctor/report.h"

#include <QJsonArray>

#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb::doctor {

namespace {

QJsonValue number(const std::optional<qint64> &value)
{
    return value ? QJsonValue(*value) : QJsonValue();
}

QJsonValue text(const QString &value)
{
    return value.isEmpty() ? QJsonValue() : QJsonValue(value);
}

double tenths(double value)
{
    return std::round(value * 10) / 10;
}

QJsonArray findingsJson(const Findings &findings)
{
    QJsonArray list;
    for (const Finding &finding : findings) {
        list.append(QJsonObject{{u"severity"_s, QString::fromLatin1(severityName(finding.severity))},
                                {u"name"_s, QString::fromLatin1(finding.name)},
                                {u"where"_s, finding.where},
                                {u"what"_s, finding.what},
                                {u"cause"_s, finding.cause},
                                {u"fix"_s, finding.fix}});
    }
    return list;
}

/// Milliseconds when it went well, else null.
QJsonValue duration(const LegFacts &leg)
{
    return leg.end == LegFacts::End::Ok ? QJsonValue(tenths(leg.milliseconds)) : QJsonValue();
}

QJsonValue engineJson(const std::optional<EngineInfo> &engine)
{
    if (!engine)
        return {};
    return QJsonObject{{u"version"_s, text(engine->version)},
                       {u"disaggregation_mode"_s, text(engine->mode)},
                       {u"model_path"_s, text(engine->modelPath)},
                       {u"served_model_name"_s, text(engine->servedModel)},
                       {u"page_size"_s, number(engine->pageSize)},
                       {u"kv_cache_dtype"_s, text(engine->kvCacheDtype)},
                       {u"tp_size"_s, number(engine->tpSize)},
                       {u"dp_size"_s, number(engine->dpSize)},
                       {u"pp_size"_s, number(engine->ppSize)},
                       {u"disaggregation_transfer_backend"_s, text(engine->transferBackend)},
                       {u"disaggregation_bootstrap_port"_s, number(engine->bootstrapPort)}};
}

QJsonObject bootstrapJson(const BootstrapFacts &bootstrap, const Findings &findings)
{
    const std::optional<RouteInfo> &info = bootstrap.info;
    return {{u"host"_s, bootstrap.host},
            {u"port"_s, bootstrap.asked ? QJsonValue(*bootstrap.asked) : QJsonValue()},
            {u"sent_port"_s, bootstrap.sent ? QJsonValue(*bootstrap.sent) : QJsonValue()},
            {u"registered"_s, info.has_value()},
            {u"tp_size"_s, info ? number(info->tpSize) : QJsonValue()},
            {u"dp_size"_s, info ? number(info->dpSize) : QJsonValue()},
            {u"pp_size"_s, info ? number(info->ppSize) : QJsonValue()},
            {u"prefill_http_port"_s, info ? number(info->prefillHttpPort) : QJsonValue()},
            {u"rank_ip"_s, text(bootstrap.rankIp)},
            {u"findings"_s, findingsJson(findings)}};
}

QJsonObject serverJson(const ServerReport &server)
{
    const ServerFacts &facts = server.facts;
    QJsonObject json{
        {u"role"_s, QString::fromLatin1(roleName(facts.role))},
        {u"name"_s, facts.name},
        {u"url"_s, facts.url},
        {u"enabled"_s, facts.enabled},
        {u"engine"_s, engineJson(facts.engine)},
        {u"alone_ms"_s, duration(facts.alone)},
        {u"clock_offset_ms"_s, facts.clock.milliseconds ? QJsonValue(tenths(*facts.clock.milliseconds)) : QJsonValue()},
        {u"clock_plus_minus_ms"_s, facts.clock.milliseconds ? QJsonValue(tenths(facts.clock.plusMinus)) : QJsonValue()},
        {u"clock_source"_s, text(facts.clock.source)},
        {u"findings"_s, findingsJson(server.findings)}};
    if (server.bootstrap)
        json.insert(u"bootstrap"_s, bootstrapJson(*server.bootstrap, server.bootstrapFindings));
    return json;
}

} // namespace

QJsonObject toJson(const Report &report)
{
    QJsonArray servers, pairs;
    for (const ServerReport &server : report.servers)
        servers.append(serverJson(server));
    for (const PairReport &pair : report.pairs) {
        pairs.append(QJsonObject{{u"prefill"_s, pair.prefill},
                                 {u"decode"_s, pair.decode},
                                 {u"verdict"_s, QString::fromLatin1(verdictName(pair.verdict))},
                                 {u"prefill_ms"_s, duration(pair.request.prefill)},
                                 {u"decode_ms"_s, duration(pair.request.decode)},
                                 {u"not_tried"_s, text(pair.notTried)},
                                 {u"findings"_s, findingsJson(pair.findings)}});
    }
    return {{u"started_at"_s, report.startedAt.toUTC().toString(Qt::ISODateWithMs)},
            {u"seconds"_s, std::round(report.seconds * 1000) / 1000},
            {u"good"_s, report.isGood()},
            {u"servers"_s, servers},
            {u"pairs"_s, pairs}};
}

} // namespace pdlb::doctor
