// SPDX-License-Identifier: Apache-2.0
#include "control/fan_out.h"

#include "upstream/engine_credentials.h"

namespace pdlb::control {

FanOut::FanOut(upstream::UpstreamTransport &transport, const fleet::FleetSnapshot &fleet, const EngineRequest &request,
               const Callback &callback, QObject *parent)
    : QObject(parent)
{
    for (const auto *list : {&fleet.prefill, &fleet.decode}) {
        for (const fleet::Server &server : *list)
            m_results.push_back({server, {}});
    }
    m_left = m_results.size();
    if (m_left == 0) { // all servers are names that lead nowhere yet
        QMetaObject::invokeMethod(this, [this, callback] {
            deleteLater();
            callback(m_results);
        }, Qt::QueuedConnection);
    }
    for (auto &result : m_results) {
        EngineRequest own = request;
        upstream::setEngineCredentials(own.headers, *fleet.config, result.server.config);
        new EngineCall(transport, result.server.origin, std::move(own), [this, &result, callback](const EngineReply &reply) {
            result.reply = reply;
            if (--m_left > 0)
                return;
            deleteLater();
            callback(m_results);
        }, this);
    }
}

} // namespace pdlb::control
