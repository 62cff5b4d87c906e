// SPDX-License-Identifier: Apache-2.0
#include "delegates/row_delegate.h"

#include "theme/theme.h"

#include <QPainter>

namespace pdlb::gui {

void RowDelegate::initStyleOption(QStyleOptionViewItem *option, const QModelIndex &index) const
{
    QStyledItemDelegate::initStyleOption(option, index);
    option->state &= ~QStyle::State_HasFocus;
}

void RowDelegate::paint(QPainter *painter, const QStyleOptionViewItem &option, const QModelIndex &index) const
{
    constexpr int margin = 5; // beside the style's own
    painter->fillRect(option.rect, color(option.state & QStyle::State_Selected ? Tone::Selection : Tone::Surface));
    QStyleOptionViewItem inner = option;
    inner.rect.adjust(margin, 0, -margin, 0);
    QStyledItemDelegate::paint(painter, inner, index);
}

} // namespace pdlb::gui
