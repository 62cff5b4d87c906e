// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QFrame>
#include <QPointer>

class QLabel;
class QPushButton;

namespace pdlb::gui {

class Session;
class TraceFeed;

/// Is it running, where, is it well, how busy: without reading.
class TopBar final : public QFrame
{
    Q_OBJECT

public:
    TopBar(TraceFeed &feed, QWidget *parent);
    void setSession(Session *session);

Q_SIGNALS:
    void startClicked();
    void healthClicked();
    void copied(const QString &text);

private:
    void refresh();
    void refreshFigures();

    TraceFeed &m_feed;
    QPointer<Session> m_session;
    QPushButton *m_start;
    QPushButton *m_url;
    QPushButton *m_health;
    QLabel *m_state;
    QLabel *m_figures;
    qint64 m_shown = 0;
};

} // namespace pdlb::gui
