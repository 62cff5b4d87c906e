// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QPointer>
#include <QWidget>

class QComboBox;
class QSettings;

namespace pdlb::gui {

class Session;
class TimePlot;
class TraceFeed;

/// Live plots of what goes through the balancer.
class MetricsPage final : public QWidget
{
    Q_OBJECT

public:
    MetricsPage(TraceFeed &feed, QWidget *parent);
    void setSession(Session *session);
    /// Draws anew.
    void refresh();
    void save(QSettings &settings) const;
    void restore(QSettings &settings);

protected:
    void showEvent(QShowEvent *event) override;

private:
    TraceFeed &m_feed;
    QPointer<Session> m_session;
    QComboBox *m_range;
    TimePlot *m_rate;
    TimePlot *m_inFlight;
    TimePlot *m_ttft;
    TimePlot *m_prefill;
    TimePlot *m_decode;
    TimePlot *m_errors;
    qint64 m_drawn = 0; ///< second
};

} // namespace pdlb::gui
