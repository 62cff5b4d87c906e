// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/rules.h"
#include "util/random.h"

#include <QtGlobal>

#include <atomic>

namespace pdlb::relay {

/// Keeps retries a small share of the traffic, so that they cannot multiply the load of a fleet in trouble: each request
/// pays in a part of a retry, each retry takes a whole one. Shared by all workers; thread-safe and without locks.
class RetryBudget
{
public:
    static constexpr qint64 reserve = 10; ///< retries that are there at the start, before any traffic
    static constexpr qint64 most = 100; ///< that traffic can save up

    /// A request came.
    void earn(const RetryRules &rules);
    /// Whether there is a retry left; takes it.
    bool take(const RetryRules &rules);

private:
    static constexpr qint64 whole = 1000; ///< one retry

    std::atomic<qint64> m_saved{reserve * whole};
};

/// The pause before a retry, `number` from 1.
std::chrono::milliseconds retryPause(const RetryRules &rules, int number, Random &random);

} // namespace pdlb::relay
