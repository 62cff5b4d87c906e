// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "delegates/waterfall.h"

#include <QTableView>

namespace pdlb::gui {

class TraceModel;

/// The table of requests with its waterfall: zoom, columns, keys.
class TraceTable final : public QTableView
{
    Q_OBJECT

public:
    TraceTable(TraceModel &model, QWidget *parent);

    WaterfallAxis &axis() { return m_axis; }
    /// Time has passed: running rows are painted anew, the axis follows what is seen.
    void tick();
    bool isAtEnd() const;
    /// The chosen row, or the first of the chosen ones; -1: none.
    int chosenRow() const;
    QList<int> chosenRows() const;
    void choose(int row);
    QByteArray saveColumns() const;
    bool restoreColumns(const QByteArray &state);
    void showDefaultColumns();

Q_SIGNALS:
    /// Somebody has scrolled up, or down to the end.
    void scrolledByHand(bool toEnd);
    void filterWanted(const QString &term);
    void sortedByHand(int column, Qt::SortOrder order);
    void contextMenuWanted(int row, int column, const QPoint &where);

protected:
    void wheelEvent(QWheelEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void updateGeometries() override;

private:
    void columnMenu(const QPoint &where);
    void fitWaterfall();
    void noteScroll();

    TraceModel &m_model;
    WaterfallAxis m_axis;
    bool m_fitting = false;
};

} // namespace pdlb::gui
