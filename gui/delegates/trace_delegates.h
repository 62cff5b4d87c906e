// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "delegates/waterfall.h"

#include <QHeaderView>
#include <QStyledItemDelegate>

namespace pdlb::gui {

/// Cells of the trace table: plain text, a marker of the state at the row's left edge.
class TraceCellDelegate final : public QStyledItemDelegate
{
    Q_OBJECT

public:
    using QStyledItemDelegate::QStyledItemDelegate;
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
};

/// The waterfall column.
class WaterfallDelegate final : public QStyledItemDelegate
{
    Q_OBJECT

public:
    WaterfallDelegate(const WaterfallAxis &axis, QObject *parent);
    void paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const override;
    bool helpEvent(QHelpEvent *event, QAbstractItemView *view, const QStyleOptionViewItem &option, const QModelIndex &index) override;

    static constexpr int margin = 8; ///< pixels left and right of the bars, of cells and header

private:
    const WaterfallAxis &m_axis;
};

/// Column headers; above the waterfall stands its axis.
class TimeAxisHeader final : public QHeaderView
{
    Q_OBJECT

public:
    TimeAxisHeader(const WaterfallAxis &axis, int column, QWidget *parent);

protected:
    void paintSection(QPainter *painter, const QRect &rect, int logicalIndex) const override;

private:
    const WaterfallAxis &m_axis;
    int m_column;
};

} // namespace pdlb::gui
