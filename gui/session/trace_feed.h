// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "models/trace_model.h"
#include "trace/recent_stats.h"

#include <QObject>
#include <QPointer>
#include <QTimer>

namespace pdlb::gui {

class Session;

/// Takes requests from the session to the table and into the statistics, as often as somebody looks.
class TraceFeed final : public QObject
{
    Q_OBJECT

public:
    explicit TraceFeed(QObject *parent);
    void setSession(Session *session);

    TraceModel &model() { return m_model; }
    const trace::RecentStats &stats() const { return m_stats; }
    /// What stats() counts seconds by.
    static qint64 second();

    enum class Attention {
        None, ///< the window is hidden
        Some, ///< another page is seen
        Full, ///< the table is seen: also what runs is asked for
    };
    void setAttention(Attention attention);

Q_SIGNALS:
    /// Something may have changed; at most some 15 times a second, some four times where too much comes for anybody to read.
    void ticked();

private:
    void tick();

    QPointer<Session> m_session;
    TraceModel m_model;
    trace::RecentStats m_stats;
    QTimer m_timer;
    Attention m_attention = Attention::Full;
    int m_turn = 0;
};

} // namespace pdlb::gui
