// SPDX-License-Identifier: Apache-2.0
#include "control/event_feed.h"

#include "trace/timeline_json.h"

#include <QJsonDocument>

namespace pdlb::control {

EventFeed::Listener::Listener(EventFeed &feed, std::function<void()> wake) : m_feed(feed), m_wake(std::move(wake))
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

void EventFeed::publish(const QByteArray &type, const QJsonObject &data)
{
    if (!hasListeners())
        return;
    const QByteArray tail = "event: " + type + "\ndata: " + QJsonDocument(data).toJson(QJsonDocument::Compact) + "\n\n";
    const std::scoped_lock lock(m_mutex);
    const QByteArray event = "id: " + QByteArray::number(m_nextId++) + '\n' + tail;
    for (Listener *listener : m_listeners) {
        listener->m_queue.push_back(event);
        listener->m_bytes += event.size();
        while (listener->m_queue.size() > Listener::maxEvents || listener->m_bytes > Listener::maxBytes) {
            listener->m_bytes -= listener->m_queue.front().size();
            listener->m_queue.pop_front();
            ++listener->m_lost;
        }
        if (!std::exchange(listener->m_awake, true))
            listener->m_wake();
    }
}

void EventFeed::record(const trace::TimelinePtr &timeline)
{
    if (hasListeners())
        publish("request", trace::summaryJson(*timeline));
}

} // namespace pdlb::control
