// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/filter.h"
#include "trace/trace_sink.h"

#include <QJsonObject>

#include <atomic>
#include <deque>
#include <mutex>
#include <set>

namespace pdlb::control {

/// What happens, told to whoever listens, as server-sent events: "request" (one ended), "server" (its status changed),
/// "config" (another one is in force). Each has an id that counts up. Thread-safe; publishing never waits for a listener.
class EventFeed final : public trace::TraceSink
{
public:
    /// Holds back what its owner has not taken yet, the newest maxEvents or maxBytes; what goes beyond is lost and counted.
    /// Must not outlive the feed.
    class Listener
    {
        Q_DISABLE_COPY_MOVE(Listener)

    public:
        static constexpr size_t maxEvents = 1000;
        static constexpr qint64 maxBytes = 512 * 1024;

        enum class Detail {
            Summary, ///< what a list shows, see trace::summaryJson()
            Record, ///< all but bodies and the times of events, see trace::timelineJson()
        };

        /// Of requests only those that match are told. `wake` is called from any thread, once until the next take() that
        /// empties the queue.
        Listener(EventFeed &feed, trace::Filter filter, std::function<void()> wake, Detail detail = Detail::Summary);
        ~Listener();
        /// The next events as text, at most about so many bytes; in front of it an event "lost" when some were.
        QByteArray take(qint64 bytes);

    private:
        friend class EventFeed;
        EventFeed &m_feed;
        trace::Filter m_filter;
        Detail m_detail;
        std::function<void()> m_wake;
        std::deque<QByteArray> m_queue; // this and what follows under the feed's mutex
        qint64 m_bytes = 0;
        quint64 m_lost = 0;
        bool m_awake = false;
    };

    bool hasListeners() const { return m_count.load(std::memory_order_relaxed) > 0; }
    int listenerCount() const { return m_count.load(std::memory_order_relaxed); }
    void publish(const QByteArray &type, const QJsonObject &data);
    void record(const trace::TimelinePtr &timeline) override;

private:
    QByteArray eventText(const QByteArray &type, const QByteArray &json);
    static void hand(Listener &listener, const QByteArray &event);

    std::atomic<int> m_count{0};
    std::mutex m_mutex;
    std::set<Listener *> m_listeners;
    quint64 m_nextId = 1;
};

} // namespace pdlb::control
