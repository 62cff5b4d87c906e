// SPDX-License-Identifier: Apache-2.0
#include "trace/filter_fields.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace pdlb::trace {

namespace {

template <QByteArray Timeline::*member> bool textOf(const Timeline &timeline, const TextVisitor &visit)
{
    return visit(timeline.*member);
}

bool errorText(const Timeline &timeline, const TextVisitor &visit)
{
    return !timeline.error.isEmpty() && visit(timeline.error.toUtf8());
}

bool endWord(const Timeline &timeline, const TextVisitor &visit)
{
    return timeline.ended && visit(endReasonName(timeline.end));
}

bool rooms(const Timeline &timeline, const TextVisitor &visit)
{
    return std::any_of(timeline.rooms.begin(), timeline.rooms.end(), [&](quint64 room) {
        char digits[20]; // no allocation: a search looks at every record's
        const auto end = std::to_chars(digits, digits + sizeof digits, room).ptr;
        return visit(QByteArrayView(digits, end - digits));
    });
}

template <bool prefill> bool server(const Timeline &timeline, const TextVisitor &visit)
{
    return std::any_of(timeline.legs.begin(), timeline.legs.end(),
                       [&](const LegTimeline &leg) { return leg.prefill == prefill && visit(leg.server); });
}

/// The leg whose failure ended the request.
bool failedLeg(const Timeline &timeline, const TextVisitor &visit)
{
    if (!timeline.ended)
        return false;
    switch (timeline.end) {
    case EndReason::PrefillHttp:
    case EndReason::PrefillConn:
    case EndReason::PrefillAbort: return visit("prefill");
    case EndReason::DecodeHttp:
    case EndReason::DecodeConn:
    case EndReason::DecodeCut:
    case EndReason::DecodeAbort:
    case EndReason::TimeoutFirstByte:
    case EndReason::TimeoutIdle: return visit("decode");
    default: break;
    }
    return std::any_of(timeline.legs.begin(), timeline.legs.end(), [&](const LegTimeline &leg) {
        return !leg.error.isEmpty() && visit(leg.prefill ? "prefill" : "decode");
    });
}

std::optional<double> between(const Moment &from, const Moment &to)
{
    if (!from || !to)
        return {};
    return double((*to - *from).count());
}

std::optional<double> total(const Timeline &timeline, Monotonic now)
{
    return double((timeline.ended.value_or(now) - timeline.received).count());
}

std::optional<double> timeToFirstToken(const Timeline &timeline, Monotonic)
{
    return between(timeline.received, timeline.firstToken());
}

std::optional<double> queueTime(const Timeline &timeline, Monotonic now)
{
    return between(timeline.received, timeline.picked ? timeline.picked : timeline.ended ? timeline.ended : Moment(now));
}

std::optional<double> prefillTime(const Timeline &timeline, Monotonic now)
{
    const LegTimeline *leg = timeline.leg(true);
    return leg ? between(leg->sent, leg->ended ? leg->ended : Moment(now)) : std::nullopt;
}

std::optional<double> status(const Timeline &timeline, Monotonic)
{
    return timeline.status > 0 ? std::optional<double>(timeline.status) : std::nullopt;
}

template <auto member> std::optional<double> numberOf(const Timeline &timeline, Monotonic)
{
    return double(timeline.*member);
}

std::optional<double> eventCount(const Timeline &timeline, Monotonic)
{
    const LegTimeline *leg = timeline.leg(false);
    return leg ? std::optional<double>(double(leg->events)) : std::nullopt;
}

template <int percent> std::optional<double> gapQuantile(const Timeline &timeline, Monotonic)
{
    const LegTimeline *leg = timeline.leg(false);
    const auto gap = leg ? leg->times.gapQuantile(percent / 100.0) : std::nullopt;
    return gap ? std::optional<double>(double(gap->count())) : std::nullopt;
}

template <auto method> std::optional<double> gap(const Timeline &timeline, Monotonic)
{
    const LegTimeline *leg = timeline.leg(false);
    const auto found = leg ? (leg->times.*method)() : std::nullopt;
    return found ? std::optional<double>(double(found->count())) : std::nullopt;
}

template <auto member> std::optional<double> factOf(const Timeline &timeline, Monotonic)
{
    const auto &count = timeline.facts.*member;
    return count ? std::optional<double>(double(*count)) : std::nullopt;
}

bool finishReason(const Timeline &timeline, const TextVisitor &visit)
{
    return !timeline.facts.finishReason.isEmpty() && visit(timeline.facts.finishReason);
}

bool traceId(const Timeline &timeline, const TextVisitor &visit)
{
    return visit(timeline.context.traceId);
}

bool bodies(const Timeline &timeline, const TextVisitor &visit)
{
    return timeline.bodies && (visit(timeline.bodies->request.bytes) || visit(timeline.bodies->answer.bytes));
}

bool faults(const Timeline &timeline, const TextVisitor &visit)
{
    return std::any_of(timeline.faults.begin(), timeline.faults.end(), [&](const QByteArray &rule) { return visit(rule); });
}

bool isStuck(const Timeline &timeline)
{
    return timeline.observations && timeline.observations->isExplained();
}

bool lastPhase(const Timeline &timeline, const TextVisitor &visit)
{
    return isStuck(timeline) && visit(phaseName(timeline.observations->explanations().back().phase));
}

constexpr std::array finishWords{"stop", "length", "abort", "tool_calls"};
constexpr std::array phaseWords{"waiting_for_pair", "connecting", "sending", "bootstrapping", "prefill_queue", "prefill_compute", "kv_transfer",
                                "decode_prealloc", "decode_queue", "decoding", "client", "unknown"};
constexpr std::array endWords{"ok", "client_gone", "prefill_http", "prefill_conn", "prefill_abort", "decode_http", "decode_conn",
                              "decode_cut", "decode_abort", "timeout_connect", "timeout_first_byte", "timeout_idle", "timeout_total",
                              "stalled_client", "overload", "drain", "bad_request", "aborted"};
constexpr std::array statusWords{"2xx", "4xx", "5xx", "200", "400", "429", "502", "503", "504"};
constexpr std::array legWords{"prefill", "decode"};
constexpr std::array endpointWords{"/v1/chat/completions", "/v1/completions", "/generate"};

// The key, what it is, how to read it, known values.
constexpr Field fields[] = {
    {"status", FieldKind::Status, "status that the client got: 200, 5xx, 400..499, >=500", nullptr, status, statusWords},
    {"is", FieldKind::Flag, "state: running, ok, failed, stream, …", nullptr, nullptr, {}},
    {"end", FieldKind::Word, "how it ended: ok, client_gone, decode_cut, …", endWord, nullptr, endWords},
    {"pair", FieldKind::Pair, "servers: p1/d2, p1/*", nullptr, nullptr, {}},
    {"prefill", FieldKind::Word, "prefill server", server<true>, nullptr, {}},
    {"decode", FieldKind::Word, "decode server", server<false>, nullptr, {}},
    {"leg", FieldKind::Word, "leg that failed: prefill or decode", failedLeg, nullptr, legWords},
    {"model", FieldKind::Text, "model", textOf<&Timeline::model>, nullptr, {}},
    {"endpoint", FieldKind::Text, "endpoint", textOf<&Timeline::endpoint>, nullptr, endpointWords},
    {"id", FieldKind::Text, "X-Request-Id", textOf<&Timeline::requestId>, nullptr, {}},
    {"rid", FieldKind::Text, "the engines' request id", textOf<&Timeline::rid>, nullptr, {}},
    {"room", FieldKind::Word, "bootstrap room", rooms, nullptr, {}},
    {"policy", FieldKind::Text, "why the pair was picked", textOf<&Timeline::policy>, nullptr, {}},
    {"error", FieldKind::Text, "error in words", errorText, nullptr, {}},
    {"ttft", FieldKind::Duration, "until the first token", nullptr, timeToFirstToken, {}},
    {"total", FieldKind::Duration, "whole duration, of a running request until now", nullptr, total, {}},
    {"queue", FieldKind::Duration, "until a pair was picked", nullptr, queueTime, {}},
    {"prefill-time", FieldKind::Duration, "prefill leg: compute and KV transfer", nullptr, prefillTime, {}},
    {"events", FieldKind::Number, "server-sent events of the answer", nullptr, eventCount, {}},
    {"attempts", FieldKind::Number, "attempts", nullptr, numberOf<&Timeline::attempts>, {}},
    {"samples", FieldKind::Number, "n", nullptr, numberOf<&Timeline::samples>, {}},
    {"batch", FieldKind::Number, "prompts in one request", nullptr, numberOf<&Timeline::batch>, {}},
    {"itl.mean", FieldKind::Duration, "mean time between two pieces of the stream", nullptr, gap<&EventTimes::gapMean>, {}},
    {"itl.p50", FieldKind::Duration, "median of those times", nullptr, gapQuantile<50>, {}},
    {"itl.p99", FieldKind::Duration, "99 % of them are shorter", nullptr, gapQuantile<99>, {}},
    {"itl.max", FieldKind::Duration, "the longest of them", nullptr, gap<&EventTimes::gapMax>, {}},
    {"tokens.in", FieldKind::Number, "tokens of the prompt, as the engine says", nullptr, factOf<&pd::AnswerFacts::promptTokens>, {}},
    {"tokens.out", FieldKind::Number, "generated tokens, as the engine says", nullptr, factOf<&pd::AnswerFacts::completionTokens>, {}},
    {"tokens.cached", FieldKind::Number, "tokens of the prompt found in the engine's cache", nullptr, factOf<&pd::AnswerFacts::cachedTokens>, {}},
    {"finish", FieldKind::Word, "finish reason: stop, length, abort, …", finishReason, nullptr, finishWords},
    {"phase", FieldKind::Word, "where it was found stuck last: prefill_queue, kv_transfer, …", lastPhase, nullptr, phaseWords},
    {"trace", FieldKind::Text, "W3C trace id", traceId, nullptr, {}},
    {"peer", FieldKind::Text, "the client's address", textOf<&Timeline::peer>, nullptr, {}},
    {"body", FieldKind::Text, "text in the kept bodies", bodies, nullptr, {}},
    {"fault", FieldKind::Text, "rule of fault injection that was applied", faults, nullptr, {}},
    {"in", FieldKind::Bytes, "size of the request", nullptr, numberOf<&Timeline::requestBytes>, {}},
    {"out", FieldKind::Bytes, "size of the answer", nullptr, numberOf<&Timeline::answerBytes>, {}},
};

constexpr FlagWord flags[] = {
    {"running", "not ended yet", [](const Timeline &t) { return !t.ended; }},
    {"done", "ended", [](const Timeline &t) { return t.ended.has_value(); }},
    {"ok", "ended well", [](const Timeline &t) { return t.ended && t.end == EndReason::Ok && t.status < 400; }},
    {"failed", "ended otherwise, the client's own doing excepted",
     [](const Timeline &t) { return t.ended && (t.end != EndReason::Ok || t.status >= 400) && t.end != EndReason::ClientGone; }},
    {"queued", "waits for a pair", [](const Timeline &t) { return !t.ended && !t.picked; }},
    {"stream", "the client asked for server-sent events", [](const Timeline &t) { return t.stream; }},
    {"batch", "several prompts", [](const Timeline &t) { return t.batch > 1; }},
    {"retried", "more than one attempt", [](const Timeline &t) { return t.attempts > 1; }},
    {"pinned", "kept until it is unpinned", [](const Timeline &t) { return t.pinned; }},
    {"stuck", "was silent for long and explained", isStuck},
    {"faulted", "fault injection did something to it", [](const Timeline &t) { return !t.faults.isEmpty(); }},
    {"aborted", "an engine was told to forget it",
     [](const Timeline &t) { return std::any_of(t.legs.begin(), t.legs.end(), [](const LegTimeline &leg) { return leg.abortSent; }); }},
};

} // namespace

std::span<const Field> filterFields()
{
    return fields;
}

const Field *findField(QStringView key)
{
    const auto found = std::find_if(std::begin(fields), std::end(fields),
                                    [&](const Field &field) { return key.compare(QLatin1StringView(field.key), Qt::CaseInsensitive) == 0; });
    return found == std::end(fields) ? nullptr : found;
}

std::span<const FlagWord> flagWords()
{
    return flags;
}

QByteArray searchTextOf(const Timeline &timeline)
{
    QByteArray all;
    all.reserve(256);
    containsText(timeline, [&all](QByteArrayView text) {
        all += text;
        all += '\n';
        return false;
    });
    for (char &c : all) {
        if (c >= 'A' && c <= 'Z')
            c = char(c + ('a' - 'A'));
    }
    return all;
}

bool containsText(const Timeline &timeline, const TextVisitor &visit)
{
    for (const Field &field : fields) {
        if (field.text && field.text != bodies && (field.kind == FieldKind::Text || field.text == rooms) && field.text(timeline, visit))
            return true;
    }
    return server<true>(timeline, visit) || server<false>(timeline, visit);
}

} // namespace pdlb::trace
