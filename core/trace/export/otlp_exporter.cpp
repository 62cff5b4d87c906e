// SPDX-License-Identifier: Apache-2.0

// OTLP/HTTP JSON (opentelemetry-proto 1.x): a server span for the client's request and a client span for each leg.
// Ids are hexadecimal, enums numbers, 64-bit integers decimal strings.
#include "trace/export/exporter.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

enum SpanKind { Server = 2, Client = 3 };
enum StatusCode { Unset = 0, Failed = 2 };

class Attributes
{
public:
    void add(const QString &key, const QString &value)
    {
        if (!value.isEmpty())
            insert(key, {{u"stringValue"_s, value}});
    }
    void add(const QString &key, const QByteArray &value) { add(key, QString::fromUtf8(value)); }
    void add(const QString &key, qint64 value) { insert(key, {{u"intValue"_s, QString::number(value)}}); }
    void add(const QString &key, const QList<QByteArray> &values)
    {
        QJsonArray list;
        for (const QByteArray &value : values)
            list.append(QJsonObject{{u"stringValue"_s, QString::fromUtf8(value)}});
        insert(key, {{u"arrayValue"_s, QJsonObject{{u"values"_s, list}}}});
    }
    void addFlag(const QString &key, bool value) { insert(key, {{u"boolValue"_s, value}}); }
    const QJsonArray &list() const { return m_list; }

private:
    void insert(const QString &key, const QJsonObject &value) { m_list.append(QJsonObject{{u"key"_s, key}, {u"value"_s, value}}); }

    QJsonArray m_list;
};

class OtlpExporter final : public Exporter
{
public:
    QByteArray begin() override
    {
        Attributes resource;
        resource.add(u"service.name"_s, u"pdlb"_s);
        resource.add(u"service.version"_s, QStringLiteral(PDLB_VERSION));
        return "{\"resourceSpans\":[{\"resource\":{\"attributes\":" + QJsonDocument(resource.list()).toJson(QJsonDocument::Compact)
            + "},\"scopeSpans\":[{\"scope\":{\"name\":\"pdlb\"},\"spans\":[";
    }

    QByteArray write(const Timeline &timeline) override
    {
        if (timeline.context.traceId.isEmpty() || !timeline.ended)
            return {};
        QByteArray out;
        add(out, serverSpan(timeline));
        for (const auto *legs : {&timeline.earlierLegs, &timeline.legs}) {
            for (const LegTimeline &leg : *legs) {
                if (!leg.spanId.isEmpty())
                    add(out, legSpan(timeline, leg));
            }
        }
        return out;
    }

    QByteArray finish() override { return std::exchange(m_over, true) ? QByteArray() : QByteArrayLiteral("]}]}]}\n"); }

private:
    static QString nanos(const Timeline &timeline, Monotonic at)
    {
        return QString::number(timeline.startedAt.toMSecsSinceEpoch() * 1'000'000 + (at - timeline.received).count());
    }

    static QJsonObject span(const Timeline &timeline, const QByteArray &id, const QByteArray &parent, const QString &name, SpanKind kind,
                            Monotonic from, Monotonic to)
    {
        QJsonObject span{{u"traceId"_s, QString::fromLatin1(timeline.context.traceId)}, {u"spanId"_s, QString::fromLatin1(id)},
                         {u"name"_s, name}, {u"kind"_s, kind}, {u"startTimeUnixNano"_s, nanos(timeline, from)},
                         {u"endTimeUnixNano"_s, nanos(timeline, std::max(from, to))}};
        if (!parent.isEmpty())
            span.insert(u"parentSpanId"_s, QString::fromLatin1(parent));
        return span;
    }

    static void addEvent(QJsonArray &events, const Timeline &timeline, const Moment &at, const QString &name)
    {
        if (at)
            events.append(QJsonObject{{u"timeUnixNano"_s, nanos(timeline, *at)}, {u"name"_s, name}});
    }

    static void setStatus(QJsonObject &span, bool failed, const QString &message)
    {
        QJsonObject status{{u"code"_s, failed ? Failed : Unset}};
        if (failed && !message.isEmpty())
            status.insert(u"message"_s, message);
        span.insert(u"status"_s, status);
    }

    static QJsonObject serverSpan(const Timeline &timeline)
    {
        QJsonObject span = OtlpExporter::span(timeline, timeline.context.spanId, timeline.context.parentId, u"POST "_s + QString::fromUtf8(timeline.endpoint),
                                              Server, timeline.received, *timeline.ended);
        Attributes attributes;
        attributes.add(u"http.request.method"_s, u"POST"_s);
        attributes.add(u"url.path"_s, timeline.endpoint);
        if (timeline.status > 0)
            attributes.add(u"http.response.status_code"_s, qint64(timeline.status));
        attributes.add(u"client.address"_s, timeline.peer);
        // GenAI names of the OpenTelemetry semantic conventions (status: development, 2026).
        attributes.add(u"gen_ai.request.model"_s, timeline.model);
        if (timeline.facts.promptTokens)
            attributes.add(u"gen_ai.usage.input_tokens"_s, *timeline.facts.promptTokens);
        if (timeline.facts.completionTokens)
            attributes.add(u"gen_ai.usage.output_tokens"_s, *timeline.facts.completionTokens);
        if (!timeline.facts.finishReason.isEmpty())
            attributes.add(u"gen_ai.response.finish_reasons"_s, QList<QByteArray>{timeline.facts.finishReason});
        attributes.add(u"pdlb.request_id"_s, timeline.requestId);
        attributes.add(u"pdlb.end"_s, QString::fromLatin1(endReasonName(timeline.end)));
        attributes.add(u"pdlb.policy"_s, timeline.policy);
        attributes.add(u"pdlb.attempts"_s, qint64(timeline.attempts));
        if (!timeline.rooms.isEmpty())
            attributes.add(u"pdlb.bootstrap_room"_s, QString::number(timeline.rooms.first()));
        span.insert(u"attributes"_s, attributes.list());
        QJsonArray events;
        addEvent(events, timeline, timeline.picked, u"pair picked"_s);
        addEvent(events, timeline, timeline.firstToken(), u"first token"_s);
        if (const LegTimeline *decode = timeline.leg(false); decode && decode->times.count() > 0)
            addEvent(events, timeline, decode->times.last(), u"last token"_s);
        span.insert(u"events"_s, events);
        setStatus(span, timeline.end != EndReason::Ok && timeline.end != EndReason::ClientGone && timeline.end != EndReason::BadRequest, timeline.error);
        return span;
    }

    static QJsonObject legSpan(const Timeline &timeline, const LegTimeline &leg)
    {
        const Monotonic from = leg.opened.value_or(timeline.received);
        QJsonObject span = OtlpExporter::span(timeline, leg.spanId, timeline.context.spanId, leg.prefill ? u"prefill"_s : u"decode"_s, Client,
                                              from, leg.ended.value_or(*timeline.ended));
        Attributes attributes;
        attributes.add(u"pdlb.server"_s, leg.server);
        attributes.add(u"url.full"_s, leg.url + timeline.endpoint);
        if (leg.status > 0)
            attributes.add(u"http.response.status_code"_s, qint64(leg.status));
        attributes.addFlag(u"pdlb.connection_reused"_s, leg.reused);
        span.insert(u"attributes"_s, attributes.list());
        QJsonArray events;
        addEvent(events, timeline, leg.sent, u"request sent"_s);
        addEvent(events, timeline, leg.head, u"head"_s);
        addEvent(events, timeline, leg.firstByte, !leg.prefill && leg.isGood() ? u"first token"_s : u"first byte"_s);
        if (leg.times.count() > 0)
            addEvent(events, timeline, leg.times.last(), u"last token"_s);
        span.insert(u"events"_s, events);
        setStatus(span, !leg.error.isEmpty() || leg.status >= 500, leg.error);
        return span;
    }

    void add(QByteArray &out, const QJsonObject &span)
    {
        out += std::exchange(m_any, true) ? ",\n" : "\n";
        out += QJsonDocument(span).toJson(QJsonDocument::Compact);
    }

    bool m_any = false;
    bool m_over = false;
};

} // namespace

std::unique_ptr<Exporter> makeOtlpExporter(const ExportOptions &)
{
    return std::make_unique<OtlpExporter>();
}

} // namespace pdlb::trace
