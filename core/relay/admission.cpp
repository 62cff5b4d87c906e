// SPDX-License-Identifier: Apache-2.0
#include "relay/admission.h"

#include <algorithm>

namespace pdlb::relay {

Admission::Verdict Admission::enter(Ticket &ticket)
{
    if (!m_counting.load(std::memory_order_relaxed))
        return Verdict::Run;
    const std::lock_guard lock(m_mutex);
    if (m_maxRunning == 0 || m_running < m_maxRunning) {
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

qint64 Admission::waiting() const
{
    const std::lock_guard lock(m_mutex);
    return qint64(m_waiting.size());
}

void Admission::leave(Ticket &ticket)
{
    if (!m_counting.load(std::memory_order_relaxed))
        return;
    const std::lock_guard lock(m_mutex);
    if (ticket.m_state == Ticket::State::Waiting)
        m_waiting.erase(std::find(m_waiting.begin(), m_waiting.end(), &ticket));
    else if (ticket.m_state == Ticket::State::Running)
        --m_running;
    ticket.m_state = Ticket::State::None;
    admitWaiting();
}

void Admission::setLimits(qint64 maxRunning, qint64 maxWaiting)
{
    const std::lock_guard lock(m_mutex);
    m_maxRunning = maxRunning;
    m_maxWaiting = maxWaiting;
    if (maxRunning > 0)
        m_counting.store(true, std::memory_order_relaxed);
    admitWaiting();
}

void Admission::admitWaiting()
{
    // Under the lock: the one who waits cannot vanish meanwhile.
    while (!m_waiting.empty() && (m_maxRunning == 0 || m_running < m_maxRunning)) {
        Ticket *next = m_waiting.front();
        m_waiting.pop_front();
        ++m_running;
        next->m_state = Ticket::State::Running;
        next->m_wake();
    }
}

} // namespace pdlb::relay
