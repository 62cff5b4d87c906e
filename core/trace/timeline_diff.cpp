// SPDX-License-Identifier: Apache-2.0
#include "trace/timeline_chart.h"
#include "trace/timeline_phases.h"
#include "util/escape.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

constexpr int nameWidth = 22;
constexpr int valueWidth = 14;

QString text(const QByteArray &bytes)
{
    return escapeControls(QString::fromUtf8(bytes.left(256)));
}

QString pairOf(const Timeline &timeline)
{
    const LegTimeline *prefill = timeline.leg(true);
    const LegTimeline *decode = timeline.leg(false);
    return prefill && decode ? text(prefill->server) + u'/' + text(decode->server) : u"-"_s;
}

/// What is compared as a number.
struct Measure {
    QString name;
    std::optional<double> value;
    bool isTime = true; ///< milliseconds; else a count
};

std::vector<Measure> measuresOf(const Timeline &timeline)
{
    std::vector<Measure> list;
    const auto ms = [](const Moment &time) { return time ? std::optional(double(time->count()) / 1e6) : std::nullopt; };
    for (const Phase &phase : phasesOf(timeline)) {
        if (phase.earlier || (phase.leg && phase.leg->sample > 0))
            continue;
        // A connection that was kept is compared with one that was made: that is a difference to be seen.
        const QLatin1StringView name = phase.kind == PhaseKind::Connect ? "connect"_L1 : QLatin1StringView(phase.name);
        list.push_back({QLatin1StringView(phase.actor()) + u": "_s + name, phase.to ? ms(*phase.to - phase.from) : std::nullopt});
    }
    const Moment first = timeline.firstToken();
    list.push_back({u"time to first token"_s, first ? ms(*first - timeline.received) : std::nullopt});
    list.push_back({u"total"_s, timeline.ended ? ms(*timeline.ended - timeline.received) : std::nullopt});
    const LegTimeline *decode = timeline.leg(false);
    const EventTimes times = decode ? decode->times : EventTimes();
    list.push_back({u"gap between events"_s, ms(times.gapMean())});
    list.push_back({u"  p99"_s, ms(times.gapQuantile(0.99))});
    list.push_back({u"  longest"_s, ms(times.gapMax())});
    const auto count = [](std::optional<qint64> number) { return number ? std::optional(double(*number)) : std::nullopt; };
    list.push_back({u"events"_s, decode ? count(decode->events) : std::nullopt, false});
    list.push_back({u"prompt tokens"_s, count(timeline.facts.promptTokens), false});
    list.push_back({u"  cached"_s, count(timeline.facts.cachedTokens), false});
    list.push_back({u"completion tokens"_s, count(timeline.facts.completionTokens), false});
    list.push_back({u"request bytes"_s, double(timeline.requestBytes), false});
    list.push_back({u"answer bytes"_s, double(timeline.answerBytes), false});
    list.push_back({u"attempts"_s, double(timeline.attempts), false});
    return list;
}

QString shown(const std::optional<double> &value, bool isTime)
{
    return (value ? QString::number(*value, 'f', isTime ? 2 : 0) : u"-"_s).rightJustified(valueWidth);
}

QString row(const Measure &a, const std::optional<double> &b)
{
    QString line = a.name.leftJustified(nameWidth) + shown(a.value, a.isTime) + shown(b, a.isTime);
    if (a.value && b) {
        const double delta = *b - *a.value;
        line += ((delta >= 0 ? u"+"_s : QString()) + QString::number(delta, 'f', a.isTime ? 2 : 0)).rightJustified(valueWidth);
        line += (*a.value > 0 ? u"x %1"_s.arg(*b / *a.value, 0, 'f', 2) : u"-"_s).rightJustified(valueWidth);
    }
    return line + u'\n';
}

QString words(const QString &name, const QString &a, const QString &b)
{
    QString line = name.leftJustified(nameWidth);
    line += (a.isEmpty() ? u"-"_s : a).rightJustified(valueWidth) + u' ' + (b.isEmpty() ? u"-"_s : b).rightJustified(valueWidth - 1);
    return line + (a == b ? QString() : u"   differs"_s) + u'\n';
}

} // namespace

QString compareTimelines(const Timeline &a, const Timeline &b)
{
    QString out = u"A  %1\nB  %2\n\n"_s.arg(text(a.requestId), text(b.requestId));
    out += QString(nameWidth, u' ');
    for (const QLatin1StringView title : {"A ms"_L1, "B ms"_L1, "B - A"_L1, "B / A"_L1})
        out += QString(title).rightJustified(valueWidth);
    out += u'\n';
    const std::vector<Measure> of = measuresOf(a);
    std::vector<Measure> other = measuresOf(b);
    // In A's order; what only B has stands behind A's last common measure before it.
    auto next = other.begin();
    for (const Measure &measure : of) {
        const auto same = std::find_if(other.begin(), other.end(), [&](const Measure &m) { return m.name == measure.name; });
        if (same != other.end()) {
            for (; next < same; ++next) {
                if (std::none_of(of.begin(), of.end(), [&](const Measure &m) { return m.name == next->name; }))
                    out += row({next->name, {}, next->isTime}, next->value);
            }
            next = std::max(next, same + 1);
        }
        if (measure.value || (same != other.end() && same->value))
            out += row(measure, same == other.end() ? std::nullopt : same->value);
    }
    out += u'\n';
    out += words(u"end"_s, a.ended ? QString::fromLatin1(endReasonName(a.end)) : u"running"_s, b.ended ? QString::fromLatin1(endReasonName(b.end)) : u"running"_s);
    out += words(u"status"_s, QString::number(a.status), QString::number(b.status));
    out += words(u"pair"_s, pairOf(a), pairOf(b));
    out += words(u"policy"_s, text(a.policy), text(b.policy));
    out += words(u"model"_s, text(a.model), text(b.model));
    out += words(u"endpoint"_s, text(a.endpoint), text(b.endpoint));
    out += words(u"finish reason"_s, text(a.facts.finishReason), text(b.facts.finishReason));
    for (const auto &[name, timeline] : {std::pair{u"A"_s, &a}, {u"B"_s, &b}}) {
        if (!timeline->error.isEmpty())
            out += u"error of %1: %2\n"_s.arg(name, escapeControls(timeline->error));
    }
    return out;
}

} // namespace pdlb::trace
