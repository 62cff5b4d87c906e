// SPDX-License-Identifier: Apache-2.0
#pragma once

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

/// A clock that moves only when told, for tests. Not thread-safe.
class ManualClock final : public Clock
{
public:
    Monotonic now() const override { return m_now; }
    void advance(Monotonic by) { m_now += by; }

private:
    Monotonic m_now{0};
};

} // namespace pdlb
