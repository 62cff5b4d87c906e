// SPDX-License-Identifier: Apache-2.0

// What is exported must be good for those that read it: HAR 1.2, Chrome trace events, OTLP's JSON mapping, POSIX shells.
#include "random_timeline.h"
#include "trace/export/exporter.h"
#include "trace/record_reader.h"
#include "trace/timeline_chart.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QProcess>
#include <QRegularExpression>
#include <QSet>
#include <QTest>
#include <QUrl>

using namespace pdlb;
using namespace pdlb::trace;
using namespace Qt::StringLiterals;

namespace {

QByteArray exported(const QString &format, const std::vector<Timeline> &timelines)
{
    const auto exporter = *makeExporter(format, {});
    QByteArray all = exporter->begin();
    for (const Timeline &timeline : timelines)
        all += exporter->write(timeline);
    for (QByteArray end = exporter->finish(); !end.isEmpty(); end = exporter->finish())
        all += end;
    return all;
}

std::vector<Timeline> someTimelines(int count = 60)
{
    SeededRandom random(42);
    std::vector<Timeline> list;
    for (int i = 0; i < count; ++i)
        list.push_back(test::randomTimeline(random));
    return list;
}

QJsonObject parsed(const QByteArray &json)
{
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(json, &error);
    return error.error == QJsonParseError::NoError ? document.object() : QJsonObject();
}

bool hasAll(const QJsonObject &object, std::initializer_list<QLatin1StringView> names)
{
    return std::all_of(names.begin(), names.end(), [&](QLatin1StringView name) { return object.contains(name); });
}

bool isId(const QJsonValue &value, int digits)
{
    static const QRegularExpression hex(u"^[0-9a-f]+$"_s);
    return value.toString().size() == digits && hex.match(value.toString()).hasMatch() && value.toString().count(u'0') < digits;
}

/// The JSON mapping of opentelemetry-proto: 64-bit integers are decimal strings.
std::optional<quint64> nanosOf(const QJsonValue &value)
{
    bool good = false;
    const quint64 nanos = value.toString().toULongLong(&good);
    return value.isString() && good ? std::optional(nanos) : std::nullopt;
}

bool isAnyValue(const QJsonValue &value)
{
    const QJsonObject object = value.toObject();
    if (object.size() != 1)
        return false;
    const QString kind = object.keys().first();
    const QJsonValue content = object.begin().value();
    if (kind == "stringValue"_L1)
        return content.isString();
    if (kind == "boolValue"_L1)
        return content.isBool();
    if (kind == "intValue"_L1)
        return content.isString() && QRegularExpression(u"^-?[0-9]+$"_s).match(content.toString()).hasMatch();
    if (kind == "doubleValue"_L1)
        return content.isDouble();
    const QJsonArray values = content["values"_L1].toArray();
    return kind == "arrayValue"_L1 && std::all_of(values.begin(), values.end(), [](const QJsonValue &v) { return isAnyValue(v); });
}

} // namespace

class TstExporters : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void harIsValid();
    void harHasThreeEntries();
    void harBodies();
    void harOfOneIdTwice();
    void chromeIsValid();
    void otlpIsValid();
    void curlSurvivesTheShell();
    void jsonlIsReadAgain();
    void emptyExports();
    void exportsStream();
    void chartFits();
    void comparison();
};

void TstExporters::harIsValid()
{
    const std::vector<Timeline> timelines = someTimelines();
    const QJsonObject log = parsed(exported(u"har"_s, timelines))["log"_L1].toObject();
    QVERIFY(hasAll(log, {"version"_L1, "creator"_L1, "entries"_L1, "pages"_L1}));
    QCOMPARE(log["version"_L1].toString(), u"1.2"_s);
    QVERIFY(hasAll(log["creator"_L1].toObject(), {"name"_L1, "version"_L1}));
    QSet<QString> pages;
    for (const QJsonValue &page : log["pages"_L1].toArray()) {
        QVERIFY(hasAll(page.toObject(), {"startedDateTime"_L1, "id"_L1, "title"_L1, "pageTimings"_L1}));
        pages += page["id"_L1].toString();
    }
    QCOMPARE(pages.size(), qsizetype(timelines.size()));
    for (const QJsonValue &value : log["entries"_L1].toArray()) {
        const QJsonObject entry = value.toObject();
        QVERIFY(hasAll(entry, {"startedDateTime"_L1, "time"_L1, "request"_L1, "response"_L1, "cache"_L1, "timings"_L1, "pageref"_L1}));
        QVERIFY(pages.contains(entry["pageref"_L1].toString()));
        QVERIFY(QDateTime::fromString(entry["startedDateTime"_L1].toString(), Qt::ISODateWithMs).isValid());
        const QJsonObject request = entry["request"_L1].toObject(), response = entry["response"_L1].toObject();
        QVERIFY(hasAll(request, {"method"_L1, "url"_L1, "httpVersion"_L1, "cookies"_L1, "headers"_L1, "queryString"_L1, "headersSize"_L1, "bodySize"_L1, "postData"_L1}));
        QVERIFY(hasAll(response, {"status"_L1, "statusText"_L1, "httpVersion"_L1, "cookies"_L1, "headers"_L1, "content"_L1, "redirectURL"_L1, "headersSize"_L1, "bodySize"_L1}));
        QVERIFY(hasAll(response["content"_L1].toObject(), {"size"_L1, "mimeType"_L1}));
        QVERIFY(hasAll(request["postData"_L1].toObject(), {"mimeType"_L1, "text"_L1}));
        const QUrl url(request["url"_L1].toString(), QUrl::StrictMode);
        QVERIFY(url.isValid() && !url.isRelative() && !url.hasFragment());
        const QJsonObject timings = entry["timings"_L1].toObject();
        double sum = 0;
        for (const QString &name : timings.keys()) {
            const double ms = timings[name].toDouble(-5);
            QVERIFY(ms >= 0 || (ms == -1 && name != "send"_L1 && name != "wait"_L1 && name != "receive"_L1));
            sum += std::max(ms, 0.0);
        }
        QVERIFY(hasAll(timings, {"send"_L1, "wait"_L1, "receive"_L1}));
        QCOMPARE(entry["time"_L1].toDouble(), sum);
        static const QSet<QString> known{u"startedDateTime"_s, u"time"_s, u"request"_s, u"response"_s, u"cache"_s, u"timings"_s, u"pageref"_s, u"comment"_s};
        for (const QString &name : entry.keys()) // whatever is ours begins with _
            QVERIFY(name.startsWith(u'_') || known.contains(name));
    }
}

void TstExporters::harHasThreeEntries()
{
    for (const Timeline &timeline : someTimelines()) {
        const QJsonArray entries = parsed(exported(u"har"_s, {timeline}))["log"_L1]["entries"_L1].toArray();
        QCOMPARE(entries.size(), qsizetype(1 + timeline.legs.size() + timeline.earlierLegs.size()));
        // The client's time is its whole time, once.
        QCOMPARE(entries[0]["time"_L1].toDouble(), double((*timeline.ended - timeline.received).count()) / 1e6);
        if (timeline.legs.size() == 2 && timeline.earlierLegs.empty()) {
            QCOMPARE(entries.size(), 3);
            const LegTimeline &leg = timeline.legs[0];
            QCOMPARE(entries[1]["time"_L1].toDouble(), double((*leg.ended - *leg.opened).count()) / 1e6);
        }
    }
}

void TstExporters::harBodies()
{
    Timeline timeline = someTimelines(1).front();
    timeline.stream = true;
    timeline.status = 200;
    auto bodies = std::make_shared<KeptBodies>();
    bodies->request.bytes = R"({"model":"llama"})";
    bodies->request.size = bodies->request.bytes.size();
    bodies->answer.bytes = "data: one\n\nid: 7\n\ndata: two\n\ndata: [DONE]\n\n";
    bodies->answer.size = bodies->answer.bytes.size() + 5;
    bodies->answer.pieces = {{11, 100'000}, {quint32(bodies->answer.bytes.size()), 250'000}};
    timeline.bodies = bodies;
    const QJsonObject entry = parsed(exported(u"har"_s, {timeline}))["log"_L1]["entries"_L1][0].toObject();
    QCOMPARE(entry["request"_L1]["postData"_L1]["text"_L1].toString(), u"{\"model\":\"llama\"}"_s);
    QCOMPARE(entry["response"_L1]["content"_L1]["text"_L1].toString().toUtf8(), bodies->answer.bytes);
    QVERIFY(entry["response"_L1]["content"_L1]["comment"_L1].toString().contains("only the first"_L1));
    const QJsonArray messages = entry["_eventSourceMessages"_L1].toArray();
    QCOMPARE(messages.size(), 3);
    QCOMPARE(messages[1]["data"_L1].toString(), u"two"_s);
    const double start = double(timeline.startedAt.toMSecsSinceEpoch()) / 1e3;
    QVERIFY(std::abs(messages[0]["time"_L1].toDouble() - start - 0.1) < 1e-3);
    QVERIFY(std::abs(messages[1]["time"_L1].toDouble() - start - 0.25) < 1e-3);
}

void TstExporters::harOfOneIdTwice()
{
    std::vector<Timeline> timelines = someTimelines(2);
    timelines[1].requestId = timelines[0].requestId;
    const QJsonArray pages = parsed(exported(u"har"_s, timelines))["log"_L1]["pages"_L1].toArray();
    QVERIFY(pages[0]["id"_L1] != pages[1]["id"_L1]);
}

void TstExporters::chromeIsValid()
{
    const QJsonArray events = parsed(exported(u"chrome"_s, someTimelines()))["traceEvents"_L1].toArray();
    QVERIFY(events.size() > 100);
    struct Slice {
        double from;
        double to;
    };
    QHash<QPair<int, int>, QList<Slice>> lanes;
    for (const QJsonValue &value : events) {
        const QJsonObject event = value.toObject();
        QVERIFY(hasAll(event, {"ph"_L1, "pid"_L1, "tid"_L1, "name"_L1}));
        QVERIFY(event["pid"_L1].isDouble() && event["tid"_L1].isDouble() && event["name"_L1].isString());
        const QString phase = event["ph"_L1].toString();
        QVERIFY(phase == "X"_L1 || phase == "M"_L1 || phase == "i"_L1);
        if (phase == "M"_L1) {
            QVERIFY(event["args"_L1]["name"_L1].isString());
            continue;
        }
        QVERIFY(event["ts"_L1].toDouble() > 1.6e15); // microseconds since 1970
        if (phase == "i"_L1) {
            QVERIFY(QStringList({u"g"_s, u"p"_s, u"t"_s}).contains(event["s"_L1].toString()));
            continue;
        }
        QVERIFY(event["dur"_L1].isDouble() && event["dur"_L1].toDouble() >= 0);
        lanes[{event["pid"_L1].toInt(), event["tid"_L1].toInt()}].append({event["ts"_L1].toDouble(), event["ts"_L1].toDouble() + event["dur"_L1].toDouble()});
    }
    // Perfetto draws what is nested and drops what overlaps. Doubles hold today's microseconds to a quarter.
    constexpr double exact = 0.6;
    for (const QList<Slice> &lane : std::as_const(lanes)) {
        for (const Slice &one : lane) {
            for (const Slice &other : lane)
                QVERIFY(other.from <= one.from + exact || other.from >= one.to - exact || other.to <= one.to + exact);
        }
    }
}

void TstExporters::otlpIsValid()
{
    const std::vector<Timeline> timelines = someTimelines();
    const QJsonArray resources = parsed(exported(u"otlp"_s, timelines))["resourceSpans"_L1].toArray();
    QCOMPARE(resources.size(), 1);
    for (const QJsonValue &attribute : resources[0]["resource"_L1]["attributes"_L1].toArray())
        QVERIFY(attribute["key"_L1].isString() && isAnyValue(attribute["value"_L1]));
    const QJsonArray spans = resources[0]["scopeSpans"_L1][0]["spans"_L1].toArray();
    qsizetype expected = 0;
    for (const Timeline &timeline : timelines)
        expected += qsizetype(1 + timeline.legs.size() + timeline.earlierLegs.size());
    QCOMPARE(spans.size(), expected);
    QSet<QString> ids, servers;
    static const QSet<QString> known{u"traceId"_s, u"spanId"_s, u"parentSpanId"_s, u"name"_s, u"kind"_s, u"startTimeUnixNano"_s, u"endTimeUnixNano"_s,
                                     u"attributes"_s, u"events"_s, u"status"_s};
    for (const QJsonValue &value : spans) {
        const QJsonObject span = value.toObject();
        for (const QString &name : span.keys())
            QVERIFY2(known.contains(name), qPrintable(name));
        QVERIFY(isId(span["traceId"_L1], 32) && isId(span["spanId"_L1], 16));
        QVERIFY(!span.contains("parentSpanId"_L1) || isId(span["parentSpanId"_L1], 16));
        const auto begin = nanosOf(span["startTimeUnixNano"_L1]), end = nanosOf(span["endTimeUnixNano"_L1]);
        QVERIFY(begin && end && *begin > 1'600'000'000'000'000'000u && *begin <= *end);
        QVERIFY(span["kind"_L1].toInt() == 2 || span["kind"_L1].toInt() == 3);
        QVERIFY(span["status"_L1]["code"_L1].toInt(-1) == 0 || span["status"_L1]["code"_L1].toInt() == 2);
        for (const QJsonValue &attribute : span["attributes"_L1].toArray())
            QVERIFY(attribute["key"_L1].isString() && isAnyValue(attribute["value"_L1]));
        for (const QJsonValue &event : span["events"_L1].toArray())
            QVERIFY(nanosOf(event["timeUnixNano"_L1]) && event["name"_L1].isString());
        ids += span["spanId"_L1].toString();
        if (span["kind"_L1].toInt() == 2)
            servers += span["spanId"_L1].toString();
        else
            QVERIFY(servers.contains(span["parentSpanId"_L1].toString())); // its own request's, which came before
    }
    QCOMPARE(ids.size(), spans.size());
    QCOMPARE(servers.size(), qsizetype(timelines.size()));
}

void TstExporters::curlSurvivesTheShell()
{
    Timeline timeline;
    timeline.endpoint = "/generate";
    timeline.target = "/generate?a='b'&c=$(id)";
    timeline.requestHeaders.add("Host", "localhost:1");
    timeline.requestHeaders.add("X-Odd", "it's `x` $HOME \\ \"q\" !");
    timeline.requestHeaders.add("Authorization", "Bearer s3cret");
    auto bodies = std::make_shared<KeptBodies>();
    bodies->request.bytes = "{\"text\":\"it's $(id) `id` \\n\nü\"}";
    bodies->request.size = bodies->request.bytes.size();
    timeline.bodies = bodies;
    QProcess shell;
    // What the shell hands to curl, a word each, ended by NUL.
    shell.start(u"sh"_s, {u"-c"_s, u"API_KEY=mine; curl() { for word; do printf '%s\\0' \"$word\"; done; }\n"_s + QString::fromUtf8(exported(u"curl"_s, {timeline}))});
    QVERIFY(shell.waitForFinished());
    const QByteArrayList words = shell.readAllStandardOutput().split('\0');
    QVERIFY(words.contains("http://localhost:1/generate?a='b'&c=$(id)"));
    QVERIFY(words.contains("X-Odd: it's `x` $HOME \\ \"q\" !"));
    QVERIFY(words.contains("Authorization: Bearer mine")); // the shell's own
    QVERIFY(words.contains(bodies->request.bytes));
    QVERIFY(shell.readAllStandardError().isEmpty());
}

void TstExporters::jsonlIsReadAgain()
{
    const std::vector<Timeline> timelines = someTimelines(10);
    RecordReader reader;
    reader.feed(exported(u"jsonl"_s, timelines));
    for (const Timeline &timeline : timelines) {
        const auto record = reader.next();
        QVERIFY(record && *record);
        QCOMPARE((*record)->requestId, timeline.requestId);
    }
    QVERIFY(!reader.next());
}

void TstExporters::emptyExports()
{
    for (const QString &format : exportFormats()) {
        const QByteArray file = exported(format, {});
        QVERIFY2(file.isEmpty() || !parsed(file).isEmpty(), qPrintable(format));
    }
}

void TstExporters::exportsStream()
{
    // 100,000 requests (HAR, the one with something for the end): no format holds more than what is not yet due. Pieces are counted, not the clock or the process.
    const std::vector<Timeline> timelines = someTimelines(50);
    for (const QString &format : exportFormats()) {
        const auto exporter = *makeExporter(format, {});
        exporter->begin();
        qsizetype largest = 0, end = 0;
        for (int i = 0; i < (format == "har"_L1 ? 100'000 : 10'000); ++i) {
            Timeline timeline; // without the long streams of some: it is about numbers
            timeline.requestId = "request-" + QByteArray::number(i);
            timeline.startedAt = timelines[size_t(i) % timelines.size()].startedAt;
            timeline.endpoint = "/v1/chat/completions";
            timeline.model = "meta-llama/Llama-3.1-8B-Instruct";
            timeline.context = timelines[0].context;
            timeline.ended = std::chrono::seconds(1);
            largest = std::max(largest, exporter->write(timeline).size());
        }
        for (QByteArray piece = exporter->finish(); !piece.isEmpty(); piece = exporter->finish()) {
            largest = std::max(largest, piece.size());
            end += piece.size();
        }
        QVERIFY2(largest < 70'000, qPrintable(format)); // never much at a time …
        QVERIFY2(end < 32 * 1024 * 1024, qPrintable(format)); // … and what was held for the end is bounded
    }
}

void TstExporters::chartFits()
{
    for (const Timeline &timeline : someTimelines()) {
        for (const int width : {60, 80, 120}) {
            for (const bool unicode : {false, true}) {
                const QStringList lines = drawTimeline(timeline, {width, unicode, false}).split(u'\n');
                for (const QString &line : lines) {
                    QVERIFY2(line.size() <= width, qPrintable(line));
                    QVERIFY(unicode || line.toLatin1() == line.toUtf8() || line.contains(u'ü'));
                    QVERIFY(!line.contains(u'\x1b') && !line.contains(u'\t'));
                }
            }
        }
        const QString colored = drawTimeline(timeline, {80, true, true});
        QCOMPARE(QString(colored).remove(QRegularExpression(u"\x1b\\[[0-9;]*m"_s)), drawTimeline(timeline, {80, true, false}));
    }
}

void TstExporters::comparison()
{
    Timeline a;
    a.requestId = "first";
    a.picked = std::chrono::milliseconds(10);
    a.clientHead = std::chrono::milliseconds(20);
    a.ended = std::chrono::milliseconds(40);
    Timeline b = a;
    b.requestId = "second";
    b.picked = std::chrono::milliseconds(15);
    b.end = EndReason::DecodeCut;
    b.error = u"cut"_s;
    LegTimeline leg;
    leg.server = "d1";
    leg.opened = std::chrono::milliseconds(15);
    leg.ready = std::chrono::milliseconds(16);
    b.legs = {leg};
    const QString text = compareTimelines(a, b);
    const auto line = [&](QLatin1StringView name) {
        const QStringList lines = text.split(u'\n');
        const auto found = std::find_if(lines.begin(), lines.end(), [&](const QString &l) { return l.startsWith(name); });
        return found == lines.end() ? QString() : found->simplified();
    };
    QCOMPARE(line("client: queue"_L1), u"client: queue 10.00 15.00 +5.00 x 1.50"_s);
    QCOMPARE(line("client: until answer"_L1), u"client: until answer 10.00 5.00 -5.00 x 0.50"_s);
    QCOMPARE(line("decode: connect"_L1), u"decode: connect - 1.00"_s);
    QCOMPARE(line("total"_L1), u"total 40.00 40.00 +0.00 x 1.00"_s);
    QCOMPARE(line("end"_L1), u"end ok decode_cut differs"_s);
    QCOMPARE(line("error of B"_L1), u"error of B: cut"_s);
}

QTEST_GUILESS_MAIN(TstExporters)
#include "tst_exporters.moc"
