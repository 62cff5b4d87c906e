// SPDX-License-Identifier: Apache-2.0
#include "client/replay_file.h"

#include "client/request_spec.h"
#include "pd/answer_facts.h"
#include "trace/record_reader.h"
#include "trace/redact.h"

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
    static const QByteArrayList others{"host", "content-length", "connection", "keep-alive", "transfer-encoding", "accept-encoding", "x-request-id",
                                       "traceparent", "tracestate", "content-type", "x-pdlb-pair", "expect", "upgrade", "te", "trailer"};
    return !others.contains(name.toLower());
}

/// What may be sent to another server: no credentials of the one that was recorded.
http::HeaderList keptHeaders(const http::HeaderList &recorded)
{
    http::HeaderList kept;
    for (const http::Header &header : trace::redactHeaders(recorded)) {
        if (header.value != trace::redacted && isKept(header.name))
            kept.add(header.name, header.value);
    }
    return kept;
}

QByteArray textOf(const QJsonValue &holder)
{
    const QString text = holder["text"_L1].toString();
    return holder["encoding"_L1] == "base64"_L1 ? QByteArray::fromBase64(text.toLatin1()) : text.toUtf8();
}

/// The PD endpoint that a path ends in; others put it under a path of their own.
QByteArray endpointAtEnd(const QByteArray &path)
{
    for (qsizetype slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
        if (endpointOf(path.mid(slash)))
            return path.mid(slash);
    }
    return {};
}

/// A HAR that is cut off in its entries, closed behind the last whole one; empty: there is none.
QByteArray closedHar(const QByteArray &text)
{
    const qsizetype begin = text.indexOf('[', text.indexOf("\"entries\""));
    if (begin < 0)
        return {};
    qsizetype end = 0;
    int depth = 0;
    bool inString = false;
    for (qsizetype i = begin + 1; i < text.size(); ++i) {
        const char c = text[i];
        if (inString) {
            if (c == '\\')
                ++i;
            inString = c != '"';
        } else if (c == '"') {
            inString = true;
        } else if (c == '{' || c == '[') {
            ++depth;
        } else if (c == '}' || c == ']') {
            if (--depth == 0)
                end = i + 1;
            else if (depth < 0)
                break;
        }
    }
    return end > 0 ? text.first(end) + "]}}" : QByteArray();
}

/// It is sent with the user's key: only to where such requests go, and as one request.
bool isTarget(const QByteArray &target)
{
    const qsizetype question = target.indexOf('?');
    return endpointOf(question < 0 ? target : target.first(question))
        && std::all_of(target.begin(), target.end(), [](char c) { return c > ' ' && c < 0x7f; });
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
        if (!isTarget(request.target)) {
            skip(place, u"it is no request to a PD endpoint (%1)"_s.arg(QString::fromUtf8(request.target.left(100))));
            return;
        }
        request.headers = keptHeaders(timeline.requestHeaders);
        request.body = timeline.bodies->request.bytes;
        request.status = timeline.status;
        request.good = timeline.status == 200 && timeline.end == trace::EndReason::Ok;
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
        const QByteArray endpoint = endpointAtEnd(path);
        if (sent.value("method"_L1).toString() != "POST"_L1 || endpoint.isEmpty()) {
            skip(place, u"it is no POST to a PD endpoint (%1)"_s.arg(url.path().left(100)));
            return;
        }
        RecordedRequest request;
        request.body = textOf(sent.value("postData"_L1));
        if (request.body.isEmpty()) {
            skip(place, u"it holds no body"_s);
            return;
        }
        request.target = endpoint;
        if (url.hasQuery()) {
            const QByteArray target = endpoint + '?' + url.query(QUrl::FullyEncoded).toUtf8();
            if (trace::redactTarget(target) == target) // else it holds a key
                request.target = target;
        }
        http::HeaderList headers;
        const QJsonArray fields = sent.value("headers"_L1).toArray();
        for (const QJsonValue &field : fields) {
            const QByteArray name = field["name"_L1].toString().toUtf8();
            const QByteArray value = field["value"_L1].toString().toUtf8();
            if (name.toLower() == "x-request-id")
                request.id = value;
            if (http::isToken(name) && http::isFieldValue(value))
                headers.add(name, value);
        }
        request.headers = keptHeaders(headers);
        const QJsonObject answer = entry.value("response"_L1).toObject();
        request.status = answer.value("status"_L1).toInt();
        request.good = request.status == 200;
        const QJsonValue content = answer.value("content"_L1);
        request.tokens = pd::factsOfAnswer(textOf(content), content["mimeType"_L1].toString().startsWith("text/event-stream"_L1)).completionTokens;
        if (const QJsonValue ours = entry.value("_pd"_L1); ours.isObject()) {
            request.id = entry.value("pageref"_L1).toString().toUtf8();
            request.pair = ours["pair"_L1].toString().toUtf8();
            request.good = request.good && ours["end"_L1] == "ok"_L1;
            if (const QJsonValue ttft = ours["ttftMs"_L1]; ttft.isDouble())
                request.ttft = ttft.toDouble();
            if (const QJsonValue tokens = ours["completionTokens"_L1]; tokens.isDouble())
                request.tokens = tokens.toInteger();
        }
        if (const QJsonValue time = entry.value("time"_L1); time.isDouble() && time.toDouble() >= 0)
            request.duration = time.toDouble();
        add(std::move(request), QDateTime::fromString(entry.value("startedDateTime"_L1).toString(), Qt::ISODateWithMs));
    }

    void readHar(const QByteArray &text)
    {
        QJsonParseError error;
        QJsonDocument document = QJsonDocument::fromJson(text, &error);
        if (error.error != QJsonParseError::NoError) {
            skip(u"byte %1"_s.arg(error.offset), u"the file is no JSON: %1"_s.arg(error.errorString()));
            document = QJsonDocument::fromJson(closedHar(text));
            if (document.isNull())
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
        // What has no time comes with the one before it, the first ones with the one behind them.
        if (startedAt.isValid()) {
            const std::chrono::microseconds at = std::chrono::milliseconds(startedAt.toMSecsSinceEpoch());
            if (!m_last) {
                for (RecordedRequest &earlier : m_recording.requests)
                    earlier.at = at;
            }
            m_last = at;
        }
        request.at = m_last.value_or(std::chrono::microseconds(0));
        m_recording.requests.push_back(std::move(request));
    }

    Recording m_recording;
    std::optional<std::chrono::microseconds> m_last; ///< time that was told
};

/// A record is an object on one line; a HAR is one object with "log". What is neither is read, and named, line by line.
bool looksLikeHar(QIODevice &file)
{
    const QByteArray start = file.peek(64 * 1024);
    const qsizetype lineEnd = start.indexOf('\n');
    if (lineEnd >= 0 && QJsonDocument::fromJson(start.left(lineEnd)).isObject() && start.mid(lineEnd).trimmed().startsWith('{'))
        return false;
    return start.left(200).contains("\"log\"");
}

} // namespace

Recording readRecording(QIODevice &file)
{
    Reader reader;
    if (looksLikeHar(file)) {
        const QByteArray text = file.read(largestHar + 1);
        if (text.size() > largestHar)
            reader.skip(u"the file"_s, u"a HAR of more than 1 GiB; export JSON lines instead"_s);
        else
            reader.readHar(text);
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
