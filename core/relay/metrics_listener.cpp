// SPDX-License-Identifier: Apache-2.0
#include "relay/metrics_listener.h"

namespace pdlb::relay {

namespace {

constexpr qint64 maxBody = 64 * 1024; ///< nothing is done with one

edge::EdgeOptions options()
{
    edge::EdgeOptions options;
    options.maxBody = maxBody;
    options.maxConnections = 64;
    return options;
}

} // namespace

MetricsListener::MetricsListener(metrics::Metrics &metrics, const Clock &clock)
    : m_shared(16 * maxBody), m_edge(options(), m_shared, clock)
{
    m_edge.addRoute(
        "/metrics", {"GET"},
        [&metrics](edge::Exchange &exchange) {
            http::HeaderList headers;
            headers.add("Content-Type", metrics::Metrics::contentType);
            exchange.respond(200, std::move(headers), metrics.text());
        },
        edge::Access::Open);
}

} // namespace pdlb::relay
