// SPDX-License-Identifier: Apache-2.0
#include "widgets/trace_html.h"

#include "models/trace_text.h"
#include "trace/redact.h"
#include "trace/server_times.h"
#include "trace/timeline_phases.h"

#include <QStringList>

#include <map>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

QString muted(const QString &text)
{
    return u"<span style=\"color:%1\">%2</span>"_s.arg(color(Tone::Muted).name(), text);
}

/// Rows of a name and a value; those without a value are left out.
class Table
{
public:
    explicit Table(const QString &title = {})
    {
        if (!title.isEmpty())
            m_html = u"<h4>%1</h4>"_s.arg(title.toHtmlEscaped());
        m_html += u"<table cellspacing=0 cellpadding=3>"_s;
    }
    void row(const QString &name, const QString &value)
    {
        if (!value.isEmpty() && value != u"–"_s)
            m_html += u"<tr><td>%1</td><td>%2</td></tr>"_s.arg(muted(name.toHtmlEscaped() + u"&nbsp;&nbsp;&nbsp;"_s), value.toHtmlEscaped());
    }
    /// `words`: so many columns hold text; the others numbers.
    void cells(const QStringList &values, bool isHead = false, qsizetype words = 1)
    {
        m_html += u"<tr>"_s;
        for (qsizetype i = 0; i < values.size(); ++i) {
            const QString text = values[i].toHtmlEscaped() + u"&nbsp;&nbsp;&nbsp;"_s;
            m_html += u"<td%1>%2</td>"_s.arg(i < words ? u""_s : u" align=right"_s, isHead ? muted(text) : text);
        }
        m_html += u"</tr>"_s;
    }
    QString html() const { return m_html + u"</table>"_s; }

private:
    QString m_html;
};

QString headersTable(const QString &title, const http::HeaderList &headers)
{
    if (headers.isEmpty())
        return {};
    Table table(title);
    for (const http::Header &header : trace::redactHeaders(headers))
        table.row(TraceText::foreign(header.name), TraceText::foreign(header.value, 2000));
    return table.html();
}

QString time(const trace::Moment &moment, const trace::Timeline &timeline)
{
    return moment ? TraceText::duration(*moment - timeline.received) : QString();
}

QString paragraph(const QString &text)
{
    return text.isEmpty() ? QString() : u"<p>%1</p>"_s.arg(text.toHtmlEscaped());
}

} // namespace

QString TraceHtml::overview(const trace::Timeline &t)
{
    Table what;
    what.row(tr("State"), TraceText::stateInWords(t));
    what.row(tr("End"), t.ended ? QString::fromLatin1(trace::endReasonName(t.end)) : QString());
    what.row(tr("Error"), t.error.left(2000));
    what.row(tr("Comment"), t.comment);
    what.row(tr("Endpoint"), TraceText::foreign(trace::redactTarget(t.target.isEmpty() ? t.endpoint : t.target), 1000));
    what.row(tr("Model"), TraceText::foreign(t.model));
    what.row(tr("Pair"), t.policy.isEmpty() ? TraceText::pair(t) : tr("%1 (picked by %2)").arg(TraceText::pair(t), TraceText::foreign(t.policy)));
    what.row(tr("Attempts"), t.attempts > 1 ? QString::number(t.attempts) : QString());
    what.row(tr("Stream"), t.stream ? tr("yes") : tr("no"));
    what.row(tr("Prompts"), t.batch > 1 ? QString::number(t.batch) : QString());
    what.row(tr("Samples (n)"), t.samples > 1 ? QString::number(t.samples) : QString());
    what.row(tr("Finish reason"), TraceText::foreign(t.facts.finishReason));
    QStringList faults;
    for (const QByteArray &fault : t.faults)
        faults += TraceText::foreign(fault);
    what.row(tr("Injected faults"), faults.join(u"; "_s));

    Table times(tr("Figures"));
    times.row(tr("TTFT"), TraceText::duration(ttftOf(t)));
    times.row(tr("Total"), t.ended ? TraceText::duration(*t.ended - t.received) : QString());
    times.row(tr("Queue"), t.picked ? TraceText::duration(*t.picked - t.received) : QString());
    if (const trace::LegTimeline *decode = t.leg(false); decode && decode->times.count() > 1) {
        times.row(tr("Gaps of the stream"), tr("mean %1, p50 %2, p99 %3, max %4").arg(TraceText::duration(decode->times.gapMean()),
            TraceText::duration(decode->times.gapQuantile(0.5)), TraceText::duration(decode->times.gapQuantile(0.99)), TraceText::duration(decode->times.gapMax())));
    }
    times.row(tr("Prompt tokens"), t.facts.cachedTokens ? tr("%1 (%2 from the cache)").arg(TraceText::count(t.facts.promptTokens), TraceText::count(t.facts.cachedTokens))
                                                       : TraceText::count(t.facts.promptTokens));
    times.row(tr("Generated tokens"), TraceText::count(t.facts.completionTokens));
    times.row(tr("Request"), TraceText::bytes(t.requestBytes));
    times.row(tr("Answer"), TraceText::bytes(t.answerBytes));

    Table names(tr("Names"));
    names.row(tr("Request id"), TraceText::foreign(t.requestId));
    names.row(tr("Engines' rid"), TraceText::foreign(t.rid));
    QStringList rooms;
    for (const quint64 room : t.rooms.mid(0, 16))
        rooms += QString::number(room);
    names.row(tr("Bootstrap room"), rooms.join(u", "_s));
    names.row(tr("Trace id"), TraceText::foreign(t.context.traceId));
    names.row(tr("Client"), TraceText::foreign(t.peer));
    names.row(tr("Begun"), t.startedAt.toLocalTime().toString(Qt::ISODateWithMs));
    return u"<table width=100%><tr><td>%1</td><td>%2</td><td>%3</td></tr></table>"_s.arg(what.html(), times.html(), names.html());
}

QString TraceHtml::phases(const trace::Timeline &t)
{
    Table table;
    table.cells({tr("who"), tr("phase"), tr("from"), tr("took")}, true, 2);
    for (const trace::Phase &phase : trace::phasesOf(t)) {
        const QString who = !phase.leg ? tr("client") : (phase.leg->prefill ? tr("prefill %1") : tr("decode %1")).arg(TraceText::foreign(phase.leg->server));
        table.cells({phase.earlier ? tr("%1 (earlier attempt)").arg(who) : who, TraceText::phase(phase.name), TraceText::duration(phase.from - t.received),
                     phase.to ? TraceText::duration(*phase.to - phase.from) : tr("goes on")}, false, 2);
    }
    return table.html();
}

QString TraceHtml::request(const trace::Timeline &t)
{
    return paragraph(u"POST "_s + TraceText::foreign(trace::redactTarget(t.target.isEmpty() ? t.endpoint : t.target), 2000)) + headersTable({}, t.requestHeaders);
}

QString TraceHtml::leg(const trace::Timeline &t, bool prefill)
{
    QString html;
    const auto add = [&](const trace::LegTimeline &leg, bool earlier) {
        const QString name = (prefill ? tr("prefill %1") : tr("decode %1")).arg(TraceText::foreign(leg.server));
        Table table(earlier ? tr("%1 (earlier attempt)").arg(name) : name);
        table.row(tr("URL"), TraceText::foreign(leg.url));
        table.row(tr("Status"), leg.status > 0 ? QString::number(leg.status) : QString());
        table.row(tr("Error"), leg.error.left(2000));
        table.row(tr("Connection"), !leg.ready ? QString() : leg.reused ? tr("kept from an earlier request") : tr("new, in %1").arg(TraceText::duration(*leg.ready - leg.opened.value_or(*leg.ready))));
        table.row(tr("Sent"), time(leg.sent, t));
        table.row(tr("Head"), time(leg.head, t));
        table.row(tr("First byte"), time(leg.firstByte, t));
        table.row(tr("Ended"), time(leg.ended, t));
        table.row(tr("Answer"), tr("%1, %n events", nullptr, int(leg.events)).arg(TraceText::bytes(leg.bytes)));
        if (const auto times = trace::serverTimes(t, leg)) {
            table.row(tr("In the engine"), tr("from %1 to %2, by its own clock (±%3)").arg(TraceText::duration(times->received - t.received),
                TraceText::duration(times->finished - t.received), TraceText::duration(times->uncertainty)));
        }
        table.row(tr("Closed by us"), leg.cancelled ? (leg.abortSent ? tr("yes, and the engine was told to forget the request") : tr("yes")) : QString());
        html += table.html() + headersTable(tr("Headers of its answer"), leg.headers);
    };
    for (const trace::LegTimeline &leg : t.legs) {
        if (leg.prefill == prefill)
            add(leg, false);
    }
    for (const trace::LegTimeline &leg : t.earlierLegs) {
        if (leg.prefill == prefill)
            add(leg, true);
    }
    return html.isEmpty() ? paragraph(tr("It did not come to this leg.")) : html;
}

QString TraceHtml::advice(trace::EndReason end)
{
    using trace::EndReason;
    switch (end) {
    case EndReason::Ok: return tr("It ended well.");
    case EndReason::ClientGone: return tr("The client closed the connection. Both engines were told to stop.");
    case EndReason::PrefillHttp: return tr("The prefill engine refused the request; its answer went to the client.");
    case EndReason::PrefillConn: return tr("The prefill engine could not be reached. Is it running, and is its URL right?");
    case EndReason::PrefillAbort: return tr("The prefill engine gave the request up after it had begun. Its log says why; often the KV transfer failed.");
    case EndReason::DecodeHttp: return tr("The decode engine refused the request; its answer went to the client.");
    case EndReason::DecodeConn: return tr("The decode engine could not be reached. Is it running, and is its URL right?");
    case EndReason::DecodeCut: return tr("The decode engine closed the connection in the middle of its answer. It may have crashed.");
    case EndReason::DecodeAbort: return tr("The decode engine gave the request up after it had begun. Its log says why; often the KV transfer failed.");
    case EndReason::TimeoutConnect: return tr("An engine did not take the connection in time (--connect-timeout).");
    case EndReason::TimeoutFirstByte: return tr("Decode sent nothing in time (--first-byte-timeout).");
    case EndReason::TimeoutIdle: return tr("Decode stopped sending in the middle of the stream (--stream-idle-timeout).");
    case EndReason::TimeoutTotal: return tr("The request took longer than it may in all (--request-timeout-secs).");
    case EndReason::StalledClient: return tr("The client stopped reading for too long (--write-stall-timeout).");
    case EndReason::Overload: return tr("There was no room for it: too many requests run or wait. See --max-in-flight and --max-queue.");
    case EndReason::Drain: return tr("The balancer was shutting down.");
    case EndReason::Aborted: return tr("Somebody ended it here or by the admin API. Both engines were told to stop.");
    case EndReason::BadRequest: return tr("The client's request was wrong; no engine has seen it.");
    }
    return {};
}

QString TraceHtml::error(const trace::Timeline &t)
{
    QString html;
    if (t.ended) {
        html += t.error.isEmpty() ? QString() : u"<h4>%1</h4>"_s.arg(t.error.left(4000).toHtmlEscaped());
        html += paragraph(advice(t.end));
    } else {
        html += paragraph(tr("It still runs."));
    }
    if (t.observations) {
        Table aborts(tr("What the engines said when they were told to forget it"));
        bool any = false;
        for (const trace::AbortAnswer &answer : t.observations->abortAnswers()) {
            any = true;
            aborts.row(TraceText::foreign(answer.server), answer.status > 0 ? QString::number(answer.status) : tr("no answer: %1").arg(answer.error.left(500)));
        }
        if (any)
            html += aborts.html();
        const auto explanations = t.observations->explanations();
        if (!explanations.empty())
            html += u"<h4>%1</h4>"_s.arg(tr("Where it was stuck").toHtmlEscaped());
        for (const trace::Explanation &explanation : explanations) {
            html += u"<p>%1 <b>%2</b> %3</p>"_s.arg(muted(tr("after %1:").arg(TraceText::duration(explanation.at - t.received)).toHtmlEscaped()),
                                                     explanation.sentence.left(2000).toHtmlEscaped(), explanation.advice.left(2000).toHtmlEscaped());
        }
    }
    return html;
}

QString TraceHtml::comparison(const trace::Timeline &a, const QString &nameA, const trace::Timeline &b, const QString &nameB)
{
    struct Length {
        std::optional<double> a, b;
    };
    std::vector<QString> order;
    std::map<QString, Length> lengths;
    const auto collect = [&](const trace::Timeline &t, bool first) {
        for (const trace::Phase &phase : trace::phasesOf(t)) {
            if (phase.earlier || !phase.to)
                continue;
            const QString name = QLatin1StringView(phase.actor()) + u": "_s + TraceText::phase(phase.name);
            if (!lengths.contains(name))
                order.push_back(name);
            (first ? lengths[name].a : lengths[name].b) = double((*phase.to - phase.from).count()) / 1e6;
        }
    };
    collect(a, true);
    collect(b, false);
    Table table;
    table.cells({QString(), nameA, nameB, tr("difference")}, true);
    const auto row = [&](const QString &name, std::optional<double> x, std::optional<double> y) {
        const auto text = [](std::optional<double> value) { return value ? TraceText::duration(*value) : u"–"_s; };
        QString difference;
        if (x && y)
            difference = (*y < *x ? u"−"_s : u"+"_s) + TraceText::duration(std::abs(*y - *x));
        table.cells({name, text(x), text(y), difference});
    };
    const auto ms = [](std::optional<Monotonic> time) { return time ? std::optional(double(time->count()) / 1e6) : std::nullopt; };
    row(tr("TTFT"), ms(ttftOf(a)), ms(ttftOf(b)));
    row(tr("Total"), a.ended ? ms(*a.ended - a.received) : std::nullopt, b.ended ? ms(*b.ended - b.received) : std::nullopt);
    for (const QString &name : order)
        row(name, lengths[name].a, lengths[name].b);
    table.cells({tr("State"), TraceText::state(a), TraceText::state(b), QString()});
    table.cells({tr("Pair"), TraceText::pair(a), TraceText::pair(b), QString()});
    table.cells({tr("Model"), TraceText::foreign(a.model, 60), TraceText::foreign(b.model, 60), QString()});
    table.cells({tr("Prompt tokens"), TraceText::count(a.facts.promptTokens), TraceText::count(b.facts.promptTokens), QString()});
    table.cells({tr("Generated tokens"), TraceText::count(a.facts.completionTokens), TraceText::count(b.facts.completionTokens), QString()});
    return table.html();
}

} // namespace pdlb::gui
