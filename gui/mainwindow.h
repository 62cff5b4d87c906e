// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"

#include <QMainWindow>
#include <QSettings>
#include <QUrl>

#include <memory>

class QActionGroup;
class QButtonGroup;
class QLabel;
class QPushButton;
class QStackedWidget;

namespace pdlb::gui {

class FirstRunPage;
class LogPage;
class MessageBanner;
class MetricsPage;
class MockEngines;
class PairsPage;
class Session;
class TesterPage;
class TopBar;
class TraceFeed;
class TracesPage;

/// The window: navigation, pages, and the session that they all show.
class MainWindow final : public QMainWindow
{
    Q_OBJECT

public:
    struct Options {
        QString settingsFile; ///< INI; empty: the user's
        QString historyFile; ///< of the tester; empty: none is kept
        Config config; ///< what the embedded balancer begins with
        QString configFile; ///< where applied changes are saved; empty: nowhere
        QString problem; ///< said at the start
        QUrl attach; ///< a balancer elsewhere; empty: the embedded one
        QByteArray adminKey;
        bool start = false; ///< the embedded balancer at once
    };

    enum Page { Traces, Pairs, Tester, Metrics, Log, PageCount };

    explicit MainWindow(const Options &options, QWidget *parent = nullptr);
    ~MainWindow() override;

    Session &session() { return *m_session; }
    TraceFeed &feed() { return *m_feed; }
    TracesPage &traces() { return *m_traces; }
    PairsPage &pairs() { return *m_pairs; }
    TesterPage &tester() { return *m_tester; }
    MetricsPage &metrics() { return *m_metrics; }
    LogPage &log() { return *m_log; }
    MockEngines *mocks() { return m_mocks.get(); }
    MessageBanner &banner() { return *m_banner; }
    void showPage(Page page);
    Page page() const;
    bool isFirstRun() const;

    void startWithMocks();
    void attach(const QUrl &url, const QByteArray &adminKey);
    /// Back to the balancer in this program.
    void detach();
    void toggleRunning();

protected:
    void closeEvent(QCloseEvent *event) override;
    void changeEvent(QEvent *event) override;
    void showEvent(QShowEvent *event) override;
    void hideEvent(QHideEvent *event) override;

private:
    QWidget *makeRail();
    void makeMenus();
    void makePageMenu(const QString &title, Page page, const QList<QAction *> &actions);
    void useSession(std::unique_ptr<Session> session);
    void stateChanged();
    void updateAttention();
    void updateStatus();
    void updateFirstRun();
    void keepRows(qsizetype rows);
    void openAttachDialog();
    void openAbout();
    void openKeys();
    void openConfig(const QString &path);
    void restoreState();
    void saveState();

    Options m_options;
    std::unique_ptr<QSettings> m_settings;
    TraceFeed *m_feed;
    QStackedWidget *m_stack;
    TopBar *m_topBar;
    MessageBanner *m_banner;
    FirstRunPage *m_firstRun;
    TracesPage *m_traces;
    PairsPage *m_pairs;
    TesterPage *m_tester;
    MetricsPage *m_metrics;
    LogPage *m_log;
    QButtonGroup *m_rail;
    QPushButton *m_attach;
    QLabel *m_counts;
    QLabel *m_memory;
    QLabel *m_trouble;
    QAction *m_startAction;
    QList<QPair<Page, QList<QAction *>>> m_pageActions;
    QByteArray m_defaultState;
    std::unique_ptr<MockEngines> m_mocks;
    std::unique_ptr<Session> m_session;
    bool m_closing = false;
    bool m_leftFirstRun = false;
    bool m_draftMayGo = false; ///< somebody was told of changes that were not applied
};

} // namespace pdlb::gui
