// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/request_run.h"
#include "models/event_model.h"
#include "upstream/direct_transport.h"
#include "upstream/qnam_transport.h"

#include <QTimer>
#include <QWidget>

class QHBoxLayout;
class QLabel;
class QPushButton;
class QTabWidget;
class QTextBrowser;

namespace pdlb::gui {

class EventsView;
class PlainEdit;

/// Sends one request and shows what comes while it comes: figures, text, events, bytes; Markdown when it has ended.
class AnswerView final : public QWidget
{
    Q_OBJECT

public:
    explicit AnswerView(QWidget *parent = nullptr);
    ~AnswerView() override;

    void send(const upstream::Origin &origin, const client::RequestBytes &request);
    /// Closes the connection, by which a balancer aborts both legs.
    void stop();
    bool isRunning() const { return m_run != nullptr; }
    const client::RequestResult &result() const { return m_result; }
    qint64 events() const;
    QString text() const;
    /// Another word on how it ended.
    void setRemark(const QString &remark);

    static constexpr qsizetype mostShown = qsizetype(4) * 1024 * 1024; ///< bytes of text, and of raw bytes

Q_SIGNALS:
    void started();
    void ended();
    void traceWanted(const QByteArray &requestId);

private:
    void tick();
    void flush();
    void finished();
    void showFigures();
    void showMarkdown();

    struct Figure {
        QLabel *value;
        QLabel *name;
    };
    Figure addFigure(QHBoxLayout *layout, const QString &name, const QString &definition);

    upstream::DirectTransport m_direct;
    upstream::QnamTransport m_qnam;
    client::RequestRun *m_run = nullptr; ///< child
    client::RequestResult m_result;
    EventReader m_reader;
    std::vector<StreamEvent> m_pendingEvents;
    QByteArray m_pendingText;
    QByteArray m_pendingRaw;
    QByteArray m_text;
    qint64 m_rawShown = 0;
    Monotonic m_start{0};
    QTimer m_timer;
    Figure m_ttft, m_itl, m_rate, m_tokens, m_total, m_pair;
    QLabel *m_state;
    QLabel *m_remark;
    QTabWidget *m_tabs;
    PlainEdit *m_textView;
    EventsView *m_events;
    PlainEdit *m_raw;
    QTextBrowser *m_markdown;
    QPushButton *m_trace;
};

} // namespace pdlb::gui
