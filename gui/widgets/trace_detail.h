// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <QPointer>
#include <QWidget>

class QLabel;
class QPushButton;
class QTabWidget;
class QTextBrowser;

namespace pdlb::gui {

class BodyView;
class EventsView;
class FindBar;
class Session;
class TimingView;

/// Everything about one request: the sentence that says where it is or why it ended, and tabs.
class TraceDetail final : public QWidget
{
    Q_OBJECT

public:
    explicit TraceDetail(QWidget *parent = nullptr);

    enum Tab { Overview, Timing, Request, PrefillLeg, DecodeLeg, Events, Error, Raw, TabCount };

    void setSession(Session *session);
    /// Null: none is chosen. The same number again: what is known of it now.
    void setTimeline(quint64 number, const trace::TimelinePtr &timeline);
    /// The row is not in the table any more; what is shown stays.
    void setEvicted();
    quint64 number() const { return m_number; }
    const trace::TimelinePtr &timeline() const { return m_timeline; }
    QString sentence() const;
    QTabWidget *tabs() const { return m_tabs; }
    FindBar *findBar() const { return m_find; }
    void explain();

Q_SIGNALS:
    void openInTester(const pdlb::trace::TimelinePtr &timeline);
    void searchEverywhere(const QString &words);

private:
    void addBodyTab(Tab tab, const QString &title, QTextBrowser *head, BodyView *body);
    void showTimeline();
    void showTab();
    void showSentence();
    void showEventsTab();
    void abort();
    void fetchWhole();

    QPointer<Session> m_session;
    trace::TimelinePtr m_timeline;
    quint64 m_number = 0;
    bool m_evicted = false;
    bool m_fetched = false;
    QString m_explained; ///< sentence and advice of the newest explanation
    QString m_advice;
    QLabel *m_title;
    QLabel *m_subtitle;
    QPushButton *m_explain;
    QPushButton *m_abort;
    QPushButton *m_tester;
    QTabWidget *m_tabs;
    QTextBrowser *m_overview;
    TimingView *m_timing;
    QTextBrowser *m_phases;
    QTextBrowser *m_request;
    BodyView *m_requestBody;
    QTextBrowser *m_prefill;
    BodyView *m_prefillBody;
    QTextBrowser *m_decode;
    BodyView *m_decodeBody;
    EventsView *m_events;
    QTextBrowser *m_error;
    BodyView *m_raw;
    FindBar *m_find;
    trace::TimelinePtr m_shown[TabCount]; ///< what each tab was filled with
};

} // namespace pdlb::gui
