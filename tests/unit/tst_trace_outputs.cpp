// SPDX-License-Identifier: Apache-2.0

// The trace file and the way to an OpenTelemetry collector, when all is well and when it is not.
#include "mock/mock_http_server.h"
#include "trace/otlp_sender.h"
#include "trace/record_reader.h"
#include "trace/trace_file.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include <sys/resource.h>

using namespace pdlb;
using namespace pdlb::trace;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

TimelinePtr recordOf(int number, qsizetype length = 0)
{
    Timeline timeline;
    timeline.requestId = QByteArray::number(number);
    timeline.startedAt = QDateTime::currentDateTimeUtc();
    timeline.context = {"0af7651916cd43dd8448eb211c80319c", {}, "b7ad6b7169203331", true};
    timeline.ended = 5ms;
    timeline.error = QString(length, u'e');
    return std::make_shared<const Timeline>(std::move(timeline));
}

/// The ids in a file, which must be whole.
QByteArrayList idsIn(const QString &path, int *broken = nullptr)
{
    QFile file(path);
    QByteArrayList ids;
    if (!file.open(QIODevice::ReadOnly))
        return ids;
    const auto read = readRecords(file, [&](const Timeline &timeline) {
        ids += timeline.requestId;
        return true;
    }, [&](const BrokenRecord &) {
        if (broken)
            ++*broken;
    });
    return read ? ids : QByteArrayList();
}

QByteArrayList numbers(int from, int to)
{
    QByteArrayList list;
    for (int i = from; i < to; ++i)
        list += QByteArray::number(i);
    return list;
}

/// A collector that answers as told, one answer after the other, the last one again and again.
class Collector
{
public:
    struct Answer {
        int status = 200;
        QByteArray retryAfter = {};
        QByteArray body = "{}";
    };

    Collector()
    {
        server.setHandler([this](mock::MockExchange &exchange) {
            times.push_back(SteadyClock::instance().now());
            bodies += exchange.body();
            heads.push_back(exchange.head());
            const Answer answer = answers.size() > 1 ? answers.takeFirst() : answers.first();
            http::HeaderList headers;
            headers.add("Content-Type", "application/json");
            if (!answer.retryAfter.isEmpty())
                headers.add("Retry-After", answer.retryAfter);
            exchange.respond(answer.status, headers, answer.body);
        });
    }

    OtlpSender::Options options() const
    {
        OtlpSender::Options options;
        options.endpoint = QUrl(u"http://127.0.0.1:%1"_s.arg(server.port()));
        options.delay = 1ms;
        options.firstPause = 5ms;
        options.longestPause = 20ms;
        options.attempts = 4;
        return options;
    }

    mock::MockHttpServer server;
    QList<Answer> answers{{}};
    QByteArrayList bodies;
    std::vector<http::RequestHead> heads;
    std::vector<Monotonic> times;
};

qsizetype spansIn(const QByteArray &body)
{
    return QJsonDocument::fromJson(body)["resourceSpans"_L1][0]["scopeSpans"_L1][0]["spans"_L1].toArray().size();
}

} // namespace

class TstTraceOutputs : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_dir = std::make_unique<QTemporaryDir>(); }
    void fileHasAll();
    void fileRotates();
    void oneFileOnly();
    void fileGoesOnBehindHalfALine();
    void fullDevice();
    void fileLimit();
    void reopened();
    void cannotBeOpened();
    void nobodyIsHeldUp();

    void otlpBatches();
    void otlpRetries_data();
    void otlpRetries();
    void otlpHonoursRetryAfter();
    void otlpWithoutCollector();
    void otlpQueueIsBounded();
    void otlpUnsampled();
    void otlpHeaders_data();
    void otlpHeaders();
    void retryAfterDates();

private:
    QString path() const { return m_dir->filePath(u"traces.jsonl"_s); }
    std::unique_ptr<QTemporaryDir> m_dir;
};

void TstTraceOutputs::fileHasAll()
{
    {
        TraceFile file({.path = path()});
        QVERIFY(file.open());
        for (int i = 0; i < 500; ++i)
            file.record(recordOf(i));
        QTRY_COMPARE(file.written(), 500);
        QCOMPARE(file.dropped(), 0);
    }
    QCOMPARE(idsIn(path()), numbers(0, 500));
    QCOMPARE(QFile(path()).permissions() & (QFile::ReadGroup | QFile::ReadOther | QFile::WriteGroup | QFile::WriteOther), QFile::Permissions());
    {
        TraceFile again({.path = path()}); // goes on behind it; its end writes what waits
        QVERIFY(again.open());
        again.record(recordOf(500));
    }
    QCOMPARE(idsIn(path()), numbers(0, 501));
}

void TstTraceOutputs::fileRotates()
{
    {
        TraceFile file({.path = path(), .size = 10'000, .count = 3});
        QVERIFY(file.open());
        for (int i = 0; i < 40; ++i) {
            file.record(recordOf(i, 2000));
            QTRY_COMPARE(file.written(), i + 1);
        }
        file.record(recordOf(40, 50'000)); // larger than a file may be: has one for itself
        QTRY_COMPARE(file.written(), 41);
    }
    QVERIFY(!QFile::exists(path() + u".3"_s));
    QCOMPARE(idsIn(path()), QByteArrayList{"40"});
    const QByteArrayList kept = idsIn(path() + u".2"_s) + idsIn(path() + u".1"_s);
    QCOMPARE(kept.size(), 8); // four to a file
    QCOMPARE(kept, numbers(32, 40)); // none lost in between
    QVERIFY(QFile(path() + u".1"_s).size() <= 10'000);
}

void TstTraceOutputs::oneFileOnly()
{
    {
        TraceFile file({.path = path(), .size = 10'000, .count = 1});
        QVERIFY(file.open());
        for (int i = 0; i < 10; ++i)
            file.record(recordOf(i, 2000));
    }
    QVERIFY(!QFile::exists(path() + u".1"_s));
    QCOMPARE(idsIn(path()), numbers(8, 10));
}

void TstTraceOutputs::fileGoesOnBehindHalfALine()
{
    {
        QFile half(path());
        QVERIFY(half.open(QIODevice::WriteOnly));
        half.write("{\"v\":1,\"request_id\":\"ha");
    }
    {
        TraceFile file({.path = path()});
        QVERIFY(file.open());
        file.record(recordOf(1));
    }
    int broken = 0;
    QCOMPARE(idsIn(path(), &broken), QByteArrayList{"1"});
    QCOMPARE(broken, 1);
}

void TstTraceOutputs::fullDevice()
{
    if (!QFile::exists(u"/dev/full"_s))
        QSKIP("there is no /dev/full here");
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"cannot write to the trace file /dev/full: .*1 records were dropped so far, requests go on"_s));
    TraceFile file({.path = u"/dev/full"_s, .retryPause = 0ms});
    QVERIFY(file.open());
    for (int i = 0; i < 100; ++i)
        file.record(recordOf(i));
    QTRY_COMPARE(file.dropped(), 100); // and one line of log for all of them, see above
    QCOMPARE(file.written(), 0);
}

void TstTraceOutputs::fileLimit()
{
    // As with a full disk: some bytes fit, the rest does not, until there is room again.
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    rlimit small = before;
    small.rlim_cur = 5000;
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"cannot write to the trace file .*File too large"_s));
    {
        TraceFile file({.path = path(), .retryPause = 0ms});
        QVERIFY(file.open());
        ::setrlimit(RLIMIT_FSIZE, &small);
        for (int i = 0; i < 5; ++i)
            file.record(recordOf(i, 2000));
        QTRY_COMPARE(file.written() + file.dropped(), 5);
        ::setrlimit(RLIMIT_FSIZE, &before);
        QCOMPARE(file.written(), 2);
        QCOMPARE(file.dropped(), 3);
        file.record(recordOf(5, 2000));
        QTRY_COMPARE(file.written(), 3);
    }
    int broken = 0;
    QCOMPARE(idsIn(path(), &broken), (QByteArrayList{"0", "1", "5"}));
    QCOMPARE(broken, 0); // nothing of the halves is left
}

void TstTraceOutputs::reopened()
{
    TraceFile file({.path = path()});
    QVERIFY(file.open());
    file.record(recordOf(0));
    QTRY_COMPARE(file.written(), 1);
    QVERIFY(QFile::rename(path(), path() + u".moved"_s));
    file.record(recordOf(1));
    QTRY_COMPARE(file.written(), 2);
    file.reopen();
    file.record(recordOf(2));
    QTRY_COMPARE(file.written(), 3);
    QCOMPARE(idsIn(path() + u".moved"_s), numbers(0, 2));
    QCOMPARE(idsIn(path()), numbers(2, 3));
}

void TstTraceOutputs::cannotBeOpened()
{
    TraceFile file({.path = m_dir->filePath(u"none/traces.jsonl"_s)});
    const auto opened = file.open();
    QVERIFY(!opened);
    QVERIFY(opened.error().message.contains("none/traces.jsonl: No such file"_L1));
}

void TstTraceOutputs::nobodyIsHeldUp()
{
    // More than may wait while the thread cannot keep up: the callers never wait, and every record is accounted for.
    TraceFile file({.path = path(), .size = 1 << 30});
    QVERIFY(file.open());
    constexpr int count = 20'000;
    const TimelinePtr large = recordOf(0, 50'000);
    for (int i = 0; i < count; ++i)
        file.record(large);
    QTRY_COMPARE_WITH_TIMEOUT(file.written() + file.dropped(), count, 60'000);
    QVERIFY(file.written() >= qint64(TraceFile::maxWaiting));
}

void TstTraceOutputs::otlpBatches()
{
    Collector collector;
    QVERIFY(collector.server.listen(QHostAddress::LocalHost, 0));
    OtlpSender::Options options = collector.options();
    options.maxBatch = 4;
    options.headers.add("X-Tenant", "t1");
    OtlpSender sender(options);
    QSignalSpy idle(&sender, &OtlpSender::idle);
    for (int i = 0; i < 10; ++i)
        sender.record(recordOf(i));
    QVERIFY(!sender.isIdle());
    QTRY_COMPARE(sender.sent(), 10);
    QTRY_COMPARE(idle.count(), 1);
    QVERIFY(sender.isIdle());
    QCOMPARE(collector.bodies.size(), 3); // 4 + 4 + 2
    QCOMPARE(spansIn(collector.bodies[0]), 4);
    QCOMPARE(spansIn(collector.bodies[2]), 2);
    QCOMPARE(collector.heads[0].target, "/v1/traces");
    QCOMPARE(collector.heads[0].method, "POST");
    QCOMPARE(collector.heads[0].headers.value("content-type"), QByteArrayView("application/json"));
    QCOMPARE(collector.heads[0].headers.value("x-tenant"), QByteArrayView("t1"));
    sender.record(recordOf(10)); // and again
    QTRY_COMPARE(sender.sent(), 11);
    QCOMPARE(sender.dropped(), 0);
}

void TstTraceOutputs::otlpRetries_data()
{
    QTest::addColumn<QList<int>>("statuses");
    QTest::addColumn<int>("requests");
    QTest::addColumn<bool>("taken");
    for (const int status : {429, 502, 503, 504})
        QTest::addRow("%d", status) << QList<int>{status, status, 200} << 3 << true;
    for (const int status : {400, 401, 404, 413, 500, 501, 301})
        QTest::addRow("%d", status) << QList<int>{status, 200} << 1 << false;
    QTest::newRow("never") << QList<int>{503} << 4 << false;
    QTest::newRow("then for good") << QList<int>{503, 400, 200} << 2 << false;
}

void TstTraceOutputs::otlpRetries()
{
    QFETCH(QList<int>, statuses);
    QFETCH(int, requests);
    QFETCH(bool, taken);
    Collector collector;
    collector.answers.clear();
    for (const int status : statuses)
        collector.answers.append(Collector::Answer{.status = status});
    QVERIFY(collector.server.listen(QHostAddress::LocalHost, 0));
    if (!taken)
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"does not take the spans of 1 requests: status"_s));
    OtlpSender sender(collector.options());
    QSignalSpy idle(&sender, &OtlpSender::idle);
    sender.record(recordOf(1));
    QTRY_COMPARE(idle.count(), 1);
    QCOMPARE(collector.bodies.size(), requests);
    QCOMPARE(sender.sent(), taken ? 1 : 0);
    QCOMPARE(sender.dropped(), taken ? 0 : 1);
    for (const QByteArray &body : collector.bodies)
        QCOMPARE(body, collector.bodies.first()); // the same batch
}

void TstTraceOutputs::otlpHonoursRetryAfter()
{
    Collector collector;
    collector.answers = {{.status = 429, .retryAfter = "1"}, {.status = 200, .body = R"({"partialSuccess":{"rejectedSpans":"2","errorMessage":"no"}})"}};
    QVERIFY(collector.server.listen(QHostAddress::LocalHost, 0));
    OtlpSender::Options options = collector.options();
    options.longestPause = 5s;
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"spans were rejected: no"_s));
    OtlpSender sender(options);
    QSignalSpy idle(&sender, &OtlpSender::idle);
    sender.record(recordOf(1));
    QTRY_COMPARE_WITH_TIMEOUT(idle.count(), 1, 20'000);
    QCOMPARE(collector.times.size(), size_t(2));
    QVERIFY(collector.times[1] - collector.times[0] >= 1s); // though the first pause is 5 ms
    QCOMPARE(sender.dropped(), 1); // a partial success is not sent again
}

void TstTraceOutputs::otlpWithoutCollector()
{
    Collector collector;
    QVERIFY(collector.server.listen(QHostAddress::LocalHost, 0));
    collector.server.stopListening();
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"does not take the spans of 1 requests: .*, 4 times; 1 were dropped so far"_s));
    OtlpSender sender(collector.options());
    QSignalSpy idle(&sender, &OtlpSender::idle);
    sender.record(recordOf(1));
    QTRY_COMPARE(idle.count(), 1);
    QCOMPARE(sender.dropped(), 1);
}

void TstTraceOutputs::otlpQueueIsBounded()
{
    Collector collector;
    QVERIFY(collector.server.listen(QHostAddress::LocalHost, 0));
    OtlpSender::Options options = collector.options();
    options.maxQueue = 5;
    OtlpSender sender(options);
    for (int i = 0; i < 20; ++i) // before its event loop runs
        sender.record(recordOf(i));
    QCOMPARE(sender.dropped(), 15);
    sender.flush();
    QTRY_COMPARE(sender.sent(), 5);
    QVERIFY(collector.bodies[0].contains("\"stringValue\":\"19\"") && !collector.bodies[0].contains("\"stringValue\":\"14\"")); // the newest
}

void TstTraceOutputs::otlpUnsampled()
{
    Collector collector;
    QVERIFY(collector.server.listen(QHostAddress::LocalHost, 0));
    OtlpSender sender(collector.options());
    auto unsampled = std::make_shared<Timeline>(*recordOf(1));
    unsampled->context.sampled = false;
    sender.record(unsampled);
    QVERIFY(sender.isIdle());
}

void TstTraceOutputs::otlpHeaders_data()
{
    QTest::addColumn<QByteArrayList>("texts");
    QTest::addColumn<QByteArray>("expected"); // empty: an error
    QTest::newRow("OTEL's") << QByteArrayList{"api-key=a%20b,X-Other=c=d"} << QByteArray("api-key=a b;X-Other=c=d;");
    QTest::newRow("lines") << QByteArrayList{"Authorization: Bearer a=b", "X-A: 1"} << QByteArray("Authorization=Bearer a=b;X-A=1;");
    QTest::newRow("no name") << QByteArrayList{"=a"} << QByteArray();
    QTest::newRow("nothing") << QByteArrayList{"abc"} << QByteArray();
    QTest::newRow("line end") << QByteArrayList{"a=b%0d%0aHost: x"} << QByteArray();
}

void TstTraceOutputs::otlpHeaders()
{
    QFETCH(QByteArrayList, texts);
    const auto headers = OtlpSender::parseHeaders(texts);
    QByteArray found;
    if (headers) {
        for (const http::Header &header : *headers)
            found += header.name + '=' + header.value + ';';
    } else {
        QVERIFY(!headers.error().message.contains(QString::fromUtf8(texts.first()))); // it may be a secret
    }
    QTEST(found, "expected");
}

void TstTraceOutputs::retryAfterDates()
{
    const QDateTime now(QDate(2026, 1, 2), QTime(3, 4, 5), Qt::UTC);
    QCOMPARE(OtlpSender::retryAfter("120", now), std::optional<std::chrono::milliseconds>(120s));
    QCOMPARE(OtlpSender::retryAfter("Fri, 02 Jan 2026 03:05:05 GMT", now), std::optional<std::chrono::milliseconds>(60s));
    QCOMPARE(OtlpSender::retryAfter("Fri, 02 Jan 2026 03:00:00 GMT", now), std::optional<std::chrono::milliseconds>(0s));
    QVERIFY(!OtlpSender::retryAfter("soon", now));
    QVERIFY(!OtlpSender::retryAfter({}, now));
}

QTEST_GUILESS_MAIN(TstTraceOutputs)
#include "tst_trace_outputs.moc"
