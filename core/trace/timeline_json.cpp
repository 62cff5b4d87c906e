// SPDX-License-Identifier: Apache-2.0
#include "trace/timeline_json.h"

#include <QJsonArray>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

QString text(const QByteArray &bytes)
{
    return QString::fromUtf8(bytes);
}

void addMoment(QJsonObject &object, const QString &name, const Moment &moment, Monotonic from)
{
    if (moment)
        object.insert(name, double((*moment - from).count()) / 1e6);
}

QJsonObject legJson(const LegTimeline &leg, Monotonic from)
{
    QJsonObject object{
        {u"role"_s, leg.prefill ? u"prefill"_s : u"decode"_s},
        {u"server"_s, text(leg.server)},
        {u"url"_s, text(leg.url)},
        {u"sample"_s, leg.sample},
        {u"status"_s, leg.status},
        {u"bytes"_s, leg.bytes},
        {u"events"_s, leg.events},
        {u"reused"_s, leg.reused},
        {u"cancelled"_s, leg.cancelled},
        {u"abort_sent"_s, leg.abortSent},
    };
    for (const auto &[name, moment] : {std::pair{u"opened_ms"_s, leg.opened}, {u"ready_ms"_s, leg.ready}, {u"sent_ms"_s, leg.sent},
                                       {u"head_ms"_s, leg.head}, {u"first_byte_ms"_s, leg.firstByte}, {u"ended_ms"_s, leg.ended}})
        addMoment(object, name, moment, from);
    if (const auto mean = leg.times.gapMean()) {
        const auto ms = [](const std::optional<Monotonic> &gap) { return double(gap->count()) / 1e6; };
        object.insert(u"gaps_ms"_s, QJsonObject{{u"mean"_s, ms(mean)}, {u"p50"_s, ms(leg.times.gapQuantile(0.5))},
                                                {u"p99"_s, ms(leg.times.gapQuantile(0.99))}, {u"max"_s, ms(leg.times.gapMax())}});
    }
    if (!leg.error.isEmpty())
        object.insert(u"error"_s, leg.error);
    return object;
}

} // namespace

QJsonObject summaryJson(const Timeline &timeline)
{
    QJsonObject object{
        {u"request_id"_s, text(timeline.requestId)},
        {u"started_at"_s, timeline.startedAt.toUTC().toString(Qt::ISODateWithMs)},
        {u"endpoint"_s, text(timeline.endpoint)},
        {u"model"_s, text(timeline.model)},
        {u"stream"_s, timeline.stream},
        {u"status"_s, timeline.status},
        {u"end"_s, QString::fromLatin1(endReasonName(timeline.end))},
    };
    for (const auto &[name, isPrefill] : {std::pair{u"prefill"_s, true}, {u"decode"_s, false}}) {
        if (const LegTimeline *leg = timeline.leg(isPrefill))
            object.insert(name, text(leg->server));
    }
    addMoment(object, u"first_token_ms"_s, timeline.firstToken(), timeline.received);
    addMoment(object, u"ended_ms"_s, timeline.ended, timeline.received);
    if (!timeline.error.isEmpty())
        object.insert(u"error"_s, timeline.error);
    return object;
}

QJsonObject timelineJson(const Timeline &timeline)
{
    QJsonObject object = summaryJson(timeline);
    object.insert(u"rid"_s, text(timeline.rid));
    object.insert(u"trace_id"_s, text(timeline.context.traceId));
    object.insert(u"peer"_s, text(timeline.peer));
    QJsonArray rooms;
    for (const quint64 room : timeline.rooms)
        rooms.append(QString::number(room));
    object.insert(u"rooms"_s, rooms);
    object.insert(u"batch"_s, qint64(timeline.batch));
    object.insert(u"samples"_s, timeline.samples);
    object.insert(u"request_bytes"_s, timeline.requestBytes);
    object.insert(u"answer_bytes"_s, timeline.answerBytes);
    object.insert(u"policy"_s, text(timeline.policy));
    object.insert(u"attempts"_s, timeline.attempts);
    addMoment(object, u"picked_ms"_s, timeline.picked, timeline.received);
    addMoment(object, u"client_head_ms"_s, timeline.clientHead, timeline.received);
    QJsonArray legs;
    for (const LegTimeline &leg : timeline.legs)
        legs.append(legJson(leg, timeline.received));
    object.insert(u"legs"_s, legs);
    return object;
}

} // namespace pdlb::trace
