// SPDX-License-Identifier: Apache-2.0
#include "fleet/health_tracker.h"

#include <algorithm>
#include <utility>

using namespace Qt::StringLiterals;

namespace pdlb::fleet {

bool HealthTracker::set(Health health, const QString &reason, Monotonic now)
{
    const bool changed = m_record.set(health, m_bad > 0, reason, now);
    if (changed)
        m_sinceChange = 0;
    m_everUp = m_everUp || health == Health::Up || health == Health::Degraded;
    return changed;
}

HealthTracker::Result HealthTracker::probed(const QString &problem, const HealthRules &rules, Monotonic now)
{
    const int rise = std::max(1, rules.rise);
    m_bad = problem.isEmpty() ? 0 : m_bad + 1;
    m_good = problem.isEmpty() ? m_good + 1 : 0;
    m_sinceChange = std::min(m_sinceChange + 1, 1'000'000);
    m_fell = m_fell || m_bad > 0;
    Result result = judge(problem, rules, now);
    if (m_good >= rise)
        result.cameBack = std::exchange(m_fell, false);
    return result;
}

HealthTracker::Result HealthTracker::judge(const QString &problem, const HealthRules &rules, Monotonic now)
{
    const int fall = std::max(1, rules.fall);
    const int rise = std::max(1, rules.rise);
    const Health before = m_record.health();
    const bool mayTurn = m_sinceChange > rise + fall;
    if (!problem.isEmpty()) {
        if (!m_everUp && now - m_started < rules.startupGrace)
            return {set(Health::Unknown, u"starting: "_s + problem, now)};
        if (m_bad >= fall)
            return {set(Health::Down, u"%1 probes failed: %2"_s.arg(m_bad).arg(problem), now)};
        const QString reason = u"%1 of %2 probes failed: %3"_s.arg(m_bad).arg(fall).arg(problem);
        return {set(before == Health::Up && mayTurn ? Health::Degraded : before, reason, now)};
    }
    if (before == Health::Down && m_good < rise)
        return {set(Health::Down, u"%1 of %2 probes are good again"_s.arg(m_good).arg(rise), now)};
    if (!m_partProblem.isEmpty()) {
        const bool turns = before != Health::Up || mayTurn;
        return {set(turns ? Health::Degraded : Health::Up, m_partProblem, now)};
    }
    if (before == Health::Degraded && (m_good < rise || !mayTurn))
        return {set(Health::Degraded, u"probes failed lately"_s, now)};
    return {set(Health::Up, {}, now)};
}

HealthTracker::Result HealthTracker::answered(Monotonic now)
{
    if (m_record.health() != Health::Unknown)
        return {};
    m_bad = 0;
    return {set(Health::Up, u"it answered a request"_s, now)};
}

void HealthTracker::forget(const QString &reason, Monotonic now)
{
    m_bad = m_good = 0;
    m_everUp = false;
    m_started = now;
    set(Health::Unknown, reason, now);
}

} // namespace pdlb::fleet
