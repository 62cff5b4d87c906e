// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/engine_call.h"

#include <QHash>

namespace pdlb::control {

/// Asks prefills something, each on its own, until it has answered: repeats with growing pauses (1 s … 30 s), asks anew
/// those that come, that move and that recheck() names. Lives in the control thread.
class PrefillInquiry : public QObject
{
    Q_OBJECT

public:
    PrefillInquiry(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, QObject *parent);
    /// Servers came, went or changed.
    void fleetChanged();
    /// That prefill could not be reached: ask again, it may be restarted with other settings.
    void recheck(const QByteArray &prefill);

protected:
    struct Question {
        upstream::Origin origin;
        EngineRequest request;
    };
    /// What to ask that prefill and where; nothing: it is not to be asked.
    virtual std::optional<Question> question(const fleet::Server &prefill) const = 0;
    /// Whether that settles it; otherwise it is asked again.
    virtual bool settles(const fleet::Server &prefill, const EngineReply &reply) = 0;
    /// Another answer was taken; the last thing that is done with it.
    virtual void progressed() {}
    /// How long an answer holds; 0: until recheck().
    virtual std::chrono::milliseconds validity() const { return {}; }

    /// Every prefill that is asked has answered or failed once.
    bool allAnswered() const;
    fleet::Fleet &fleet() const { return m_fleet; }

private:
    struct State {
        upstream::Origin origin; ///< the one that was asked
        std::chrono::milliseconds pause = std::chrono::seconds(1);
        quint64 turn = 0; ///< of the timer that counts; older ones do nothing
        bool asking = false;
        bool waiting = false; ///< for the next try
        bool answered = false;
    };
    void ask(const QByteArray &name);
    void answered(const QByteArray &name, const upstream::Origin &origin, const EngineReply &reply);
    void again(const QByteArray &name, State &state);
    void askAfter(const QByteArray &name, State &state, std::chrono::milliseconds pause);

    upstream::UpstreamTransport &m_transport;
    fleet::Fleet &m_fleet;
    QHash<QByteArray, State> m_states; ///< by the prefill's name; only those that are to be asked
    quint64 m_turn = 0;
};

} // namespace pdlb::control
