// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/tester_request.h"
#include "trace/timeline.h"
#include "upstream/origin.h"

#include <QPointer>
#include <QWidget>

class QAction;
class QMenu;
class QPushButton;
class QSettings;
class QSplitter;

namespace pdlb::gui {

class AnswerView;
class MessageBanner;
class RepeatPanel;
class RequestForm;
class Session;

/// Fires test requests: one with everything about its answer, or many.
class TesterPage final : public QWidget
{
    Q_OBJECT

public:
    /// `historyFile`: where sent requests are kept; empty: nowhere.
    TesterPage(const QString &historyFile, QWidget *parent);

    void setSession(Session *session);
    void setPair(const QByteArray &pair);
    /// A recorded request, to be changed and sent again.
    void openTimeline(const trace::Timeline &timeline);
    void send();
    void stop();
    RequestForm &form() { return *m_form; }
    AnswerView &answer() { return *m_answer; }
    QList<QAction *> actions() const { return m_actions; }
    void save(QSettings &settings) const;
    void restore(QSettings &settings);

Q_SIGNALS:
    void traceWanted(const QByteArray &requestId);

private:
    void makeActions();
    std::optional<std::pair<TesterRequest, upstream::Origin>> readyRequest();
    void ended();
    void tellStopped();
    void repeat();
    void copy(bool python);
    void pasteCurl();
    void savePreset();
    void loadPreset();
    void fillHistory();

    QPointer<Session> m_session;
    TesterHistory m_history;
    TesterRequest m_sent;
    MessageBanner *m_banner;
    QSplitter *m_splitter;
    QSplitter *m_right;
    RequestForm *m_form;
    AnswerView *m_answer;
    RepeatPanel *m_repeat;
    QPushButton *m_send;
    QMenu *m_historyMenu;
    QList<QAction *> m_actions;
    bool m_stopped = false;
};

} // namespace pdlb::gui
