// SPDX-License-Identifier: Apache-2.0
#include "relay/event_stream.h"

namespace pdlb::relay {

namespace {

/// A write for each event would cost more than the events do.
constexpr std::chrono::milliseconds pause{50};

} // namespace

EventStream::EventStream(edge::Exchange &exchange, control::EventFeed &feed, const Options &options, QObject *parent)
    : QObject(parent), m_exchange(&exchange), m_listener(feed, options.filter, [this] {
          QMetaObject::invokeMethod(this, &EventStream::wake, Qt::QueuedConnection);
      }, options.detail)
{
    exchange.setObserver(this);
    http::HeaderList headers;
    headers.add("Content-Type", "text/event-stream; charset=utf-8");
    headers.add("Cache-Control", "no-store");
    exchange.begin(200, "OK", std::move(headers), {});
    exchange.write(": events of this balancer\n\n");
    connect(&m_heartbeat, &QTimer::timeout, this, [this] {
        if (m_exchange->pendingBytes() == 0)
            m_exchange->write(": still here\n\n");
    });
    m_heartbeat.start(options.heartbeat);
    m_pause.setSingleShot(true);
    m_pause.setInterval(pause);
    connect(&m_pause, &QTimer::timeout, this, &EventStream::forward);
}

EventStream::~EventStream()
{
    if (m_exchange)
        m_exchange->setObserver(nullptr);
}

void EventStream::wake()
{
    if (m_pause.isActive())
        return;
    forward();
    m_pause.start();
}

void EventStream::forward()
{
    // Up to the mark beyond which clientDrained() will follow; what is left stays with the feed.
    while (m_exchange && m_exchange->pendingBytes() <= edge::Exchange::highWater) {
        const QByteArray text = m_listener.take(edge::Exchange::lowWater);
        if (text.isEmpty())
            return;
        m_exchange->write(text);
    }
}

void EventStream::finish()
{
    if (!m_exchange)
        return;
    m_exchange->setObserver(nullptr);
    std::exchange(m_exchange, nullptr)->finish();
    m_heartbeat.stop();
    m_pause.stop();
    Q_EMIT over(this);
}

void EventStream::clientGone()
{
    m_exchange = nullptr;
    m_heartbeat.stop();
    m_pause.stop();
    Q_EMIT over(this);
}

} // namespace pdlb::relay
