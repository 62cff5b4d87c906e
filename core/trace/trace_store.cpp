// SPDX-License-Identifier: Apache-2.0
#include "trace/trace_store.h"

#include <algorithm>

namespace pdlb::trace {

namespace {

qint64 bytesOfHeaders(const http::HeaderList &headers)
{
    qint64 bytes = headers.size() * qint64(sizeof(http::Header));
    for (const http::Header &header : headers)
        bytes += header.name.size() + header.value.size();
    return bytes;
}

qint64 bytesOfLegs(const std::vector<LegTimeline> &legs)
{
    qint64 bytes = 0;
    for (const LegTimeline &leg : legs)
        bytes += qint64(sizeof(LegTimeline)) + leg.server.size() + leg.url.size() + 2 * leg.error.size() + leg.times.bytes() + bytesOfHeaders(leg.headers);
    return bytes;
}

} // namespace

qint64 TraceStore::bytesOf(const Timeline &timeline)
{
    return qint64(sizeof(Timeline)) + timeline.requestId.size() + timeline.rid.size() + timeline.model.size() + timeline.target.size()
        + timeline.rooms.size() * qint64(sizeof(quint64)) + 2 * timeline.error.size() + bytesOfHeaders(timeline.requestHeaders)
        + bytesOfLegs(timeline.legs) + bytesOfLegs(timeline.earlierLegs);
}

void TraceStore::record(const Timeline &timeline)
{
    auto kept = std::make_shared<const Timeline>(timeline);
    std::vector<TimelinePtr> dropped; // freed behind the lock
    const std::scoped_lock lock(m_mutex);
    m_bytes += bytesOf(*kept);
    m_list.push_back(std::move(kept));
    while (m_list.size() > m_maxCount || (m_bytes > m_maxBytes && !m_list.empty())) {
        m_bytes -= bytesOf(*m_list.front());
        dropped.push_back(std::move(m_list.front()));
        m_list.pop_front();
    }
}

size_t TraceStore::size() const
{
    const std::scoped_lock lock(m_mutex);
    return m_list.size();
}

std::vector<TraceStore::TimelinePtr> TraceStore::newest(size_t limit) const
{
    const std::scoped_lock lock(m_mutex);
    std::vector<TimelinePtr> list;
    list.reserve(std::min(limit, m_list.size()));
    for (auto it = m_list.rbegin(); it != m_list.rend() && list.size() < limit; ++it)
        list.push_back(*it);
    return list;
}

TraceStore::TimelinePtr TraceStore::find(const QByteArray &requestId) const
{
    const std::scoped_lock lock(m_mutex);
    const auto found = std::find_if(m_list.rbegin(), m_list.rend(), [&](const TimelinePtr &t) { return t->requestId == requestId; });
    return found == m_list.rend() ? nullptr : *found;
}

} // namespace pdlb::trace
