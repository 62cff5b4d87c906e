// SPDX-License-Identifier: Apache-2.0

// Clients that are slow, silent or gone while they ask, and engines that are while they answer: T1-T5, T17, T46, T47, T68
// of the HTTP reference. Time is moved by hand.
#include "scripts.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace std::chrono_literals;

class TstDeadlines : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void silentConnection_data() { direct(); }
    void silentConnection();
    void slowHead_data() { direct(); }
    void slowHead();
    void headDeadlineIsOfTheHead_data() { direct(); }
    void headDeadlineIsOfTheHead();
    void stoppedBody_data();
    void stoppedBody();
    void tricklingBody_data() { direct(); }
    void tricklingBody();
    void steadyBody_data() { direct(); }
    void steadyBody();
    void shortBodyAndFin_data() { direct(); }
    void shortBodyAndFin();
    void idleConnection_data() { direct(); }
    void idleConnection();
    void slowReaderIsNotIdle_data() { direct(); }
    void slowReaderIsNotIdle();
    void switchedOff_data() { direct(); }
    void switchedOff();
    void silentEngine_data() { transports(); }
    void silentEngine();
    void stalledStream_data() { transports(); }
    void stalledStream();

private:
    bool beginWithClock(const std::function<void(Config &)> &change = {});
    /// Sends, and returns when it has been read.
    void sendAndSettle(const QByteArray &bytes);

    std::unique_ptr<ManualClock> m_clock;
};

bool TstDeadlines::beginWithClock(const std::function<void(Config &)> &change)
{
    finish(); // the clock must outlive its balancer
    m_clock = std::make_unique<ManualClock>();
    Setup setup;
    setup.change = change;
    setup.clock = m_clock.get();
    return begin(setup);
}

void TstDeadlines::sendAndSettle(const QByteArray &bytes)
{
    m_client->send(bytes);
    PDLB_WAIT(!m_client->unsent());
    settle();
}

void TstDeadlines::silentConnection()
{
    QVERIFY(beginWithClock());
    sendAndSettle({});
    m_clock->advance(9s);
    sendAndSettle({});
    QVERIFY(!m_client->closed());
    m_clock->advance(1s);
    PDLB_WAIT(m_client->closed());
    QCOMPARE(m_client->raw(), QByteArray());
}

void TstDeadlines::slowHead()
{
    QVERIFY(beginWithClock());
    for (const char c : QByteArray("GET /health ")) {
        sendAndSettle(QByteArray(1, c));
        m_clock->advance(800ms); // never ten seconds without a byte
    }
    sendAndSettle("H");
    m_clock->advance(400ms);
    PDLB_WAIT(m_client->closed());
    QVERIFY2(m_client->status() == 408 && m_client->whole(), m_client->describe().constData());
    QCOMPARE(m_client->errorCode(), QStringLiteral("request_timeout"));
    QCOMPARE(m_client->header("connection"), "close");
}

void TstDeadlines::headDeadlineIsOfTheHead()
{
    QVERIFY(beginWithClock());
    sendAndSettle({});
    m_clock->advance(9s); // the deadline of the first byte is not the one of the head
    sendAndSettle("GET /health HTTP/1.1\r\n");
    m_clock->advance(9s);
    sendAndSettle("Host: a\r\n\r\n");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
}

void TstDeadlines::stoppedBody_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("start");
    const auto row = [](const char *name, const QByteArray &fields) {
        QTest::newRow(name) << TransportKind::Direct << "POST /generate HTTP/1.1\r\nHost: a\r\n" + fields;
    };
    row("length", "Content-Length: 1000000\r\n\r\n{\"text\":\"");
    row("length, nothing", "Content-Length: 1000000\r\n\r\n");
    row("chunked", "Transfer-Encoding: chunked\r\n\r\n9\r\n{\"text\":\"\r\n");
    row("chunk size", "Transfer-Encoding: chunked\r\n\r\n9");
    row("much, then nothing", "Content-Length: 1000000\r\n\r\n{\"text\":\"" + QByteArray(500000, 'a'));
}

void TstDeadlines::stoppedBody()
{
    QFETCH(QByteArray, start);
    QVERIFY(beginWithClock());
    sendAndSettle(start);
    m_clock->advance(29s);
    sendAndSettle({});
    QVERIFY(!m_client->done());
    m_clock->advance(1s);
    PDLB_WAIT(m_client->closed());
    QVERIFY2(m_client->status() == 408 && m_client->whole(), m_client->describe().constData());
    QCOMPARE(m_rig->posts(m_rig->prefill()), 0);
    QCOMPARE(m_rig->posts(m_rig->decode()), 0);
}

void TstDeadlines::tricklingBody()
{
    QVERIFY(beginWithClock());
    sendAndSettle("POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{\"text\":\"");
    for (int i = 0; i < 6 && !m_client->done(); ++i) { // a byte each five seconds is never idle, and no upload either
        m_clock->advance(5s);
        sendAndSettle("a");
    }
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 408);
    QCOMPARE(m_rig->posts(m_rig->decode()), 0);
}

void TstDeadlines::steadyBody()
{
    QVERIFY(beginWithClock());
    const QByteArray body = R"({"text":")" + QByteArray(60000, 'a') + R"(","sampling_params":{"max_new_tokens":1}})";
    sendAndSettle("POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: " + QByteArray::number(body.size()) + "\r\n\r\n");
    for (qsizetype at = 0; at < body.size(); at += 6000) { // 600 B/s, three times as long as the deadline
        m_clock->advance(10s);
        sendAndSettle(body.mid(at, 6000));
    }
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
}

void TstDeadlines::shortBodyAndFin()
{
    QVERIFY(beginWithClock());
    sendAndSettle("POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
    m_client->shutdownWrite();
    PDLB_WAIT(m_client->closed());
    QCOMPARE(m_client->raw(), QByteArray());
    QCOMPARE(m_rig->posts(m_rig->prefill()), 0);
}

void TstDeadlines::idleConnection()
{
    QVERIFY(beginWithClock());
    for (int i = 0; i < 2; ++i) {
        m_client->get("/health");
        PDLB_WAIT(m_client->done());
        m_client->again();
        sendAndSettle({}); // the answer arrives a moment before the balancer waits for the next request
        m_clock->advance(59s);
    }
    sendAndSettle({});
    QVERIFY(!m_client->closed());
    m_clock->advance(1s);
    PDLB_WAIT(m_client->closed());
    QCOMPARE(m_client->raw(), QByteArray());
}

void TstDeadlines::slowReaderIsNotIdle()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    m_clock = std::make_unique<ManualClock>();
    Setup setup = scripted(prefill, decode);
    setup.clock = m_clock.get();
    setup.change = [change = setup.change](Config &config) {
        change(config);
        config.keepAliveTimeout = 80ms; // looked at every 10 ms
    };
    QVERIFY(begin(setup));
    // Joined, hence handed to the connection as a whole: the request has ended long before the client has its answer.
    decode.answerRaw(rawAnswer("{\"text\":\"" + QByteArray(12 << 20, 'x') + "\"}"));
    m_client = m_rig->client(4096);
    m_client->discardBody();
    m_client->setReading(false);
    m_client->post("/generate", QByteArray(R"({"text":"a","return_logprob":true})"));
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "ok");
    for (qint64 part = 1; part <= 12; ++part) {
        m_client->setReading(true);
        PDLB_WAIT(m_client->received() >= part << 20);
        m_client->setReading(false);
        m_clock->advance(20ms);
    }
    m_client->setReading(true);
    PDLB_WAIT(m_client->done());
    QVERIFY2(m_client->whole(), m_client->describe().constData());
    m_client->again();
    m_client->get("/health");
    PDLB_WAIT(m_client->done());
    QVERIFY2(m_client->status() == 200, m_client->describe().constData());
}

void TstDeadlines::switchedOff()
{
    QVERIFY(beginWithClock([](Config &config) { config.headerTimeout = config.bodyTimeout = config.keepAliveTimeout = 0s; }));
    m_clock->advance(1h);
    sendAndSettle("POST /generate ");
    m_clock->advance(1h);
    sendAndSettle("HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n{\"text\"");
    m_clock->advance(1h);
    sendAndSettle(":\"a\"}");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
    m_clock->advance(1h);
    m_client->get("/health");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
}

void TstDeadlines::silentEngine()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    m_clock = std::make_unique<ManualClock>();
    Setup setup = scripted(prefill, decode);
    setup.clock = m_clock.get();
    setup.change = [change = setup.change](Config &config) {
        change(config);
        config.firstByteTimeout = 20s;
    };
    QVERIFY(begin(setup));
    prefill.answerRaw({});
    decode.answerRaw({});
    m_client->post("/generate", QByteArray(generateStream));
    PDLB_WAIT(decode.request() && decode.request()->bodyComplete() && prefill.request());
    m_clock->advance(19s);
    sendAndSettle({});
    QVERIFY(!m_client->done());
    m_clock->advance(2s);
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 504);
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "timeout_first_byte");
    PDLB_WAIT(prefill.aborts() == 1 && decode.aborts() == 1);
}

void TstDeadlines::stalledStream()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    m_clock = std::make_unique<ManualClock>();
    Setup setup = scripted(prefill, decode);
    setup.clock = m_clock.get();
    QVERIFY(begin(setup));
    decode.answerRaw({});
    m_client->post("/generate", QByteArray(generateStream));
    PDLB_WAIT(decode.request() && decode.request()->bodyComplete());
    decode.request()->beginChunked(200, eventStream());
    for (int i = 1; i <= 3; ++i) { // each event begins the idle time anew
        decode.request()->writeChunk("data: {}\n\n");
        PDLB_WAIT_EQUAL(m_client->events().size(), i);
        sendAndSettle({});
        m_clock->advance(299s);
    }
    sendAndSettle({});
    QVERIFY(!m_client->done());
    m_clock->advance(2s);
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->end(), Client::End::Cut);
    QVERIFY(m_client->events().last().contains("timeout_idle"));
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "timeout_idle");
    PDLB_WAIT_EQUAL(decode.aborts(), 1);
}

QTEST_GUILESS_MAIN(TstDeadlines)
#include "tst_deadlines.moc"
