// SPDX-License-Identifier: Apache-2.0

// Chrome's trace event format (JSON object form): opens in Perfetto and chrome://tracing. Clients' requests, prefill legs
// and decode legs are three processes; a request has the same thread numbers in each, one for each leg that runs at the same time: on one thread everything nests.
#include "trace/export/exporter.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <array>

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
        m_timeline = &timeline;
        // Legs at the same time have lanes of their own: those of a fan-out, and of earlier attempts.
        const int first = m_lane + 1;
        const QString title = QString::fromUtf8(timeline.requestId);
        addLane(out, Requests, first, title);
        slice(out, {Requests, first}, QString::fromUtf8(timeline.endpoint), timeline.received, timeline.ended,
              {{u"end"_s, QString::fromLatin1(endReasonName(timeline.end))}, {u"status"_s, timeline.status},
               {u"model"_s, QString::fromUtf8(timeline.model)}, {u"error"_s, timeline.error}, {u"policy"_s, QString::fromUtf8(timeline.policy)}});
        slice(out, {Requests, first}, u"queue"_s, timeline.received, timeline.picked);
        slice(out, {Requests, first}, u"until the first token"_s, timeline.picked, timeline.firstToken());
        slice(out, {Requests, first}, u"streaming"_s, timeline.firstToken(), timeline.ended);
        if (const Moment token = timeline.firstToken())
            add(out, {{u"ph"_s, u"i"_s}, {u"s"_s, u"t"_s}, {u"name"_s, u"first token"_s}, {u"pid"_s, Requests}, {u"tid"_s, first}, {u"ts"_s, at(*token)}});
        std::array<int, 2> next{first, first};
        for (const auto *legs : {&timeline.legs, &timeline.earlierLegs}) {
            for (const LegTimeline &leg : *legs)
                addLeg(out, leg, next[size_t(leg.prefill)]++, title + (legs == &timeline.earlierLegs ? u" earlier attempt"_s : QString()));
        }
        m_lane = std::max({first, next[0] - 1, next[1] - 1});
        return out;
    }

    QByteArray finish() override { return std::exchange(m_over, true) ? QByteArray() : QByteArrayLiteral("]}\n"); }

private:
    struct Lane {
        Process process;
        int number;
    };

    /// In microseconds since 1970.
    double at(Monotonic moment) const
    {
        return double(m_timeline->startedAt.toMSecsSinceEpoch()) * 1e3 + double((moment - m_timeline->received).count()) / 1e3;
    }

    void addLane(QByteArray &out, Process process, int lane, const QString &title)
    {
        add(out, {{u"ph"_s, u"M"_s}, {u"name"_s, u"thread_name"_s}, {u"pid"_s, process}, {u"tid"_s, lane}, {u"args"_s, QJsonObject{{u"name"_s, title}}}});
    }

    void slice(QByteArray &out, const Lane &lane, const QString &name, const Moment &from, const Moment &to, const QJsonObject &args = {})
    {
        if (from && to && *to >= *from)
            add(out, {{u"ph"_s, u"X"_s}, {u"name"_s, name}, {u"cat"_s, u"pd"_s}, {u"pid"_s, lane.process}, {u"tid"_s, lane.number},
                      {u"ts"_s, at(*from)}, {u"dur"_s, at(*to) - at(*from)}, {u"args"_s, args}});
    }

    void addLeg(QByteArray &out, const LegTimeline &leg, int number, const QString &title)
    {
        const Lane lane{leg.prefill ? Prefills : Decodes, number};
        addLane(out, lane.process, number, title);
        slice(out, lane, QString::fromUtf8(leg.server), leg.opened, leg.ended,
              {{u"url"_s, QString::fromUtf8(leg.url)}, {u"status"_s, leg.status}, {u"bytes"_s, leg.bytes}, {u"error"_s, leg.error}});
        slice(out, lane, leg.reused ? u"connection reused"_s : u"connect"_s, leg.opened, leg.ready);
        slice(out, lane, u"send"_s, leg.ready, leg.sent);
        slice(out, lane, leg.prefill ? u"prefill and KV transfer"_s : u"wait for the first token"_s, leg.sent, leg.firstByte ? leg.firstByte : leg.ended);
        slice(out, lane, u"receive"_s, leg.firstByte, leg.ended);
    }

    void add(QByteArray &out, const QJsonObject &event)
    {
        out += std::exchange(m_any, true) ? ",\n" : "\n";
        out += QJsonDocument(event).toJson(QJsonDocument::Compact);
    }

    const Timeline *m_timeline = nullptr; ///< that is being written
    int m_lane = 0; ///< the last one in use
    bool m_any = false;
    bool m_over = false;
};

} // namespace

std::unique_ptr<Exporter> makeChromeExporter(const ExportOptions &)
{
    return std::make_unique<ChromeExporter>();
}

} // namespace pdlb::trace
