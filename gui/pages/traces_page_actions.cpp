// SPDX-License-Identifier: Apache-2.0

// What can be done with the requests of the traces page.
#include "pages/traces_page.h"

#include "models/trace_model.h"
#include "models/trace_text.h"
#include "session/session.h"
#include "session/trace_feed.h"
#include "trace/export/exporter.h"
#include "widgets/compare_dialog.h"
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
#include <QHeaderView>
#include <QInputDialog>
#include <QMenu>
#include <QPushButton>
#include <QSplitter>
#include <QTabWidget>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

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

} // namespace pdlb::gui
