// SPDX-License-Identifier: Apache-2.0
#include "session/trace_mailbox.h"

namespace pdlb::gui {

void TraceMailbox::record(const trace::TimelinePtr &timeline)
{
    if (!m_open.load(std::memory_order_relaxed))
        return;
    trace::TimelinePtr dropped; // freed behind the lock
    const std::scoped_lock lock(m_mutex);
    m_waiting.push_back(timeline);
    if (m_waiting.size() > most) {
        dropped = std::move(m_waiting.front());
        m_waiting.pop_front();
    }
}

std::vector<trace::TimelinePtr> TraceMailbox::take()
{
    std::deque<trace::TimelinePtr> taken;
    {
        const std::scoped_lock lock(m_mutex);
        taken.swap(m_waiting);
    }
    return {std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end())};
}

} // namespace pdlb::gui
