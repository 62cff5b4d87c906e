// SPDX-License-Identifier: Apache-2.0
#include "client/replay_file.h"

#include "client/request_spec.h"
#include "trace/record_reader.h"

#include <QIODevice>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QUrl>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::client {

namespace {

constexpr qsizetype mostProblems = 20;
constexpr qint64 largestHar = qint64(1024) * 1024 * 1024;

double milliseconds(Monotonic time)
{
    return double(time.count()) / 1e6;
}

/// What the client, the balancer and the connection add anew.
bool isKept(const QByteArray &name)
{
    static const QByteArrayList others{"host", "content-length", "connection", "keep-alive", "transfer-encoding", "authorization", "x-api-key",
                                       "cookie", "accept-encoding", "x-request-id", "traceparent", "tracestate", "content-type", "x-pdlb-pair", "expect"};
    return !name.startsWith(':') && !others.contains(name.toLower());
}

class Reader
{
public:
    void skip(const QString &place, const QString &why)
    {
        ++m_recording.skipped;
        if (m_recording.problems.size() < mostProblems)
            m_recording.problems += place + u": "_s + why;
    }

    void addTimeline(const trace::Timeline &timeline)
    {
        const QString place = u"request %1"_s.arg(QString::fromUtf8(timeline.requestId.left(128)));
        if (!timeline.bodies || !timeline.bodies->request.isWhole() || timeline.bodies->request.bytes.isEmpty()) {
            skip(place, timeline.bodies ? u"its body was not kept as a whole (--trace-body-limit)"_s : u"its body was not kept"_s);
            return;
        }
        RecordedRequest request;
        request.id = timeline.requestId;
        request.target = timeline.target.isEmpty() ? timeline.endpoint : timeline.target;
        for (const http::Header &header : timeline.requestHeaders) {
            if (isKept(header.name))
                request.headers.add(header.name, header.value);
        }
        request.body = timeline.bodies->request.bytes;
        request.status = timeline.status;
        if (const auto first = timeline.firstToken(); first && timeline.stream)
            request.ttft = milliseconds(*first - timeline.received);
        if (timeline.ended)
            request.duration = milliseconds(*timeline.ended - timeline.received);
        request.tokens = timeline.facts.completionTokens;
        const trace::LegTimeline *prefill = timeline.leg(true);
        const trace::LegTimeline *decode = timeline.leg(false);
        if (prefill && decode)
            request.pair = prefill->server + '/' + decode->server;
        add(std::move(request), timeline.startedAt);
    }

    void addHarEntry(const QJsonObject &entry, const QString &place)
    {
        const QJsonObject sent = entry.value("request"_L1).toObject();
        const QUrl url(sent.value("url"_L1).toString());
        const QByteArray path = url.path(QUrl::FullyEncoded).toUtf8();
        if (sent.value("method"_L1).toString() != "POST"_L1 || !endpointOf(path)) {
            skip(place, u"it is no POST to a PD endpoint (%1)"_s.arg(url.path().left(100)));
            return;
        }
        const QJsonValue text = sent.value("postData"_L1)["text"_L1];
        if (text.toString().isEmpty()) {
            skip(place, u"it holds no body"_s);
            return;
        }
        RecordedRequest request;
        request.target = path;
        if (url.hasQuery())
            request.target += '?' + url.query(QUrl::FullyEncoded).toUtf8();
        const QJsonArray headers = sent.value("headers"_L1).toArray();
        for (const QJsonValue &header : headers) {
            const QByteArray name = header["name"_L1].toString().toUtf8();
            const QByteArray value = header["value"_L1].toString().toUtf8();
            if (name.toLower() == "x-request-id")
                request.id = value;
            if (http::isToken(name) && http::isFieldValue(value) && isKept(name))
                request.headers.add(name, value);
        }
        if (entry.contains("_pd"_L1))
            request.id = entry.value("pageref"_L1).toString().toUtf8();
        request.body = sent.value("postData"_L1)["encoding"_L1] == "base64"_L1 ? QByteArray::fromBase64(text.toString().toLatin1()) : text.toString().toUtf8();
        request.status = entry.value("response"_L1)["status"_L1].toInt();
        if (const QJsonValue time = entry.value("time"_L1); time.isDouble() && time.toDouble() >= 0)
            request.duration = time.toDouble();
        add(std::move(request), QDateTime::fromString(entry.value("startedDateTime"_L1).toString(), Qt::ISODateWithMs));
    }

    void readHar(const QByteArray &text)
    {
        QJsonParseError error;
        const QJsonDocument document = QJsonDocument::fromJson(text, &error);
        if (error.error != QJsonParseError::NoError) {
            skip(u"byte %1"_s.arg(error.offset), u"the file is no JSON: %1"_s.arg(error.errorString()));
            return;
        }
        const QJsonValue entries = document["log"_L1]["entries"_L1];
        if (!entries.isArray()) {
            skip(u"the file"_s, u"it is neither records as JSON lines nor a HAR (log.entries is missing)"_s);
            return;
        }
        const bool ours = document["log"_L1]["creator"_L1]["name"_L1] == "pdlb"_L1;
        qsizetype number = 0;
        for (const QJsonValue &entry : entries.toArray()) {
            ++number;
            if (!ours || entry["_pd"_L1].isObject()) // else it is what the balancer sent to an engine
                addHarEntry(entry.toObject(), u"entry %1"_s.arg(number));
        }
    }

    Recording take()
    {
        auto &list = m_recording.requests;
        std::stable_sort(list.begin(), list.end(), [](const RecordedRequest &a, const RecordedRequest &b) { return a.at < b.at; });
        if (!list.empty()) {
            const auto first = list.front().at;
            for (RecordedRequest &request : list)
                request.at -= first;
        }
        return std::move(m_recording);
    }

private:
    void add(RecordedRequest request, const QDateTime &startedAt)
    {
        // What has no time comes with the one before it.
        if (startedAt.isValid())
            m_last = std::chrono::milliseconds(startedAt.toMSecsSinceEpoch());
        request.at = m_last;
        m_recording.requests.push_back(std::move(request));
    }

    Recording m_recording;
    std::chrono::microseconds m_last{0};
};

/// A record is an object on one line; a HAR is one object with "log".
bool looksLikeHar(QIODevice &file)
{
    const QByteArray start = file.peek(64 * 1024);
    const qsizetype lineEnd = start.indexOf('\n');
    if (lineEnd >= 0 && QJsonDocument::fromJson(start.left(lineEnd)).isObject() && start.mid(lineEnd).trimmed().startsWith('{'))
        return false;
    return start.left(200).contains("\"log\"") || !start.trimmed().startsWith('{');
}

} // namespace

Recording readRecording(QIODevice &file)
{
    Reader reader;
    if (looksLikeHar(file)) {
        if (file.size() > largestHar)
            reader.skip(u"the file"_s, u"a HAR of more than 1 GiB; export JSON lines instead"_s);
        else
            reader.readHar(file.readAll());
        return reader.take();
    }
    const auto read = trace::readRecords(file, [&reader](const trace::Timeline &timeline) {
        reader.addTimeline(timeline);
        return true;
    }, [&reader](const trace::BrokenRecord &broken) { reader.skip(u"line %1"_s.arg(broken.line), broken.reason); });
    if (!read)
        reader.skip(u"the file"_s, read.error().message);
    return reader.take();
}

} // namespace pdlb::client
