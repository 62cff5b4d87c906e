// SPDX-License-Identifier: Apache-2.0
#include "widgets/events_view.h"

#include "theme/theme.h"
#include "widgets/body_view.h"
#include "widgets/file_dialogs.h"
#include "widgets/histogram_plot.h"
#include "widgets/plain_edit.h"
#include "widgets/read_table.h"

#include <QHBoxLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QScrollBar>
#include <QSortFilterProxyModel>
#include <QSplitter>
#include <QTabWidget>
#include <QTableView>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

EventsView::EventsView(QWidget *parent)
    : QWidget(parent), m_model(new EventModel(this)), m_table(new QTableView(this)), m_body(new BodyView(this)),
      m_histogram(new HistogramPlot(tr("time between events"), this)), m_remark(new QLabel(this)), m_text(new PlainEdit(this))
{
    auto *filter = new QLineEdit(this);
    filter->setPlaceholderText(tr("Show events with …"));
    filter->setAccessibleName(tr("Show events with this text"));
    filter->setClearButtonEnabled(true);
    auto *save = new QPushButton(tr("Export events…"), this);
    save->setObjectName(u"exportEvents"_s);
    connect(save, &QPushButton::clicked, this, &EventsView::exportEvents);

    auto *proxy = new QSortFilterProxyModel(this);
    proxy->setSourceModel(m_model);
    proxy->setFilterKeyColumn(EventModel::TextColumn);
    proxy->setFilterCaseSensitivity(Qt::CaseInsensitive);
    connect(filter, &QLineEdit::textChanged, proxy, &QSortFilterProxyModel::setFilterFixedString);
    m_table->setModel(proxy);
    m_table->setObjectName(u"eventsTable"_s);
    m_table->setAccessibleName(tr("Events"));
    makeReadTable(*m_table, {7, 11, 11, 10});
    m_table->setSelectionMode(QAbstractItemView::SingleSelection);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &EventsView::showCurrent);

    m_text->setReadOnly(true);
    m_text->setAccessibleName(tr("The text that the events make together"));
    m_body->setAccessibleName(tr("The selected event"));
    auto *side = new QTabWidget(this);
    side->setDocumentMode(true);
    side->addTab(m_body, tr("Event"));
    side->addTab(m_text, tr("Assembled text"));
    side->addTab(m_histogram, tr("Gaps"));
    auto *splitter = new QSplitter(this);
    splitter->addWidget(m_table);
    splitter->addWidget(side);
    splitter->setStretchFactor(0, 3);
    splitter->setStretchFactor(1, 2);
    splitter->setChildrenCollapsible(false);

    m_remark->setProperty("tone", u"muted"_s);
    m_remark->setWordWrap(true);
    m_remark->hide();
    auto *top = new QHBoxLayout;
    top->addWidget(filter, 1);
    top->addWidget(save);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 8, 0, 0);
    layout->addLayout(top);
    layout->addWidget(m_remark);
    layout->addWidget(splitter, 1);
}

void EventsView::setTimeline(const trace::Timeline &timeline)
{
    m_model->setAnswer(timeline);
    m_body->clear();
    m_text->setText(m_model->text());
    m_histogram->setValues(m_model->gaps());
    if (m_model->rowCount() > 0)
        m_table->selectRow(0);
    const trace::LegTimeline *decode = timeline.leg(false);
    if (!timeline.stream)
        setRemark(tr("The answer was no stream: there are no events."));
    else if (!timeline.bodies)
        setRemark(timeline.ended ? tr("The answer was not kept: only counts and times are known (%n events).", nullptr, int(decode ? decode->events : 0))
                                 : tr("Its events are shown when it has ended (%n so far).", nullptr, int(decode ? decode->events : 0)));
    else if (!timeline.bodies->answer.isWhole())
        setRemark(tr("Only the first part of the answer was kept."));
    else
        setRemark({});
}

void EventsView::setRemark(const QString &remark)
{
    m_remark->setText(remark);
    m_remark->setVisible(!remark.isEmpty());
}

void EventsView::refresh()
{
    const QScrollBar *bar = m_table->verticalScrollBar();
    if (bar->value() >= bar->maximum() - 2)
        m_table->scrollToBottom();
    m_text->setText(m_model->text());
    m_histogram->setValues(m_model->gaps());
}

void EventsView::showCurrent()
{
    const QModelIndex current = m_table->currentIndex();
    m_body->setBody(current.data(EventModel::DataRole).toByteArray());
}

void EventsView::exportEvents()
{
    saveBytes(this, tr("Export events"), u"events.jsonl"_s, [model = m_model] { return model->toJsonLines(); });
}

} // namespace pdlb::gui
