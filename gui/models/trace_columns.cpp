// SPDX-License-Identifier: Apache-2.0
#include "models/trace_columns.h"

#include "models/trace_model.h"
#include "models/trace_text.h"

using namespace Qt::StringLiterals;

namespace pdlb::gui {

QString TraceColumns::text(const trace::Timeline &t, quint64 number, int column)
{
    const trace::LegTimeline *decode = t.leg(false);
    switch (column) {
    case TraceModel::NumberColumn: return t.pinned ? u"📌 %1"_s.arg(number) : QString::number(number);
    case TraceModel::TimeColumn: return t.startedAt.toLocalTime().toString(u"HH:mm:ss.zzz"_s);
    case TraceModel::StateColumn: return TraceText::state(t);
    case TraceModel::PairColumn: return TraceText::pair(t);
    case TraceModel::ModelColumn: return TraceText::foreign(t.model);
    case TraceModel::TtftColumn: return t.ended || t.firstToken() ? TraceText::duration(ttftOf(t)) : u"…"_s;
    case TraceModel::TotalColumn: return TraceText::duration(totalOf(t, TraceModel::now()));
    case TraceModel::EndpointColumn: return TraceText::foreign(t.endpoint);
    case TraceModel::QueueColumn: return TraceText::duration(t.picked ? std::optional(*t.picked - t.received) : std::nullopt);
    case TraceModel::PrefillColumn: {
        const trace::LegTimeline *prefill = t.leg(true);
        return TraceText::duration(prefill && prefill->sent && prefill->ended ? std::optional(*prefill->ended - *prefill->sent) : std::nullopt);
    }
    case TraceModel::ItlColumn: return TraceText::duration(decode ? decode->times.gapMean() : std::nullopt);
    case TraceModel::TokensInColumn: return TraceText::count(t.facts.promptTokens);
    case TraceModel::TokensOutColumn: return TraceText::count(t.facts.completionTokens);
    case TraceModel::BytesColumn: return TraceText::bytes(t.answerBytes);
    case TraceModel::EventsColumn: return decode && decode->events > 0 ? QString::number(decode->events) : QString();
    case TraceModel::FinishColumn: return TraceText::foreign(t.facts.finishReason);
    case TraceModel::EndColumn: return t.ended ? QString::fromLatin1(trace::endReasonName(t.end)) : QString();
    case TraceModel::ErrorColumn: return TraceText::summary(t);
    case TraceModel::PolicyColumn: return TraceText::foreign(t.policy);
    case TraceModel::AttemptsColumn: return QString::number(t.attempts);
    case TraceModel::IdColumn: return TraceText::foreign(t.requestId);
    case TraceModel::CommentColumn: return t.comment;
    default: return {};
    }
}

QVariant TraceColumns::sortKey(const trace::Timeline &t, quint64 number, int column)
{
    const auto nanoseconds = [](std::optional<Monotonic> time) { return qlonglong(time ? time->count() : -1); };
    const trace::LegTimeline *prefill = t.leg(true);
    const trace::LegTimeline *decode = t.leg(false);
    switch (column) {
    case TraceModel::NumberColumn:
    case TraceModel::WaterfallColumn: return qulonglong(number);
    case TraceModel::TimeColumn: return t.startedAt.toMSecsSinceEpoch();
    case TraceModel::TtftColumn: return nanoseconds(ttftOf(t));
    case TraceModel::TotalColumn: return nanoseconds(totalOf(t, TraceModel::now()));
    case TraceModel::QueueColumn: return nanoseconds(t.picked ? std::optional(*t.picked - t.received) : std::nullopt);
    case TraceModel::PrefillColumn: return nanoseconds(prefill && prefill->sent && prefill->ended ? std::optional(*prefill->ended - *prefill->sent) : std::nullopt);
    case TraceModel::ItlColumn: return nanoseconds(decode ? decode->times.gapMean() : std::nullopt);
    case TraceModel::TokensInColumn: return t.facts.promptTokens.value_or(-1);
    case TraceModel::TokensOutColumn: return t.facts.completionTokens.value_or(-1);
    case TraceModel::BytesColumn: return t.answerBytes;
    case TraceModel::EventsColumn: return decode ? decode->events : -1;
    case TraceModel::AttemptsColumn: return t.attempts;
    default: return text(t, number, column);
    }
}

QString TraceColumns::toolTip(const trace::Timeline &t, quint64 number, int column)
{
    switch (column) {
    case TraceModel::StateColumn: {
        const QString summary = TraceText::summary(t);
        return tip(summary.isEmpty() ? TraceText::stateInWords(t) : TraceText::stateInWords(t) + u": "_s + summary);
    }
    case TraceModel::WaterfallColumn: return tr("%1: first token after %2, in all %3").arg(TraceText::stateInWords(t), TraceText::duration(ttftOf(t)), TraceText::duration(totalOf(t, TraceModel::now())));
    case TraceModel::TimeColumn: return t.startedAt.toLocalTime().toString(Qt::ISODateWithMs);
    default: return tip(text(t, number, column)); // a model's name is no markup
    }
}

} // namespace pdlb::gui
