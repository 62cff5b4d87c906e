// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/event_feed.h"
#include "edge/exchange.h"

#include <QTimer>

namespace pdlb::relay {

/// One client that listens to the event feed: a stream without an end, with a comment every `heartbeat` so that both
/// sides notice when the other is gone. Reads no faster from the feed than its client does, so that the feed's bounds hold.
class EventStream final : public QObject, private edge::Exchange::Observer
{
    Q_OBJECT

public:
    struct Options {
        trace::Filter filter; ///< of requests
        control::EventFeed::Listener::Detail detail = control::EventFeed::Listener::Detail::Summary;
        std::chrono::milliseconds heartbeat;
    };
    EventStream(edge::Exchange &exchange, control::EventFeed &feed, const Options &options, QObject *parent);
    ~EventStream() override;
    /// Ends the stream.
    void finish();

Q_SIGNALS:
    /// The client is gone or finish() was called.
    void over(pdlb::relay::EventStream *stream);

private:
    void clientGone() override;
    void clientDrained() override { forward(); }
    void wake();
    void forward();

    edge::Exchange *m_exchange; ///< null once it is over
    QTimer m_heartbeat;
    QTimer m_pause; ///< what comes during it goes out together
    control::EventFeed::Listener m_listener;
};

} // namespace pdlb::relay
