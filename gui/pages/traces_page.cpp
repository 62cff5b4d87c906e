// SPDX-License-Identifier: Apache-2.0
#include "pages/traces_page.h"

#include "models/trace_model.h"
#include "models/trace_text.h"
#include "session/session.h"
#include "session/trace_feed.h"
#include "theme/theme.h"
#include "trace/export/exporter.h"
#include "widgets/compare_dialog.h"
#include "widgets/empty_state.h"
#include "widgets/export_job.h"
#include "widgets/file_dialogs.h"
#include "widgets/filter_edit.h"
#include "widgets/find_bar.h"
#include "widgets/message_banner.h"
#include "widgets/replay_job.h"
#include "widgets/trace_detail.h"
#include "widgets/trace_table.h"

#include <QAction>
#include <QClipboard>
#include <QGuiApplication>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QInputDialog>
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

QString TracesPage::termOf(int row, int column) const
{
    const trace::TimelinePtr t = m_feed.model().timeline(row);
    if (!t)
        return {};
    const auto quoted = [](const QByteArray &text) { return u'"' + QString::fromUtf8(text).replace(u'"', u'*') + u'"'; };
    switch (column) {
    case TraceModel::StateColumn:
    case TraceModel::EndColumn: return t->ended ? t->status > 0 && column == TraceModel::StateColumn ? u"status:%1"_s.arg(t->status)
                                                                                                    : u"end:"_s + QLatin1StringView(endReasonName(t->end))
                                                : u"is:running"_s;
    case TraceModel::PairColumn: {
        const trace::LegTimeline *prefill = t->leg(true);
        const trace::LegTimeline *decode = t->leg(false);
        return prefill && decode ? u"pair:%1/%2"_s.arg(QString::fromUtf8(prefill->server), QString::fromUtf8(decode->server)) : QString();
    }
    case TraceModel::ModelColumn: return t->model.isEmpty() ? QString() : u"model="_s + quoted(t->model);
    case TraceModel::EndpointColumn: return u"endpoint="_s + quoted(t->endpoint);
    case TraceModel::PolicyColumn: return t->policy.isEmpty() ? QString() : u"policy="_s + quoted(t->policy);
    case TraceModel::FinishColumn: return t->facts.finishReason.isEmpty() ? QString() : u"finish:"_s + quoted(t->facts.finishReason);
    case TraceModel::IdColumn: return u"id="_s + quoted(t->requestId);
    case TraceModel::TtftColumn: return ttftOf(*t) ? u"ttft>=%1ms"_s.arg(double(ttftOf(*t)->count()) / 1e6, 0, 'f', 1) : QString();
    case TraceModel::TotalColumn: return u"total>=%1ms"_s.arg(double(totalOf(*t, TraceModel::now()).count()) / 1e6, 0, 'f', 1);
    default: return {};
    }
}

void TracesPage::contextMenu(int row, int column, const QPoint &where)
{
    auto *menu = new QMenu(this);
    menu->setAttribute(Qt::WA_DeleteOnClose);
    if (const QString term = termOf(row, column); !term.isEmpty()) {
        connect(menu->addAction(tr("Show only %1").arg(term.left(60))), &QAction::triggered, this, [this, term] { m_filter->addTerm(term); });
        connect(menu->addAction(tr("Hide %1").arg(term.left(60))), &QAction::triggered, this, [this, term] { m_filter->addTerm(u'-' + term); });
    }
    const QString value = m_feed.model().index(row, column).data().toString();
    if (!value.isEmpty()) {
        connect(menu->addAction(tr("Copy \"%1\"").arg(value.left(40))), &QAction::triggered, this, [value] { QGuiApplication::clipboard()->setText(value); });
    }
    menu->addSeparator();
    for (QAction *action : std::as_const(m_actions)) {
        if (action->property("row").isValid())
            menu->addAction(action);
    }
    menu->popup(where);
}

QList<trace::TimelinePtr> TracesPage::chosen() const
{
    QList<trace::TimelinePtr> list;
    const QList<int> rows = m_table->chosenRows();
    for (const int row : rows) {
        // What was fetched for the detail has more than the row.
        const bool isShown = m_feed.model().number(row) == m_detail->number() && m_detail->timeline();
        list += isShown ? m_detail->timeline() : m_feed.model().timeline(row);
    }
    return list;
}

void TracesPage::copyAsCurl()
{
    const auto exporter = trace::makeExporter(u"curl"_s, {});
    QByteArray text;
    const QList<trace::TimelinePtr> list = chosen();
    for (const trace::TimelinePtr &timeline : list)
        text += (*exporter)->write(*timeline);
    if (text.isEmpty())
        return;
    QGuiApplication::clipboard()->setText(QString::fromUtf8(text));
    m_banner->show(MessageBanner::Kind::Information, tr("%n requests copied as cURL; keys are left out.", nullptr, int(list.size())));
}

void TracesPage::togglePin()
{
    const QList<int> rows = m_table->chosenRows();
    for (const int row : rows) {
        const trace::TimelinePtr timeline = m_feed.model().timeline(row);
        m_feed.model().setPinned(row, !timeline->pinned);
        if (m_session && timeline->ended)
            m_session->ask(timeline->pinned ? "DELETE" : "PUT", "/admin/v1/traces/" + timeline->requestId.toPercentEncoding() + "/pin", {}, this, [](const AdminAnswer &) {});
    }
}

void TracesPage::comment()
{
    const int row = m_table->chosenRow();
    if (row < 0)
        return;
    auto *dialog = new QInputDialog(this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setWindowTitle(tr("Comment"));
    dialog->setLabelText(tr("Comment on #%1; it is exported with the request:").arg(m_feed.model().number(row)));
    dialog->setTextValue(m_feed.model().timeline(row)->comment);
    const quint64 number = m_feed.model().number(row);
    connect(dialog, &QInputDialog::textValueSelected, this, [this, number](const QString &text) {
        if (const int at = m_feed.model().rowOf(number); at >= 0)
            m_feed.model().setComment(at, text.left(1000));
    });
    dialog->open();
}

void TracesPage::compare()
{
    const QList<int> rows = m_table->chosenRows();
    if (rows.size() != 2) {
        m_banner->show(MessageBanner::Kind::Information, tr("Select two requests to compare them (Ctrl+click the second one)."));
        return;
    }
    const auto name = [this](int row) { return u"#%1"_s.arg(m_feed.model().number(row)); };
    auto *dialog = new CompareDialog(m_feed.model().timeline(rows[0]), name(rows[0]), m_feed.model().timeline(rows[1]), name(rows[1]), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->show();
}

void TracesPage::replay()
{
    const QList<trace::TimelinePtr> list = chosen();
    if (list.isEmpty() || !m_session)
        return;
    if (m_session->url().isEmpty()) {
        m_banner->show(MessageBanner::Kind::Error, tr("The balancer does not run: there is nobody to send to."));
        return;
    }
    // A short life of its own: what comes of it is seen as a new row.
    auto *job = new ReplayJob(m_session->url(), list, this);
    connect(job, &ReplayJob::over, this, [this, job](const QString &what, bool isProblem) {
        m_banner->show(isProblem ? MessageBanner::Kind::Error : MessageBanner::Kind::Information, what);
        job->deleteLater();
    });
    job->start();
}

void TracesPage::exportAs(const QString &format, bool onlyChosen, bool secrets)
{
    QList<trace::TimelinePtr> list = onlyChosen ? chosen() : QList<trace::TimelinePtr>();
    if (!onlyChosen) {
        for (int row = 0; row < m_feed.model().rowCount(); ++row)
            list += m_feed.model().timeline(row);
    }
    if (list.isEmpty()) {
        m_banner->show(MessageBanner::Kind::Information, tr("There is nothing to export."));
        return;
    }
    askSaveName(this, tr("Export requests"), u"requests."_s + (format == "curl"_L1 ? u"sh"_s : format == "chrome"_L1 || format == "otlp"_L1 ? u"json"_s : format),
                [this, format, secrets, list](const QString &path) {
        auto *job = new ExportJob(format, secrets, list, path, this);
        connect(job, &ExportJob::over, this, [this, job](const QString &what, bool isProblem) {
            m_banner->show(isProblem ? MessageBanner::Kind::Error : MessageBanner::Kind::Information, what);
            job->deleteLater();
        });
        job->start();
    });
}

void TracesPage::makeActions()
{
    const auto add = [this](const QString &text, const QKeySequence &key, const char *where, const auto &act) {
        auto *action = new QAction(text, this);
        action->setShortcut(key);
        action->setShortcutContext(Qt::WidgetWithChildrenShortcut);
        if (where)
            action->setProperty(where, true);
        connect(action, &QAction::triggered, this, act);
        addAction(action);
        m_actions += action;
        return action;
    };
    add(tr("Filter"), QKeySequence(Qt::CTRL | Qt::Key_F), nullptr, [this] {
        m_filter->setFocus();
        m_filter->selectAll();
    });
    add(tr("Find in bodies"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_F), nullptr, [this] {
        if (m_detail->timeline())
            m_detail->findBar()->open();
    });
    add(tr("Go to table"), QKeySequence(Qt::CTRL | Qt::Key_BracketLeft), nullptr, [this] { m_table->setFocus(); });
    add(tr("Go to detail"), QKeySequence(Qt::CTRL | Qt::Key_BracketRight), nullptr, [this] { m_detail->tabs()->setFocus(); });
    add(tr("Detail below or beside"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_L), nullptr, [this] {
        m_splitter->setOrientation(m_splitter->orientation() == Qt::Vertical ? Qt::Horizontal : Qt::Vertical);
    });
    add(tr("Pin"), QKeySequence(Qt::CTRL | Qt::Key_P), "row", [this] { togglePin(); });
    add(tr("Comment…"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_C), "row", [this] { comment(); });
    add(tr("Copy as cURL"), QKeySequence(Qt::CTRL | Qt::ALT | Qt::Key_C), "row", [this] { copyAsCurl(); });
    add(tr("Open in tester"), QKeySequence(Qt::CTRL | Qt::Key_E), "row", [this] {
        if (const QList<trace::TimelinePtr> list = chosen(); !list.isEmpty())
            Q_EMIT openInTester(list.first());
    });
    add(tr("Replay"), QKeySequence(Qt::CTRL | Qt::Key_R), "row", [this] { replay(); });
    add(tr("Compare two"), QKeySequence(Qt::CTRL | Qt::Key_D), "row", [this] { compare(); });
    add(tr("Explain"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_E), "row", [this] { m_detail->explain(); });
    for (const auto &[format, name] : {std::pair(u"har"_s, tr("HAR")), {u"jsonl"_s, tr("JSON lines")}, {u"chrome"_s, tr("Chrome trace (Perfetto)")},
                                       {u"otlp"_s, tr("OTLP JSON")}, {u"csv"_s, tr("CSV of the table")}}) {
        add(tr("Export shown as %1…").arg(name), {}, "export", [this, format = format] { exportAs(format, false, false); });
    }
    add(tr("Export chosen as HAR…"), QKeySequence(Qt::CTRL | Qt::Key_S), "export", [this] { exportAs(u"har"_s, true, false); });
    add(tr("Export chosen as HAR, with keys and cookies…"), {}, "export", [this] { exportAs(u"har"_s, true, true); });
    add(tr("Clear"), QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_Delete), nullptr, [this] { m_feed.model().clear(); });
    add(tr("Zoom in"), {}, nullptr, [this] { m_table->axis().zoom(0.7, m_table->axis().begin()); });
    add(tr("Zoom out"), {}, nullptr, [this] { m_table->axis().zoom(1 / 0.7, m_table->axis().begin()); });
    add(tr("Fit waterfall"), {}, nullptr, [this] { m_table->axis().setAutomatic(); });
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
