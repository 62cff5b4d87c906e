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

constexpr std::array endWords{"ok", "client_gone", "prefill_http", "prefill_conn", "prefill_abort", "decode_http", "decode_conn",
                              "decode_cut", "decode_abort", "timeout_connect", "timeout_first_byte", "timeout_idle", "timeout_total",
                              "stalled_client", "overload", "drain", "bad_request"};
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

bool containsText(const Timeline &timeline, const TextVisitor &visit)
{
    for (const Field &field : fields) {
        if (field.text && (field.kind == FieldKind::Text || field.text == rooms) && field.text(timeline, visit))
            return true;
    }
    return server<true>(timeline, visit) || server<false>(timeline, visit);
}

} // namespace pdlb::trace
