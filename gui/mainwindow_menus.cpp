// SPDX-License-Identifier: Apache-2.0

// The window's menus, and the dialogs that they open.
#include "mainwindow.h"

#include "config/config_file.h"
#include "config/secrets.h"
#include "models/config_draft.h"
#include "pages/pairs_page.h"
#include "pages/tester_page.h"
#include "pages/traces_page.h"
#include "session/local_session.h"
#include "session/trace_feed.h"
#include "theme/theme.h"
#include "widgets/attach_dialog.h"
#include "widgets/file_dialogs.h"
#include "widgets/help_dialogs.h"
#include "widgets/message_banner.h"

#include <QActionGroup>
#include <QMenu>
#include <QMenuBar>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

void MainWindow::makeMenus()
{
    const auto add = [this](QMenu *menu, const QString &text, const QKeySequence &key, const auto &act) {
        QAction *action = menu->addAction(text, this, act);
        action->setShortcut(key);
        return action;
    };
    QMenu *file = menuBar()->addMenu(tr("&Balancer"));
    m_startAction = add(file, tr("Start or stop"), QKeySequence(Qt::Key_F9), [this] { toggleRunning(); });
    add(file, tr("Start with two mock engines"), {}, [this] { startWithMocks(); });
    add(file, tr("Attach to a running pdlb…"), QKeySequence(Qt::CTRL | Qt::Key_T), [this] { openAttachDialog(); });
    add(file, tr("Detach"), {}, [this] { detach(); });
    file->addSeparator();
    add(file, tr("Open configuration…"), {}, [this] {
        askOpenName(this, tr("Open configuration"), tr("Configurations (*.json);;All files (*)"), [this](const QString &path) { openConfig(path); });
    });
    file->addSeparator();
    add(file, tr("Quit"), QKeySequence::Quit, [this] { close(); });

    QMenu *view = menuBar()->addMenu(tr("&View"));
    const QStringList pages{tr("Traces"), tr("Pairs"), tr("Tester"), tr("Metrics"), tr("Log")};
    for (int page = 0; page < PageCount; ++page) {
        add(view, pages[page], QKeySequence(Qt::CTRL | Qt::Key(Qt::Key_1 + page)), [this, page] {
            m_leftFirstRun = true;
            showPage(Page(page));
        });
    }
    view->addSeparator();
    QMenu *themes = view->addMenu(tr("Theme"));
    auto *group = new QActionGroup(this);
    for (const auto &[mode, text] : {std::pair(Theme::Mode::System, tr("As the system")), {Theme::Mode::Light, tr("Light")}, {Theme::Mode::Dark, tr("Dark")}}) {
        QAction *action = themes->addAction(text, this, [this, mode = mode] {
            Theme::instance().setMode(mode);
            m_settings->setValue("theme", int(mode));
        });
        action->setCheckable(true);
        action->setActionGroup(group);
        action->setChecked(m_settings->value("theme").toInt() == int(mode));
    }
    QMenu *languages = view->addMenu(tr("Language"));
    auto *languageGroup = new QActionGroup(this);
    for (const auto &[code, text] : {std::pair(QString(), tr("As the system")), {u"en"_s, u"English"_s}, {u"zh_CN"_s, u"简体中文"_s}}) {
        QAction *action = languages->addAction(text, this, [this, code = code] {
            m_settings->setValue("language", code);
            m_banner->show(MessageBanner::Kind::Information, tr("The language changes with the next start."));
        });
        action->setCheckable(true);
        action->setActionGroup(languageGroup);
        action->setChecked(m_settings->value("language").toString() == code);
    }
    QMenu *kept = view->addMenu(tr("Requests kept"));
    auto *keptGroup = new QActionGroup(this);
    for (const qsizetype rows : {1000, 5000, 20'000, 100'000}) {
        QAction *action = kept->addAction(QLocale().toString(rows), this, [this, rows] { keepRows(rows); });
        action->setCheckable(true);
        action->setActionGroup(keptGroup);
        action->setChecked(m_settings->value("traces/rows", 5000).toLongLong() == rows);
    }
    add(view, tr("Default layout"), {}, [this] {
        for (const char *key : {"traces/columns", "traces/splitter", "pairs/columns", "pairs/splitter", "tester/splitter", "tester/right"})
            m_settings->remove(QLatin1StringView(key));
        m_banner->show(MessageBanner::Kind::Information, tr("The layout is as it was at first with the next start."));
        m_options.settingsFile.clear(); // and is not saved over that
        m_defaultState = "default";
    });
    makePageMenu(tr("&Requests"), Traces, m_traces->actions());
    makePageMenu(tr("&Pairs"), Pairs, m_pairs->actions());
    makePageMenu(tr("&Tester"), Tester, m_tester->actions());
    QMenu *help = menuBar()->addMenu(tr("&Help"));
    add(help, tr("Keys and signs"), QKeySequence(Qt::Key_F1), [this] { openKeys(); });
    auto *question = new QAction(tr("Keys and signs"), this);
    question->setShortcut(QKeySequence(Qt::Key_Question));
    connect(question, &QAction::triggered, this, &MainWindow::openKeys);
    addAction(question);
    add(help, tr("About pdlb"), {}, [this] { openAbout(); });
}

/// A page's actions: their keys mean something only while the page is seen.
void MainWindow::makePageMenu(const QString &title, Page page, const QList<QAction *> &actions)
{
    QMenu *menu = menuBar()->addMenu(title);
    menu->addActions(actions);
    m_pageActions.append({page, actions});
}

void MainWindow::keepRows(qsizetype rows)
{
    constexpr qint64 bytesOfRow = qint64(16) * 1024; // of a record without its bodies, on average
    const TraceModel::Limits usual;
    m_feed->model().setLimits({.rows = size_t(rows), .bytes = std::max(usual.bytes, rows * bytesOfRow)});
    m_settings->setValue("traces/rows", rows);
}

void MainWindow::openAttachDialog()
{
    auto *dialog = new AttachDialog(QUrl(m_settings->value("attach/url").toString()), this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    connect(dialog, &AttachDialog::chosen, this, &MainWindow::attach);
    dialog->open();
}

void MainWindow::openAbout()
{
    const QStringList state{u"%1 servers, %2 requests in the table, %3 in flight"_s.arg(m_session->servers().size()).arg(m_feed->model().total()).arg(m_session->inFlight())};
    auto *dialog = new AboutDialog(state, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->open();
}

void MainWindow::openKeys()
{
    QList<QPair<QString, QList<QAction *>>> groups;
    const QList<QAction *> menus = menuBar()->actions();
    for (const QAction *menu : menus)
        groups.append({menu->text().remove(u'&'), menu->menu()->actions()});
    auto *dialog = new KeysDialog(groups, this);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->show();
}

void MainWindow::openConfig(const QString &path)
{
    auto loaded = loadConfigFile(path, CheckConfig::Form);
    if (!loaded) {
        m_banner->show(MessageBanner::Kind::Error, problemSummary(path, loaded.error()));
        return;
    }
    if (const auto resolved = resolveSecrets(loaded->config); !resolved) {
        m_banner->show(MessageBanner::Kind::Error, problemSummary(path, {resolved.error()}));
        return;
    }
    m_leftFirstRun = true;
    showPage(Pairs);
    m_pairs->draft().change(tr("Open %1").arg(path), [&](Config &config) { config = loaded->config; });
    if (m_session->isLocal())
        static_cast<LocalSession *>(m_session.get())->setConfigFile(path);
    m_banner->show(MessageBanner::Kind::Information, tr("Opened: %1. Apply puts it in force; changes are saved there.").arg(path));
}

} // namespace pdlb::gui
