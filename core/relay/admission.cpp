// SPDX-License-Identifier: Apache-2.0
#include "relay/admission.h"

#include <utility>

namespace pdlb::relay {

Admission::Verdict Admission::enter(Ticket &ticket)
{
    if (!m_counting.load(std::memory_order_relaxed) && m_waiting.load(std::memory_order_relaxed) == 0)
        return Verdict::Run;
    const std::lock_guard lock(m_mutex);
    const bool full = qint64(m_queue.size()) >= m_maxWaiting;
    if (hasRoom() && !m_trying && (m_queue.empty() || full)) {
        // Behind a full queue too: it may want a server that those who wait do not.
        ++m_running;
        ticket.m_state = Ticket::State::Running;
        return Verdict::Run;
    }
    if (full)
        return Verdict::Refuse;
    append(ticket);
    if (m_trying) {
        m_again = true;
        return Verdict::Wait;
    }
    if (!hasRoom())
        return Verdict::Wait;
    take(ticket); // those before it have looked since the last place became free
    return Verdict::Run;
}

void Admission::started(Ticket &ticket)
{
    if (ticket.m_state != Ticket::State::Trying)
        return;
    const std::lock_guard lock(m_mutex);
    const Queue::iterator next = erase(ticket);
    ticket.m_state = Ticket::State::Running;
    goOn(next); // more than one place may have become free
}

Admission::Verdict Admission::park(Ticket &ticket, bool nobody, quint64 seen)
{
    const std::lock_guard lock(m_mutex);
    if (ticket.m_state == Ticket::State::Trying) {
        --m_running;
        ticket.m_state = Ticket::State::Waiting;
        m_trying = nullptr;
        m_again = m_again || m_freed.load() != seen;
        goOn(nobody ? m_queue.end() : std::next(ticket.m_place));
        return Verdict::Wait;
    }
    const Ticket::State before = ticket.m_state;
    const auto stopRunning = [&] {
        if (before != Ticket::State::Running)
            return;
        --m_running;
        if (m_maxRunning > 0)
            restart(); // somebody may have been waiting for just this
    };
    if (qint64(m_queue.size()) >= m_maxWaiting) {
        ticket.m_state = Ticket::State::None;
        stopRunning();
        return Verdict::Refuse;
    }
    append(ticket);
    // In this order, and placeFreed() in the other one: one of the two notices the other.
    if (m_freed.load() != seen) {
        erase(ticket);
        ticket.m_state = before;
        return Verdict::Run;
    }
    stopRunning();
    return Verdict::Wait;
}

void Admission::leave(Ticket &ticket)
{
    if (ticket.m_state == Ticket::State::None)
        return;
    const std::lock_guard lock(m_mutex);
    switch (ticket.m_state.exchange(Ticket::State::None)) {
    case Ticket::State::None:
        break;
    case Ticket::State::Waiting:
        erase(ticket);
        break;
    case Ticket::State::Trying:
        --m_running;
        goOn(erase(ticket));
        break;
    case Ticket::State::Running:
        --m_running;
        restart();
        break;
    }
}

void Admission::setLimits(qint64 maxRunning, qint64 maxWaiting)
{
    const std::lock_guard lock(m_mutex);
    m_maxRunning = maxRunning;
    m_maxWaiting = maxWaiting;
    if (maxRunning > 0)
        m_counting.store(true, std::memory_order_relaxed);
    restart();
}

void Admission::placeFreed()
{
    m_freed.fetch_add(1);
    if (m_waiting.load() == 0)
        return;
    const std::lock_guard lock(m_mutex);
    restart();
}

void Admission::append(Ticket &ticket)
{
    ticket.m_place = m_queue.insert(m_queue.end(), &ticket);
    ticket.m_state = Ticket::State::Waiting;
    ticket.m_position = qint64(m_queue.size());
    m_waiting.store(ticket.m_position);
}

Admission::Queue::iterator Admission::erase(Ticket &ticket)
{
    if (m_trying == &ticket)
        m_trying = nullptr;
    const Queue::iterator next = m_queue.erase(ticket.m_place);
    m_waiting.store(qint64(m_queue.size()));
    return next;
}

void Admission::take(Ticket &ticket)
{
    ++m_running;
    ticket.m_state = Ticket::State::Trying;
    m_trying = &ticket;
}

void Admission::restart()
{
    if (m_trying)
        m_again = true;
    else
        goOn(m_queue.begin());
}

void Admission::goOn(Queue::iterator next)
{
    if (std::exchange(m_again, false))
        next = m_queue.begin();
    if (next == m_queue.end() || !hasRoom())
        return;
    // Under the lock: the one who waits cannot vanish meanwhile.
    take(**next);
    (*next)->m_wake();
}

} // namespace pdlb::relay
