// SPDX-License-Identifier: Apache-2.0
#include "fleet/breaker.h"

#include <algorithm>
#include <utility>

namespace pdlb::fleet {

const char *breakerStateName(Breaker::State state)
{
    switch (state) {
    case Breaker::State::Closed: return "closed";
    case Breaker::State::Open: return "open";
    case Breaker::State::HalfOpen: return "half_open";
    }
    return "closed";
}

Breaker::State Breaker::stateAt(Monotonic now) const
{
    return m_state == State::Open && now >= m_until ? State::HalfOpen : m_state;
}

bool Breaker::isTried(Monotonic now) const
{
    // A trial that hangs must not keep the others out for ever.
    return m_state == State::HalfOpen && m_trialRuns && now < m_until;
}

void Breaker::change(State state)
{
    m_state = state;
    m_trialRuns = false;
    m_successes = 0;
    m_epoch.fetch_add(1, std::memory_order_relaxed);
    m_closed.store(state == State::Closed, std::memory_order_release);
}

bool Breaker::allowsAnother(Monotonic now) const
{
    const std::scoped_lock lock(m_mutex);
    const State state = stateAt(now);
    return state == State::Closed || (state == State::HalfOpen && !isTried(now));
}

std::optional<Breaker::Pass> Breaker::enter(Monotonic now)
{
    // The epoch first: should the breaker open in between, this request is one of those from before.
    const quint32 epoch = m_epoch.load(std::memory_order_acquire);
    if (m_closed.load(std::memory_order_acquire))
        return Pass{epoch, false};
    const std::scoped_lock lock(m_mutex);
    switch (stateAt(now)) {
    case State::Closed:
        return Pass{m_epoch.load(std::memory_order_relaxed), false};
    case State::Open:
        return {};
    case State::HalfOpen:
        break;
    }
    if (m_state == State::Open)
        change(State::HalfOpen);
    if (isTried(now))
        return {};
    m_trialRuns = true;
    m_until = now + m_openFor;
    return Pass{m_epoch.load(std::memory_order_relaxed), true};
}

void Breaker::succeeded(Pass pass, const BreakerRules &rules)
{
    if (!pass.trial && m_failures.load(std::memory_order_relaxed) == 0)
        return;
    const std::scoped_lock lock(m_mutex);
    if (pass.epoch != m_epoch.load(std::memory_order_relaxed))
        return;
    if (pass.trial) {
        m_trialRuns = false;
        if (++m_successes < rules.successes)
            return;
        change(State::Closed);
        m_openFor = std::chrono::milliseconds(0);
    }
    m_failures.store(0, std::memory_order_relaxed);
}

void Breaker::failed(Pass pass, const BreakerRules &rules, Monotonic now)
{
    const std::scoped_lock lock(m_mutex);
    if (pass.epoch != m_epoch.load(std::memory_order_relaxed))
        return;
    const int failures = m_failures.fetch_add(1, std::memory_order_relaxed) + 1;
    if (!pass.trial && (!rules.enabled || failures < rules.failures))
        return;
    const auto longest = std::max(rules.openFor, rules.longest);
    m_openFor = m_openFor.count() > 0 ? std::min(m_openFor * 2, longest) : rules.openFor;
    m_opened = now;
    m_until = now + m_openFor;
    ++m_openings;
    change(State::Open);
}

void Breaker::withdrawn(Pass pass)
{
    if (!pass.trial)
        return;
    const std::scoped_lock lock(m_mutex);
    if (pass.epoch == m_epoch.load(std::memory_order_relaxed))
        m_trialRuns = false;
}

void Breaker::halfOpen()
{
    const std::scoped_lock lock(m_mutex);
    if (m_state == State::Open)
        change(State::HalfOpen);
}

Breaker::Report Breaker::report(Monotonic now) const
{
    const std::scoped_lock lock(m_mutex);
    const State state = stateAt(now);
    return {state, m_failures.load(std::memory_order_relaxed), m_openings, state == State::Open ? m_until - now : Monotonic(0),
            state == State::Closed ? Monotonic(0) : m_opened};
}

} // namespace pdlb::fleet
