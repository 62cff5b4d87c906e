// SPDX-License-Identifier: Apache-2.0

// HAR 1.2. One page for each request and three entries below it (the client's exchange, prefill's and decode's), so that
// any viewer draws the legs side by side. Times are milliseconds, never negative, and `time` is their sum.
#include "http/sse.h"
#include "trace/export/exporter.h"
#include "trace/redact.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSet>
#include <QUrl>
#include <QUrlQuery>

#include <deque>

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
        return R"({"log":{"version":"1.2","creator":{"name":"pdlb","version":")" PDLB_VERSION R"("},"entries":[)";
    }

    QByteArray write(const Timeline &timeline) override
    {
        const QString page = pageOf(timeline);
        QByteArray out;
        add(out, clientEntry(timeline, page));
        for (const LegTimeline &leg : timeline.earlierLegs)
            add(out, legEntry(timeline, leg, page, u"earlier attempt: "_s));
        for (const LegTimeline &leg : timeline.legs)
            add(out, legEntry(timeline, leg, page, {}));
        // Viewers want the pages as well, but they may stand behind the entries: only they are held until then.
        const QString title = u"%1 %2: %3"_s.arg(QString::fromUtf8(timeline.endpoint), QString::fromUtf8(timeline.model),
                                                 timeline.ended ? QString::fromLatin1(endReasonName(timeline.end)) : u"running"_s);
        constexpr qsizetype piece = 64 * 1024;
        if (m_pages.empty() || m_pages.back().size() >= piece)
            m_pages.emplace_back().reserve(piece + 1024);
        m_pages.back() += std::exchange(m_anyPage, true) ? ",\n" : "\n";
        QJsonObject pageObject{{u"startedDateTime"_s, calendar(timeline, timeline.received)}, {u"id"_s, page}, {u"title"_s, title},
                               {u"pageTimings"_s, QJsonObject{{u"onContentLoad"_s, -1}, {u"onLoad"_s, -1}}}};
        if (!timeline.comment.isEmpty())
            pageObject.insert(u"comment"_s, timeline.comment);
        m_pages.back() += compact(pageObject);
        return out;
    }

    QByteArray finish() override
    {
        switch (m_end) {
        case End::Begins:
            m_end = End::Pages;
            return "],\"pages\":[";
        case End::Pages:
            if (!m_pages.empty()) {
                const QByteArray pages = std::move(m_pages.front());
                m_pages.pop_front();
                return pages;
            }
            m_end = End::Over;
            return "]}}\n";
        case End::Over:
            break;
        }
        return {};
    }

private:
    enum class End { Begins, Pages, Over };

    /// The request's id; with its serial where another one had the same.
    QString pageOf(const Timeline &timeline)
    {
        const qsizetype known = m_ids.size();
        m_ids.insert(qHash(timeline.requestId));
        const QString id = QString::fromUtf8(timeline.requestId);
        return m_ids.size() > known ? id : id + u'#' + QString::number(timeline.serial);
    }

    void add(QByteArray &out, const QJsonObject &entry)
    {
        out += std::exchange(m_any, true) ? ",\n" : "\n";
        out += compact(entry);
    }

    static inline const QString notKept = u"the body was not kept"_s;

    const KeptBodies *keptBodies(const Timeline &timeline) const { return m_options.bodies ? timeline.bodies.get() : nullptr; }

    /// `text` of postData or content, and `comment` where it is not all there was.
    void addText(QJsonObject &to, const KeptBody &body, bool mayEncode) const
    {
        const QByteArray clean = m_options.secrets ? body.bytes : redactBody(body.bytes);
        if (mayEncode && !QByteArrayView(clean).isValidUtf8() && body.isWhole()) {
            to.insert(u"text"_s, QString::fromLatin1(clean.toBase64()));
            to.insert(u"encoding"_s, u"base64"_s);
        } else {
            to.insert(u"text"_s, QString::fromUtf8(clean));
        }
        if (!body.isWhole())
            to.insert(u"comment"_s, u"only the first %1 of %2 bytes were kept"_s.arg(body.bytes.size()).arg(body.size));
    }

    /// Each event with the calendar time of its last byte, in seconds, the way other tools write them.
    QJsonArray eventMessages(const Timeline &timeline, const KeptBody &body) const
    {
        QJsonArray messages;
        http::SseSplitter splitter;
        splitter.feed(body.bytes);
        QByteArray event;
        qsizetype end = 0;
        while (splitter.next(event)) {
            end += event.size();
            const QByteArray data = http::SseSplitter::data(event);
            if (data.isEmpty())
                continue;
            const Monotonic at = body.timeAt(end - 1);
            const double time = double(timeline.startedAt.toMSecsSinceEpoch()) / 1e3 + double(at.count()) / 1e9;
            messages.append(QJsonObject{{u"time"_s, time}, {u"eventName"_s, u"message"_s}, {u"eventId"_s, QString()},
                                        {u"data"_s, QString::fromUtf8(m_options.secrets ? data : redactBody(data))}});
        }
        return messages;
    }

    QJsonObject request(const Timeline &timeline, const QByteArray &base, const QByteArray &path, bool isClient) const
    {
        const QByteArray target = m_options.secrets ? path : redactTarget(path);
        QJsonObject post{{u"mimeType"_s, u"application/json"_s}, {u"text"_s, QString()}};
        const KeptBodies *bodies = keptBodies(timeline);
        if (!bodies)
            post.insert(u"comment"_s, notKept);
        else if (!isClient)
            post.insert(u"comment"_s, u"the client's, with bootstrap members and rid"_s);
        else
            addText(post, bodies->request, false);
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

    void setBody(QJsonObject &response, const KeptBody &body) const
    {
        QJsonObject content = response.value("content"_L1).toObject();
        addText(content, body, true);
        response.insert(u"content"_s, content);
    }

    QJsonObject clientEntry(const Timeline &timeline, const QString &page) const
    {
        QJsonObject entry{{u"pageref"_s, page}, {u"startedDateTime"_s, calendar(timeline, timeline.received)}};
        const QByteArray host = timeline.requestHeaders.value("host").toByteArray();
        entry.insert(u"request"_s, request(timeline, "http://" + (host.isEmpty() ? QByteArrayLiteral("pdlb") : host),
                                           timeline.target.isEmpty() ? timeline.endpoint : timeline.target, true));
        const LegTimeline *answering = timeline.answeringLeg();
        QJsonObject answer = response(timeline.status, answering ? answering->headers : http::HeaderList(), timeline.answerBytes);
        const KeptBodies *bodies = keptBodies(timeline);
        if (bodies) {
            setBody(answer, bodies->answer);
            if (timeline.stream && timeline.status == 200)
                entry.insert(u"_eventSourceMessages"_s, eventMessages(timeline, bodies->answer));
        }
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

    QJsonObject legEntry(const Timeline &timeline, const LegTimeline &leg, const QString &page, const QString &before) const
    {
        const Monotonic start = leg.opened.value_or(timeline.received);
        QJsonObject entry{{u"pageref"_s, page}, {u"startedDateTime"_s, calendar(timeline, start)},
                          {u"comment"_s, u"%1%2 %3"_s.arg(before, leg.prefill ? u"prefill"_s : u"decode"_s, QString::fromUtf8(leg.server))}};
        entry.insert(u"request"_s, request(timeline, leg.url, timeline.target.isEmpty() ? timeline.endpoint : timeline.target, false));
        QJsonObject answer = response(leg.status, leg.headers, leg.bytes);
        if (const KeptBodies *bodies = keptBodies(timeline); bodies && before.isEmpty() && leg.prefill && leg.sample == 0)
            setBody(answer, bodies->prefill);
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
        for (const auto &[name, count] : {std::pair{u"promptTokens"_s, timeline.facts.promptTokens}, {u"completionTokens"_s, timeline.facts.completionTokens},
                                          {u"cachedTokens"_s, timeline.facts.cachedTokens}}) {
            if (count)
                pd.insert(name, *count);
        }
        if (!timeline.facts.finishReason.isEmpty())
            pd.insert(u"finishReason"_s, QString::fromUtf8(timeline.facts.finishReason));
        return pd;
    }

    ExportOptions m_options;
    std::deque<QByteArray> m_pages;
    QSet<size_t> m_ids; ///< hashes
    End m_end = End::Begins;
    bool m_any = false;
    bool m_anyPage = false;
};

} // namespace

std::unique_ptr<Exporter> makeHarExporter(const ExportOptions &options)
{
    return std::make_unique<HarExporter>(options);
}

} // namespace pdlb::trace
