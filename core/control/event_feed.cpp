// SPDX-License-Identifier: Apache-2.0
#include "control/event_feed.h"

#include "trace/timeline_json.h"

#include <QJsonDocument>

namespace pdlb::control {

EventFeed::Listener::Listener(EventFeed &feed, trace::Filter filter, std::function<void()> wake, Detail detail)
    : m_feed(feed), m_filter(std::move(filter)), m_detail(detail), m_wake(std::move(wake))
{
    const std::scoped_lock lock(feed.m_mutex);
    feed.m_listeners.insert(this);
    ++feed.m_count;
}

EventFeed::Listener::~Listener()
{
    const std::scoped_lock lock(m_feed.m_mutex);
    m_feed.m_listeners.erase(this);
    --m_feed.m_count;
}

QByteArray EventFeed::Listener::take(qint64 bytes)
{
    const std::scoped_lock lock(m_feed.m_mutex);
    QByteArray text;
    if (m_lost > 0)
        text = "event: lost\ndata: {\"events\":" + QByteArray::number(std::exchange(m_lost, 0)) + "}\n\n";
    while (!m_queue.empty() && text.size() < bytes) {
        text += m_queue.front();
        m_bytes -= m_queue.front().size();
        m_queue.pop_front();
    }
    m_awake = !m_queue.empty();
    return text;
}

/// Under the mutex.
QByteArray EventFeed::eventText(const QByteArray &type, const QByteArray &json)
{
    return "id: " + QByteArray::number(m_nextId++) + "\nevent: " + type + "\ndata: " + json + "\n\n";
}

/// Under the mutex.
void EventFeed::hand(Listener &listener, const QByteArray &event)
{
    listener.m_queue.push_back(event);
    listener.m_bytes += event.size();
    while (listener.m_queue.size() > Listener::maxEvents || listener.m_bytes > Listener::maxBytes) {
        listener.m_bytes -= listener.m_queue.front().size();
        listener.m_queue.pop_front();
        ++listener.m_lost;
    }
    if (!std::exchange(listener.m_awake, true))
        listener.m_wake();
}

void EventFeed::publish(const QByteArray &type, const QJsonObject &data)
{
    if (!hasListeners())
        return;
    const QByteArray json = QJsonDocument(data).toJson(QJsonDocument::Compact);
    const std::scoped_lock lock(m_mutex);
    const QByteArray event = eventText(type, json);
    for (Listener *listener : m_listeners)
        hand(*listener, event);
}

void EventFeed::record(const trace::TimelinePtr &timeline)
{
    if (!hasListeners())
        return;
    QByteArray summary; // each written once, and only if somebody wants it
    QByteArray record;
    const Monotonic end = timeline->ended.value_or(timeline->received);
    const std::scoped_lock lock(m_mutex);
    for (Listener *listener : m_listeners) {
        if (!listener->m_filter.matches(*timeline, end))
            continue;
        const bool isSummary = listener->m_detail == Listener::Detail::Summary;
        QByteArray &event = isSummary ? summary : record;
        if (event.isEmpty()) {
            event = eventText("request", isSummary ? trace::summaryJson(*timeline) : trace::timelineJson(*timeline, {.times = false, .bodies = false}));
        }
        hand(*listener, event);
    }
}

} // namespace pdlb::control
