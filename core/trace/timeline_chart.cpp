// SPDX-License-Identifier: Apache-2.0
#include "trace/timeline_chart.h"

#include "trace/server_times.h"
#include "trace/timeline_phases.h"
#include "util/escape.h"

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

constexpr int actorWidth = 9;
constexpr int nameWidth = 14;
constexpr int timeWidth = 12;

QString milliseconds(Monotonic time)
{
    return QString::number(double(time.count()) / 1e6, 'f', 1) + u" ms"_s;
}

QString text(const QByteArray &bytes)
{
    return escapeControls(QString::fromUtf8(bytes.left(256)));
}

QString size(qint64 bytes)
{
    if (bytes < 10'000)
        return u"%1 B"_s.arg(bytes);
    return bytes < 10'000'000 ? u"%1 kB"_s.arg(double(bytes) / 1e3, 0, 'f', 1) : u"%1 MB"_s.arg(double(bytes) / 1e6, 0, 'f', 1);
}

const char *colorOf(PhaseKind kind)
{
    switch (kind) {
    case PhaseKind::Queue: return "33";
    case PhaseKind::Connect: return "36";
    case PhaseKind::Send: return "34";
    case PhaseKind::Compute: return "35";
    case PhaseKind::Wait: return "90";
    case PhaseKind::Stream: return "32";
    }
    return "0";
}

class Chart
{
public:
    Chart(const Timeline &timeline, const ChartStyle &style)
        : m_timeline(timeline), m_style(style), m_width(std::max(style.width, 60)), m_bar(m_width - actorWidth - nameWidth - timeWidth),
          m_phases(phasesOf(timeline)), m_end(timeline.received)
    {
        for (const Phase &phase : m_phases)
            m_end = std::max(m_end, phase.to.value_or(phase.from));
        if (m_end == timeline.received)
            m_end += std::chrono::microseconds(1);
    }

    QString draw()
    {
        header();
        if (!m_phases.empty()) {
            m_out += u'\n';
            axis();
            bars();
        }
        remarks();
        return m_out;
    }

private:
    QString colored(const QString &what, const char *color) const
    {
        return m_style.color && !what.isEmpty() ? u"\x1b[%1m%2\x1b[0m"_s.arg(QLatin1StringView(color), what) : what;
    }

    /// Parts side by side, on as many lines as they need.
    void line(const QStringList &parts)
    {
        QString row;
        for (const QString &part : parts) {
            if (part.isEmpty())
                continue;
            if (!row.isEmpty() && row.size() + 2 + part.size() > m_width) {
                m_out += row + u'\n';
                row.clear();
            }
            row += (row.isEmpty() ? QString() : u"  "_s) + part;
        }
        if (!row.isEmpty())
            m_out += row + u'\n';
    }

    /// Text broken between words; its following lines stand under what is behind the label.
    void paragraph(const QString &label, const QString &what)
    {
        QString row = label.leftJustified(actorWidth);
        bool fresh = true;
        for (const QString &word : escapeControls(what).split(u' ')) {
            if (!fresh && row.size() + 1 + word.size() > m_width) {
                m_out += row + u'\n';
                row = QString(actorWidth, u' ');
                fresh = true;
            }
            row += (fresh ? QString() : u" "_s) + word;
            fresh = false;
        }
        m_out += row + u'\n';
    }

    void header()
    {
        const Timeline &t = m_timeline;
        const bool failed = t.ended && (t.end != EndReason::Ok || t.status >= 400);
        const QString outcome = !t.ended ? u"running"_s : QString::fromLatin1(endReasonName(t.end)) + (t.status > 0 ? u"  %1"_s.arg(t.status) : QString())
            + u"  %1"_s.arg(milliseconds(*t.ended - t.received));
        const QString id = text(t.requestId);
        const int gap = std::max<int>(2, m_width - int(id.size()) - int(outcome.size()));
        m_out += id + QString(gap, u' ') + colored(outcome, failed ? "31" : "32") + u'\n';
        const LegTimeline *prefill = t.leg(true);
        const LegTimeline *decode = t.leg(false);
        QString pair;
        if (prefill && decode)
            pair = u"pair %1/%2 (%3)"_s.arg(text(prefill->server), text(decode->server), text(t.policy));
        line({u"POST %1"_s.arg(text(t.endpoint)), t.model.isEmpty() ? QString() : u"model %1"_s.arg(text(t.model)), t.stream ? u"stream"_s : QString(),
              t.batch > 1 ? u"batch of %1"_s.arg(t.batch) : QString(), t.samples > 1 ? u"n=%1"_s.arg(t.samples) : QString(), pair,
              t.attempts > 1 ? u"%1 attempts"_s.arg(t.attempts) : QString()});
        const pd::AnswerFacts &facts = t.facts;
        QString tokens;
        if (facts.promptTokens || facts.completionTokens) {
            tokens = u"tokens %1 in%2, %3 out"_s.arg(facts.promptTokens.value_or(0)).arg(facts.cachedTokens ? u" (%1 cached)"_s.arg(*facts.cachedTokens) : QString())
                         .arg(facts.completionTokens.value_or(0));
        }
        line({t.startedAt.toUTC().toString(u"yyyy-MM-dd HH:mm:ss.zzz 'UTC'"_s), t.peer.isEmpty() ? QString() : u"from %1"_s.arg(text(t.peer)),
              u"%1 in, %2 out"_s.arg(size(t.requestBytes), size(t.answerBytes)), tokens,
              facts.finishReason.isEmpty() ? QString() : u"finish %1"_s.arg(text(facts.finishReason))});
        line({t.rid.isEmpty() ? QString() : u"rid %1"_s.arg(text(t.rid)),
              t.rooms.isEmpty() ? QString() : u"room %1%2"_s.arg(t.rooms.first()).arg(t.rooms.size() > 1 ? u" and %1 more"_s.arg(t.rooms.size() - 1) : QString()),
              t.context.traceId.isEmpty() ? QString() : u"trace %1"_s.arg(text(t.context.traceId))});
    }

    double column(Monotonic at) const
    {
        return double((at - m_timeline.received).count()) / double((m_end - m_timeline.received).count()) * m_bar;
    }

    void axis()
    {
        // Steps of 1, 2 or 5 that leave a label some room.
        const double all = double((m_end - m_timeline.received).count()) / 1e6;
        const double least = all / std::max(m_bar / 11, 1);
        double step = std::pow(10, std::floor(std::log10(least)));
        for (const double factor : {2.0, 2.5, 2.0}) {
            if (step < least)
                step *= factor;
        }
        QString row(m_bar, u' ');
        const QChar tick = m_style.unicode ? QChar(u'┆') : QChar(u'|');
        for (int i = 0; double(i) * step < all; ++i) {
            const int at = int(double(i) * step / all * m_bar);
            const QString label = tick + QString::number(double(i) * step, 'g', 6) + (i == 0 ? u" ms"_s : QString());
            if (at + label.size() <= m_bar)
                row.replace(at, label.size(), label);
        }
        while (row.endsWith(u' '))
            row.chop(1);
        m_out += QString(actorWidth + nameWidth, u' ') + colored(row, "2") + u'\n';
    }

    QString bar(const Phase &phase) const
    {
        const double begin = std::clamp(column(phase.from), 0.0, double(m_bar) - 0.125);
        const double end = std::clamp(phase.to ? column(*phase.to) : double(m_bar), begin, double(m_bar));
        const int first = int(begin);
        QString blocks;
        if (!m_style.unicode) {
            const int cells = int(std::lround(end)) - first;
            blocks = cells > 0 ? QString(cells, phase.to ? u'#' : u'.') : u"|"_s;
        } else {
            // Whole cells, and eighths of the last one.
            static constexpr QStringView eighths = u"▏▏▎▍▌▋▊▉█";
            const int whole = std::max(int(end) - first, 0);
            const int rest = int((end - std::floor(end)) * 8);
            blocks = QString(whole, phase.to ? u'█' : u'░');
            if (phase.to && (rest > 0 || whole == 0) && first + whole < m_bar)
                blocks += eighths[whole == 0 ? int(std::clamp((end - begin) * 8, 1.0, 8.0)) : rest];
        }
        return QString(first, u' ') + colored(blocks, colorOf(phase.kind)) + QString(std::max(0, m_bar - first - int(blocks.size())), u' ');
    }

    void bars()
    {
        const LegTimeline *before = nullptr;
        int row = 0; // within the actor
        for (size_t i = 0; i < m_phases.size(); ++i) {
            const Phase &phase = m_phases[i];
            row = i > 0 && phase.leg == before ? row + 1 : 0;
            before = phase.leg;
            QString label;
            if (row == 0)
                label = QLatin1StringView(phase.actor());
            else if (row == 1 && phase.leg)
                label = text(phase.leg->server).left(m_timeline.samples > 1 ? 5 : actorWidth) + (m_timeline.samples > 1 ? u" #%1"_s.arg(phase.leg->sample) : QString());
            else if (row == 2 && phase.earlier)
                label = u"earlier"_s;
            const QString time = phase.to ? milliseconds(*phase.to - phase.from) : u"…"_s;
            m_out += label.left(actorWidth - 1).leftJustified(actorWidth) + QString::fromLatin1(phase.name).leftJustified(nameWidth) + bar(phase)
                + time.rightJustified(timeWidth) + u'\n';
        }
    }

    void remarks()
    {
        const Timeline &t = m_timeline;
        m_out += u'\n';
        const QString none = m_out;
        if (!t.error.isEmpty())
            paragraph(u"error"_s, t.error);
        for (const auto *legs : {&t.earlierLegs, &t.legs}) {
            for (const LegTimeline &leg : *legs) {
                const QString who = u"%1%2"_s.arg(legs == &t.earlierLegs ? u"earlier "_s : QString(), text(leg.server));
                if (!leg.error.isEmpty() && leg.error != t.error)
                    paragraph(text(leg.server), who + u": "_s + leg.error);
                else if (leg.cancelled)
                    paragraph(text(leg.server), leg.abortSent ? u"cancelled, abort sent to the engine"_s : u"cancelled"_s);
                if (const auto times = serverTimes(t, leg)) {
                    paragraph(text(leg.server), u"had it for %1 by its own clock, which is %2 %3 ours (to within %4)"_s
                                  .arg(milliseconds(times->finished - times->received), milliseconds(Monotonic(std::abs(times->clockOffset.count()))),
                                       times->clockOffset.count() < 0 ? u"behind"_s : u"ahead of"_s, milliseconds(times->uncertainty + std::chrono::milliseconds(1))));
                }
                if (const auto mean = leg.times.gapMean()) {
                    const auto number = [](const std::optional<Monotonic> &gap) { return QString::number(double(gap->count()) / 1e6, 'f', 1); };
                    paragraph(text(leg.server), u"%1 events, %2; gaps in ms: mean %3, median %4, p99 %5, longest %6"_s.arg(leg.events).arg(size(leg.bytes), number(mean),
                              number(leg.times.gapQuantile(0.5)), number(leg.times.gapQuantile(0.99)), number(leg.times.gapMax())));
                }
            }
        }
        if (t.observations) {
            for (const AbortAnswer &answer : t.observations->abortAnswers())
                paragraph(u"abort"_s, u"%1 answered %2"_s.arg(text(answer.server), answer.status > 0 ? u"status %1"_s.arg(answer.status) : answer.error));
            for (const Explanation &explanation : t.observations->explanations()) {
                paragraph(u"stuck"_s, u"after %1: %2"_s.arg(milliseconds(explanation.at - t.received), explanation.sentence));
                if (!explanation.advice.isEmpty())
                    paragraph({}, explanation.advice);
            }
        }
        for (const QByteArray &rule : t.faults)
            paragraph(u"fault"_s, QString::fromUtf8(rule));
        if (m_out == none)
            m_out.chop(1);
    }

    const Timeline &m_timeline;
    const ChartStyle m_style;
    const int m_width;
    const int m_bar; ///< columns of the bars
    const std::vector<Phase> m_phases;
    Monotonic m_end; ///< of the axis
    QString m_out;
};

} // namespace

QString drawTimeline(const Timeline &timeline, const ChartStyle &style)
{
    return Chart(timeline, style).draw();
}

} // namespace pdlb::trace
