// SPDX-License-Identifier: Apache-2.0
#include "trace/timeline_json.h"

#include "trace/explanation_json.h"
#include "trace/redact.h"
#include "trace/server_times.h"
#include "util/json_writer.h"

#include <QJsonDocument>

namespace pdlb::trace {

namespace {

/// "2026-01-31T12:00:00.000Z"; QDateTime takes longer for it than everything else takes for a summary.
QByteArray calendarTime(const QDateTime &time)
{
    const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(time.toMSecsSinceEpoch())};
    const auto day = std::chrono::floor<std::chrono::days>(at);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{at - day};
    QByteArray text = QByteArrayLiteral("0000-00-00T00:00:00.000Z");
    const auto put = [digits = text.data()](int end, qint64 number) {
        for (; number > 0; number /= 10)
            digits[end--] = char('0' + number % 10);
    };
    put(3, int(date.year()) % 10'000);
    put(6, unsigned(date.month()));
    put(9, unsigned(date.day()));
    put(12, clock.hours().count());
    put(15, clock.minutes().count());
    put(18, clock.seconds().count());
    put(22, clock.subseconds().count());
    return text;
}

void writeMoment(JsonWriter &json, QByteArrayView name, const Moment &moment, Monotonic from)
{
    if (moment)
        json.member(name, *moment - from);
}

void writeSpan(JsonWriter &json, QByteArrayView name, const Moment &from, const Moment &to)
{
    if (from && to)
        json.member(name, *to - *from);
}

void writeHeaders(JsonWriter &json, const http::HeaderList &headers, bool secrets)
{
    json.key("headers").beginArray();
    for (const http::Header &header : secrets ? headers : redactHeaders(headers)) {
        json.beginArray();
        json.value(header.name);
        json.value(header.value);
        json.endArray();
    }
    json.endArray();
}

/// Without the first bytes of a character whose others were not kept.
QByteArrayView withoutCutCharacter(QByteArrayView text)
{
    qsizetype tail = 0;
    while (tail < 3 && tail < text.size() && (text[text.size() - 1 - tail] & 0xc0) == 0x80)
        ++tail;
    if (tail == text.size() || (text[text.size() - 1 - tail] & 0xc0) != 0xc0)
        return text;
    const auto lead = static_cast<unsigned char>(text[text.size() - 1 - tail]);
    const qsizetype wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    return tail < wanted ? text.chopped(tail + 1) : text;
}

void writeBody(JsonWriter &json, const KeptBody &body, const RecordParts &parts)
{
    const QByteArray clean = parts.secrets ? body.bytes : redactBody(body.bytes);
    const QByteArrayView text = body.isWhole() ? QByteArrayView(clean) : withoutCutCharacter(clean);
    json.member("size", body.size);
    if (text.isValidUtf8()) {
        json.member("body", text);
    } else {
        json.member("body", clean.toBase64());
        json.member("encoding", "base64");
    }
    if (!body.isWhole())
        json.member("truncated", true);
    if (!parts.times || body.pieces.empty())
        return;
    json.key("pieces").beginArray(); // offsets of what was received: a secret that was taken out shifts what is behind it
    for (const KeptBody::Piece &piece : body.pieces) {
        json.beginArray();
        json.value(qint64(piece.end));
        json.value(qint64(piece.micros));
        json.endArray();
    }
    json.endArray();
}

void writeFacts(JsonWriter &json, const pd::AnswerFacts &facts)
{
    if (facts == pd::AnswerFacts())
        return;
    const auto add = [&](QByteArrayView name, const auto &value) {
        if (value)
            json.member(name, *value);
    };
    json.key("facts").beginObject();
    add("prompt_tokens", facts.promptTokens);
    add("completion_tokens", facts.completionTokens);
    add("cached_tokens", facts.cachedTokens);
    json.text("finish_reason", facts.finishReason);
    json.text("model", facts.model);
    add("server_received", facts.serverReceived);
    add("server_finished", facts.serverFinished);
    add("server_queue_secs", facts.serverQueueTime);
    json.endObject();
}

void writeEventTimes(JsonWriter &json, const EventTimes &times, Monotonic from)
{
    const EventTimes::State state = times.state();
    json.key("event_times").beginObject();
    json.member("count", state.count);
    json.member("stride", qint64(state.stride));
    json.member("first_ms", state.first - from);
    json.member("last_ms", state.last - from);
    json.member("max_gap_ms", state.maxGap);
    json.key("us").beginArray();
    for (const quint32 micros : state.kept)
        json.value(qint64(micros));
    json.endArray();
    json.key("gap_counts").beginArray();
    for (const auto &[bucket, count] : state.gaps) {
        json.beginArray();
        json.value(bucket);
        json.value(qint64(count));
        json.endArray();
    }
    json.endArray();
    json.endObject();
}

/// Read back from the facts.
void writeServerTimes(JsonWriter &json, const Timeline &timeline, const LegTimeline &leg)
{
    const auto times = serverTimes(timeline, leg);
    if (!times)
        return;
    json.key("in_engine").beginObject();
    json.member("received_ms", times->received - timeline.received);
    json.member("finished_ms", times->finished - timeline.received);
    json.member("clock_offset_ms", times->clockOffset);
    json.member("uncertainty_ms", times->uncertainty);
    json.endObject();
}

void writeLeg(JsonWriter &json, const Timeline &timeline, const LegTimeline &leg, const RecordParts &parts)
{
    const Monotonic from = timeline.received;
    json.beginObject();
    json.member("role", leg.prefill ? "prefill" : "decode");
    json.member("server", leg.server);
    json.member("url", leg.url);
    json.member("sample", leg.sample);
    json.member("status", leg.status);
    json.member("bytes", leg.bytes);
    json.member("events", leg.events);
    json.member("reused", leg.reused);
    json.member("cancelled", leg.cancelled);
    json.member("abort_sent", leg.abortSent);
    for (const auto &[name, moment] : {std::pair{"opened_ms", leg.opened}, {"ready_ms", leg.ready}, {"sent_ms", leg.sent}, {"head_ms", leg.head},
                                       {"first_byte_ms", leg.firstByte}, {"ended_ms", leg.ended}})
        writeMoment(json, name, moment, from);
    if (const auto mean = leg.times.gapMean()) {
        json.key("gaps_ms").beginObject();
        json.member("mean", *mean);
        json.member("p50", *leg.times.gapQuantile(0.5));
        json.member("p99", *leg.times.gapQuantile(0.99));
        json.member("max", *leg.times.gapMax());
        json.endObject();
    }
    json.text("error", leg.error);
    json.text("span_id", leg.spanId);
    if (!leg.headers.isEmpty())
        writeHeaders(json, leg.headers, parts.secrets);
    if (parts.times && leg.times.count() > 0)
        writeEventTimes(json, leg.times, from);
    writeFacts(json, leg.facts);
    writeServerTimes(json, timeline, leg);
    json.endObject();
}

void writeLegs(JsonWriter &json, QByteArrayView name, const Timeline &timeline, const std::vector<LegTimeline> &legs, const RecordParts &parts)
{
    json.key(name).beginArray();
    for (const LegTimeline &leg : legs)
        writeLeg(json, timeline, leg, parts);
    json.endArray();
}

void writeObservations(JsonWriter &json, const Observations &observations, Monotonic from)
{
    if (const auto answers = observations.abortAnswers(); !answers.empty()) {
        json.key("aborts").beginArray();
        for (const AbortAnswer &answer : answers) {
            json.beginObject();
            json.member("server", answer.server);
            json.member("at_ms", answer.at - from);
            json.member("status", answer.status);
            json.text("error", answer.error);
            json.endObject();
        }
        json.endArray();
    }
    if (const auto explanations = observations.explanations(); !explanations.empty()) {
        json.key("explanations").beginArray();
        for (const Explanation &explanation : explanations)
            json.raw(QJsonDocument(explanationJson(explanation, from)).toJson(QJsonDocument::Compact));
        json.endArray();
    }
}

void writeSummary(JsonWriter &json, const Timeline &timeline)
{
    const LegTimeline *prefill = timeline.leg(true);
    const LegTimeline *decode = timeline.leg(false);
    json.member("request_id", timeline.requestId);
    json.member("started_at", calendarTime(timeline.startedAt));
    json.member("endpoint", timeline.endpoint);
    json.member("model", timeline.model);
    json.member("stream", timeline.stream);
    json.member("status", timeline.status);
    if (timeline.ended)
        json.member("end", endReasonName(timeline.end));
    else
        json.member("running", true);
    if (prefill)
        json.member("prefill", prefill->server);
    if (decode)
        json.member("decode", decode->server);
    json.member("policy", timeline.policy);
    json.member("attempts", timeline.attempts);
    json.member("request_bytes", timeline.requestBytes);
    json.member("answer_bytes", timeline.answerBytes);
    writeSpan(json, "queue_ms", timeline.received, timeline.picked);
    if (prefill)
        writeSpan(json, "prefill_ms", prefill->sent, prefill->ended);
    writeSpan(json, "first_token_ms", timeline.received, timeline.firstToken());
    writeMoment(json, "ended_ms", timeline.ended, timeline.received);
    if (decode && decode->events > 0) {
        json.member("events", decode->events);
        if (const auto mean = decode->times.gapMean())
            json.member("gap_ms", *mean);
    }
    if (timeline.facts.promptTokens)
        json.member("prompt_tokens", *timeline.facts.promptTokens);
    if (timeline.facts.completionTokens)
        json.member("completion_tokens", *timeline.facts.completionTokens);
    json.text("error", timeline.error);
}

void writeMessages(JsonWriter &json, const Timeline &timeline, const RecordParts &parts)
{
    const KeptBodies *bodies = parts.bodies ? timeline.bodies.get() : nullptr;
    json.key("request").beginObject();
    json.member("method", "POST");
    const QByteArray target = timeline.target.isEmpty() ? timeline.endpoint : timeline.target;
    json.member("target", parts.secrets ? target : redactTarget(target));
    writeHeaders(json, timeline.requestHeaders, parts.secrets);
    if (bodies)
        writeBody(json, bodies->request, parts);
    json.endObject();
    if (timeline.status > 0 || (bodies && bodies->answer.size > 0)) {
        json.key("answer").beginObject();
        json.member("status", timeline.status);
        if (const LegTimeline *leg = timeline.answeringLeg())
            writeHeaders(json, leg->headers, parts.secrets);
        if (bodies)
            writeBody(json, bodies->answer, parts);
        json.endObject();
    }
    if (bodies && bodies->prefill.size > 0) {
        json.key("prefill_answer").beginObject();
        writeBody(json, bodies->prefill, parts);
        json.endObject();
    }
}

} // namespace

QByteArray summaryJson(const Timeline &timeline)
{
    QByteArray out;
    out.reserve(640);
    JsonWriter json(out);
    json.beginObject();
    writeSummary(json, timeline);
    json.endObject();
    return out;
}

QByteArray timelineJson(const Timeline &timeline, const RecordParts &parts)
{
    const Monotonic from = timeline.received;
    QByteArray out;
    JsonWriter json(out);
    json.beginObject();
    json.member("v", recordVersion);
    json.member("serial", qint64(timeline.serial));
    writeSummary(json, timeline);
    json.text("rid", timeline.rid);
    json.text("trace_id", timeline.context.traceId);
    json.text("parent_span_id", timeline.context.parentId);
    json.text("span_id", timeline.context.spanId);
    json.member("sampled", timeline.context.sampled);
    json.member("peer", timeline.peer);
    json.key("rooms").beginArray();
    for (const quint64 room : timeline.rooms)
        json.value(QByteArray::number(room));
    json.endArray();
    json.member("batch", qint64(timeline.batch));
    json.member("samples", timeline.samples);
    for (const auto &[name, moment] : {std::pair{"queued_ms", timeline.queued}, {"admitted_ms", timeline.admitted}, {"picked_ms", timeline.picked},
                                       {"client_head_ms", timeline.clientHead}, {"stalled_ms", timeline.stalled}})
        writeMoment(json, name, moment, from);
    if (timeline.queued)
        json.member("queue_position", timeline.queuePosition);
    writeLegs(json, "legs", timeline, timeline.legs, parts);
    if (!timeline.earlierLegs.empty())
        writeLegs(json, "earlier_legs", timeline, timeline.earlierLegs, parts);
    writeFacts(json, timeline.facts);
    if (timeline.observations)
        writeObservations(json, *timeline.observations, from);
    if (!timeline.faults.isEmpty()) {
        json.key("faults").beginArray();
        for (const QByteArray &rule : timeline.faults)
            json.value(rule);
        json.endArray();
    }
    if (timeline.pinned)
        json.member("pinned", true);
    if (!timeline.comment.isEmpty())
        json.member("comment", timeline.comment);
    writeMessages(json, timeline, parts);
    json.endObject();
    return out;
}

} // namespace pdlb::trace
