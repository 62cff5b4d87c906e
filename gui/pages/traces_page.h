// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <QPointer>
#include <QWidget>

class QAction;
class QLabel;
class QPushButton;
class QSettings;
class QSplitter;
class QStackedWidget;

namespace pdlb::gui {

class EmptyState;
class FilterEdit;
class MessageBanner;
class Session;
class TraceDetail;
class TraceFeed;
class TraceTable;

/// Live requests: filter, table, detail.
class TracesPage final : public QWidget
{
    Q_OBJECT

public:
    TracesPage(TraceFeed &feed, QWidget *parent);

    void setSession(Session *session);
    void setFilter(const QString &text);
    /// Chooses that request's row, taking the filter away when it hides it. False: it is not there.
    bool showRequest(const QByteArray &requestId);
    /// The same as soon as it is there: a record may still be on its way. Says so when it does not come.
    void awaitRequest(const QByteArray &requestId);
    /// "37 of 1,204 shown"
    QString counts() const;
    QList<QAction *> actions() const { return m_actions; }
    void save(QSettings &settings) const;
    void restore(QSettings &settings);

Q_SIGNALS:
    void testWanted();
    void openInTester(const pdlb::trace::TimelinePtr &timeline);
    void countsChanged();

protected:
    bool eventFilter(QObject *watched, QEvent *event) override;

private:
    void makeActions();
    void applyFilter();
    void selectionChanged();
    void showCurrent();
    void tick();
    void updateEmptyState();
    void setFollowing(bool follows);
    void updatePill();
    void contextMenu(int row, int column, const QPoint &where);
    QString termOf(int row, int column) const;
    QList<trace::TimelinePtr> chosen() const;
    void exportAs(const QString &format, bool onlyChosen, bool secrets);
    void copyAsCurl();
    void togglePin();
    void comment();
    void compare();
    void replay();

    TraceFeed &m_feed;
    QPointer<Session> m_session;
    FilterEdit *m_filter;
    QLabel *m_problem;
    QPushButton *m_capture;
    QPushButton *m_follow;
    MessageBanner *m_banner;
    QSplitter *m_splitter;
    QStackedWidget *m_stack;
    EmptyState *m_empty;
    TraceTable *m_table;
    QPushButton *m_pill;
    TraceDetail *m_detail;
    QList<QAction *> m_actions;
    qint64 m_seenRows = 0; ///< rows below which everything is new
    qint64 m_new = 0;
    QByteArray m_awaited; ///< id of a request to be shown when it comes
    int m_awaitedTurns = 0; ///< it is looked for so many times more
    quint64 m_chosen = 0; ///< number of the request that is shown
    bool m_selecting = false;
};

} // namespace pdlb::gui
