// SPDX-License-Identifier: Apache-2.0
#include "delegates/waterfall.h"

#include "theme/theme.h"
#include "trace/server_times.h"

#include <QCoreApplication>
#include <QLocale>
#include <QPainter>

#include <algorithm>
#include <array>
#include <cmath>

namespace pdlb::gui {

namespace {

class BarMaker
{
public:
    BarMaker(const trace::Timeline &timeline, Monotonic now) : m_timeline(timeline), m_end(timeline.ended.value_or(std::max(now, timeline.received))) {}

    Bar make()
    {
        const trace::Timeline &t = m_timeline;
        until(BarKind::Queue, t.picked.value_or(m_end));
        const trace::LegTimeline *prefill = t.leg(true);
        const trace::LegTimeline *decode = t.leg(false);
        const trace::LegTimeline *slower = !prefill ? decode : !decode ? prefill : later(*prefill, *decode);
        if (t.picked && slower)
            until(BarKind::Connect, slower->sent.value_or(m_end));
        const trace::Moment first = decode && decode->isGood() ? decode->firstByte : trace::Moment();
        if (prefill && prefill->sent)
            ofPrefill(*prefill, first);
        if (decode && decode->sent)
            until(BarKind::DecodeWait, first.value_or(decode->ended.value_or(m_end)));
        if (first)
            until(BarKind::Stream, decode->ended.value_or(m_end));
        // What is left: an answer that is still on its way to the client, or the balancer's own.
        if (m_at < m_end)
            until(m_bar.spans.empty() ? BarKind::Queue : m_bar.spans.back().kind, m_end);
        if (decode) {
            m_bar.ticks = decode->times.times();
            for (Monotonic &tick : m_bar.ticks)
                tick -= t.received;
        }
        m_bar.end = m_end - t.received;
        m_bar.running = !t.ended;
        m_bar.failed = t.ended && (t.end != trace::EndReason::Ok || t.status >= 400) && t.end != trace::EndReason::ClientGone;
        return std::move(m_bar);
    }

private:
    static const trace::LegTimeline *later(const trace::LegTimeline &a, const trace::LegTimeline &b)
    {
        return a.sent && b.sent && *a.sent > *b.sent ? &a : &b;
    }

    void ofPrefill(const trace::LegTimeline &prefill, const trace::Moment &first)
    {
        Monotonic end = prefill.ended.value_or(m_end);
        if (first)
            end = std::min(end, *first);
        // Prefill's answer ends with the transfer; only an engine that tells its own times tells them apart.
        const auto times = trace::serverTimes(m_timeline, prefill);
        if (times && times->finished < end) {
            until(BarKind::Prefill, times->finished);
            until(BarKind::Transfer, end);
        } else {
            until(BarKind::Prefill, end);
        }
    }

    void until(BarKind kind, Monotonic to)
    {
        to = std::min(to, m_end);
        if (to <= m_at)
            return;
        if (!m_bar.spans.empty() && m_bar.spans.back().kind == kind)
            m_bar.spans.back().to = to - m_timeline.received;
        else
            m_bar.spans.push_back({kind, m_at - m_timeline.received, to - m_timeline.received});
        m_at = to;
    }

    const trace::Timeline &m_timeline;
    Monotonic m_end;
    Monotonic m_at = m_timeline.received;
    Bar m_bar;
};

QColor blend(const QColor &a, const QColor &b, double share)
{
    return QColor::fromRgbF(float(a.redF() * share + b.redF() * (1 - share)), float(a.greenF() * share + b.greenF() * (1 - share)),
                            float(a.blueF() * share + b.blueF() * (1 - share)));
}

/// Lines from top left to bottom right, or the other way round, over what is there.
void hatch(QPainter &painter, const QRectF &rect, const QColor &color, double step, bool falls)
{
    painter.save();
    painter.setClipRect(rect, Qt::IntersectClip);
    painter.setPen(QPen(color, 1));
    const double height = rect.height();
    // Places count from 0, not from the stretch, so that nothing crawls while it grows.
    const double first = std::floor((rect.left() - height) / step) * step;
    const int lines = std::min(2000, int((rect.right() - first) / step) + 1);
    for (int i = 0; i < lines; ++i) {
        const double x = first + i * step;
        painter.drawLine(QPointF(x, falls ? rect.top() : rect.bottom()), QPointF(x + height, falls ? rect.bottom() : rect.top()));
    }
    painter.restore();
}

void dots(QPainter &painter, const QRectF &rect, const QColor &color)
{
    constexpr double step = 4;
    painter.setPen(QPen(color, 1.2));
    const int columns = std::min(1500, int(rect.width() / step) + 1);
    for (int i = 0; i < columns; ++i) {
        for (double y = rect.top() + 2; y < rect.bottom() - 1; y += step)
            painter.drawPoint(QPointF(rect.left() + 1 + i * step, y));
    }
}

} // namespace

Bar barOf(const trace::Timeline &timeline, Monotonic now)
{
    return BarMaker(timeline, now).make();
}

Monotonic tickStep(const TimeScale &scale, double labelWidth)
{
    const double least = double(scale.span.count()) * labelWidth / std::max(scale.width, 1.0);
    double step = std::pow(10, std::floor(std::log10(std::max(least, 1.0))));
    for (const double factor : {2.0, 2.5, 2.0}) { // 2, 5, 10
        if (step >= least)
            break;
        step *= factor;
    }
    return Monotonic(std::max<qint64>(qint64(step), 1));
}

Monotonic niceSpan(Monotonic span)
{
    const double wanted = double(std::max<qint64>(span.count(), 1));
    const double base = std::pow(10, std::floor(std::log10(wanted)));
    for (const double factor : {1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0}) {
        if (base * factor >= wanted * (1 - 1e-9))
            return Monotonic(qint64(base * factor));
    }
    return Monotonic(qint64(base * 10));
}

QString tickLabel(Monotonic time, Monotonic step)
{
    if (time.count() == 0)
        return QStringLiteral("0");
    const QLocale locale;
    const double ms = double(time.count()) / 1e6;
    const double stepMs = double(step.count()) / 1e6;
    if (stepMs >= 200 || ms >= 10'000)
        return QCoreApplication::translate("TimeAxis", "%1 s").arg(locale.toString(ms / 1000, 'f', stepMs >= 1000 ? 0 : stepMs >= 100 ? 1 : 2));
    return QCoreApplication::translate("TimeAxis", "%1 ms").arg(locale.toString(ms, 'f', stepMs >= 1 ? 0 : stepMs >= 0.1 ? 1 : 2));
}

void paintSpan(QPainter &painter, const QRectF &rect, BarKind kind)
{
    const QColor surface = color(Tone::Surface);
    switch (kind) {
    case BarKind::Queue:
        painter.fillRect(rect, blend(color(Tone::Muted), surface, 0.15));
        hatch(painter, rect, color(Tone::Muted), 6, false);
        break;
    case BarKind::Connect:
        painter.fillRect(QRectF(rect.left(), rect.center().y() - 1, rect.width(), 2), color(Tone::Muted));
        break;
    case BarKind::Prefill: painter.fillRect(rect, color(Tone::Accent)); break;
    case BarKind::Transfer:
        painter.fillRect(rect, blend(color(Tone::Warn), surface, 0.22));
        hatch(painter, rect, color(Tone::Warn), 6, true);
        break;
    case BarKind::DecodeWait:
        painter.fillRect(rect, blend(color(Tone::Muted), surface, 0.12));
        dots(painter, rect, color(Tone::Muted));
        break;
    case BarKind::Stream: painter.fillRect(rect, blend(color(Tone::Ok), surface, 0.35)); break;
    }
}

void paintBar(QPainter &painter, const QRectF &rect, const Bar &bar, const TimeScale &scale)
{
    painter.save();
    painter.setClipRect(rect, Qt::IntersectClip);
    const auto x = [&](Monotonic time) { return rect.left() + std::clamp(scale.x(time), -10.0, scale.width + 10.0); };
    for (const BarSpan &span : bar.spans) {
        const double left = x(span.from);
        const double right = x(span.to);
        if (right < rect.left() || left > rect.right())
            continue;
        paintSpan(painter, QRectF(left, rect.top(), std::max(right - left, 1.0), rect.height()), span.kind);
    }
    // A hairline for each piece, where they can be told apart.
    double last = -100;
    painter.setPen(QPen(color(Tone::Ok), 1));
    for (const Monotonic tick : bar.ticks) {
        const double at = x(tick);
        if (at < rect.left() || at > rect.right() || at - last < 3)
            continue;
        painter.drawLine(QPointF(at, rect.top() + 1), QPointF(at, rect.bottom() - 1));
        last = at;
    }
    if (bar.failed) {
        const double at = x(bar.end);
        painter.setRenderHint(QPainter::Antialiasing);
        painter.fillRect(QRectF(at, rect.top(), 3, rect.height()), color(Tone::Bad));
        painter.setPen(QPen(color(Tone::Bad), 1.6));
        const QRectF cross(at + 6, rect.center().y() - 4, 8, 8);
        painter.drawLine(cross.topLeft(), cross.bottomRight());
        painter.drawLine(cross.topRight(), cross.bottomLeft());
    }
    painter.restore();
}

void WaterfallAxis::fit(Monotonic longest)
{
    if (!m_automatic)
        return;
    // A little room behind the longest bar, and no change for a little less.
    const Monotonic wanted = niceSpan(std::max(longest, Monotonic(std::chrono::milliseconds(1))) * 115 / 100);
    if (m_begin.count() == 0 && wanted <= m_span && wanted * 2 > m_span)
        return;
    m_begin = Monotonic(0);
    m_span = wanted;
    Q_EMIT changed();
}

void WaterfallAxis::zoom(double factor, Monotonic around)
{
    const double left = double((around - m_begin).count()) / double(m_span.count());
    m_span = std::clamp(Monotonic(qint64(double(m_span.count()) * factor)), shortest, longestSpan);
    m_begin = std::max(around - Monotonic(qint64(left * double(m_span.count()))), Monotonic(0));
    m_automatic = false;
    Q_EMIT changed();
}

void WaterfallAxis::pan(Monotonic by)
{
    m_begin = std::clamp(m_begin + by, Monotonic(0), Monotonic(longestSpan));
    m_automatic = false;
    Q_EMIT changed();
}

void WaterfallAxis::setAutomatic()
{
    m_automatic = true;
    m_begin = Monotonic(0);
    m_span = std::chrono::hours(24); // whatever is seen fits
    Q_EMIT changed();
}

} // namespace pdlb::gui
