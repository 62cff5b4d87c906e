// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>

namespace pdlb {

/// Time since an arbitrary start, never set back. All timings and deadlines use it, so a jump of the system clock
/// changes nothing.
using Monotonic = std::chrono::nanoseconds;

/// Source of monotonic time. Thread-safe.
class Clock
{
public:
    virtual ~Clock() = default;
    virtual Monotonic now() const = 0;
};

/// CLOCK_MONOTONIC.
class SteadyClock final : public Clock
{
public:
    Monotonic now() const override;
    static const SteadyClock &instance();
};

/// A clock that moves only when told, for tests. Thread-safe.
class ManualClock final : public Clock
{
public:
    Monotonic now() const override { return Monotonic(m_now.load()); }
    void advance(Monotonic by) { m_now += by.count(); }

private:
    std::atomic<Monotonic::rep> m_now{Monotonic(std::chrono::hours(1)).count()}; ///< zero means "never" to some
};

} // namespace pdlb
