// SPDX-License-Identifier: Apache-2.0
#include "fleet/server_state.h"

namespace pdlb::fleet {

const char *healthName(Health health)
{
    switch (health) {
    case Health::Unknown: return "unknown";
    case Health::Up: return "up";
    case Health::Degraded: return "degraded";
    case Health::Down: return "down";
    }
    return "unknown";
}

HealthRecord::Report HealthRecord::report() const
{
    const std::scoped_lock lock(m_mutex);
    return {health(), m_reason, m_since, isFailing()};
}

bool HealthRecord::set(Health health, bool failing, const QString &reason, Monotonic now)
{
    const std::scoped_lock lock(m_mutex);
    m_reason = reason;
    m_failing.store(failing, std::memory_order_relaxed);
    if (m_health.exchange(health, std::memory_order_relaxed) == health)
        return false;
    m_since = now;
    return true;
}

} // namespace pdlb::fleet
