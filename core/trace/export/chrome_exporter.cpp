// SPDX-License-Identifier: Apache-2.0

// Chrome's trace event format (JSON object form): opens in Perfetto and chrome://tracing. Clients' requests, prefill legs
// and decode legs are three processes; a request has the same thread number in each, so that what overlaps never nests.
#include "trace/export/exporter.h"

#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

enum Process { Requests = 1, Prefills, Decodes };

class ChromeExporter final : public Exporter
{
public:
    QByteArray begin() override
    {
        QByteArray out = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[";
        for (const auto &[process, name] : {std::pair{Requests, u"requests"_s}, {Prefills, u"prefill legs"_s}, {Decodes, u"decode legs"_s}})
            add(out, {{u"ph"_s, u"M"_s}, {u"name"_s, u"process_name"_s}, {u"pid"_s, process}, {u"tid"_s, 0}, {u"args"_s, QJsonObject{{u"name"_s, name}}}});
        return out;
    }

    QByteArray write(const Timeline &timeline) override
    {
        QByteArray out;
        ++m_lane;
        const double origin = double(timeline.startedAt.toMSecsSinceEpoch()) * 1e3;
        const auto at = [&](Monotonic moment) { return origin + double((moment - timeline.received).count()) / 1e3; };
        const auto slice = [&](Process process, const QString &name, const Moment &from, const Moment &to, const QJsonObject &args = {}) {
            if (from && to && *to >= *from)
                add(out, {{u"ph"_s, u"X"_s}, {u"name"_s, name}, {u"cat"_s, u"pd"_s}, {u"pid"_s, process}, {u"tid"_s, m_lane},
                          {u"ts"_s, at(*from)}, {u"dur"_s, at(*to) - at(*from)}, {u"args"_s, args}});
        };
        const QString title = QString::fromUtf8(timeline.requestId);
        for (const Process process : {Requests, Prefills, Decodes})
            add(out, {{u"ph"_s, u"M"_s}, {u"name"_s, u"thread_name"_s}, {u"pid"_s, process}, {u"tid"_s, m_lane}, {u"args"_s, QJsonObject{{u"name"_s, title}}}});
        slice(Requests, QString::fromUtf8(timeline.endpoint), timeline.received, timeline.ended,
              {{u"end"_s, QString::fromLatin1(endReasonName(timeline.end))}, {u"status"_s, timeline.status},
               {u"model"_s, QString::fromUtf8(timeline.model)}, {u"error"_s, timeline.error}, {u"policy"_s, QString::fromUtf8(timeline.policy)}});
        slice(Requests, u"queue"_s, timeline.received, timeline.picked);
        slice(Requests, u"until the first token"_s, timeline.picked, timeline.firstToken());
        slice(Requests, u"streaming"_s, timeline.firstToken(), timeline.ended);
        for (const LegTimeline &leg : timeline.legs) {
            const Process process = leg.prefill ? Prefills : Decodes;
            slice(process, QString::fromUtf8(leg.server), leg.opened, leg.ended,
                  {{u"url"_s, QString::fromUtf8(leg.url)}, {u"status"_s, leg.status}, {u"bytes"_s, leg.bytes}, {u"error"_s, leg.error}});
            slice(process, leg.reused ? u"connection reused"_s : u"connect"_s, leg.opened, leg.ready);
            slice(process, u"send"_s, leg.ready, leg.sent);
            slice(process, leg.prefill ? u"prefill and KV transfer"_s : u"wait for the first token"_s, leg.sent, leg.firstByte ? leg.firstByte : leg.ended);
            slice(process, u"receive"_s, leg.firstByte, leg.ended);
        }
        if (const Moment first = timeline.firstToken())
            add(out, {{u"ph"_s, u"i"_s}, {u"s"_s, u"t"_s}, {u"name"_s, u"first token"_s}, {u"pid"_s, Requests}, {u"tid"_s, m_lane}, {u"ts"_s, at(*first)}});
        return out;
    }

    QByteArray finish() override { return std::exchange(m_over, true) ? QByteArray() : QByteArrayLiteral("]}\n"); }

private:
    void add(QByteArray &out, const QJsonObject &event)
    {
        out += std::exchange(m_any, true) ? ",\n" : "\n";
        out += QJsonDocument(event).toJson(QJsonDocument::Compact);
    }

    int m_lane = 0;
    bool m_any = false;
    bool m_over = false;
};

} // namespace

std::unique_ptr<Exporter> makeChromeExporter(const ExportOptions &)
{
    return std::make_unique<ChromeExporter>();
}

} // namespace pdlb::trace
