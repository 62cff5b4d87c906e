// SPDX-License-Identifier: Apache-2.0

// Records written as JSON and read again: exactly, by anybody, and whatever is wrong with the file.
#include "random_timeline.h"
#include "trace/export/exporter.h"
#include "trace/record_reader.h"
#include "trace/timeline_json.h"
#include "util/json_writer.h"

#include <QBuffer>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>

using namespace pdlb;
using namespace pdlb::trace;
using namespace Qt::StringLiterals;

namespace {

QJsonObject objectOf(const QByteArray &json)
{
    return QJsonDocument::fromJson(json).object();
}

constexpr RecordParts everything{.secrets = true};

} // namespace

class TstRecords : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void jsonWriter();
    void times_data();
    void times();
    void calendarTimes();
    void roundTrip();
    void membersSurvive();
    void secretsAreRedacted();
    void cutCharacters();
    void parts();
    void broken_data();
    void broken();
    void splitAnywhere();
    void cutOff();
    void longLines();
    void wholeWithoutLineEnd();
};

void TstRecords::jsonWriter()
{
    QByteArray out;
    JsonWriter json(out);
    const QByteArray odd("\"\\\n\r\t\b\f\x01\x1f\x7f \xc3\xbc\xf0\x9f\x98\x80", 18);
    json.beginObject();
    json.member("odd", odd);
    json.member("bad", QByteArray("a\xff\xc3"));
    json.key("list").beginArray();
    json.value(qint64(-9223372036854775807));
    json.value(0.1);
    json.value(std::nan(""));
    json.value(true);
    json.beginObject();
    json.endObject();
    json.beginArray();
    json.endArray();
    json.endArray();
    json.text("left out", QByteArray());
    json.text("there", u"x"_s);
    json.endObject();
    QJsonParseError error;
    const QJsonObject read = QJsonDocument::fromJson(out, &error).object();
    QVERIFY2(error.error == QJsonParseError::NoError, out.constData());
    QCOMPARE(read["odd"_L1].toString().toUtf8(), odd);
    QCOMPARE(read["bad"_L1].toString(), u"a\ufffd\ufffd"_s);
    QCOMPARE(read["list"_L1][0].toInteger(), -9223372036854775807);
    QCOMPARE(read["list"_L1][1].toDouble(), 0.1);
    QVERIFY(read["list"_L1][2].isNull() && read["list"_L1][3].toBool() && read["list"_L1][4].isObject() && read["list"_L1][5].isArray());
    QVERIFY(!read.contains("left out"_L1));
    QCOMPARE(read["there"_L1].toString(), u"x"_s);
}

void TstRecords::times_data()
{
    QTest::addColumn<qint64>("nanos");
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("zero") << qint64(0) << QByteArray("0");
    QTest::newRow("whole") << qint64(5'000'000) << QByteArray("5");
    QTest::newRow("one") << qint64(1) << QByteArray("0.000001");
    QTest::newRow("zeros inside") << qint64(1'002'003) << QByteArray("1.002003");
    QTest::newRow("zeros behind") << qint64(1'500'000) << QByteArray("1.5");
    QTest::newRow("negative") << qint64(-1'500'000) << QByteArray("-1.5");
    QTest::newRow("small negative") << qint64(-1) << QByteArray("-0.000001");
}

void TstRecords::times()
{
    QFETCH(qint64, nanos);
    QByteArray out;
    JsonWriter(out).value(Monotonic(nanos));
    QTEST(out, "text");
}

void TstRecords::calendarTimes()
{
    SeededRandom random(31);
    Timeline timeline;
    for (int i = 0; i < 2000; ++i) {
        timeline.startedAt = QDateTime::fromMSecsSinceEpoch(qint64(random.below(4'000'000'000'000)), Qt::UTC);
        QCOMPARE(objectOf(summaryJson(timeline))["started_at"_L1].toString(), timeline.startedAt.toString(Qt::ISODateWithMs));
    }
    timeline.startedAt = QDateTime(QDate(2024, 2, 29), QTime(1, 2, 3, 4), Qt::OffsetFromUTC, 3600);
    QCOMPARE(objectOf(summaryJson(timeline))["started_at"_L1].toString(), u"2024-02-29T00:02:03.004Z"_s);
}

void TstRecords::roundTrip()
{
    SeededRandom random(20261);
    for (int i = 0; i < 300; ++i) {
        const Timeline timeline = test::randomTimeline(random);
        const QByteArray json = timelineJson(timeline, everything);
        QVERIFY2(!objectOf(json).isEmpty() && !json.contains('\n'), json.constData());
        const auto read = timelineFromJson(objectOf(json));
        QVERIFY2(read, qPrintable(read ? QString() : read.error().message));
        QCOMPARE(timelineJson(*read, everything), json); // every member that is written is read
    }
}

void TstRecords::membersSurvive()
{
    SeededRandom random(7);
    for (int i = 0; i < 50; ++i) {
        const Timeline t = test::randomTimeline(random);
        const Timeline r = *timelineFromJson(objectOf(timelineJson(t, everything)));
        QCOMPARE(r.serial, t.serial);
        QCOMPARE(r.rooms, t.rooms); // beyond what doubles hold
        QCOMPARE(r.received, t.received);
        QCOMPARE(r.ended, t.ended); // to the nanosecond
        QCOMPARE(r.queued, t.queued);
        QCOMPARE(r.end, t.end);
        QCOMPARE(r.error, t.error);
        QCOMPARE(r.model, t.model);
        QCOMPARE(r.target, t.target);
        QCOMPARE(r.requestHeaders.values("x-name"), t.requestHeaders.values("x-name"));
        QCOMPARE(r.context.spanId, t.context.spanId);
        QCOMPARE(r.context.parentId, t.context.parentId);
        QVERIFY(r.facts == t.facts);
        QCOMPARE(r.earlierLegs.size(), t.earlierLegs.size());
        QCOMPARE(r.legs.size(), t.legs.size());
        for (size_t leg = 0; leg < t.legs.size(); ++leg) {
            QCOMPARE(r.legs[leg].serverId, t.legs[leg].serverId);
            QCOMPARE(r.legs[leg].firstByte, t.legs[leg].firstByte);
            QVERIFY(r.legs[leg].times.times() == t.legs[leg].times.times());
            QVERIFY(r.legs[leg].times.gapQuantile(0.99) == t.legs[leg].times.gapQuantile(0.99));
            QVERIFY(r.legs[leg].facts == t.legs[leg].facts);
        }
        QCOMPARE(bool(r.bodies), bool(t.bodies));
        if (t.bodies) {
            QCOMPARE(r.bodies->request.bytes, t.bodies->request.bytes);
            QCOMPARE(r.bodies->answer.isWhole(), t.bodies->answer.isWhole());
            QCOMPARE(r.bodies->answer.size, t.bodies->answer.size);
            QCOMPARE(r.bodies->answer.timeAt(20), t.bodies->answer.timeAt(20));
            QCOMPARE(r.bodies->prefill.bytes, t.bodies->prefill.bytes); // no text: base64
        }
        QCOMPARE(bool(r.observations), bool(t.observations));
        if (t.observations) {
            QCOMPARE(r.observations->abortAnswers().front().at, t.observations->abortAnswers().front().at);
            QCOMPARE(r.observations->explanations().front().sentence, t.observations->explanations().front().sentence);
        }
        QCOMPARE(r.faults, t.faults);
        QCOMPARE(r.pinned, t.pinned);
    }
}

void TstRecords::secretsAreRedacted()
{
    SeededRandom random(3);
    Timeline timeline = test::randomTimeline(random);
    timeline.status = 200;
    timeline.requestHeaders.add("Authorization", "Bearer s3cret");
    timeline.target = "/generate?api_key=s3cret";
    trace::LegTimeline leg;
    leg.status = 200;
    leg.headers.add("Set-Cookie", "id=s3cret");
    timeline.legs = {leg};
    auto bodies = std::make_shared<KeptBodies>();
    for (KeptBody *body : {&bodies->request, &bodies->answer, &bodies->prefill}) {
        body->bytes = R"({"api_key":"s3cret","text":"kept"})";
        body->size = body->bytes.size();
        body->pieces = {{10, 1}, {quint32(body->bytes.size()), 2}};
    }
    timeline.bodies = bodies;
    for (const QString &format : exportFormats()) {
        const auto exporter = *makeExporter(format, {});
        const QByteArray text = exporter->begin() + exporter->write(timeline) + exporter->finish();
        QVERIFY2(!text.contains("s3cret"), qPrintable(format));
    }
    const Timeline read = *timelineFromJson(objectOf(timelineJson(timeline, {})));
    QVERIFY(read.bodies->answer.isWhole()); // though its size is another one now
    QCOMPARE(qint64(read.bodies->answer.pieces.back().end), read.bodies->answer.size);
    QVERIFY(timelineJson(timeline, everything).contains("s3cret"));
}

void TstRecords::cutCharacters()
{
    Timeline timeline;
    timeline.startedAt = QDateTime::currentDateTimeUtc();
    const QByteArray text = "a\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80";
    for (qsizetype length = 0; length <= text.size(); ++length) {
        auto bodies = std::make_shared<KeptBodies>();
        bodies->request.bytes = text.first(length);
        bodies->request.size = 100;
        timeline.bodies = bodies;
        const QJsonObject request = objectOf(timelineJson(timeline, {}))["request"_L1].toObject();
        QVERIFY2(!request.contains("encoding"_L1), QByteArray::number(length).constData());
        QVERIFY(text.startsWith(request["body"_L1].toString().toUtf8()));
        QVERIFY(length - request["body"_L1].toString().toUtf8().size() < 4);
        QVERIFY(request["truncated"_L1].toBool());
        QCOMPARE(request["size"_L1].toInteger(), 100);
    }
}

void TstRecords::parts()
{
    SeededRandom random(11);
    Timeline timeline = test::randomTimeline(random);
    while (!timeline.bodies || timeline.legs.empty() || timeline.legs[1].times.count() < 2)
        timeline = test::randomTimeline(random);
    const QByteArray bare = timelineJson(timeline, {.times = false, .bodies = false});
    QVERIFY(!bare.contains("\"body\"") && !bare.contains("event_times") && bare.contains("gaps_ms"));
    QVERIFY(timelineFromJson(objectOf(bare)));
    const QJsonObject summary = objectOf(summaryJson(timeline));
    const QJsonObject whole = objectOf(bare);
    for (const QString &key : summary.keys())
        QCOMPARE(whole.value(key), summary.value(key)); // one form, more or less of it
}

void TstRecords::broken_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::addColumn<QString>("reason");
    const auto row = [](const char *name, const QByteArray &line, const char *reason) { QTest::newRow(name) << line << QString::fromLatin1(reason); };
    row("no JSON", "hello", "it is no JSON");
    row("an array", "[1]", "it is no JSON object");
    row("another object", R"({"a":1})", "\"v\" is missing");
    row("newer", R"({"v":2})", "it has version 2 of the form, this pdlb knows 1");
    row("no time", R"({"v":1})", "started_at: expected a time");
    row("wrong type", R"({"v":1,"started_at":"2026-01-01T00:00:00.000Z","status":"200"})", "status: expected a number");
    row("wrong type in a leg", R"({"v":1,"started_at":"2026-01-01T00:00:00.000Z","legs":[{"role":"decode"},{"role":"decode","sent_ms":"1"}]})", "legs[1].sent_ms: expected a number");
    row("wrong role", R"({"v":1,"started_at":"2026-01-01T00:00:00.000Z","legs":[{"role":"router"}]})", "legs[0].role: expected prefill or decode");
    row("leg is no object", R"({"v":1,"started_at":"2026-01-01T00:00:00.000Z","legs":[5]})", "legs: expected a list of objects");
    row("wrong end", R"({"v":1,"started_at":"2026-01-01T00:00:00.000Z","ended_ms":1,"end":"well"})", "end: expected a word");
    row("wrong header", R"({"v":1,"started_at":"2026-01-01T00:00:00.000Z","request":{"headers":["a"]}})", "request.headers: expected a list of [name, value]");
    row("wrong encoding", R"({"v":1,"started_at":"2026-01-01T00:00:00.000Z","request":{"body":"a","encoding":"zip"}})", "request.encoding: expected base64");
    row("wild times", R"({"v":1,"started_at":"2026-01-01T00:00:00.000Z","legs":[{"role":"decode","event_times":{"count":5,"stride":0}}]})", "legs[0].event_times: expected times as pdlb writes them");
    row("bucket beyond", R"({"v":1,"started_at":"2026-01-01T00:00:00.000Z","legs":[{"role":"decode","event_times":{"count":5,"gap_counts":[[100000,1]]}}]})", "legs[0].event_times: expected times");
}

void TstRecords::broken()
{
    QFETCH(QByteArray, line);
    QFETCH(QString, reason);
    SeededRandom random(5);
    const QByteArray good = timelineJson(test::randomTimeline(random), {}) + '\n';
    QBuffer file;
    file.setData(good + "\n" + line + "\r\n" + good);
    QVERIFY(file.open(QIODevice::ReadOnly));
    int read = 0;
    QList<qint64> lines;
    QString found;
    QVERIFY(readRecords(file, [&](const Timeline &) { return ++read > 0; }, [&](const BrokenRecord &record) {
        lines += record.line;
        found = record.reason;
    }));
    QCOMPARE(read, 2); // the rest goes on
    QCOMPARE(lines, QList<qint64>{3});
    QVERIFY2(found.contains(reason), qPrintable(found));
}

void TstRecords::splitAnywhere()
{
    SeededRandom random(9);
    QByteArray file;
    for (int i = 0; i < 20; ++i)
        file += timelineJson(test::randomTimeline(random), {.times = false}) + '\n';
    for (const qsizetype step : {1, 7, 1000, 100'000}) {
        RecordReader reader;
        int read = 0;
        for (qsizetype at = 0; at < file.size(); at += step) {
            reader.feed(QByteArrayView(file).sliced(at, std::min(step, file.size() - at)));
            while (const auto record = reader.next()) {
                QVERIFY(*record);
                ++read;
            }
        }
        QVERIFY(!reader.finish());
        QCOMPARE(read, 20);
    }
}

void TstRecords::cutOff()
{
    SeededRandom random(13);
    const QByteArray line = timelineJson(test::randomTimeline(random), {});
    RecordReader reader;
    reader.feed(line + '\n' + line.first(line.size() / 2));
    QVERIFY(*reader.next());
    QVERIFY(!reader.next());
    const auto rest = reader.finish();
    QVERIFY(rest && !*rest);
    QCOMPARE(rest->error().line, 2);
    QVERIFY(rest->error().reason.contains(u"it is cut off: the file ends in its middle, after %1 bytes"_s.arg(line.size() / 2)));
}

void TstRecords::longLines()
{
    SeededRandom random(17);
    const QByteArray good = timelineJson(test::randomTimeline(random), {.times = false, .bodies = false});
    RecordReader reader(good.size() + 10);
    int read = 0;
    QList<qint64> lines;
    const auto take = [&] {
        while (const auto record = reader.next()) {
            if (*record)
                ++read;
            else
                lines += record->error().line;
        }
    };
    reader.feed(good + '\n');
    take();
    for (int i = 0; i < 100; ++i) { // never held as a whole
        reader.feed(QByteArray(good.size(), 'x'));
        take();
    }
    reader.feed("\n" + good + '\n' + QByteArray(2 * good.size(), 'y') + '\n' + good + '\n');
    take();
    QCOMPARE(read, 3);
    QCOMPARE(lines, (QList<qint64>{2, 4}));
}

void TstRecords::wholeWithoutLineEnd()
{
    SeededRandom random(19);
    RecordReader reader;
    reader.feed(timelineJson(test::randomTimeline(random), {}));
    QVERIFY(!reader.next());
    const auto last = reader.finish();
    QVERIFY(last && *last);
}

QTEST_APPLESS_MAIN(TstRecords)
#include "tst_records.moc"
