// SPDX-License-Identifier: Apache-2.0

// Requests as send and bench make them, through a balancer to mock engines: what is measured, and what is told of failures.
#include "scripts.h"

#include "client/bench_run.h"
#include "upstream/direct_transport.h"

#include <QSignalSpy>

using namespace pdlb;
using namespace pdlb::test;
using namespace pdlb::client;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

RequestSpec chat(bool stream = true)
{
    RequestSpec spec;
    spec.model = u"mock-model"_s;
    spec.messages = {{u"user"_s, u"hello"_s}};
    spec.maxTokens = 6;
    spec.stream = stream;
    return spec;
}

} // namespace

class TstClient final : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void stream_data() { direct(); }
    void stream();
    void accumulatedText_data() { direct(); }
    void accumulatedText();
    void whole_data() { direct(); }
    void whole();
    void failures_data();
    void failures();
    void abort_data() { direct(); }
    void abort();
    void pinnedPair_data() { direct(); }
    void pinnedPair();
    void nobodyThere();
    void roleIsNoToken();
    void answersThatAreNone_data();
    void answersThatAreNone();
    void timeout_data() { direct(); }
    void timeout();
    void closedLoop_data() { direct(); }
    void closedLoop();
    void openLoop_data();
    void openLoop();
    void coordinatedOmission_data() { direct(); }
    void coordinatedOmission();
    void errorsAreKeptApart_data() { direct(); }
    void errorsAreKeptApart();
    void stopping_data() { direct(); }
    void stopping();
    void duration_data() { direct(); }
    void duration();
    void durationEndsAnOpenLoop_data() { direct(); }
    void durationEndsAnOpenLoop();
    void madeUpPairsAreBounded();

private:
    upstream::Origin origin() const { return *upstream::parseOrigin(m_rig->balancer.url().toString()); }
    RequestResult send(const RequestSpec &spec, QByteArray *text = nullptr)
    {
        upstream::DirectTransport transport; // of its own: a kept connection would look like a leak
        RequestRun run(transport, origin(), spec.toBytes(), SteadyClock::instance(), nullptr, {.keepText = true});
        QSignalSpy finished(&run, &RequestRun::finished);
        connect(&run, &RequestRun::text, this, [text](const QByteArray &content) {
            if (text)
                *text += content;
        });
        run.start();
        waitFor([&] { return !finished.isEmpty(); });
        return run.result();
    }
    BenchReport bench(const BenchOptions &options, const RequestSpec &base = chat())
    {
        GeneratorOptions prompts;
        prompts.base = base;
        prompts.inputTokens = 8;
        prompts.outputTokens = 4;
        upstream::DirectTransport transport;
        BenchRun run(transport, origin(), makeGenerator(prompts), options, SteadyClock::instance(), nullptr);
        QSignalSpy finished(&run, &BenchRun::finished);
        run.start();
        waitFor([&] { return !finished.isEmpty(); });
        m_finishes = finished.size();
        return run.report();
    }

    qsizetype m_finishes = 0;
};

void TstClient::stream()
{
    QVERIFY(begin());
    QByteArray text;
    const RequestResult result = send(chat(), &text);
    QVERIFY2(result.isGood(), qPrintable(result.error));
    QCOMPARE(result.status, 200);
    QCOMPARE(result.chunks, 6);
    QCOMPARE(result.facts.completionTokens, std::optional<qint64>(6));
    QCOMPARE(result.facts.finishReason, "length");
    QVERIFY(result.ttft() && *result.ttft() >= 0 && result.itl() && *result.itl() >= 0);
    QCOMPARE(result.gaps.count(), 5);
    QCOMPARE(result.pair(), "p1/d1");
    QVERIFY(!result.requestId.isEmpty() && !result.room.isEmpty());
    QVERIFY2(text.startsWith("Hello from the"), text.constData());
}

void TstClient::accumulatedText()
{
    QVERIFY(begin());
    RequestSpec spec = chat();
    spec.endpoint = pd::Endpoint::Generate;
    spec.prompt = u"hello"_s;
    QByteArray text;
    const RequestResult result = send(spec, &text);
    QVERIFY2(result.isGood(), qPrintable(result.error));
    QCOMPARE(text.count("Hello"), 1); // /generate repeats what came before in each event
    QCOMPARE(result.chunks, 6);
}

void TstClient::whole()
{
    QVERIFY(begin());
    QByteArray text;
    const RequestResult result = send(chat(false), &text);
    QVERIFY2(result.isGood(), qPrintable(result.error));
    QVERIFY(!result.ttft() && !result.itl()); // nothing is seen of them
    QCOMPARE(result.facts.completionTokens, std::optional<qint64>(6));
    QVERIFY(text.startsWith("Hello from the"));
}

void TstClient::failures_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QString>("fault");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("error");
    const auto row = [](const char *fault, int status, const char *error) {
        QTest::newRow(fault) << TransportKind::Direct << QString::fromLatin1(fault) << status << QString::fromLatin1(error);
    };
    row("any:status=503", 503, "status 503: ");
    row("any:reset=mid-stream,after=3", 200, "the stream reports an error: ");
    row("any:abort,status=500,message=out of memory,after=2", 200, "out of memory");
    row("any:garbage", 502, "status 502: ");
}

void TstClient::failures()
{
    QFETCH(QString, fault);
    QFETCH(QString, error);
    QVERIFY(begin());
    m_rig->decode().addFault(fault);
    const RequestResult result = send(chat());
    QVERIFY(!result.isGood());
    QTEST(result.status, "status");
    QVERIFY2(result.error.contains(error), qPrintable(result.error));
}

void TstClient::abort()
{
    QVERIFY(begin());
    m_rig->decode().addFault(u"any:stall=after-2"_s);
    upstream::DirectTransport transport;
    RequestRun run(transport, origin(), chat().toBytes(), SteadyClock::instance(), nullptr);
    QSignalSpy finished(&run, &RequestRun::finished);
    run.start();
    PDLB_WAIT(run.result().events >= 2);
    run.abort();
    QCOMPARE(finished.size(), 1);
    QVERIFY(run.result().aborted && !run.result().isGood() && run.result().error.isEmpty());
    run.abort();
    QCOMPARE(finished.size(), 1);
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "client_gone");
    PDLB_WAIT(wasAborted(m_rig->decode()));
}

void TstClient::pinnedPair()
{
    QVERIFY(begin({.prefills = 2, .decodes = 2}));
    RequestSpec spec = chat();
    spec.pair = "p2/d1";
    for (int i = 0; i < 5; ++i)
        QCOMPARE(send(spec).pair(), "p2/d1");
    spec.pair = "p9/d1";
    QVERIFY(send(spec).error.contains(u"p9"));
}

void TstClient::nobodyThere()
{
    upstream::Origin nowhere;
    {
        mock::MockHttpServer server;
        QVERIFY(server.listen(QHostAddress(QHostAddress::LocalHost), 0));
        nowhere = *upstream::parseOrigin(u"127.0.0.1:%1"_s.arg(server.port()));
    }
    upstream::DirectTransport transport;
    RequestRun run(transport, nowhere, chat().toBytes(), SteadyClock::instance(), nullptr);
    QSignalSpy finished(&run, &RequestRun::finished);
    run.start();
    PDLB_WAIT(!finished.isEmpty());
    QCOMPARE(run.result().status, 0);
    QVERIFY2(run.result().error.contains(u"refused", Qt::CaseInsensitive), qPrintable(run.result().error));
}

void TstClient::roleIsNoToken()
{
    ScriptedEngine engine;
    engine.answerRaw(rawStream({"data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
                                "data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n",
                                "data: {\"choices\":[{\"delta\":{\"content\":\"yes\"}}]}\n\n", "data: [DONE]\n\n"}));
    upstream::DirectTransport transport;
    RequestRun run(transport, *upstream::parseOrigin(engine.url()), chat().toBytes(), SteadyClock::instance(), nullptr);
    QSignalSpy finished(&run, &RequestRun::finished);
    run.start();
    PDLB_WAIT(!finished.isEmpty());
    QVERIFY2(run.result().isGood(), qPrintable(run.result().error));
    QCOMPARE(run.result().events, 3);
    QCOMPARE(run.result().chunks, 2);
    QVERIFY(run.result().ttft() && run.result().ttfo() && *run.result().ttft() <= *run.result().ttfo());
    QVERIFY(!run.result().facts.completionTokens);
}

void TstClient::answersThatAreNone_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<QString>("error"); // its beginning; empty: it is a good one
    const auto row = [](const char *name, const QByteArray &answer, const QString &error) { QTest::newRow(name) << answer << error; };
    row("a web page", rawAnswer("<html>Welcome</html>"), u"the answer is no JSON: <html>Welcome"_s);
    row("nothing", rawAnswer({}), u"the answer is empty"_s);
    row("a redirect", rawAnswer("see there", "Location: /x\r\n", "307 Temporary Redirect"), u"status 307: see there"_s);
    row("an error under 200", rawAnswer(R"({"error":{"message":"out of memory"}})"), u"the answer reports an error: out of memory"_s);
    row("no error", rawAnswer(R"({"error":null,"text":"a"})"), {});
    row("an abort", rawAnswer(R"({"text":"","meta_info":{"finish_reason":{"type":"abort"}}})"), u"the engine aborted the request"_s);
    row("rubbish events", rawStream({"data: <html>\n\n", "data: [DONE]\n\n"}), u"an event of the stream is no JSON object: <html>"_s);
    row("no events", rawStream({"data: [DONE]\n\n"}), u"the stream holds no event but its end marker"_s);
    row("no end marker", rawStream({"data: {\"text\":\"a\"}\n\n"}), u"the stream ended without its end marker"_s);
    row("no error in an event", rawStream({"data: {\"error\":null,\"text\":\"a\"}\n\n", "data: [DONE]\n\n"}), {});
    row("a long error", rawAnswer("{\"error\":\"" + QByteArray(100'000, 'x') + "\"}", {}, "500 Oops"), u"status 500: xxx"_s);
}

void TstClient::answersThatAreNone()
{
    QFETCH(QString, error);
    QFETCH(QByteArray, answer);
    ScriptedEngine engine;
    engine.answerRaw(answer);
    upstream::DirectTransport transport;
    RequestRun run(transport, *upstream::parseOrigin(engine.url()), chat().toBytes(), SteadyClock::instance(), nullptr);
    QSignalSpy finished(&run, &RequestRun::finished);
    run.start();
    PDLB_WAIT(!finished.isEmpty());
    QCOMPARE(run.result().isGood(), error.isEmpty());
    QVERIFY2(run.result().error.startsWith(error), qPrintable(run.result().error));
    QVERIFY(run.result().error.size() < 400); // it is counted by, printed, and kept
}

void TstClient::timeout()
{
    QVERIFY(begin());
    m_rig->decode().addFault(u"any:stall=after-2"_s);
    upstream::DirectTransport transport;
    RequestRun run(transport, origin(), chat().toBytes(), SteadyClock::instance(), nullptr, {.timeout = 300ms});
    QSignalSpy finished(&run, &RequestRun::finished);
    run.start();
    PDLB_WAIT(!finished.isEmpty());
    QCOMPARE(run.result().error, u"no whole answer within 0.3 s"_s);
    QVERIFY(!run.result().aborted);
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "client_gone");
}

void TstClient::closedLoop()
{
    QVERIFY(begin({.prefills = 2, .decodes = 2}));
    const BenchReport report = bench({.requests = 60, .warmUp = 10, .concurrency = 7});
    QCOMPARE(m_finishes, 1);
    QCOMPARE(report.all.good, 60);
    QCOMPARE(report.all.failed, 0);
    QCOMPARE(report.all.ttft.count(), 60);
    QCOMPARE(report.all.completionTokens, 240);
    qint64 sum = 0;
    for (const auto &[pair, group] : report.pairs)
        sum += group.good;
    QCOMPARE(sum, 60);
    QVERIFY(report.pairs.size() > 1);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 70);
    QCOMPARE(report.lag.count(), 0);
}

void TstClient::openLoop_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("poisson");
    QTest::newRow("Poisson") << TransportKind::Direct << true;
    QTest::newRow("constant") << TransportKind::Direct << false;
}

void TstClient::openLoop()
{
    QFETCH(bool, poisson);
    QVERIFY(begin());
    const BenchReport report = bench({.requests = 50, .warmUp = 5, .rate = 500, .poisson = poisson});
    QCOMPARE(report.all.good, 50);
    QCOMPARE(report.lag.count(), 50);
    QVERIFY(report.lag.least() >= 0);
}

void TstClient::coordinatedOmission()
{
    // The engine answers none of them, yet in an open loop all begin when they should.
    QVERIFY(begin());
    m_rig->decode().addFault(u"any:hang"_s);
    GeneratorOptions prompts;
    prompts.base = chat();
    upstream::DirectTransport transport;
    BenchRun run(transport, origin(), makeGenerator(prompts), {.requests = 40, .rate = 1000, .poisson = false}, SteadyClock::instance(), nullptr);
    QSignalSpy finished(&run, &BenchRun::finished);
    run.start();
    PDLB_WAIT_EQUAL(m_rig->posts(m_rig->decode()), 40);
    QCOMPARE(run.running(), 40);
    run.stop();
    QCOMPARE(finished.size(), 1);
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
}

void TstClient::errorsAreKeptApart()
{
    QVERIFY(begin());
    m_rig->decode().addFault(u"any:status=503,count=7"_s);
    const BenchReport report = bench({.requests = 20, .concurrency = 1});
    QCOMPARE(report.all.good, 13);
    QCOMPARE(report.all.failed, 7);
    QCOMPARE(report.all.duration.count(), 13);
    QCOMPARE(report.errors.size(), size_t(1));
    QCOMPARE(report.errors.begin()->second, 7);
    QVERIFY(report.errors.begin()->first.startsWith(u"status 503"));
}

void TstClient::stopping()
{
    QVERIFY(begin());
    m_rig->decode().addFault(u"any:hang"_s);
    GeneratorOptions prompts;
    prompts.base = chat();
    upstream::DirectTransport transport;
    BenchRun run(transport, origin(), makeGenerator(prompts), {.requests = 100, .concurrency = 5}, SteadyClock::instance(), nullptr);
    QSignalSpy finished(&run, &BenchRun::finished);
    run.start();
    PDLB_WAIT_EQUAL(m_rig->posts(m_rig->decode()), 5);
    run.stop();
    QCOMPARE(finished.size(), 1);
    QCOMPARE(run.report().aborted, 5);
    QCOMPARE(run.started(), 5);
    run.stop();
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    QCOMPARE(finished.size(), 1);
}

void TstClient::duration()
{
    QVERIFY(begin());
    const BenchReport report = bench({.requests = 1'000'000'000, .concurrency = 2, .duration = 100ms});
    QVERIFY(report.all.good > 0);
    QCOMPARE(m_finishes, 1);
}

void TstClient::durationEndsAnOpenLoop()
{
    QVERIFY(begin());
    // The next one would be due long after it.
    const BenchReport report = bench({.requests = 1000, .rate = 0.001, .poisson = false, .duration = 100ms});
    QCOMPARE(report.all.good, 1);
}

void TstClient::madeUpPairsAreBounded()
{
    ScriptedEngine engine;
    quint64 number = 0;
    engine.setHandler([&number](mock::MockExchange &exchange) {
        exchange.writeRaw(rawAnswer("{}", "X-Pdlb-Prefill: p" + QByteArray::number(++number) + "\r\nX-Pdlb-Decode: d\r\n"));
        exchange.endRaw();
    });
    GeneratorOptions prompts;
    prompts.base = chat(false);
    prompts.inputTokens = 1;
    upstream::DirectTransport transport;
    BenchRun run(transport, *upstream::parseOrigin(engine.url()), makeGenerator(prompts), {.requests = qint64(BenchRun::mostPairs) + 100, .concurrency = 32},
                 SteadyClock::instance(), nullptr);
    QSignalSpy finished(&run, &BenchRun::finished);
    run.start();
    QTRY_VERIFY_WITH_TIMEOUT(!finished.isEmpty(), 120'000);
    QCOMPARE(run.report().all.good, qint64(BenchRun::mostPairs) + 100);
    QCOMPARE(run.report().pairs.size(), BenchRun::mostPairs + 1);
    QCOMPARE(run.report().pairs.at("others").good, 100);
}

QTEST_GUILESS_MAIN(TstClient)
#include "tst_client.moc"
