// SPDX-License-Identifier: Apache-2.0
#include "control/trace_api.h"

#include "control/stuck_watch.h"
#include "trace/explanation_json.h"
#include "trace/export/exporter.h"
#include "trace/timeline_json.h"

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

/// Some records at a time, the oldest first, which are let go as soon as they are written.
class Export
{
public:
    /// `records`: the newest first.
    Export(std::unique_ptr<trace::Exporter> exporter, std::vector<trace::TimelinePtr> records)
        : m_exporter(std::move(exporter)), m_records(std::move(records))
    {
    }

    QByteArray next()
    {
        constexpr qsizetype enough = 64 * 1024;
        QByteArray piece;
        if (!std::exchange(m_begun, true))
            piece = m_exporter->begin();
        while (!m_records.empty() && piece.size() < enough) {
            piece += m_exporter->write(*m_records.back());
            m_records.pop_back();
        }
        return piece.isEmpty() ? m_exporter->finish() : piece;
    }

private:
    std::unique_ptr<trace::Exporter> m_exporter;
    std::vector<trace::TimelinePtr> m_records;
    bool m_begun = false;
};

/// Of "true" and "false"; nothing for another word.
std::optional<bool> flagOfQuery(const QUrlQuery &query, const QString &name, bool otherwise)
{
    const QString word = query.queryItemValue(name);
    if (word.isEmpty())
        return otherwise;
    return word == "true"_L1 ? std::optional(true) : word == "false"_L1 ? std::optional(false) : std::nullopt;
}

ControlReply wrongQuery(const QString &message, const QByteArray &parameter)
{
    return errorReply({400, "invalid_query", message, parameter});
}

ControlReply exportReply(const QString &format, bool bodies, std::vector<trace::TimelinePtr> newestFirst)
{
    auto exporter = trace::makeExporter(format, {.bodies = bodies});
    if (!exporter)
        return wrongQuery(exporter.error().message, "format");
    ControlReply reply;
    reply.headers.add("Content-Type", (*exporter)->mimeType());
    const auto job = std::make_shared<Export>(std::move(*exporter), std::move(newestFirst));
    reply.pieces = [job] { return job->next(); };
    return reply;
}

} // namespace

Result<trace::Filter, ApiError> filterOfQuery(const QUrlQuery &query)
{
    QString text = query.queryItemValue(u"filter"_s, QUrl::FullyEncoded);
    text = QUrl::fromPercentEncoding(text.replace(u'+', u' ').toUtf8());
    auto filter = trace::Filter::parse(text);
    if (!filter)
        return tl::unexpected(ApiError{400, "invalid_filter", u"filter, column %1: %2"_s.arg(filter.error().column + 1).arg(filter.error().message), "filter"});
    return std::move(*filter);
}

void TraceApi::whenLive(const std::function<void()> &then)
{
    if (m_context.live.watch(m_context.clock.now()))
        then();
    else
        QTimer::singleShot(std::chrono::duration_cast<std::chrono::milliseconds>(trace::LiveTraces::settleTime), this, then);
}

Endpoints TraceApi::endpoints()
{
    const auto withRunning = [this](Handle handle) {
        return [this, handle](const ControlRequest &request, const Reply &reply) {
            if (!request.parameters.isEmpty() && m_context.traces.find(request.parameters.first()))
                reply((this->*handle)(request));
            else
                whenLive([this, handle, request, reply] { reply((this->*handle)(request)); });
        };
    };
    return {
        {"/admin/v1/traces", {"GET"}, withRunning(&TraceApi::list), true},
        {"/admin/v1/traces/{request_id}", {"GET"}, withRunning(&TraceApi::show), true},
        {"/admin/v1/traces/{request_id}/explanation", {"GET"},
         [this](const ControlRequest &request, const Reply &reply) { explanation(request, reply); }, true},
        {"/admin/v1/traces/{request_id}/abort", {"POST"}, withRunning(&TraceApi::abort), true},
        {"/admin/v1/traces/{request_id}/pin", {"PUT", "DELETE"},
         [this](const ControlRequest &request, const Reply &reply) { reply(pin(request)); }, true},
    };
}

ControlReply TraceApi::list(const ControlRequest &request)
{
    constexpr uint defaultLimit = 100;
    const QUrlQuery query(QString::fromUtf8(request.query));
    const QString asked = query.queryItemValue(u"limit"_s);
    bool good = true;
    const uint limit = asked.isEmpty() ? defaultLimit : asked.toUInt(&good);
    if (!good)
        return wrongQuery(u"limit: expected a whole number"_s, "limit");
    const auto bodies = flagOfQuery(query, u"bodies"_s, true);
    if (!bodies)
        return wrongQuery(u"bodies: expected true or false"_s, "bodies");
    const auto filter = filterOfQuery(query);
    if (!filter)
        return errorReply(filter.error());
    std::vector<trace::TimelinePtr> found;
    for (const auto &list : {m_context.live.all(), m_context.traces.newest(m_context.traces.size())}) { // what runs is newest
        for (const auto &timeline : list) {
            if (found.size() < limit && filter->matches(*timeline, m_context.clock.now()))
                found.push_back(timeline);
        }
    }
    if (const QString format = query.queryItemValue(u"format"_s); !format.isEmpty() && format != "json"_L1)
        return exportReply(format, *bodies, std::move(found));
    QByteArray json = "{\"traces\":[";
    for (size_t i = 0; i < found.size(); ++i)
        json += (i > 0 ? "," : "") + trace::timelineJson(*found[i], {.times = false, .bodies = false});
    return jsonReply(200, json + "]}");
}

ControlReply TraceApi::show(const ControlRequest &request)
{
    trace::TimelinePtr timeline = m_context.live.find(request.parameters.first());
    if (!timeline)
        timeline = m_context.traces.find(request.parameters.first());
    if (!timeline)
        return unknownRequest();
    const QUrlQuery query(QString::fromUtf8(request.query));
    const QString format = query.queryItemValue(u"format"_s);
    const bool isJson = format.isEmpty() || format == "json"_L1;
    const auto bodies = flagOfQuery(query, u"bodies"_s, !isJson);
    if (!bodies)
        return wrongQuery(u"bodies: expected true or false"_s, "bodies");
    if (isJson)
        return jsonReply(200, trace::timelineJson(*timeline, {.bodies = *bodies}));
    if (format != "text"_L1)
        return exportReply(format, *bodies, {timeline});
    ControlReply reply;
    reply.headers.add("Content-Type", "text/plain; charset=utf-8");
    reply.body = trace::describeTimeline(*timeline).toUtf8();
    return reply;
}

void TraceApi::explanation(const ControlRequest &request, const Reply &reply)
{
    whenLive([this, id = request.parameters.first(), reply] {
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

ControlReply TraceApi::abort(const ControlRequest &request)
{
    const QByteArray id = request.parameters.first();
    if (!m_context.live.find(id)) {
        if (!m_context.traces.find(id))
            return unknownRequest();
        return errorReply({409, "not_running", u"the request of that id has ended already"_s});
    }
    m_context.abort(id);
    return jsonReply(202, QJsonObject{{u"aborting"_s, true}});
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
