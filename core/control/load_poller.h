// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/engine_call.h"

#include <QSet>

namespace pdlb::control {

/// Asks the servers of each role whose policy wants it for GET /v1/loads, every PolicyRules::loadInterval, and puts the
/// answers into their ServerStates: requests running, waiting and in transfer, over all DP ranks. A server that does not
/// answer, or not with that, has an unknown load. Lives in the control thread.
class LoadPoller final : public QObject
{
    Q_OBJECT

public:
    LoadPoller(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, QObject *parent);
    /// Servers, policies or the interval changed; also to begin with.
    void fleetChanged();

    /// The requests that an answer tells of; NaN when it is none.
    static double requestsIn(const EngineReply &reply);

private:
    void poll();
    void ask(const fleet::Server &server, std::chrono::milliseconds timeout);

    upstream::UpstreamTransport &m_transport;
    fleet::Fleet &m_fleet;
    QTimer m_timer;
    QSet<QByteArray> m_asked; ///< names of those whose answer is awaited
};

} // namespace pdlb::control
