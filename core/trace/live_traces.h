// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <atomic>
#include <map>
#include <mutex>

namespace pdlb::trace {

/// Requests that run now, as their workers last told. Workers tell while somebody watches, and of requests that have been
/// silent for long in any case, a bounded number at a time: what is seen may be some tenths of a second old. Thread-safe.
class LiveTraces
{
public:
    static constexpr Monotonic watchTime = std::chrono::seconds(5);
    /// After so long, what watch() asked for is there.
    static constexpr Monotonic settleTime = std::chrono::milliseconds(250);

    /// Somebody looks now and during watchTime. False: nobody did before, what all() has now is not complete.
    bool watch(Monotonic now);
    bool isWatched(Monotonic now) const { return now.count() < m_watchedUntil.load(std::memory_order_relaxed); }

    /// Of a worker: the newest state of a request, and its end or that no more is told of it.
    void update(TimelinePtr timeline);
    void ended(quint64 serial);

    /// The newest first.
    std::vector<TimelinePtr> all() const;
    /// Null when it does not run, or is not known.
    TimelinePtr find(const QByteArray &requestId) const;

private:
    std::atomic<Monotonic::rep> m_watchedUntil{0};
    mutable std::mutex m_mutex;
    std::map<quint64, TimelinePtr> m_running; ///< by serial
};

} // namespace pdlb::trace
