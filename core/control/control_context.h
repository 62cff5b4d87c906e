// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/event_feed.h"
#include "fleet/fleet.h"
#include "inject/injector.h"
#include "metrics/metrics.h"
#include "trace/live_traces.h"
#include "trace/trace_store.h"
#include "upstream/upstream_transport.h"
#include "util/clock.h"

namespace pdlb::control {

class StuckWatch;

/// What the control plane works with; all of it outlives it.
struct ControlContext {
    upstream::UpstreamTransport &transport;
    fleet::Fleet &fleet;
    metrics::Metrics &metrics;
    trace::TraceStore &traces;
    trace::LiveTraces &live;
    StuckWatch &stuck;
    const inject::Injector &faults;
    EventFeed &events;
    const Clock &clock;
    /// Balancer::config() and Balancer::apply().
    std::function<Config()> config;
    std::function<Result<QStringList>(const Config &)> apply;
    /// Writes the file that the balancer was started from; none: there is no file.
    std::function<Result<void>(const Config &)> save;
    /// PD requests under way, and clients' connections.
    std::function<qint64()> inFlight;
    std::function<qint64()> connections;
    /// Ends running requests of that X-Request-Id with an error.
    std::function<void(const QByteArray &)> abort;
};

} // namespace pdlb::control
