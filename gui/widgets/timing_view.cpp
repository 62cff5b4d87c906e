// SPDX-License-Identifier: Apache-2.0
#include "widgets/timing_view.h"

#include "models/trace_model.h"
#include "models/trace_text.h"

#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

constexpr int nameWidth = 110;
constexpr int rightMargin = 24;
constexpr int axisHeight = 28;
constexpr int barHeight = 16;

} // namespace

TimingView::TimingView(QWidget *parent) : QWidget(parent)
{
    setObjectName(u"timingView"_s);
    setAccessibleName(tr("Timing of the request"));
}

void TimingView::setTimeline(const trace::TimelinePtr &timeline)
{
    m_timeline = timeline;
    makeActors();
    setAccessibleDescription(lines().join(u'\n'));
    updateGeometry();
    update();
}

void TimingView::makeActors()
{
    m_actors.clear();
    if (!m_timeline)
        return;
    const trace::LegTimeline *last = nullptr;
    bool first = true;
    const Monotonic now = TraceModel::now();
    m_end = m_timeline->ended.value_or(now);
    for (const trace::Phase &phase : trace::phasesOf(*m_timeline)) {
        m_end = std::max(m_end, phase.to.value_or(phase.from));
        if (first || phase.leg != last) {
            Actor actor;
            actor.leg = phase.leg;
            if (!phase.leg) {
                actor.name = tr("client");
                actor.outcome = TraceText::stateInWords(*m_timeline);
            } else {
                const QString name = TraceText::foreign(phase.leg->server, 40);
                actor.name = phase.leg->prefill ? tr("prefill %1").arg(name) : tr("decode %1").arg(name);
                if (phase.earlier)
                    actor.outcome = tr("earlier attempt");
                else if (!phase.leg->error.isEmpty())
                    actor.outcome = phase.leg->error.left(200);
                else if (phase.leg->status > 0)
                    actor.outcome = QString::number(phase.leg->status);
            }
            m_actors.push_back(std::move(actor));
        }
        first = false;
        last = phase.leg;
        const bool isInEngine = QByteArrayView(phase.name) == "in engine";
        (isInEngine ? m_actors.back().inEngine : m_actors.back().phases).push_back(phase);
    }
    if (m_end <= m_timeline->received)
        m_end = m_timeline->received + std::chrono::microseconds(1);
}

QStringList TimingView::lines() const
{
    QStringList lines;
    for (const Actor &actor : m_actors) {
        QStringList phases;
        for (const trace::Phase &phase : actor.phases)
            phases += u"%1 %2"_s.arg(TraceText::phase(phase.name), TraceText::duration(phase.to.value_or(m_end) - phase.from));
        lines += u"%1: %2"_s.arg(actor.name, phases.join(u", "_s));
    }
    return lines;
}

BarKind TimingView::kindOf(const trace::Phase &phase)
{
    switch (phase.kind) {
    case trace::PhaseKind::Queue: return BarKind::Queue;
    case trace::PhaseKind::Connect:
    case trace::PhaseKind::Send: return BarKind::Connect;
    case trace::PhaseKind::Compute: return BarKind::Prefill;
    case trace::PhaseKind::Wait: return BarKind::DecodeWait;
    case trace::PhaseKind::Stream: return BarKind::Stream;
    }
    return BarKind::Queue;
}

TimeScale TimingView::scale() const
{
    const Monotonic span = m_timeline ? m_end - m_timeline->received : Monotonic(1);
    return {Monotonic(0), span, double(std::max(1, width() - nameWidth - rightMargin))};
}

int TimingView::lineHeight() const
{
    return barHeight + fontMetrics().height() + 16;
}

QRect TimingView::lineRect(int actor) const
{
    return {nameWidth, axisHeight + actor * lineHeight() + 6, width() - nameWidth - rightMargin, barHeight};
}

QSize TimingView::sizeHint() const
{
    return {700, axisHeight + int(m_actors.size()) * lineHeight() + 8};
}

void TimingView::paintEvent(QPaintEvent *)
{
    QPainter painter(this);
    painter.fillRect(rect(), color(Tone::Surface));
    if (!m_timeline)
        return;
    const TimeScale scale = this->scale();
    const Monotonic step = tickStep(scale, 90);
    painter.setFont(Theme::scaled(font(), 0.9));
    Monotonic tick{0};
    for (int i = 0; i < 200 && tick <= scale.span; ++i, tick += step) {
        const int x = nameWidth + int(scale.x(tick));
        painter.setPen(color(Tone::Border));
        painter.drawLine(x, axisHeight - 4, x, height());
        painter.setPen(color(Tone::Muted));
        painter.drawText(x + 4, axisHeight - 10, tickLabel(tick, step));
    }
    for (size_t i = 0; i < m_actors.size(); ++i) {
        const Actor &actor = m_actors[i];
        const QRect line = lineRect(int(i));
        painter.setFont(font());
        painter.setPen(color(Tone::Text));
        painter.drawText(QRect(0, line.top(), nameWidth - 10, line.height()), Qt::AlignRight | Qt::AlignVCenter,
                         fontMetrics().elidedText(actor.name, Qt::ElideRight, nameWidth - 12));
        const auto rectOf = [&](const trace::Phase &phase, int top, int height) {
            const double left = nameWidth + scale.x(phase.from - m_timeline->received);
            const double right = nameWidth + scale.x(phase.to.value_or(m_end) - m_timeline->received);
            return QRectF(left, top, std::max(right - left, 1.0), height);
        };
        for (const trace::Phase &phase : actor.phases)
            paintSpan(painter, rectOf(phase, line.top(), barHeight), kindOf(phase));
        if (actor.leg) {
            painter.setPen(QPen(color(Tone::Ok), 1));
            double last = -100;
            for (const Monotonic at : actor.leg->times.times()) {
                const double x = nameWidth + scale.x(at - m_timeline->received);
                if (x - last < 3)
                    continue;
                painter.drawLine(QPointF(x, line.top() + 1), QPointF(x, line.bottom() - 1));
                last = x;
            }
        }
        for (const trace::Phase &phase : actor.inEngine)
            painter.fillRect(rectOf(phase, line.bottom() + 2, 3), color(Tone::Warn));
        painter.setFont(Theme::scaled(font(), 0.9));
        painter.setPen(color(Tone::Muted));
        QStringList words;
        for (const trace::Phase &phase : actor.phases)
            words += u"%1 %2"_s.arg(TraceText::phase(phase.name), TraceText::duration(phase.to.value_or(m_end) - phase.from));
        if (!actor.outcome.isEmpty())
            words += actor.outcome;
        const QRect under(line.left(), line.bottom() + 5, line.width(), QFontMetrics(painter.font()).height() + 2);
        painter.drawText(under, Qt::AlignLeft | Qt::AlignTop, QFontMetrics(painter.font()).elidedText(words.join(u" · "_s), Qt::ElideRight, under.width()));
    }
}

bool TimingView::event(QEvent *event)
{
    if (event->type() != QEvent::ToolTip || !m_timeline)
        return QWidget::event(event);
    const auto *help = static_cast<QHelpEvent *>(event);
    for (size_t i = 0; i < m_actors.size(); ++i) {
        if (!lineRect(int(i)).adjusted(0, -4, 0, 8).contains(help->pos()))
            continue;
        const Monotonic at = m_timeline->received + scale().time(help->pos().x() - nameWidth);
        for (const auto *phases : {&m_actors[i].phases, &m_actors[i].inEngine}) {
            for (const trace::Phase &phase : *phases) {
                if (at < phase.from || at > phase.to.value_or(m_end))
                    continue;
                QToolTip::showText(help->globalPos(), tr("%1, %2: %3, from %4 to %5").arg(m_actors[i].name, TraceText::phase(phase.name),
                    TraceText::duration(phase.to.value_or(m_end) - phase.from), TraceText::duration(phase.from - m_timeline->received),
                    TraceText::duration(phase.to.value_or(m_end) - m_timeline->received)).toHtmlEscaped(), this);
                return true;
            }
        }
    }
    QToolTip::hideText();
    return true;
}

} // namespace pdlb::gui
