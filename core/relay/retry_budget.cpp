// SPDX-License-Identifier: Apache-2.0
#include "relay/retry_budget.h"

#include <algorithm>
#include <cmath>

namespace pdlb::relay {

void RetryBudget::earn(const RetryRules &rules)
{
    // Mostly full: then the line that all workers share is only read.
    qint64 saved = m_saved.load(std::memory_order_relaxed);
    while (saved < most * whole) {
        const qint64 more = std::min(most * whole, saved + qint64(rules.budget * double(whole)));
        if (m_saved.compare_exchange_weak(saved, more, std::memory_order_relaxed))
            return;
    }
}

bool RetryBudget::take(const RetryRules &rules)
{
    if (rules.budget <= 0)
        return true; // no limit
    qint64 saved = m_saved.load(std::memory_order_relaxed);
    while (saved >= whole) {
        if (m_saved.compare_exchange_weak(saved, saved - whole, std::memory_order_relaxed))
            return true;
    }
    return false;
}

std::chrono::milliseconds retryPause(const RetryRules &rules, int number, Random &random)
{
    const double longest = double(rules.longestBackoff.count());
    const double pause = std::min(double(rules.initialBackoff.count()) * std::pow(std::max(1.0, rules.multiplier), number - 1), longest);
    const double share = double(random.below(2001)) / 1000 - 1; // -1 … 1
    return std::chrono::milliseconds(qint64(std::clamp(pause * (1 + rules.jitter * share), 0.0, longest)));
}

} // namespace pdlb::relay
