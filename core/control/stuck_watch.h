// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/event_feed.h"
#include "fleet/fleet.h"
#include "trace/explain.h"
#include "trace/live_traces.h"
#include "upstream/upstream_transport.h"

#include <QTimer>

#include <functional>
#include <map>

namespace pdlb::control {

/// Says of running requests where they are stuck: asks both engines for their queues and prefill's bootstrap server whose
/// it is, and keeps what that tells in the record. By itself for those that have been silent for TraceRules::explainAfter
/// and twice, four times, … as long, and for anybody who asks. Control thread.
class StuckWatch final : public QObject
{
    Q_OBJECT

public:
    using Answer = std::function<void(const trace::Explanation &)>;

    StuckWatch(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, const trace::LiveTraces &live, EventFeed &events,
               const Clock &clock, QObject *parent);
    /// Another configuration is in force.
    void configure();
    /// Answers within askTimeout, whatever the engines do.
    void explain(trace::TimelinePtr timeline, Answer answer);

    static constexpr std::chrono::milliseconds askTimeout = std::chrono::seconds(2);

private:
    using Pair = std::pair<QByteArray, QByteArray>; ///< names of prefill and decode; empty ones before one was picked
    struct Question {
        trace::TimelinePtr timeline;
        Answer answer;
        bool isFirst = true; ///< nobody has looked at it before
    };
    /// What a pair's engines are being asked, and for which requests.
    struct Look {
        std::vector<Question> questions;
        trace::PairSamples samples;
        int pending = 0;
    };

    void look();
    void add(Question question);
    void begin(const Pair &pair, Look &look);
    void askLoads(const Pair &pair, Role role, const fleet::Server &server);
    void askBootstrap(const Pair &pair, const fleet::Server &prefill);
    void answered(const Pair &pair, const std::function<void(trace::PairSamples &)> &take);
    void conclude(Look look);

    upstream::UpstreamTransport &m_transport;
    fleet::Fleet &m_fleet;
    const trace::LiveTraces &m_live;
    EventFeed &m_events;
    const Clock &m_clock;
    QTimer m_timer;
    std::map<Pair, Look> m_looks;
};

} // namespace pdlb::control
