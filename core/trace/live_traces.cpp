// SPDX-License-Identifier: Apache-2.0
#include "trace/live_traces.h"

namespace pdlb::trace {

bool LiveTraces::watch(Monotonic now)
{
    const Monotonic::rep before = m_watchedUntil.exchange((now + watchTime).count(), std::memory_order_relaxed);
    // It takes a moment until the first look is answered; a second one that follows at once is as early.
    return now.count() < before && now.count() > before - (watchTime - settleTime).count();
}

void LiveTraces::update(TimelinePtr timeline)
{
    const quint64 serial = timeline->serial;
    const std::scoped_lock lock(m_mutex);
    m_running.insert_or_assign(serial, std::move(timeline));
}

void LiveTraces::ended(quint64 serial)
{
    const std::scoped_lock lock(m_mutex);
    m_running.erase(serial);
}

std::vector<TimelinePtr> LiveTraces::all() const
{
    const std::scoped_lock lock(m_mutex);
    std::vector<TimelinePtr> list;
    list.reserve(m_running.size());
    for (auto it = m_running.rbegin(); it != m_running.rend(); ++it)
        list.push_back(it->second);
    return list;
}

TimelinePtr LiveTraces::find(const QByteArray &requestId) const
{
    const std::scoped_lock lock(m_mutex);
    for (auto it = m_running.rbegin(); it != m_running.rend(); ++it) {
        if (it->second->requestId == requestId)
            return it->second;
    }
    return nullptr;
}

} // namespace pdlb::trace
