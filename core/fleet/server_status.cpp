// SPDX-License-Identifier: Apache-2.0
#include "fleet/server_status.h"

using namespace Qt::StringLiterals;

namespace pdlb::fleet {

ServerStatus serverStatus(const Server &server, Monotonic now)
{
    const ServerState &state = *server.state;
    if (!server.config.enabled) {
        const Monotonic since(state.disabledSince.load(std::memory_order_relaxed));
        const qint64 legs = state.inFlight.load(std::memory_order_relaxed);
        if (legs > 0)
            return {"draining", u"disabled; %1 requests still run on it"_s.arg(legs), since};
        return {"disabled", u"switched off by its configuration"_s, since};
    }
    const HealthRecord::Report health = state.health.report();
    const Breaker::Report breaker = state.breaker.report(now);
    if (health.health != Health::Down && breaker.state != Breaker::State::Closed) {
        if (breaker.state == Breaker::State::Open) {
            const double seconds = double(std::chrono::ceil<std::chrono::milliseconds>(breaker.left).count()) / 1000;
            return {"down", u"%1 requests in a row failed; no further one for %2 s"_s.arg(breaker.failures).arg(seconds, 0, 'f', 1), breaker.since};
        }
        return {"degraded", u"requests failed; one at a time is let through to see whether it is well again"_s, breaker.since};
    }
    if (health.health == Health::Unknown && health.failing)
        return {"starting", health.reason, health.since};
    return {healthName(health.health), health.reason, health.since};
}

} // namespace pdlb::fleet
