// SPDX-License-Identifier: Apache-2.0
#include "control/prefill_inquiry.h"

#include <algorithm>

namespace pdlb::control {

namespace {

constexpr std::chrono::milliseconds firstPause = std::chrono::seconds(1);
constexpr std::chrono::milliseconds longestPause = std::chrono::seconds(30);

} // namespace

PrefillInquiry::PrefillInquiry(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, QObject *parent)
    : QObject(parent), m_transport(transport), m_fleet(fleet)
{
}

void PrefillInquiry::fleetChanged()
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    m_states.removeIf([&](const std::pair<const QByteArray &, State &> &entry) {
        const fleet::Server *server = snapshot->find(Role::Prefill, entry.first);
        return !server || !question(*server);
    });
    for (const fleet::Server &server : snapshot->prefill) {
        const auto wanted = question(server);
        if (!wanted)
            continue;
        const auto state = m_states.find(server.name);
        if (state == m_states.end() || (!state->asking && state->origin != wanted->origin))
            ask(server.name);
    }
}

void PrefillInquiry::recheck(const QByteArray &prefill)
{
    if (const auto state = m_states.find(prefill); state != m_states.end())
        again(prefill, *state);
}

bool PrefillInquiry::allAnswered() const
{
    return std::all_of(m_states.cbegin(), m_states.cend(), [](const State &state) { return state.answered; });
}

void PrefillInquiry::again(const QByteArray &name, State &state)
{
    if (state.asking || std::exchange(state.waiting, true))
        return;
    askAfter(name, state, state.pause);
    state.pause = std::min(state.pause * 2, longestPause);
}

void PrefillInquiry::askAfter(const QByteArray &name, State &state, std::chrono::milliseconds pause)
{
    state.turn = ++m_turn;
    QTimer::singleShot(pause, this, [this, name, turn = state.turn] {
        if (const auto waiting = m_states.find(name); waiting != m_states.end() && waiting->turn == turn)
            ask(name);
    });
}

void PrefillInquiry::ask(const QByteArray &name)
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    const fleet::Server *server = snapshot->find(Role::Prefill, name);
    auto wanted = server ? question(*server) : std::nullopt;
    if (!wanted)
        return;
    State &state = m_states[name];
    state.origin = wanted->origin;
    state.asking = true;
    state.waiting = false;
    state.turn = 0;
    new EngineCall(m_transport, wanted->origin, std::move(wanted->request),
                   [this, name, origin = wanted->origin](const EngineReply &reply) { answered(name, origin, reply); }, this);
}

void PrefillInquiry::answered(const QByteArray &name, const upstream::Origin &origin, const EngineReply &reply)
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    const fleet::Server *server = snapshot->find(Role::Prefill, name);
    const auto state = m_states.find(name);
    const auto wanted = server ? question(*server) : std::nullopt;
    if (state == m_states.end() || !state->asking || !wanted)
        return;
    state->asking = false;
    if (wanted->origin != origin) { // it moved meanwhile
        ask(name);
        return;
    }
    state->answered = true;
    if (!settles(*server, reply)) {
        again(name, *state);
    } else {
        state->pause = firstPause;
        if (validity().count() > 0)
            askAfter(name, *state, validity());
    }
    progressed();
}

} // namespace pdlb::control
