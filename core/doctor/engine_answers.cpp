// SPDX-License-Identifier: Apache-2.0
#include "doctor/engine_answers.h"

#include "util/escape.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QLocale>

using namespace Qt::StringLiterals;

namespace pdlb::doctor {

namespace {

constexpr qsizetype longestQuote = 400;

/// Takes members of an object, one after the other, and notes those that are of another type.
class Members
{
public:
    Members(const QJsonObject &object, const Quoter &quote, QStringList &problems)
        : m_object(object), m_quote(quote), m_problems(problems)
    {
    }

    QString text(QLatin1StringView key) const
    {
        const QJsonValue value = m_object.value(key);
        if (!value.isString() && !value.isNull() && !value.isUndefined())
            complain(key, value, "a string");
        return m_quote(value.toString());
    }
    std::optional<qint64> number(QLatin1StringView key) const
    {
        const QJsonValue value = m_object.value(key);
        if (value.isNull() || value.isUndefined())
            return {};
        const qint64 number = value.toInteger(-1);
        if (number >= 0)
            return number;
        complain(key, value, "a whole number");
        return {};
    }

private:
    void complain(QLatin1StringView key, const QJsonValue &value, const char *expected) const
    {
        const QByteArray json = QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact);
        m_problems += u"%1 is %2, %3 was expected"_s.arg(key, m_quote(json.sliced(1, json.size() - 2)),
                                                         QLatin1StringView(expected));
    }

    const QJsonObject &m_object;
    const Quoter &m_quote;
    QStringList &m_problems;
};

} // namespace

QString Quoter::operator()(const QByteArray &text) const
{
    QByteArray plain = text;
    for (const QByteArray &secret : m_secrets) {
        if (!secret.isEmpty())
            plain.replace(secret, "***");
    }
    return escapeControls(QString::fromUtf8(plain.left(4 * longestQuote)).simplified().left(longestQuote));
}

Answer readAnswer(const control::EngineReply &reply, const Quoter &quote)
{
    using upstream::LegEndKind;
    if (reply.status > 0)
        return {Answer::Kind::Answered, reply.status, reply.ok() ? QString() : quote(reply.body)};
    Answer answer{Answer::Kind::Silent, 0, quote(reply.error)};
    if (reply.failure == LegEndKind::ConnectFailed || reply.failure == LegEndKind::Exhausted)
        answer.kind = Answer::Kind::Unreachable;
    else if (reply.failure && reply.failure != LegEndKind::ConnectTimeout)
        answer.kind = Answer::Kind::Broken;
    return answer;
}

Result<QJsonObject> readObject(const control::EngineReply &reply, const Quoter &quote)
{
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(reply.body, &error);
    if (document.isObject())
        return document.object();
    const QString start = quote(reply.body.left(60));
    if (reply.body.trimmed().isEmpty())
        return failure(u"the body is empty"_s);
    if (document.isArray())
        return failure(u"a JSON list instead of an object: %1"_s.arg(start));
    return failure(u"no JSON (%1 at byte %2): %3"_s.arg(error.errorString()).arg(error.offset).arg(start));
}

EngineInfo readEngineInfo(const QJsonObject &info, const Quoter &quote)
{
    EngineInfo engine;
    const Members members(info, quote, engine.problems);
    engine.version = members.text("version"_L1);
    engine.mode =
        info.value("disaggregation_mode"_L1) == QJsonValue::Null ? u"null"_s : members.text("disaggregation_mode"_L1);
    engine.modelPath = members.text("model_path"_L1);
    engine.servedModel = members.text("served_model_name"_L1);
    engine.kvCacheDtype = members.text("kv_cache_dtype"_L1);
    engine.transferBackend = members.text("disaggregation_transfer_backend"_L1);
    engine.port = members.number("port"_L1);
    engine.bootstrapPort = members.number("disaggregation_bootstrap_port"_L1);
    engine.pageSize = members.number("page_size"_L1);
    engine.tpSize = members.number("tp_size"_L1);
    engine.dpSize = members.number("dp_size"_L1);
    engine.ppSize = members.number("pp_size"_L1);
    engine.withoutTokenizer = info.value("skip_tokenizer_init"_L1).toBool();
    engine.mixedPageSizes = info.value("enable_hisparse"_L1).toBool();
    if (engine.bootstrapPort && (*engine.bootstrapPort == 0 || *engine.bootstrapPort > 65535)) {
        engine.problems += u"disaggregation_bootstrap_port is %1, no port"_s.arg(*engine.bootstrapPort);
        engine.bootstrapPort.reset();
    }
    return engine;
}

RouteInfo readRouteInfo(const QJsonObject &info, const Quoter &quote)
{
    RouteInfo route;
    const Members members(info, quote, route.problems);
    route.tpSize = members.number("attn_tp_size"_L1);
    route.dpSize = members.number("dp_size"_L1);
    route.ppSize = members.number("pp_size"_L1);
    route.pageSize = members.number("page_size"_L1);
    route.kvCacheDtype = members.text("kv_cache_dtype"_L1);
    route.prefillHttpPort = members.number("prefill_http_port"_L1);
    return route;
}

ClockOffset readClock(const control::EngineReply &reply, const QDateTime &askedAt, const QDateTime &answeredAt)
{
    const double roundTrip = double(askedAt.msecsTo(answeredAt));
    const double middle = double(askedAt.toMSecsSinceEpoch()) + roundTrip / 2;
    const QString stamp = QJsonDocument::fromJson(reply.body).object().value("timestamp"_L1).toString();
    if (const QDateTime time = QDateTime::fromString(stamp, Qt::ISODateWithMs);
        reply.ok() && time.isValid() && time.timeSpec() != Qt::LocalTime)
        return {double(time.toMSecsSinceEpoch()) - middle, roundTrip / 2 + 1, u"/v1/loads"_s};
    QDateTime date =
        QLocale::c().toDateTime(QString::fromLatin1(reply.headers.value("date")), u"ddd, dd MMM yyyy hh:mm:ss 'GMT'"_s);
    date.setTimeSpec(Qt::UTC);
    if (date.isValid())
        return {double(date.toMSecsSinceEpoch()) + 500 - middle, roundTrip / 2 + 500, u"Date"_s};
    return {{}, 0, u"neither /v1/loads with a timestamp nor a Date field"_s};
}

} // namespace pdlb::doctor
