// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/log_model.h"

#include <QTimer>
#include <QWidget>

class QSortFilterProxyModel;
class QTableView;

namespace pdlb::gui {

/// What the balancer and this program have said.
class LogPage final : public QWidget
{
    Q_OBJECT

public:
    explicit LogPage(QWidget *parent);
    void add(const QString &text, bool isProblem);
    LogModel &model() { return *m_model; }

private:
    void copy();

    LogModel *m_model;
    QSortFilterProxyModel *m_proxy;
    QTableView *m_table;
    QTimer m_timer;
};

} // namespace pdlb::gui
