// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>

namespace pdlb::relay {

/// Lets so many requests run at a time and so many wait, first come first served over all workers. Also who finds every
/// server at its limit waits here: when a place there is free, those who wait look for a server one after another, the
/// first one first, so that nobody is overtaken by one who could use the same server. Thread-safe.
class Admission
{
    Q_DISABLE_COPY_MOVE(Admission)

public:
    enum class Verdict {
        Run, ///< look for a server; then started() or park()
        Wait, ///< the ticket's wake() will be called, from any thread, when it is to do that
        Refuse, ///< as many wait as may
    };

    /// A request's place; must not outlive the Admission. Destroying it gives the place up, in whatever state it is.
    class Ticket
    {
        Q_DISABLE_COPY_MOVE(Ticket)

    public:
        Ticket(Admission &admission, std::function<void()> wake) : m_admission(admission), m_wake(std::move(wake)) {}
        ~Ticket() { m_admission.leave(*this); }
        /// Its place in the queue, from 1, when it began to wait; 0: it never did.
        qint64 position() const { return m_position; }

    private:
        friend class Admission;
        enum class State {
            None, ///< unknown here: there is no limit, or it was never asked or refused
            Waiting,
            Trying, ///< still in the queue, and runs if it finds a server
            Running,
        };
        Admission &m_admission;
        std::function<void()> m_wake;
        std::list<Ticket *>::iterator m_place; ///< in the queue, while Waiting or Trying
        qint64 m_position = 0;
        std::atomic<State> m_state{State::None}; ///< written under the admission's mutex; only its owner ends None
    };

    /// `maxRunning` 0: everything runs. `maxWaiting` 0: nothing waits.
    Admission(qint64 maxRunning, qint64 maxWaiting)
        : m_counting(maxRunning > 0), m_maxRunning(maxRunning), m_maxWaiting(maxWaiting)
    {
    }

    /// Once for each ticket. Here and in all others wake() must be fit to be called from within, under a lock.
    Verdict enter(Ticket &ticket);
    /// It found a server.
    void started(Ticket &ticket);
    /// The servers that it may use are at their limits. `nobody`: so it is for everybody. `seen`: placesFreed() from before
    /// it looked. Run: look again. Who comes from the queue keeps its place in it.
    Verdict park(Ticket &ticket, bool nobody, quint64 seen);
    /// For those that enter from now on; who waits and now may run is woken.
    void setLimits(qint64 maxRunning, qint64 maxWaiting);
    /// Those who wait may find a server now. Costs next to nothing while nobody waits.
    void placeFreed();
    quint64 placesFreed() const { return m_freed.load(); }
    qint64 waiting() const { return m_waiting.load(std::memory_order_relaxed); }

private:
    using Queue = std::list<Ticket *>;

    void leave(Ticket &ticket);
    // Under the mutex:
    bool hasRoom() const { return m_maxRunning == 0 || m_running < m_maxRunning; }
    void append(Ticket &ticket);
    Queue::iterator erase(Ticket &ticket); ///< returns who stood behind it
    void take(Ticket &ticket);
    /// Lets those who wait look for a server, one after another: from the front, or from `next` on.
    void restart();
    void goOn(Queue::iterator next);

    std::atomic<bool> m_counting; ///< false: there was never a limit of all requests, and tickets cost nothing
    std::atomic<quint64> m_freed{0};
    std::atomic<qint64> m_waiting{0}; ///< size of the queue
    std::mutex m_mutex;
    qint64 m_maxRunning;
    qint64 m_maxWaiting;
    qint64 m_running = 0; ///< Running and Trying
    Queue m_queue;
    Ticket *m_trying = nullptr; ///< whose turn it is
    bool m_again = false; ///< a place became free meanwhile: from the front once more
};

} // namespace pdlb::relay
