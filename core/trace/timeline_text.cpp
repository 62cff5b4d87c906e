// SPDX-License-Identifier: Apache-2.0
#include "trace/timeline.h"

#include "util/escape.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

struct Line {
    Monotonic at;
    QString text;
};

QString milliseconds(Monotonic time)
{
    return QString::number(double(time.count()) / 1e6, 'f', 2);
}

/// What a leg's moments are called on the page.
void addLeg(std::vector<Line> &lines, const LegTimeline &leg, int samples, const char *before = "")
{
    const QString who = QLatin1StringView(before) + (leg.prefill ? u"prefill "_s : u"decode  "_s)
        + (samples > 1 ? u"#%1 "_s.arg(leg.sample) : QString()) + QString::fromUtf8(leg.server);
    const auto add = [&](const Moment &moment, const QString &what) {
        if (moment)
            lines.push_back({*moment, who + u"  "_s + what});
    };
    add(leg.ready, leg.reused ? u"connection reused"_s : u"connected to %1"_s.arg(QString::fromUtf8(leg.url)));
    add(leg.sent, u"request sent"_s);
    add(leg.head, u"head, status %1"_s.arg(leg.status));
    if (!leg.prefill && leg.isGood())
        add(leg.firstByte, u"first token"_s);
    if (!leg.error.isEmpty())
        add(leg.ended, u"failed: %1"_s.arg(leg.error));
    else if (leg.cancelled)
        add(leg.ended, leg.abortSent ? u"cancelled, abort sent to the engine"_s : u"cancelled"_s);
    else if (leg.prefill && leg.isGood())
        add(leg.ended, u"prefill done, KV cache transferred"_s);
    else
        add(leg.ended, leg.events > 0 ? u"last token, %1 events, %2 bytes"_s.arg(leg.events).arg(leg.bytes)
                                      : u"answer complete, %1 bytes"_s.arg(leg.bytes));
}

/// Of what others wrote, as much as a line should hold.
QString escaped(const QString &text)
{
    return escapeControls(text.left(256));
}

} // namespace

QString describeTimeline(const Timeline &timeline)
{
    std::vector<Line> lines;
    lines.push_back({timeline.received, u"request received, %1 bytes"_s.arg(timeline.requestBytes)});
    if (timeline.queued)
        lines.push_back({*timeline.queued, u"waits in the queue at position %1"_s.arg(timeline.queuePosition)});
    if (timeline.queued && timeline.admitted)
        lines.push_back({*timeline.admitted, u"out of the queue after %1 ms"_s.arg(milliseconds(*timeline.admitted - *timeline.queued))});
    const LegTimeline *prefill = timeline.leg(true);
    const LegTimeline *decode = timeline.leg(false);
    if (timeline.picked && prefill && decode)
        lines.push_back({*timeline.picked, u"pair %1/%2 picked (%3)"_s.arg(QString::fromUtf8(prefill->server),
                             QString::fromUtf8(decode->server), QString::fromUtf8(timeline.policy))});
    for (const LegTimeline &leg : timeline.earlierLegs)
        addLeg(lines, leg, timeline.samples, "earlier attempt: ");
    for (const LegTimeline &leg : timeline.legs)
        addLeg(lines, leg, timeline.samples);
    if (timeline.clientHead)
        lines.push_back({*timeline.clientHead, u"answer to the client begins, status %1"_s.arg(timeline.status)});
    if (timeline.ended)
        lines.push_back({*timeline.ended, u"end: %1%2"_s.arg(QLatin1StringView(endReasonName(timeline.end)),
                             timeline.error.isEmpty() ? QString() : u" ("_s + escaped(timeline.error) + u")"_s)});
    std::stable_sort(lines.begin(), lines.end(), [](const Line &a, const Line &b) { return a.at < b.at; });
    QString text;
    for (const Line &line : lines)
        text += u"  %1 ms  %2\n"_s.arg(milliseconds(line.at - timeline.received), 9).arg(line.text);
    return text;
}

QString summarizeTimeline(const Timeline &timeline)
{
    const LegTimeline *prefill = timeline.leg(true);
    const LegTimeline *decode = timeline.leg(false);
    QString line = u"end=%1 status=%2 id=%3 endpoint=%4 pair=%5/%6"_s
                       .arg(QLatin1StringView(endReasonName(timeline.end))).arg(timeline.status)
                       .arg(escaped(QString::fromUtf8(timeline.requestId)), QString::fromUtf8(timeline.endpoint),
                            prefill ? QString::fromUtf8(prefill->server) : u"-"_s,
                            decode ? QString::fromUtf8(decode->server) : u"-"_s);
    if (timeline.ended)
        line += u" ms=%1"_s.arg(milliseconds(*timeline.ended - timeline.received));
    if (timeline.queued)
        line += u" queue_ms=%1"_s.arg(milliseconds(timeline.admitted.value_or(timeline.ended.value_or(*timeline.queued)) - *timeline.queued));
    if (timeline.attempts > 1)
        line += u" attempts=%1"_s.arg(timeline.attempts);
    if (const Moment first = timeline.firstToken())
        line += u" ttft_ms=%1"_s.arg(milliseconds(*first - timeline.received));
    if (!timeline.error.isEmpty())
        line += u" error=\"%1\""_s.arg(escaped(timeline.error));
    return line;
}

} // namespace pdlb::trace
