// SPDX-License-Identifier: Apache-2.0
#include "widgets/trace_table.h"

#include "delegates/trace_delegates.h"
#include "models/trace_model.h"
#include "models/trace_text.h"

#include <QContextMenuEvent>
#include <QKeyEvent>
#include <QMenu>
#include <QScrollBar>
#include <QWheelEvent>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

constexpr int leastWaterfall = 220; // pixels

const QList<int> defaultColumns{TraceModel::NumberColumn, TraceModel::TimeColumn, TraceModel::StateColumn, TraceModel::PairColumn,
                                TraceModel::ModelColumn, TraceModel::TtftColumn, TraceModel::TotalColumn, TraceModel::WaterfallColumn};

} // namespace

TraceTable::TraceTable(TraceModel &model, QWidget *parent) : QTableView(parent), m_model(model)
{
    setObjectName(u"traceTable"_s);
    setAccessibleName(tr("Requests"));
    auto *header = new TimeAxisHeader(m_axis, TraceModel::WaterfallColumn, this);
    setHorizontalHeader(header);
    setModel(&model);
    setItemDelegate(new TraceCellDelegate(this));
    setItemDelegateForColumn(TraceModel::WaterfallColumn, new WaterfallDelegate(m_axis, this));
    setSelectionBehavior(SelectRows);
    setSelectionMode(ExtendedSelection);
    setShowGrid(false);
    setWordWrap(false);
    setCornerButtonEnabled(false);
    setTabKeyNavigation(false);
    setHorizontalScrollMode(ScrollPerPixel);
    setVerticalScrollMode(ScrollPerPixel);
    setFrameShape(NoFrame);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 12);
    header->setSectionsMovable(true);
    header->setSectionsClickable(true);
    header->setSortIndicatorShown(false);
    header->setSortIndicatorClearable(true);
    header->setStretchLastSection(false);
    header->setContextMenuPolicy(Qt::CustomContextMenu);
    header->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    connect(header, &QHeaderView::customContextMenuRequested, this, [this, header](const QPoint &at) { columnMenu(header->mapToGlobal(at)); });
    connect(header, &QHeaderView::sectionResized, this, &TraceTable::fitWaterfall);
    connect(header, &QHeaderView::sectionClicked, this, [this, header](int column) {
        if (column == TraceModel::WaterfallColumn)
            return;
        // Up, down, live again.
        const bool same = header->isSortIndicatorShown() && header->sortIndicatorSection() == column;
        if (column == TraceModel::NumberColumn || (same && header->sortIndicatorOrder() == Qt::DescendingOrder)) {
            header->setSortIndicatorShown(false);
            header->setSortIndicator(-1, Qt::AscendingOrder);
            Q_EMIT sortedByHand(-1, Qt::AscendingOrder);
            return;
        }
        const Qt::SortOrder order = same ? Qt::DescendingOrder : Qt::AscendingOrder;
        header->setSortIndicatorShown(true);
        header->setSortIndicator(column, order);
        Q_EMIT sortedByHand(column, order);
    });
    connect(verticalScrollBar(), &QScrollBar::actionTriggered, this, &TraceTable::noteScroll, Qt::QueuedConnection);
    connect(&m_axis, &WaterfallAxis::changed, this, [this] { viewport()->update(); });
    showDefaultColumns();
}

void TraceTable::showDefaultColumns()
{
    const int digit = fontMetrics().horizontalAdvance(u'0');
    const QHash<int, int> digits{
        {TraceModel::NumberColumn, 8}, {TraceModel::TimeColumn, 14}, {TraceModel::StateColumn, 12}, {TraceModel::PairColumn, 12},
        {TraceModel::ModelColumn, 15}, {TraceModel::TtftColumn, 10}, {TraceModel::TotalColumn, 10}, {TraceModel::EndpointColumn, 22},
        {TraceModel::ErrorColumn, 30}, {TraceModel::IdColumn, 30}, {TraceModel::CommentColumn, 20}, {TraceModel::EndColumn, 14},
    };
    m_fitting = true;
    for (int column = 0; column < TraceModel::ColumnCount; ++column) {
        setColumnHidden(column, !defaultColumns.contains(column));
        setColumnWidth(column, digit * digits.value(column, 11));
        horizontalHeader()->moveSection(horizontalHeader()->visualIndex(column), column);
    }
    m_fitting = false;
    fitWaterfall();
}

/// It takes what the others leave.
void TraceTable::fitWaterfall()
{
    if (m_fitting || isColumnHidden(TraceModel::WaterfallColumn))
        return;
    m_fitting = true;
    int others = 0;
    for (int column = 0; column < TraceModel::WaterfallColumn; ++column)
        others += isColumnHidden(column) ? 0 : columnWidth(column);
    setColumnWidth(TraceModel::WaterfallColumn, std::max(leastWaterfall, viewport()->width() - others));
    m_fitting = false;
}

void TraceTable::resizeEvent(QResizeEvent *event)
{
    QTableView::resizeEvent(event);
    fitWaterfall();
}

void TraceTable::updateGeometries()
{
    QTableView::updateGeometries();
    fitWaterfall();
}

QByteArray TraceTable::saveColumns() const
{
    return horizontalHeader()->saveState();
}

bool TraceTable::restoreColumns(const QByteArray &state)
{
    if (state.isEmpty() || !horizontalHeader()->restoreState(state))
        return false;
    horizontalHeader()->setSortIndicatorShown(false);
    fitWaterfall();
    return true;
}

void TraceTable::columnMenu(const QPoint &where)
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    for (int column = 0; column < TraceModel::ColumnCount; ++column) {
        QAction *action = menu->addAction(m_model.headerData(column, Qt::Horizontal).toString());
        action->setCheckable(true);
        action->setChecked(!isColumnHidden(column));
        action->setEnabled(column != TraceModel::NumberColumn);
        connect(action, &QAction::toggled, this, [this, column](bool shown) {
            setColumnHidden(column, !shown);
            fitWaterfall();
        });
    }
    menu->addSeparator();
    connect(menu->addAction(tr("Default columns")), &QAction::triggered, this, &TraceTable::showDefaultColumns);
    menu->popup(where);
}

void TraceTable::tick()
{
    if (m_model.rowCount() == 0)
        return;
    const int first = std::max(rowAt(0), 0);
    int last = rowAt(viewport()->height() - 1);
    if (last < 0)
        last = m_model.rowCount() - 1;
    Monotonic longest{0};
    bool anyRuns = false;
    const Monotonic now = TraceModel::now();
    for (int row = first; row <= last; ++row) {
        const trace::TimelinePtr timeline = m_model.timeline(row);
        longest = std::max(longest, totalOf(*timeline, now));
        anyRuns = anyRuns || !timeline->ended;
    }
    m_axis.fit(longest);
    if (anyRuns)
        viewport()->update();
}

bool TraceTable::isAtEnd() const
{
    return verticalScrollBar()->value() >= verticalScrollBar()->maximum() - 5;
}

void TraceTable::noteScroll()
{
    Q_EMIT scrolledByHand(isAtEnd());
}

int TraceTable::chosenRow() const
{
    const QList<int> rows = chosenRows();
    const int current = currentIndex().row();
    return rows.isEmpty() ? -1 : rows.contains(current) ? current : rows.first();
}

QList<int> TraceTable::chosenRows() const
{
    QList<int> rows;
    const QModelIndexList selected = selectionModel()->selectedRows(TraceModel::NumberColumn);
    for (const QModelIndex &index : selected)
        rows += index.row();
    std::sort(rows.begin(), rows.end());
    return rows;
}

void TraceTable::choose(int row)
{
    const QModelIndex index = m_model.index(row, TraceModel::NumberColumn);
    selectionModel()->setCurrentIndex(index, QItemSelectionModel::ClearAndSelect | QItemSelectionModel::Rows);
    scrollTo(index);
}

void TraceTable::wheelEvent(QWheelEvent *event)
{
    const int column = columnAt(int(event->position().x()));
    if ((event->modifiers() & Qt::ControlModifier) && column == TraceModel::WaterfallColumn) {
        const double left = columnViewportPosition(TraceModel::WaterfallColumn) + WaterfallDelegate::margin;
        const TimeScale scale{m_axis.begin(), m_axis.span(), std::max(1.0, double(columnWidth(TraceModel::WaterfallColumn) - 2 * WaterfallDelegate::margin))};
        m_axis.zoom(event->angleDelta().y() > 0 ? 0.7 : 1 / 0.7, scale.time(event->position().x() - left));
        event->accept();
        return;
    }
    if ((event->modifiers() & Qt::ShiftModifier) && column == TraceModel::WaterfallColumn) {
        m_axis.pan(m_axis.span() / (event->angleDelta().y() > 0 || event->angleDelta().x() > 0 ? -8 : 8));
        event->accept();
        return;
    }
    QTableView::wheelEvent(event);
    noteScroll();
}

void TraceTable::keyPressEvent(QKeyEvent *event)
{
    const int row = currentIndex().row();
    if (event->modifiers() == Qt::NoModifier || event->modifiers() == Qt::KeypadModifier) {
        switch (event->key()) {
        case Qt::Key_J:
            if (row + 1 < m_model.rowCount())
                choose(row + 1);
            return;
        case Qt::Key_K:
            if (row > 0)
                choose(row - 1);
            return;
        case Qt::Key_Plus: m_axis.zoom(0.7, m_axis.begin()); return;
        case Qt::Key_Minus: m_axis.zoom(1 / 0.7, m_axis.begin()); return;
        case Qt::Key_0: m_axis.setAutomatic(); return;
        case Qt::Key_A: m_axis.pan(m_axis.span() / -8); return;
        case Qt::Key_D: m_axis.pan(m_axis.span() / 8); return;
        default: break;
        }
    }
    QTableView::keyPressEvent(event);
    switch (event->key()) {
    case Qt::Key_Up:
    case Qt::Key_Down:
    case Qt::Key_PageUp:
    case Qt::Key_PageDown:
    case Qt::Key_Home:
    case Qt::Key_End: noteScroll(); break;
    default: break;
    }
}

void TraceTable::contextMenuEvent(QContextMenuEvent *event)
{
    const QModelIndex index = event->reason() == QContextMenuEvent::Keyboard ? currentIndex() : indexAt(event->pos());
    if (index.isValid()) {
        const QPoint where = event->reason() == QContextMenuEvent::Keyboard ? viewport()->mapToGlobal(visualRect(index).center()) : event->globalPos();
        Q_EMIT contextMenuWanted(index.row(), index.column(), where);
    }
}

} // namespace pdlb::gui
