// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/engine_call.h"

namespace pdlb::control {

/// Asks each prefill whose bootstrap port is to be discovered for /server_info.disaggregation_bootstrap_port and
/// publishes the answer to the fleet. Repeats with growing pauses (1 s … 30 s) until it is known, and once more after
/// recheck(). Lives in the control thread.
class BootstrapDiscovery final : public QObject
{
    Q_OBJECT

public:
    BootstrapDiscovery(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, QObject *parent);
    void start();
    /// That prefill could not be reached: ask again, it may be restarted with another port.
    void recheck(const QByteArray &prefill);
    /// Servers came or went.
    void fleetChanged();

Q_SIGNALS:
    /// Every prefill has answered or failed once, or the first round took too long.
    void firstRoundOver();

private:
    struct State {
        std::chrono::milliseconds pause = std::chrono::seconds(1);
        bool asking = false;
        bool waiting = false; ///< for the next try
        bool answered = false; ///< first round
    };
    void ask(const QByteArray &name);
    void answered(const QByteArray &name, const QByteArray &url, const EngineReply &reply);
    void again(const QByteArray &name);

    upstream::UpstreamTransport &m_transport;
    fleet::Fleet &m_fleet;
    QHash<QByteArray, State> m_states; ///< by the prefill's name; only those that are to be asked
    bool m_firstRound = true;
};

} // namespace pdlb::control
