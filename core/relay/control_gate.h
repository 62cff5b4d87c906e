// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/control_plane.h"
#include "edge/edge_server.h"
#include "relay/event_stream.h"
#include "relay/reply_stream.h"

#include <unordered_map>

namespace pdlb::relay {

/// Lets the clients of one edge reach the control plane, whose thread is another one, and the event feed. Lives in the
/// edge's thread.
class ControlGate final : public QObject
{
    Q_OBJECT

public:
    static constexpr qint64 maxAdminBody = qint64(16) * 1024 * 1024;
    static constexpr int maxListeners = 64; ///< to events, of all edges together

    /// All must outlive the gate; the control plane also its thread's event loop.
    ControlGate(control::ControlPlane &control, fleet::Fleet &fleet, edge::EdgeServer &edge, QObject *parent);

    /// Adds the control plane's routes that are for everybody, or those of the admin API.
    void addRoutes(bool admin);
    /// No stream keeps a connection open any more.
    void drain();

private:
    /// A request whose answer is on its way.
    struct Waiting final : edge::Exchange::Observer {
        Waiting(ControlGate &gate, quint64 id, edge::Exchange &exchange) : gate(gate), id(id), exchange(&exchange) { exchange.setObserver(this); }
        ~Waiting()
        {
            if (exchange)
                exchange->setObserver(nullptr);
        }
        Q_DISABLE_COPY_MOVE(Waiting)
        void clientGone() override
        {
            exchange = nullptr;
            gate.m_waiting.erase(id);
        }
        void clientDrained() override {}

        ControlGate &gate;
        const quint64 id;
        edge::Exchange *exchange;
    };

    void ask(edge::Exchange &exchange, const control::Endpoint &endpoint);
    void answer(quint64 id, const control::ControlReply &reply);
    void answerInPieces(quint64 id, edge::Exchange &exchange, const control::ControlReply &reply);
    void openEvents(edge::Exchange &exchange);

    control::ControlPlane &m_control;
    fleet::Fleet &m_fleet;
    edge::EdgeServer &m_edge;
    std::unordered_map<quint64, Waiting> m_waiting;
    quint64 m_nextId = 1;
    QSet<EventStream *> m_streams; ///< children
    QHash<quint64, ReplyStream *> m_replies; ///< children, by the id of their request
    bool m_draining = false;
};

} // namespace pdlb::relay
