// SPDX-License-Identifier: Apache-2.0
#include "widgets/read_table.h"

#include "delegates/row_delegate.h"

#include <QHeaderView>
#include <QTableView>

namespace pdlb::gui {

void makeReadTable(QTableView &table, std::initializer_list<int> digits)
{
    table.setItemDelegate(new RowDelegate(&table));
    table.setSelectionBehavior(QAbstractItemView::SelectRows);
    table.setEditTriggers(QAbstractItemView::NoEditTriggers);
    table.setShowGrid(false);
    table.setWordWrap(false);
    table.setTabKeyNavigation(false);
    table.verticalHeader()->hide();
    table.verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    table.verticalHeader()->setDefaultSectionSize(table.fontMetrics().height() + 8);
    table.horizontalHeader()->setStretchLastSection(true);
    table.horizontalHeader()->setHighlightSections(false);
    int column = 0;
    for (const int width : digits)
        table.setColumnWidth(column++, width * table.fontMetrics().horizontalAdvance(u'0'));
}

} // namespace pdlb::gui
