// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/trace_sink.h"

#include <atomic>
#include <deque>
#include <mutex>

namespace pdlb::gui {

/// Where workers leave finished requests for the window, which takes them when it draws. Holds the newest `most`. Thread-safe.
class TraceMailbox final : public trace::TraceSink
{
public:
    static constexpr size_t most = 20'000;

    void record(const trace::TimelinePtr &timeline) override;
    bool isSearched() const override { return true; }
    /// The oldest first.
    std::vector<trace::TimelinePtr> take();
    /// Closed: what comes is not kept.
    void setOpen(bool open) { m_open.store(open, std::memory_order_relaxed); }

private:
    std::atomic<bool> m_open{true};
    std::mutex m_mutex;
    std::deque<trace::TimelinePtr> m_waiting;
};

} // namespace pdlb::gui
