// SPDX-License-Identifier: Apache-2.0
#include "fleet/place.h"

#include <utility>

namespace pdlb::fleet {

namespace {

bool fits(const Server &server, qint64 running, int legs)
{
    return server.maxInFlight == 0 || running == 0 || running + legs <= server.maxInFlight;
}

} // namespace

bool hasRoom(const Server &server, int legs)
{
    return fits(server, server.state->inFlight.load(std::memory_order_relaxed), legs);
}

std::optional<Place> Place::take(const Server &server, int legs, const BreakerRules &rules, Monotonic now)
{
    std::atomic<qint64> &inFlight = server.state->inFlight;
    if (server.maxInFlight == 0) {
        inFlight.fetch_add(legs, std::memory_order_relaxed);
    } else {
        qint64 running = inFlight.load(std::memory_order_relaxed);
        do {
            if (!fits(server, running, legs))
                return {};
        } while (!inFlight.compare_exchange_weak(running, running + legs, std::memory_order_relaxed));
    }
    const auto pass = rules.enabled ? server.state->breaker.enter(now) : Breaker::Pass{};
    if (!pass) {
        inFlight.fetch_sub(legs, std::memory_order_relaxed);
        return {};
    }
    return Place(server, legs, *pass);
}

Place::Place(Place &&other) noexcept
    : m_server(std::exchange(other.m_server, nullptr)), m_legs(other.m_legs), m_pass(other.m_pass)
{
}

Place &Place::operator=(Place &&other) noexcept
{
    if (this != &other) {
        release();
        m_server = std::exchange(other.m_server, nullptr);
        m_legs = other.m_legs;
        m_pass = other.m_pass;
    }
    return *this;
}

void Place::release()
{
    if (!m_server)
        return;
    m_server->state->inFlight.fetch_sub(m_legs, std::memory_order_relaxed);
    m_server->state->breaker.withdrawn(m_pass);
    m_server = nullptr;
}

void Place::legOver()
{
    --m_legs;
    m_server->state->inFlight.fetch_sub(1, std::memory_order_relaxed);
}

void Place::succeeded(const BreakerRules &rules)
{
    m_server->state->breaker.succeeded(m_pass, rules);
    m_pass.trial = false;
}

void Place::failed(const BreakerRules &rules, Monotonic now)
{
    m_server->state->breaker.failed(m_pass, rules, now);
    m_pass.trial = false;
}

} // namespace pdlb::fleet
