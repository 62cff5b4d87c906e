// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace pdlb::relay {

/// Lets so many requests run at a time and so many wait, first come first served over all workers. Thread-safe.
class Admission
{
    Q_DISABLE_COPY_MOVE(Admission)

public:
    enum class Verdict {
        Run,
        Wait, ///< the ticket's wake() will be called, from any thread, when it may run
        Refuse, ///< as many wait as may
    };

    /// A request's place; must not outlive the Admission. Destroying it gives the place up, in whatever state it is.
    class Ticket
    {
        Q_DISABLE_COPY_MOVE(Ticket)

    public:
        Ticket(Admission &admission, std::function<void()> wake) : m_admission(admission), m_wake(std::move(wake)) {}
        ~Ticket() { m_admission.leave(*this); }

    private:
        friend class Admission;
        enum class State { None, Waiting, Running };
        Admission &m_admission;
        std::function<void()> m_wake;
        State m_state = State::None; ///< under the admission's mutex
    };

    /// `maxRunning` 0: everything runs. `maxWaiting` 0: nothing waits.
    Admission(qint64 maxRunning, qint64 maxWaiting)
        : m_counting(maxRunning > 0), m_maxRunning(maxRunning), m_maxWaiting(maxWaiting)
    {
    }

    /// Once for each ticket. wake() is not called from within.
    Verdict enter(Ticket &ticket);
    /// For those that enter from now on; who waits and now may run is woken.
    void setLimits(qint64 maxRunning, qint64 maxWaiting);

    qint64 waiting() const;

private:
    void leave(Ticket &ticket);

    /// Wakes who may run. Under the mutex.
    void admitWaiting();

    std::atomic<bool> m_counting; ///< false: there was never a limit, and tickets cost nothing
    mutable std::mutex m_mutex;
    qint64 m_maxRunning;
    qint64 m_maxWaiting;
    qint64 m_running = 0;
    std::deque<Ticket *> m_waiting;
};

} // namespace pdlb::relay
