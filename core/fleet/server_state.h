// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/breaker.h"

#include <QString>

#include <atomic>
#include <limits>
#include <mutex>

namespace pdlb::fleet {

/// What probes and traffic say of a server.
enum class Health {
    Unknown, ///< nothing yet, or it is starting
    Up,
    Degraded, ///< still used: some probes failed, or a part of it does not answer
    Down, ///< used only when there is nothing better
};

/// "unknown", "up", "degraded", "down".
const char *healthName(Health health);

/// A server's health with its reason. Thread-safe; reading the health alone takes no lock.
class HealthRecord
{
public:
    struct Report {
        Health health = Health::Unknown;
        QString reason; ///< in words: "3 probes failed: connection refused"
        Monotonic since{0}; ///< of the present health; 0: from the start
        bool failing = false; ///< see isFailing()
    };

    Health health() const { return m_health.load(std::memory_order_relaxed); }
    /// Its newest probe failed; with Unknown: it has not come up yet.
    bool isFailing() const { return m_failing.load(std::memory_order_relaxed); }
    Report report() const;
    /// True when the health changed (and with it `since`).
    bool set(Health health, bool failing, const QString &reason, Monotonic now);

private:
    std::atomic<Health> m_health{Health::Unknown};
    std::atomic<bool> m_failing{false};
    mutable std::mutex m_mutex; ///< for what follows
    QString m_reason;
    Monotonic m_since{0};
};

/// What all workers and all snapshots know of one server. Each part is thread-safe.
struct alignas(64) ServerState {
    std::atomic<qint64> inFlight{0}; ///< legs, from the pick of their request on
    std::atomic<quint64> requests{0}; ///< legs opened
    std::atomic<quint64> failures{0}; ///< 5xx answers and transport errors
    std::atomic<double> load{std::numeric_limits<double>::quiet_NaN()}; ///< requests on it when it was asked; NaN: unknown
    std::atomic<qint64> loadInFlight{0}; ///< inFlight at that time
    std::atomic<quint64> steered{0}; ///< rooms given out for its ranks in turn
    HealthRecord health;
    Breaker breaker;
    std::atomic<quint64> probes{0}; ///< ended ones
    std::atomic<quint64> probeFailures{0};
    std::atomic<Monotonic::rep> probedAt{0}; ///< when the last one ended; 0: none has
    std::atomic<qint64> probeMicros{0}; ///< and how long it took
    std::atomic<bool> probeAsked{false}; ///< traffic failed on it and the prober has not looked since
    std::atomic<Monotonic::rep> disabledSince{0}; ///< when it was seen to be disabled; 0: it is enabled
};

} // namespace pdlb::fleet
