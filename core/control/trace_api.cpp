// SPDX-License-Identifier: Apache-2.0
#include "control/trace_api.h"

#include "control/stuck_watch.h"
#include "trace/explanation_json.h"

#include <QJsonArray>
#include <QTimer>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

QJsonArray explanationsJson(const trace::Timeline &timeline)
{
    QJsonArray list;
    if (timeline.observations) {
        for (const trace::Explanation &explanation : timeline.observations->explanations())
            list.append(trace::explanationJson(explanation, timeline.received));
    }
    return list;
}

ControlReply unknownRequest()
{
    return errorReply({404, "unknown_trace", u"no request of that id runs now, and no finished request of that id is remembered"_s});
}

} // namespace

void whenLive(ControlContext &context, QObject *owner, const std::function<void()> &then)
{
    if (context.live.watch(context.clock.now()))
        then();
    else
        QTimer::singleShot(std::chrono::duration_cast<std::chrono::milliseconds>(trace::LiveTraces::settleTime), owner, then);
}

Endpoints TraceApi::endpoints()
{
    return {
        {"/admin/v1/traces/{request_id}/explanation", {"GET"},
         [this](const ControlRequest &request, const Reply &reply) { explanation(request, reply); }, true},
        {"/admin/v1/traces/{request_id}/pin", {"PUT", "DELETE"},
         [this](const ControlRequest &request, const Reply &reply) { reply(pin(request)); }, true},
    };
}

void TraceApi::explanation(const ControlRequest &request, const Reply &reply)
{
    whenLive(m_context, this, [this, id = request.parameters.first(), reply] {
        const trace::TimelinePtr running = m_context.live.find(id);
        if (!running) {
            const trace::TimelinePtr ended = m_context.traces.find(id);
            reply(ended ? jsonReply(200, QJsonObject{{u"running"_s, false}, {u"explanations"_s, explanationsJson(*ended)}}) : unknownRequest());
            return;
        }
        m_context.stuck.explain(running, [running, reply](const trace::Explanation &) {
            reply(jsonReply(200, QJsonObject{{u"running"_s, true}, {u"explanations"_s, explanationsJson(*running)}}));
        });
    });
}

ControlReply TraceApi::pin(const ControlRequest &request)
{
    const bool pinned = request.method == "PUT";
    const QByteArray id = request.parameters.first();
    if (!m_context.traces.find(id))
        return unknownRequest();
    if (const auto changed = m_context.traces.setPinned(id, pinned); !changed)
        return errorReply({409, "too_many_pins", changed.error().message});
    return jsonReply(200, QJsonObject{{u"pinned"_s, pinned}});
}

} // namespace pdlb::control
