// SPDX-License-Identifier: Apache-2.0
#include "trace/trace_store.h"

#include <algorithm>

using namespace Qt::StringLiterals;

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
        + timeline.searchText.capacity() + timeline.rooms.size() * qint64(sizeof(quint64)) + 2 * timeline.error.size() + bytesOfHeaders(timeline.requestHeaders)
        + bytesOfLegs(timeline.legs) + bytesOfLegs(timeline.earlierLegs);
}

TraceStore::TraceStore(size_t maxCount, qint64 maxBytes, std::shared_ptr<BodyBudget> bodies)
    : m_maxCount(maxCount), m_maxBytes(maxBytes), m_bodies(std::move(bodies))
{
}

void TraceStore::record(const TimelinePtr &timeline)
{
    std::vector<TimelinePtr> dropped; // freed behind the lock
    const std::scoped_lock lock(m_mutex);
    m_bytes += bytesOf(*timeline);
    m_list.push_back(timeline);
    makeRoom(dropped);
    if (m_bodies && m_bodies->memory.limit() > 0)
        makeRoomForBodies(dropped);
}

void TraceStore::makeRoom(std::vector<TimelinePtr> &dropped)
{
    while (m_list.size() > m_maxCount || (m_bytes > m_maxBytes && !m_list.empty())) {
        m_bytes -= bytesOf(*m_list.front());
        m_bodiless -= m_bodiless > 0 ? 1 : 0;
        if (m_list.front()->pinned)
            m_pinned.push_back(std::move(m_list.front()));
        else
            dropped.push_back(std::move(m_list.front()));
        m_list.pop_front();
    }
}

void TraceStore::makeRoomForBodies(std::vector<TimelinePtr> &dropped)
{
    // Room for those of the requests that run now.
    const qint64 most = m_bodies->memory.limit() / 8 * 7;
    qint64 used = m_bodies->memory.used();
    for (; used > most && m_bodiless < m_list.size(); ++m_bodiless) {
        TimelinePtr &oldest = m_list[m_bodiless];
        if (!oldest->bodies || oldest->pinned)
            continue;
        used -= oldest->bodies->bytes();
        auto without = std::make_shared<Timeline>(*oldest);
        without->bodies.reset();
        dropped.push_back(std::exchange(oldest, std::move(without)));
        m_bodies->dropped.fetch_add(1, std::memory_order_relaxed);
    }
}

size_t TraceStore::size() const
{
    const std::scoped_lock lock(m_mutex);
    return m_list.size() + m_pinned.size();
}

std::vector<TimelinePtr> TraceStore::newest(size_t limit) const
{
    const std::scoped_lock lock(m_mutex);
    std::vector<TimelinePtr> list;
    list.reserve(std::min(limit, m_list.size() + m_pinned.size()));
    for (const List *from : {&m_list, &m_pinned}) {
        for (auto it = from->rbegin(); it != from->rend() && list.size() < limit; ++it)
            list.push_back(*it);
    }
    return list;
}

TimelinePtr *TraceStore::locate(const QByteArray &requestId)
{
    for (List *list : {&m_list, &m_pinned}) {
        const auto found = std::find_if(list->rbegin(), list->rend(), [&](const TimelinePtr &t) { return t->requestId == requestId; });
        if (found != list->rend())
            return &*found;
    }
    return nullptr;
}

TimelinePtr TraceStore::find(const QByteArray &requestId) const
{
    const std::scoped_lock lock(m_mutex);
    const TimelinePtr *found = const_cast<TraceStore *>(this)->locate(requestId);
    return found ? *found : nullptr;
}

Result<void> TraceStore::setPinned(const QByteArray &requestId, bool pinned)
{
    TimelinePtr before; // freed behind the lock
    const std::scoped_lock lock(m_mutex);
    TimelinePtr *found = locate(requestId);
    if (!found)
        return failure(u"there is no finished request of that id, or it is too long ago"_s);
    if ((*found)->pinned == pinned)
        return {};
    if (pinned && m_pins >= maxPinned)
        return failure(u"%1 requests are pinned already; unpin one first"_s.arg(maxPinned));
    auto changed = std::make_shared<Timeline>(**found);
    changed->pinned = pinned;
    before = std::exchange(*found, std::move(changed));
    m_pins += pinned ? 1 : -1;
    std::erase_if(m_pinned, [](const TimelinePtr &timeline) { return !timeline->pinned; });
    return {};
}

} // namespace pdlb::trace
