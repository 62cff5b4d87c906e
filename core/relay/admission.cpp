// SPDX-License-Identifier: Apache-2.0
#include "relay/admission.h"

#include <algorithm>

namespace pdlb::relay {

Admission::Verdict Admission::enter(Ticket &ticket)
{
    if (!isLimited())
        return Verdict::Run;
    const std::lock_guard lock(m_mutex);
    if (m_running < m_maxRunning) {
        ++m_running;
        ticket.m_state = Ticket::State::Running;
        return Verdict::Run;
    }
    if (qint64(m_waiting.size()) >= m_maxWaiting)
        return Verdict::Refuse;
    m_waiting.push_back(&ticket);
    ticket.m_state = Ticket::State::Waiting;
    return Verdict::Wait;
}

void Admission::leave(Ticket &ticket)
{
    if (!isLimited())
        return;
    const std::lock_guard lock(m_mutex);
    if (ticket.m_state == Ticket::State::Waiting) {
        m_waiting.erase(std::find(m_waiting.begin(), m_waiting.end(), &ticket));
    } else if (ticket.m_state == Ticket::State::Running) {
        if (m_waiting.empty()) {
            --m_running;
        } else {
            // The place goes from hand to hand. Under the lock: the one who waits cannot vanish meanwhile.
            Ticket *next = m_waiting.front();
            m_waiting.pop_front();
            next->m_state = Ticket::State::Running;
            next->m_wake();
        }
    }
    ticket.m_state = Ticket::State::None;
}

} // namespace pdlb::relay
