// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/rules.h"
#include "util/clock.h"

#include <QtGlobal>

#include <atomic>
#include <mutex>
#include <optional>

namespace pdlb::fleet {

/// Keeps requests away from a server that fails them. Closed: all pass. Open, after so many failures in a row: none does,
/// for a time that doubles with each opening until it has been closed again. Half open, after that time: one request at a
/// time passes, and its end decides. Thread-safe; as long as it is closed and nothing fails, no lock is taken.
class Breaker
{
public:
    enum class State { Closed, Open, HalfOpen };

    /// What a request got when it passed, to be handed back with its end. Ends of requests that began before the
    /// breaker last changed say nothing about the server as it is now and are ignored.
    struct Pass {
        quint32 epoch = 0;
        bool trial = false; ///< the one that passes while half open
    };

    struct Report {
        State state = State::Closed;
        int failures = 0; ///< in a row
        quint64 openings = 0; ///< since the start
        Monotonic left{0}; ///< until it is half open; 0 unless open
    Monotonic since{0}; ///< when it opened; 0 when closed
    };

    /// Whether enter() would let a request pass.
    bool allows(Monotonic now) const { return m_closed.load(std::memory_order_acquire) || allowsAnother(now); }
    std::optional<Pass> enter(Monotonic now);
    /// Each Pass ends with one of these three.
    void succeeded(Pass pass, const BreakerRules &rules);
    /// A 5xx answer or a transport error.
    void failed(Pass pass, const BreakerRules &rules, Monotonic now);
    /// Neither: 4xx and 429 while closed, a cancelled leg. A trial's place is free again.
    void withdrawn(Pass pass);

    /// The server was seen to come back: where it is open it is half open now.
    void halfOpen();
    Report report(Monotonic now) const;

private:
    bool allowsAnother(Monotonic now) const;
    State stateAt(Monotonic now) const;
    bool isTried(Monotonic now) const;
    void change(State state);

    std::atomic<bool> m_closed{true};
    std::atomic<quint32> m_epoch{0}; ///< counts changes of the state
    std::atomic<int> m_failures{0}; ///< in a row
    mutable std::mutex m_mutex; ///< for every write, and for what follows
    State m_state = State::Closed; ///< Open also when its time is over and nobody came since
    Monotonic m_until{0}; ///< open, or, while half open, the trial is waited for
    std::chrono::milliseconds m_openFor{0}; ///< the last time that it opened
    Monotonic m_opened{0};
    int m_successes = 0; ///< of trials in a row
    bool m_trialRuns = false;
    quint64 m_openings = 0;
};

/// "closed", "open", "half_open".
const char *breakerStateName(Breaker::State state);

} // namespace pdlb::fleet
