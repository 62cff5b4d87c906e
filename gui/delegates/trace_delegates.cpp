// SPDX-License-Identifier: Apache-2.0
#include "delegates/trace_delegates.h"

#include "models/trace_model.h"
#include "models/trace_text.h"

#include <QApplication>
#include <QHelpEvent>
#include <QPainter>
#include <QToolTip>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

void paintBackground(QPainter *painter, const QStyleOptionViewItem &option)
{
    const bool selected = option.state & QStyle::State_Selected;
    painter->fillRect(option.rect, color(selected ? Tone::Selection : Tone::Surface));
    painter->setPen(color(Tone::Border));
    painter->drawLine(option.rect.bottomLeft(), option.rect.bottomRight());
}

TimeScale scaleOf(const WaterfallAxis &axis, const QRect &rect)
{
    return {axis.begin(), axis.span(), std::max(1.0, double(rect.width() - 2 * WaterfallDelegate::margin))};
}

QString nameOf(BarKind kind)
{
    switch (kind) {
    case BarKind::Queue: return WaterfallDelegate::tr("queue");
    case BarKind::Connect: return WaterfallDelegate::tr("connect and send");
    case BarKind::Prefill: return WaterfallDelegate::tr("prefill (compute, with KV transfer)");
    case BarKind::Transfer: return WaterfallDelegate::tr("KV transfer");
    case BarKind::DecodeWait: return WaterfallDelegate::tr("decode has not begun");
    case BarKind::Stream: return WaterfallDelegate::tr("streaming");
    }
    return {};
}

} // namespace

void TraceCellDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    painter->save();
    paintBackground(painter, option);
    if (index.column() == TraceModel::NumberColumn) {
        const auto timeline = index.data(TraceModel::TimelineRole).value<trace::TimelinePtr>();
        if (timeline)
            painter->fillRect(QRect(option.rect.left(), option.rect.top(), 3, option.rect.height()), color(TraceText::tone(stateOf(*timeline))));
    }
    const QVariant foreground = index.data(Qt::ForegroundRole);
    painter->setPen(foreground.isValid() ? foreground.value<QColor>() : color(Tone::Text));
    painter->setFont(option.font);
    const QRect rect = option.rect.adjusted(8, 0, -8, 0);
    const auto alignment = Qt::Alignment(index.data(Qt::TextAlignmentRole).toInt());
    painter->drawText(rect, int(alignment) | Qt::TextSingleLine, option.fontMetrics.elidedText(index.data().toString(), Qt::ElideRight, rect.width()));
    if (option.state & QStyle::State_HasFocus) {
        painter->setPen(color(Tone::Accent));
        painter->drawRect(option.rect.adjusted(0, 0, -1, -2));
    }
    painter->restore();
}

WaterfallDelegate::WaterfallDelegate(const WaterfallAxis &axis, QObject *parent) : QStyledItemDelegate(parent), m_axis(axis) {}

void WaterfallDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    painter->save();
    paintBackground(painter, option);
    const auto timeline = index.data(TraceModel::TimelineRole).value<trace::TimelinePtr>();
    if (!timeline) {
        painter->restore();
        return;
    }
    const TimeScale scale = scaleOf(m_axis, option.rect);
    const int height = std::min(14, option.rect.height() - 10);
    const QRectF line(option.rect.left() + margin, option.rect.center().y() - height / 2.0, scale.width, height);
    const Bar bar = barOf(*timeline, TraceModel::now());
    painter->setClipRect(option.rect);
    paintBar(*painter, line, bar, scale);
    // Words only where there is room behind the bar.
    const TraceState state = stateOf(*timeline);
    const QString words = state == TraceState::Done ? QString() : TraceText::summary(*timeline);
    const int left = int(line.left() + std::max(scale.x(bar.end), 0.0)) + (bar.failed ? 20 : 8);
    const int room = option.rect.right() - margin - left;
    if (!words.isEmpty() && room > 40) {
        painter->setFont(Theme::scaled(option.font, 0.9));
        painter->setPen(color(TraceText::tone(state) == Tone::Running ? Tone::Muted : TraceText::tone(state)));
        painter->drawText(QRect(left, option.rect.top(), room, option.rect.height()), Qt::AlignVCenter | Qt::TextSingleLine,
                          QFontMetrics(painter->font()).elidedText(words, Qt::ElideRight, room));
    }
    painter->restore();
}

bool WaterfallDelegate::helpEvent(QHelpEvent *event, QAbstractItemView *view, const QStyleOptionViewItem &option, const QModelIndex &index)
{
    const auto timeline = index.data(TraceModel::TimelineRole).value<trace::TimelinePtr>();
    if (event->type() != QEvent::ToolTip || !timeline)
        return QStyledItemDelegate::helpEvent(event, view, option, index);
    const TimeScale scale = scaleOf(m_axis, option.rect);
    const Monotonic at = scale.time(event->pos().x() - option.rect.left() - margin);
    const Bar bar = barOf(*timeline, TraceModel::now());
    QString text = u"<table>"_s;
    for (const BarSpan &span : bar.spans) {
        const bool here = at >= span.from && at < span.to;
        text += u"<tr><td>%1%2%3&nbsp;&nbsp;</td><td align=right>%4&nbsp;&nbsp;</td><td align=right>%5</td></tr>"_s
                    .arg(here ? u"<b>"_s : QString(), nameOf(span.kind).toHtmlEscaped(), here ? u"</b>"_s : QString(),
                         tr("at %1").arg(TraceText::duration(span.from)), TraceText::duration(span.to - span.from));
    }
    text += u"</table>"_s;
    if (const QString words = TraceText::summary(*timeline); !words.isEmpty())
        text += u"<p>%1</p>"_s.arg(words.toHtmlEscaped());
    QToolTip::showText(event->globalPos(), text, view);
    return true;
}

TimeAxisHeader::TimeAxisHeader(const WaterfallAxis &axis, int column, QWidget *parent)
    : QHeaderView(Qt::Horizontal, parent), m_axis(axis), m_column(column)
{
    setHighlightSections(false);
    connect(&axis, &WaterfallAxis::changed, this, [this] { viewport()->update(); });
}

void TimeAxisHeader::paintSection(QPainter *painter, const QRect &rect, int logicalIndex) const
{
    if (logicalIndex != m_column) {
        QHeaderView::paintSection(painter, rect, logicalIndex);
        return;
    }
    painter->save();
    painter->fillRect(rect, color(Tone::Raised));
    painter->setClipRect(rect);
    const QFont small = Theme::scaled(font(), 0.9);
    painter->setFont(small);
    const QFontMetrics metrics(small);
    const TimeScale scale = scaleOf(m_axis, rect);
    const Monotonic step = tickStep(scale, metrics.horizontalAdvance(u"000.0 ms"_s) + 18);
    Monotonic tick = step * (m_axis.begin() / step);
    for (int i = 0; i < 200 && tick <= m_axis.begin() + m_axis.span(); ++i, tick += step) {
        const int x = rect.left() + WaterfallDelegate::margin + int(scale.x(tick));
        if (x < rect.left() || x > rect.right())
            continue;
        painter->setPen(color(Tone::Border));
        painter->drawLine(x, rect.bottom() - 6, x, rect.bottom());
        const QString label = tickLabel(tick, step);
        if (x + 4 + metrics.horizontalAdvance(label) > rect.right())
            continue;
        painter->setPen(color(Tone::Muted));
        painter->drawText(QPoint(x + 4, rect.center().y() + metrics.ascent() / 2 - 1), label);
    }
    painter->restore();
}

} // namespace pdlb::gui
