// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/event_feed.h"
#include "fleet/fleet.h"

#include <QHash>
#include <QTimer>

namespace pdlb::control {

/// Tells the event feed when a server's status changes, or a server comes or goes. Looks a few times a second, and only
/// while somebody listens: traffic, probes, breakers and configurations all change a status, from several threads.
class ServerWatch final : public QObject
{
    Q_OBJECT

public:
    ServerWatch(const fleet::Fleet &fleet, EventFeed &events, const Clock &clock, QObject *parent);
    /// What is found now counts as known.
    void start();

private:
    void look();
    QHash<QByteArray, QByteArray> statuses() const;

    const fleet::Fleet &m_fleet;
    EventFeed &m_events;
    const Clock &m_clock;
    QTimer m_timer;
    QHash<QByteArray, QByteArray> m_known; ///< by name
};

} // namespace pdlb::control
