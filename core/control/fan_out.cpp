// SPDX-License-Identifier: Apache-2.0
#include "control/fan_out.h"

namespace pdlb::control {

FanOut::FanOut(upstream::UpstreamTransport &transport, const fleet::FleetSnapshot &fleet, const EngineRequest &request,
               Callback callback, QObject *parent)
    : QObject(parent)
{
    for (const auto *list : {&fleet.prefill, &fleet.decode}) {
        for (const fleet::Server &server : *list)
            m_results.push_back({server, {}});
    }
    m_left = m_results.size();
    for (size_t i = 0; i < m_results.size(); ++i) {
        new EngineCall(transport, m_results[i].server.origin, request, [this, i, callback](const EngineReply &reply) {
            m_results[i].reply = reply;
            if (--m_left > 0)
                return;
            deleteLater();
            callback(m_results);
        }, this);
    }
}

} // namespace pdlb::control
