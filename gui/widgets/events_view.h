// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/event_model.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QTableView;

namespace pdlb::gui {

class BodyView;
class HistogramPlot;
class PlainEdit;

/// The events of a stream: list, the selected one as JSON, how their gaps are spread, the text they make together.
class EventsView final : public QWidget
{
    Q_OBJECT

public:
    explicit EventsView(QWidget *parent = nullptr);
    EventModel &model() { return *m_model; }
    void setTimeline(const trace::Timeline &timeline);
    /// Of a stream that still comes: shows what is new, without moving what somebody looks at.
    void refresh();
    /// Why there are no events, in words; empty: there are.
    void setRemark(const QString &remark);

private:
    void exportEvents();
    void showCurrent();

    EventModel *m_model;
    QTableView *m_table;
    BodyView *m_body;
    HistogramPlot *m_histogram;
    QLabel *m_remark;
    PlainEdit *m_text;
};

} // namespace pdlb::gui
