// SPDX-License-Identifier: Apache-2.0

// Records as timelineJson() writes them, read again. What others wrote is checked: types, versions, sizes.
#include "trace/explanation_json.h"
#include "trace/timeline_json.h"
#include "util/stable_hash.h"

#include <QJsonArray>

#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

/// Reads members of one object; the first that has another type than wanted is remembered as the error.
class Members
{
public:
    Members(const QJsonObject &object, QString &error, const QString &path = {}) : m_object(object), m_error(error), m_path(path) {}

    QByteArray bytes(QLatin1StringView name) const { return text(name).toUtf8(); }
    QString text(QLatin1StringView name) const { return get(name, QJsonValue::String, "a text").toString(); }
    bool flag(QLatin1StringView name, bool otherwise = false) const { return get(name, QJsonValue::Bool, "true or false").toBool(otherwise); }
    QJsonArray list(QLatin1StringView name) const { return get(name, QJsonValue::Array, "a list").toArray(); }
    qint64 number(QLatin1StringView name, qint64 otherwise = 0) const { return get(name, QJsonValue::Double, "a number").toInteger(otherwise); }
    std::optional<Monotonic> time(QLatin1StringView name) const
    {
        const QJsonValue value = get(name, QJsonValue::Double, "a number");
        const double ms = value.toDouble();
        if (value.isUndefined() || !(std::abs(ms) <= 1e12)) // thirty years: sums of them fit
            return {};
        return Monotonic(std::llround(ms * 1e6));
    }
    Moment moment(QLatin1StringView name, Monotonic from) const
    {
        const auto since = time(name);
        return since ? Moment(from + *since) : Moment();
    }
    std::optional<Members> object(QLatin1StringView name) const
    {
        const QJsonValue value = get(name, QJsonValue::Object, "an object");
        return value.isObject() ? std::optional(Members(value.toObject(), m_error, m_path + name + u'.')) : std::nullopt;
    }
    bool has(QLatin1StringView name) const { return m_object.contains(name); }
    void wrong(QLatin1StringView name, const char *expected) const
    {
        if (m_error.isEmpty())
            m_error = u"%1%2: expected %3"_s.arg(m_path, name, QLatin1StringView(expected));
    }
    const QJsonObject &json() const { return m_object; }
    /// Calls for each object of a list.
    template <typename Take> void forEach(QLatin1StringView name, Take take) const
    {
        const QJsonArray values = list(name);
        for (qsizetype i = 0; i < values.size(); ++i) {
            if (values[i].isObject())
                take(Members(values[i].toObject(), m_error, u"%1%2[%3]."_s.arg(m_path, name).arg(i)));
            else
                wrong(name, "a list of objects");
        }
    }

private:
    QJsonValue get(QLatin1StringView name, QJsonValue::Type type, const char *expected) const
    {
        const QJsonValue value = m_object.value(name);
        if (value.isUndefined() || value.type() == type)
            return value;
        wrong(name, expected);
        return QJsonValue(QJsonValue::Undefined);
    }

    QJsonObject m_object;
    QString &m_error;
    QString m_path;
};

http::HeaderList readHeaders(const Members &members)
{
    http::HeaderList headers;
    const QJsonArray list = members.list("headers"_L1);
    for (const QJsonValue &pair : list) {
        if (!pair[0].isString() || !pair[1].isString())
            members.wrong("headers"_L1, "a list of [name, value]");
        headers.add(pair[0].toString().toUtf8(), pair[1].toString().toUtf8());
    }
    return headers;
}

KeptBody readBody(const Members &members)
{
    KeptBody body;
    body.bytes = members.bytes("body"_L1);
    if (const QString encoding = members.text("encoding"_L1); encoding == "base64"_L1)
        body.bytes = QByteArray::fromBase64(body.bytes);
    else if (!encoding.isEmpty())
        members.wrong("encoding"_L1, "base64");
    // A secret that was taken out changed the size; what is whole says so.
    const bool cut = members.flag("truncated"_L1);
    body.size = cut ? std::max<qint64>(members.number("size"_L1), body.bytes.size() + 1) : body.bytes.size();
    const QJsonArray pieces = members.list("pieces"_L1);
    body.pieces.reserve(std::min<size_t>(size_t(pieces.size()), KeptBody::maxPieces));
    for (qsizetype i = 0; i < pieces.size() && body.pieces.size() < KeptBody::maxPieces; ++i) {
        const qint64 before = body.pieces.empty() ? 0 : body.pieces.back().end;
        const qint64 end = i + 1 == pieces.size() ? body.bytes.size() : pieces[i][0].toInteger();
        const qint64 micros = std::clamp<qint64>(pieces[i][1].toInteger(), 0, std::numeric_limits<quint32>::max());
        body.pieces.push_back({quint32(std::clamp<qint64>(end, before, std::max<qint64>(before, body.bytes.size()))), quint32(micros)});
    }
    return body;
}

pd::AnswerFacts readFacts(const Members &record)
{
    pd::AnswerFacts facts;
    const auto members = record.object("facts"_L1);
    if (!members)
        return facts;
    for (const auto &[name, to] : {std::pair{"prompt_tokens"_L1, &facts.promptTokens}, {"completion_tokens"_L1, &facts.completionTokens},
                                   {"cached_tokens"_L1, &facts.cachedTokens}}) {
        if (members->has(name))
            *to = members->number(name);
    }
    for (const auto &[name, to] : {std::pair{"server_received"_L1, &facts.serverReceived}, {"server_finished"_L1, &facts.serverFinished},
                                   {"server_queue_secs"_L1, &facts.serverQueueTime}}) {
        if (const QJsonValue value = members->json().value(name); value.isDouble())
            *to = value.toDouble();
    }
    facts.finishReason = members->bytes("finish_reason"_L1);
    facts.model = members->bytes("model"_L1);
    return facts;
}

EventTimes readEventTimes(const Members &leg, Monotonic from)
{
    const auto members = leg.object("event_times"_L1);
    if (!members)
        return {};
    EventTimes::State state;
    state.count = members->number("count"_L1);
    state.stride = quint32(std::clamp<qint64>(members->number("stride"_L1, 1), 0, std::numeric_limits<quint32>::max()));
    state.first = from + members->time("first_ms"_L1).value_or(Monotonic(0));
    state.last = from + members->time("last_ms"_L1).value_or(Monotonic(0));
    state.maxGap = members->time("max_gap_ms"_L1).value_or(Monotonic(0));
    const QJsonArray kept = members->list("us"_L1), gaps = members->list("gap_counts"_L1);
    for (const QJsonValue &micros : kept)
        state.kept.push_back(quint32(std::clamp<qint64>(micros.toInteger(), 0, std::numeric_limits<quint32>::max())));
    for (const QJsonValue &gap : gaps)
        state.gaps.emplace_back(gap[0].toInt(-1), quint32(std::clamp<qint64>(gap[1].toInteger(), 0, std::numeric_limits<quint32>::max())));
    if (auto times = EventTimes::fromState(std::move(state)))
        return std::move(*times);
    leg.wrong("event_times"_L1, "times as pdlb writes them");
    return {};
}

LegTimeline readLeg(const Members &members, Monotonic from)
{
    LegTimeline leg;
    const QString role = members.text("role"_L1);
    if (role != "prefill"_L1 && role != "decode"_L1)
        members.wrong("role"_L1, "prefill or decode");
    leg.prefill = role == "prefill"_L1;
    leg.sample = int(members.number("sample"_L1));
    leg.server = members.bytes("server"_L1);
    leg.serverId = stableHash(leg.server);
    leg.url = members.bytes("url"_L1);
    for (const auto &[name, to] : {std::pair{"opened_ms"_L1, &leg.opened}, {"ready_ms"_L1, &leg.ready}, {"sent_ms"_L1, &leg.sent}, {"head_ms"_L1, &leg.head},
                                   {"first_byte_ms"_L1, &leg.firstByte}, {"ended_ms"_L1, &leg.ended}})
        *to = members.moment(name, from);
    leg.reused = members.flag("reused"_L1);
    leg.cancelled = members.flag("cancelled"_L1);
    leg.abortSent = members.flag("abort_sent"_L1);
    leg.status = int(members.number("status"_L1));
    leg.bytes = members.number("bytes"_L1);
    leg.events = members.number("events"_L1);
    leg.error = members.text("error"_L1);
    leg.spanId = members.bytes("span_id"_L1);
    leg.headers = readHeaders(members);
    leg.times = readEventTimes(members, from);
    leg.facts = readFacts(members);
    return leg;
}

std::shared_ptr<Observations> readObservations(const Members &members, Monotonic from)
{
    if (!members.has("aborts"_L1) && !members.has("explanations"_L1))
        return nullptr;
    auto observations = std::make_shared<Observations>();
    members.forEach("aborts"_L1, [&](const Members &answer) {
        observations->addAbortAnswer({answer.bytes("server"_L1), answer.moment("at_ms"_L1, from).value_or(from), int(answer.number("status"_L1)),
                                      answer.text("error"_L1)});
    });
    members.forEach("explanations"_L1, [&](const Members &explanation) {
        observations->addExplanation(explanationFromJson(explanation.json(), from));
    });
    return observations;
}

void readMessages(const Members &members, Timeline &timeline)
{
    auto bodies = std::make_shared<KeptBodies>();
    bool any = false;
    const auto read = [&](const std::optional<Members> &message, KeptBody KeptBodies::*body) {
        if (message && message->has("body"_L1)) {
            (*bodies).*body = readBody(*message);
            any = true;
        }
    };
    const auto request = members.object("request"_L1);
    if (request) {
        timeline.target = request->bytes("target"_L1);
        timeline.requestHeaders = readHeaders(*request);
    }
    read(request, &KeptBodies::request);
    read(members.object("answer"_L1), &KeptBodies::answer);
    read(members.object("prefill_answer"_L1), &KeptBodies::prefill);
    if (any)
        timeline.bodies = std::move(bodies);
}

void readEnd(const Members &members, Timeline &timeline)
{
    timeline.ended = members.moment("ended_ms"_L1, timeline.received);
    if (!timeline.ended)
        return;
    const auto reason = endReasonFromName(members.bytes("end"_L1));
    if (reason)
        timeline.end = *reason;
    else
        members.wrong("end"_L1, "a word for how it ended, as ok or decode_cut");
}

} // namespace

Result<Timeline> timelineFromJson(const QJsonObject &object)
{
    QString error;
    const Members members(object, error);
    if (const qint64 version = members.number("v"_L1); version != recordVersion) {
        return failure(version > recordVersion ? u"it has version %1 of the form, this pdlb knows %2; use a newer one"_s.arg(version).arg(recordVersion)
                                               : u"it is no record of a request: \"v\" is missing"_s);
    }
    Timeline timeline;
    timeline.startedAt = QDateTime::fromString(members.text("started_at"_L1), Qt::ISODateWithMs);
    if (!timeline.startedAt.isValid() || timeline.startedAt.toMSecsSinceEpoch() < 0 || timeline.startedAt.date().year() >= 2200)
        return failure(u"started_at: expected a time like 2026-01-31T12:00:00.000Z"_s);
    timeline.received = std::chrono::milliseconds(timeline.startedAt.toMSecsSinceEpoch());
    timeline.serial = quint64(members.number("serial"_L1));
    timeline.requestId = members.bytes("request_id"_L1);
    timeline.endpoint = members.bytes("endpoint"_L1);
    timeline.model = members.bytes("model"_L1);
    timeline.stream = members.flag("stream"_L1);
    timeline.status = int(members.number("status"_L1));
    timeline.policy = members.bytes("policy"_L1);
    timeline.attempts = int(members.number("attempts"_L1));
    timeline.requestBytes = members.number("request_bytes"_L1);
    timeline.answerBytes = members.number("answer_bytes"_L1);
    timeline.error = members.text("error"_L1);
    timeline.rid = members.bytes("rid"_L1);
    timeline.context = {members.bytes("trace_id"_L1), members.bytes("parent_span_id"_L1), members.bytes("span_id"_L1), members.flag("sampled"_L1, true)};
    timeline.peer = members.bytes("peer"_L1);
    const QJsonArray rooms = members.list("rooms"_L1), faults = members.list("faults"_L1);
    for (const QJsonValue &room : rooms)
        timeline.rooms.append(room.toString().toULongLong());
    for (const QJsonValue &rule : faults)
        timeline.faults.append(rule.toString().toUtf8());
    timeline.batch = qsizetype(members.number("batch"_L1, 1));
    timeline.samples = int(members.number("samples"_L1, 1));
    for (const auto &[name, to] : {std::pair{"queued_ms"_L1, &timeline.queued}, {"admitted_ms"_L1, &timeline.admitted}, {"picked_ms"_L1, &timeline.picked},
                                   {"client_head_ms"_L1, &timeline.clientHead}, {"stalled_ms"_L1, &timeline.stalled}})
        *to = members.moment(name, timeline.received);
    timeline.queuePosition = members.number("queue_position"_L1);
    readEnd(members, timeline);
    for (const auto &[name, legs] : {std::pair{"legs"_L1, &timeline.legs}, {"earlier_legs"_L1, &timeline.earlierLegs}})
        members.forEach(name, [&, to = legs](const Members &leg) { to->push_back(readLeg(leg, timeline.received)); });
    timeline.facts = readFacts(members);
    timeline.observations = readObservations(members, timeline.received);
    timeline.pinned = members.flag("pinned"_L1);
    timeline.comment = members.text("comment"_L1);
    readMessages(members, timeline);
    if (!error.isEmpty())
        return failure(error);
    return timeline;
}

} // namespace pdlb::trace
