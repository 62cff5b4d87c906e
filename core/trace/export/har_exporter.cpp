// SPDX-License-Identifier: Apache-2.0

// HAR 1.2. One page for each request and three entries below it (the client's exchange, prefill's and decode's), so that
// any viewer draws the legs side by side. Times are milliseconds, never negative, and `time` is their sum.
#include "trace/export/exporter.h"
#include "trace/redact.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QUrl>
#include <QUrlQuery>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

QByteArray compact(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

/// When what happened, as calendar time.
QString calendar(const Timeline &timeline, Monotonic at)
{
    const qint64 ms = std::chrono::duration_cast<std::chrono::milliseconds>(at - timeline.received).count();
    return timeline.startedAt.addMSecs(ms).toUTC().toString(Qt::ISODateWithMs);
}

/// From one moment to the next in milliseconds; an absent or earlier one counts as nothing.
class Phases
{
public:
    explicit Phases(Monotonic start) : m_at(start) {}
    double until(const Moment &moment)
    {
        if (!moment || *moment <= m_at)
            return 0;
        const double ms = double((*moment - m_at).count()) / 1e6;
        m_at = *moment;
        return ms;
    }

private:
    Monotonic m_at;
};

QJsonArray headersJson(const http::HeaderList &headers, bool secrets)
{
    QJsonArray list;
    for (const http::Header &header : secrets ? headers : redactHeaders(headers))
        list.append(QJsonObject{{u"name"_s, QString::fromUtf8(header.name)}, {u"value"_s, QString::fromUtf8(header.value)}});
    return list;
}

QJsonArray queryJson(const QByteArray &target)
{
    QJsonArray list;
    const qsizetype question = target.indexOf('?');
    if (question < 0)
        return list;
    const auto items = QUrlQuery(QString::fromUtf8(target.sliced(question + 1))).queryItems(QUrl::FullyDecoded);
    for (const auto &[name, value] : items)
        list.append(QJsonObject{{u"name"_s, name}, {u"value"_s, value}});
    return list;
}

class HarExporter final : public Exporter
{
public:
    explicit HarExporter(const ExportOptions &options) : m_options(options) {}

    QByteArray begin() override
    {
        return R"({"log":{"version":"1.2","creator":{"name":"pdlb","version":"1"},"entries":[)";
    }

    QByteArray write(const Timeline &timeline) override
    {
        const QString page = QString::fromUtf8(timeline.requestId);
        QByteArray out;
        add(out, clientEntry(timeline, page));
        for (const LegTimeline &leg : timeline.legs)
            add(out, legEntry(timeline, leg, page));
        // Viewers want the pages as well, but they may stand behind the entries: only they are held until then.
        const QString title = u"%1 %2: %3"_s.arg(QString::fromUtf8(timeline.endpoint), QString::fromUtf8(timeline.model),
                                                 timeline.ended ? QString::fromLatin1(endReasonName(timeline.end)) : u"running"_s);
        m_pages += m_pages.isEmpty() ? "" : ",";
        m_pages += compact({{u"startedDateTime"_s, calendar(timeline, timeline.received)}, {u"id"_s, page}, {u"title"_s, title},
                            {u"pageTimings"_s, QJsonObject{{u"onContentLoad"_s, -1}, {u"onLoad"_s, -1}}}});
        return out;
    }

    QByteArray end() override { return "],\"pages\":[" + m_pages + "]}}\n"; }

private:
    void add(QByteArray &out, const QJsonObject &entry)
    {
        out += std::exchange(m_any, true) ? ",\n" : "\n";
        out += compact(entry);
    }

    QJsonObject request(const Timeline &timeline, const QByteArray &base, const QByteArray &path) const
    {
        const QByteArray target = m_options.secrets ? path : redactTarget(path);
        const QJsonObject post{{u"mimeType"_s, u"application/json"_s}, {u"text"_s, QString()}, {u"comment"_s, u"bodies are not kept"_s}};
        return {{u"method"_s, u"POST"_s}, {u"url"_s, QString::fromUtf8(base + target)}, {u"httpVersion"_s, u"HTTP/1.1"_s},
                {u"cookies"_s, QJsonArray()}, {u"headers"_s, headersJson(timeline.requestHeaders, m_options.secrets)},
                {u"queryString"_s, queryJson(target)}, {u"postData"_s, post}, {u"headersSize"_s, -1}, {u"bodySize"_s, timeline.requestBytes}};
    }

    QJsonObject response(int status, const http::HeaderList &headers, qint64 size) const
    {
        const QString type = QString::fromUtf8(headers.value("content-type"));
        return {{u"status"_s, status}, {u"statusText"_s, QString()}, {u"httpVersion"_s, u"HTTP/1.1"_s}, {u"cookies"_s, QJsonArray()},
                {u"headers"_s, headersJson(headers, m_options.secrets)},
                {u"content"_s, QJsonObject{{u"size"_s, size}, {u"mimeType"_s, type.isEmpty() ? u"application/octet-stream"_s : type}}},
                {u"redirectURL"_s, QString()}, {u"headersSize"_s, -1}, {u"bodySize"_s, size}};
    }

    static QJsonObject timings(double blocked, double connect, double send, double wait, double receive)
    {
        return {{u"blocked"_s, blocked}, {u"dns"_s, -1}, {u"connect"_s, connect}, {u"ssl"_s, -1}, {u"send"_s, send},
                {u"wait"_s, wait}, {u"receive"_s, receive}};
    }

    static void setTimings(QJsonObject &entry, const QJsonObject &timings)
    {
        double sum = 0;
        for (const auto &value : timings)
            sum += std::max(0.0, value.toDouble());
        entry.insert(u"time"_s, sum);
        entry.insert(u"timings"_s, timings);
        entry.insert(u"cache"_s, QJsonObject());
    }

    /// Of the leg whose answer the client got: decode's, or that of the one that failed.
    static http::HeaderList answeringHeaders(const Timeline &timeline)
    {
        for (const bool prefill : {false, true}) {
            if (const LegTimeline *leg = timeline.leg(prefill); leg && leg->status > 0 && leg->status == timeline.status)
                return leg->headers;
        }
        return {};
    }

    QJsonObject clientEntry(const Timeline &timeline, const QString &page) const
    {
        QJsonObject entry{{u"pageref"_s, page}, {u"startedDateTime"_s, calendar(timeline, timeline.received)}};
        const QByteArray host = timeline.requestHeaders.value("host").toByteArray();
        entry.insert(u"request"_s, request(timeline, "http://" + (host.isEmpty() ? QByteArrayLiteral("pdlb") : host),
                                           timeline.target.isEmpty() ? timeline.endpoint : timeline.target));
        QJsonObject answer = response(timeline.status, answeringHeaders(timeline), timeline.answerBytes);
        if (!timeline.error.isEmpty())
            answer.insert(u"_error"_s, timeline.error);
        entry.insert(u"response"_s, answer);
        Phases phases(timeline.received);
        const double blocked = phases.until(timeline.picked);
        const double wait = phases.until(timeline.clientHead);
        setTimings(entry, timings(blocked, -1, 0, wait, phases.until(timeline.ended)));
        entry.insert(u"_pd"_s, pdFields(timeline));
        return entry;
    }

    QJsonObject legEntry(const Timeline &timeline, const LegTimeline &leg, const QString &page) const
    {
        const Monotonic start = leg.opened.value_or(timeline.received);
        QJsonObject entry{{u"pageref"_s, page}, {u"startedDateTime"_s, calendar(timeline, start)},
                          {u"comment"_s, u"%1 %2"_s.arg(leg.prefill ? u"prefill"_s : u"decode"_s, QString::fromUtf8(leg.server))}};
        entry.insert(u"request"_s, request(timeline, leg.url, timeline.endpoint));
        QJsonObject answer = response(leg.status, leg.headers, leg.bytes);
        if (!leg.error.isEmpty())
            answer.insert(u"_error"_s, leg.error);
        entry.insert(u"response"_s, answer);
        entry.insert(u"_reusedConnection"_s, leg.reused);
        Phases phases(start);
        const double connect = phases.until(leg.ready);
        const double send = phases.until(leg.sent);
        const double wait = phases.until(leg.firstByte ? leg.firstByte : leg.head);
        setTimings(entry, timings(-1, leg.reused ? -1 : connect, leg.reused ? connect + send : send, wait, phases.until(leg.ended)));
        return entry;
    }

    static QJsonObject pdFields(const Timeline &timeline)
    {
        const auto since = [&](const Moment &moment) -> QJsonValue {
            return moment ? QJsonValue(double((*moment - timeline.received).count()) / 1e6) : QJsonValue();
        };
        const LegTimeline *prefill = timeline.leg(true);
        const LegTimeline *decode = timeline.leg(false);
        QJsonObject pd{{u"end"_s, QString::fromLatin1(endReasonName(timeline.end))}, {u"attempts"_s, timeline.attempts},
                       {u"policy"_s, QString::fromUtf8(timeline.policy)}, {u"queueMs"_s, since(timeline.picked)},
                       {u"ttftMs"_s, since(timeline.firstToken())}};
        if (prefill && decode) {
            pd.insert(u"pair"_s, u"%1/%2"_s.arg(QString::fromUtf8(prefill->server), QString::fromUtf8(decode->server)));
            if (prefill->isGood() && !prefill->cancelled)
                pd.insert(u"prefillDoneMs"_s, since(prefill->ended));
            if (const auto gap = decode->times.gapMean())
                pd.insert(u"chunkGapMeanMs"_s, double(gap->count()) / 1e6);
        }
        QJsonArray rooms; // as text: a double would not hold them
        for (const quint64 room : timeline.rooms)
            rooms.append(QString::number(room));
        pd.insert(u"rooms"_s, rooms);
        return pd;
    }

    ExportOptions m_options;
    QByteArray m_pages;
    bool m_any = false;
};

} // namespace

std::unique_ptr<Exporter> makeHarExporter(const ExportOptions &options)
{
    return std::make_unique<HarExporter>(options);
}

} // namespace pdlb::trace
