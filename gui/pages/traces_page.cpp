// SPDX-License-Identifier: Apache-2.0
#include "pages/traces_page.h"

#include "models/trace_model.h"
#include "session/session.h"
#include "session/trace_feed.h"
#include "widgets/empty_state.h"
#include "widgets/filter_edit.h"
#include "widgets/message_banner.h"
#include "widgets/trace_detail.h"
#include "widgets/trace_table.h"

#include <QAction>
#include <QEvent>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QLabel>
#include <QLocale>
#include <QMenu>
#include <QPushButton>
#include <QSettings>
#include <QSplitter>
#include <QStackedWidget>
#include <QTabWidget>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

TracesPage::TracesPage(TraceFeed &feed, QWidget *parent)
    : QWidget(parent), m_feed(feed), m_filter(new FilterEdit(this)), m_problem(new QLabel(this)), m_capture(new QPushButton(tr("Capture"), this)),
      m_follow(new QPushButton(tr("Follow"), this)), m_banner(new MessageBanner(this)), m_splitter(new QSplitter(Qt::Vertical, this)),
      m_stack(new QStackedWidget(this)), m_empty(new EmptyState(this)), m_table(new TraceTable(feed.model(), this)), m_pill(new QPushButton(m_table)),
      m_detail(new TraceDetail(this))
{
    setObjectName(u"tracesPage"_s);
    auto *bar = new QHBoxLayout;
    bar->setContentsMargins(16, 8, 16, 8);
    bar->setSpacing(8);
    bar->addWidget(m_filter, 1);
    for (QPushButton *button : {m_capture, m_follow}) {
        button->setCheckable(true);
        button->setChecked(true);
        bar->addWidget(button);
    }
    m_capture->setObjectName(u"captureButton"_s);
    m_capture->setToolTip(tr("Whether finished and running requests are taken into the table"));
    m_follow->setObjectName(u"followButton"_s);
    m_follow->setToolTip(tr("Whether the newest request is kept in view; scrolling up ends it"));
    auto *clear = new QPushButton(tr("Clear"), this);
    clear->setObjectName(u"clearButton"_s);
    clear->setToolTip(tr("Forgets all requests but pinned ones (Ctrl+Shift+Delete)"));
    bar->addWidget(clear);
    auto *exporting = new QPushButton(tr("Export"), this);
    exporting->setObjectName(u"exportButton"_s);
    bar->addWidget(exporting);

    m_problem->setProperty("tone", u"bad"_s);
    m_problem->setTextFormat(Qt::PlainText);
    m_problem->setContentsMargins(20, 0, 16, 6);
    m_problem->hide();

    m_pill->setObjectName(u"newPill"_s);
    m_pill->setProperty("primary", true);
    m_pill->hide();
    m_stack->addWidget(m_table);
    m_stack->addWidget(m_empty);
    m_splitter->addWidget(m_stack);
    m_splitter->addWidget(m_detail);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 4);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setSizes({340, 320});

    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addLayout(bar);
    layout->addWidget(m_problem);
    layout->addWidget(m_banner);
    layout->addWidget(m_splitter, 1);

    makeActions();
    auto *menu = new QMenu(exporting);
    for (QAction *action : std::as_const(m_actions)) {
        if (action->property("export").isValid())
            menu->addAction(action);
    }
    exporting->setMenu(menu);

    connect(m_filter, &FilterEdit::filterChanged, this, &TracesPage::applyFilter);
    connect(m_filter, &FilterEdit::stateChanged, this, [this] {
        m_problem->setText(m_filter->problem());
        m_problem->setVisible(m_filter->state() == FilterEdit::State::Invalid);
    });
    connect(m_capture, &QPushButton::toggled, this, [this](bool on) {
        if (m_session)
            m_session->setCapturing(on);
        updateEmptyState();
    });
    connect(m_follow, &QPushButton::toggled, this, &TracesPage::setFollowing);
    connect(clear, &QPushButton::clicked, this, [this] { m_feed.model().clear(); });
    connect(m_pill, &QPushButton::clicked, this, [this] {
        if (m_feed.model().isSorted())
            m_table->horizontalHeader()->setSortIndicatorShown(false);
        m_feed.model().resume();
        m_follow->setChecked(true);
        setFollowing(true);
    });
    connect(m_table, &TraceTable::scrolledByHand, this, [this](bool toEnd) { m_follow->setChecked(toEnd && !m_feed.model().isSorted()); });
    connect(m_table, &TraceTable::sortedByHand, this, [this](int column, Qt::SortOrder order) {
        m_feed.model().sort(column, order);
        m_follow->setChecked(column < 0);
    });
    connect(m_table, &TraceTable::contextMenuWanted, this, &TracesPage::contextMenu);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, &TracesPage::selectionChanged);
    connect(m_table->selectionModel(), &QItemSelectionModel::currentRowChanged, this, &TracesPage::selectionChanged);
    connect(m_empty, &EmptyState::acted, this, [this] {
        if (!m_capture->isChecked())
            m_capture->setChecked(true);
        else if (m_filter->state() == FilterEdit::State::NoMatch)
            m_filter->clear();
        else
            Q_EMIT testWanted();
    });
    connect(m_detail, &TraceDetail::openInTester, this, &TracesPage::openInTester);
    connect(m_detail, &TraceDetail::searchEverywhere, this, [this](const QString &words) {
        QString quoted = words;
        m_filter->addTerm(u"body:\"%1\""_s.arg(quoted.replace(u'"', u' ')));
    });
    connect(&m_feed, &TraceFeed::ticked, this, &TracesPage::tick);
    connect(&m_feed.model(), &TraceModel::countsChanged, this, [this] {
        m_filter->setMatches(m_feed.model().rowCount());
        updateEmptyState();
        Q_EMIT countsChanged();
    });
    connect(&m_feed.model(), &TraceModel::modelReset, this, [this] {
        m_seenRows = m_feed.model().rowCount();
        if (const int row = m_feed.model().rowOf(m_chosen); row >= 0) {
            m_selecting = true;
            m_table->choose(row);
            m_selecting = false;
        }
    });
    m_table->viewport()->installEventFilter(this);
    updateEmptyState();
}

void TracesPage::setSession(Session *session)
{
    m_session = session;
    m_detail->setSession(session);
    if (session)
        session->setCapturing(m_capture->isChecked());
}

void TracesPage::setFilter(const QString &text)
{
    m_filter->setFilterText(text);
}

void TracesPage::applyFilter()
{
    m_feed.model().setFilter(m_filter->filter());
    if (m_follow->isChecked() && m_chosen == 0)
        m_table->scrollToBottom();
}

bool TracesPage::showRequest(const QByteArray &requestId)
{
    int row = m_feed.model().rowOfRequest(requestId);
    if (row < 0 && m_feed.model().findRequest(requestId)) {
        m_filter->clear();
        m_feed.model().resume();
        row = m_feed.model().rowOfRequest(requestId);
    }
    if (row < 0)
        return false;
    m_follow->setChecked(false);
    m_table->choose(row);
    m_table->setFocus();
    return true;
}

void TracesPage::awaitRequest(const QByteArray &requestId)
{
    constexpr int turns = 30; // of the feed: two seconds
    m_awaited = showRequest(requestId) ? QByteArray() : requestId;
    m_awaitedTurns = turns;
}

QString TracesPage::counts() const
{
    const QLocale locale;
    return tr("%1 of %2 shown").arg(locale.toString(m_feed.model().rowCount()), locale.toString(qulonglong(m_feed.model().total())));
}

void TracesPage::selectionChanged()
{
    if (m_selecting)
        return;
    const int row = m_table->chosenRow();
    m_chosen = row >= 0 ? m_feed.model().number(row) : 0;
    if (row >= 0 && row < m_feed.model().rowCount() - 1)
        m_follow->setChecked(false); // somebody looks at this one
    showCurrent();
}

void TracesPage::showCurrent()
{
    if (m_chosen == 0) {
        if (m_table->selectionModel()->selectedRows().isEmpty() && m_feed.model().rowCount() == 0)
            m_detail->setTimeline(0, nullptr);
        return;
    }
    if (const trace::TimelinePtr timeline = m_feed.model().find(m_chosen))
        m_detail->setTimeline(m_chosen, timeline);
    else
        m_detail->setEvicted();
}

void TracesPage::tick()
{
    if (!isVisible())
        return;
    if (!m_awaited.isEmpty()) {
        if (showRequest(m_awaited)) {
            m_awaited.clear();
        } else if (--m_awaitedTurns <= 0) {
            m_awaited.clear();
            m_banner->show(MessageBanner::Kind::Information, tr("Its record is not here: it went elsewhere, or capture is paused."));
        }
    }
    if (m_follow->isChecked() && !m_feed.model().isSorted() && !m_table->isAtEnd())
        m_table->scrollToBottom();
    m_table->tick();
    showCurrent();
    updatePill();
}

void TracesPage::setFollowing(bool follows)
{
    m_seenRows = m_feed.model().rowCount();
    if (!follows)
        return;
    if (m_feed.model().isSorted()) {
        m_table->horizontalHeader()->setSortIndicatorShown(false);
        m_feed.model().resume();
    }
    m_table->scrollToBottom();
    updatePill();
}

void TracesPage::updatePill()
{
    const TraceModel &model = m_feed.model();
    m_new = model.isSorted() ? model.heldBack() : m_follow->isChecked() ? 0 : std::max<qint64>(model.rowCount() - m_seenRows, 0);
    m_pill->setVisible(m_new > 0);
    if (m_new == 0)
        return;
    m_pill->setText(model.isSorted() ? tr("%n new, resume ↓", nullptr, int(m_new)) : tr("%n new ↓", nullptr, int(m_new)));
    m_pill->adjustSize();
    const QRect area = m_table->viewport()->geometry();
    m_pill->move(area.center().x() - m_pill->width() / 2, area.bottom() - m_pill->height() - 10);
    m_pill->raise();
}

bool TracesPage::eventFilter(QObject *watched, QEvent *event)
{
    if (watched == m_table->viewport() && event->type() == QEvent::Resize)
        updatePill();
    return QWidget::eventFilter(watched, event);
}

void TracesPage::updateEmptyState()
{
    const TraceModel &model = m_feed.model();
    const bool isEmpty = model.rowCount() == 0;
    m_stack->setCurrentWidget(isEmpty ? static_cast<QWidget *>(m_empty) : m_table);
    if (!isEmpty)
        return;
    if (model.total() > 0)
        m_empty->set(tr("No request matches the filter."), tr("Clear filter"));
    else if (!m_capture->isChecked())
        m_empty->set(tr("Capture is paused: requests are balanced, but not shown here."), tr("Resume"));
    else
        m_empty->set(tr("Nothing captured yet. Each request that goes through the balancer appears here while it runs."), tr("Send a test request"));
    if (m_chosen == 0)
        m_detail->setTimeline(0, nullptr);
}

void TracesPage::save(QSettings &settings) const
{
    settings.setValue("traces/columns", m_table->saveColumns());
    settings.setValue("traces/splitter", m_splitter->saveState());
    settings.setValue("traces/orientation", int(m_splitter->orientation()));
    settings.setValue("traces/tab", m_detail->tabs()->currentIndex());
    settings.setValue("traces/follow", m_follow->isChecked());
}

void TracesPage::restore(QSettings &settings)
{
    m_table->restoreColumns(settings.value("traces/columns").toByteArray());
    m_splitter->setOrientation(settings.value("traces/orientation").toInt() == int(Qt::Horizontal) ? Qt::Horizontal : Qt::Vertical);
    m_splitter->restoreState(settings.value("traces/splitter").toByteArray());
    m_detail->tabs()->setCurrentIndex(settings.value("traces/tab", 0).toInt());
    m_follow->setChecked(settings.value("traces/follow", true).toBool());
}

} // namespace pdlb::gui
