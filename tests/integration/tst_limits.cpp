// SPDX-License-Identifier: Apache-2.0

// What is too large, too much or too many: T7-T14, T16, T18-T20, T66, T67, T78-T80, T82 of the HTTP reference.
#include "scripts.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr qint64 mib = 1024 * 1024;

QByteArray promptBody(qsizetype size)
{
    const QByteArray start = R"({"sampling_params":{"max_new_tokens":1},"text":")";
    return start + QByteArray(size - start.size() - 2, 'x') + "\"}";
}

QByteArray postHead(qint64 length, const QByteArray &fields = {})
{
    return "POST /generate HTTP/1.1\r\nHost: a\r\n" + fields + "Content-Length: " + QByteArray::number(length) + "\r\n\r\n";
}

} // namespace

class TstLimits : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void heads_data();
    void heads();
    void emptyLines_data() { direct(); }
    void emptyLines();
    void tooLargeByItsLength_data() { direct(); }
    void tooLargeByItsLength();
    void tooLargeWhileUploading_data();
    void tooLargeWhileUploading();
    void tinyChunks_data() { direct(); }
    void tinyChunks();
    void pipelinedBehindAStream_data() { direct(); }
    void pipelinedBehindAStream();
    void manyRequestsOnOneConnection_data() { direct(); }
    void manyRequestsOnOneConnection();
    void connections_data() { direct(); }
    void connections();
    void bodyMemory_data() { direct(); }
    void bodyMemory();
    void bodyMemoryOfSamples_data() { direct(); }
    void bodyMemoryOfSamples();
    void bodyMemoryIsFreeOnceSent_data() { transports(); }
    void bodyMemoryIsFreeOnceSent();
    void inFlight_data() { transports(); }
    void inFlight();
    void queueTimeout_data() { direct(); }
    void queueTimeout();
    void requestTimeoutInTheQueue_data() { direct(); }
    void requestTimeoutInTheQueue();
    void queuedClientLeaves_data() { direct(); }
    void queuedClientLeaves();
    void queuedAtTheEnd_data() { direct(); }
    void queuedAtTheEnd();

private:
    /// `count` streams that wait for decode; the first `running` of them have reached it.
    QList<Client *> startStreams(ScriptedEngine &decode, int count, int running);
    void endStream(mock::MockExchange *exchange);

    std::vector<std::unique_ptr<Client>> m_clients;
    QList<QPointer<mock::MockExchange>> m_streams;
};

void TstLimits::heads_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("request");
    QTest::addColumn<int>("status");
    const auto row = [](const char *name, const QByteArray &request, int status) {
        QTest::newRow(name) << TransportKind::Direct << request << status;
    };
    const auto line = [](qsizetype length) {
        const QByteArray rest = "GET /health? HTTP/1.1";
        return "GET /health?" + QByteArray(length - rest.size(), 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
    };
    row("request line at the limit", line(1000), 200);
    row("request line beyond", line(1001), 414);
    const QByteArray get = "GET /health HTTP/1.1\r\nHost: a\r\n";
    row("field at the limit", get + "X: " + QByteArray(1997, 'a') + "\r\n\r\n", 200);
    row("field beyond", get + "X: " + QByteArray(1998, 'a') + "\r\n\r\n", 431);
    row("fields at the limit", get + QByteArray("X: 1\r\n").repeated(9) + "\r\n", 200);
    row("one field more", get + QByteArray("X: 1\r\n").repeated(10) + "\r\n", 431);
    row("block beyond", get + QByteArray("X: " + QByteArray(1500, 'a') + "\r\n").repeated(3) + "\r\n", 431);
}

void TstLimits::heads()
{
    QFETCH(QByteArray, request);
    QFETCH(int, status);
    Setup setup;
    setup.change = [](Config &config) {
        config.maxRequestLine = 1000;
        config.maxHeaderField = 2000;
        config.maxHeaderBlock = 4000;
        config.maxHeaders = 10;
    };
    QVERIFY(begin(setup));
    m_client->send(request);
    PDLB_WAIT(m_client->done());
    QVERIFY2(m_client->status() == status && m_client->whole(), m_client->describe().constData());
    if (status != 200)
        PDLB_WAIT(m_client->closed());
}

void TstLimits::emptyLines()
{
    QVERIFY(begin());
    m_client->send(QByteArray("\r\n").repeated(int(4 * mib)));
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 400);
    PDLB_WAIT(m_client->closed());
}

void TstLimits::tooLargeByItsLength()
{
    Setup setup;
    setup.change = [](Config &config) { config.maxBody = mib; };
    QVERIFY(begin(setup));
    m_client->send(postHead(mib + 1, "Expect: 100-continue\r\n"));
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 413);
    QCOMPARE(m_client->interim(), 0); // nobody invites the body
    PDLB_WAIT(m_client->closed());
    m_client = m_rig->client();
    exchange("/generate", promptBody(mib));
    QCOMPARE(m_client->status(), 200);
}

void TstLimits::tooLargeWhileUploading_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("chunked");
    QTest::newRow("length") << TransportKind::Direct << false;
    QTest::newRow("chunked") << TransportKind::Direct << true;
}

void TstLimits::tooLargeWhileUploading()
{
    QFETCH(bool, chunked);
    Setup setup;
    setup.change = [](Config &config) { config.maxBody = mib; };
    QVERIFY(begin(setup));
    const qint64 before = residentBytes();
    if (chunked) {
        m_client->send("POST /generate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
        const QByteArray chunk = "10000\r\n" + QByteArray(0x10000, 'x') + "\r\n";
        for (int i = 0; i < 64; ++i)
            m_client->send(chunk);
    } else {
        m_client->send(postHead(200 * mib));
        m_client->send(QByteArray(4 * mib, 'x'));
    }
    PDLB_WAIT(m_client->done());
    QVERIFY2(m_client->status() == 413 && m_client->whole(), m_client->describe().constData());
    PDLB_WAIT(m_client->closed());
    QCOMPARE(m_rig->posts(m_rig->prefill()), 0);
    QVERIFY(residentBytes() - before < 30 * mib);
}

void TstLimits::tinyChunks()
{
    QVERIFY(begin());
    const QByteArray body = promptBody(300000);
    QByteArray chunks;
    for (const char c : body)
        chunks += "1\r\n" + QByteArray(1, c) + "\r\n";
    m_client->send("POST /generate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + "0\r\n\r\n");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
    QVERIFY(Rig::lastPost(m_rig->decode()).body.contains(body.mid(1000, 100000)));
}

void TstLimits::pipelinedBehindAStream()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    QVERIFY(begin(scripted(prefill, decode)));
    decode.answerRaw({});
    m_client->post("/generate", QByteArray(generateStream));
    PDLB_WAIT(decode.request() && decode.request()->bodyComplete());
    decode.request()->beginChunked(200, eventStream());
    decode.request()->writeChunk("data: {}\n\n");
    PDLB_WAIT(m_client->received() > 0);
    const qint64 before = residentBytes();
    m_client->send(QByteArray("GET /health HTTP/1.1\r\nHost: a\r\n\r\n").repeated(100000));
    PDLB_WAIT(!m_client->unsent());
    QVERIFY(residentBytes() - before < 20 * mib); // the client's own copy counts here as well
    decode.request()->writeChunk("data: [DONE]\n\n");
    decode.request()->endChunked();
    PDLB_WAIT_EQUAL(m_client->end(), Client::End::Terminator);
    PDLB_WAIT(m_client->closed());
}

void TstLimits::manyRequestsOnOneConnection()
{
    QVERIFY(begin());
    qint64 before = 0;
    for (int i = 0; i < 10000; ++i) {
        m_client->get("/health");
        PDLB_WAIT(m_client->done());
        QCOMPARE(m_client->status(), 200);
        if (i == 1000)
            before = residentBytes();
    }
    QVERIFY(residentBytes() - before < 2 * mib + sanitizerGrowth);
}

void TstLimits::connections()
{
    Setup setup;
    setup.change = [](Config &config) { config.maxConnections = 2; };
    QVERIFY(begin(setup));
    Client second(m_rig->port());
    for (Client *client : {m_client.get(), &second}) {
        client->get("/health");
        PDLB_WAIT(client->done());
    }
    Client third(m_rig->port()); // in the backlog
    third.get("/health");
    for (int i = 0; i < 3; ++i) {
        second.get("/health"); // those who are in are served as ever
        PDLB_WAIT(second.done());
        QCOMPARE(second.status(), 200);
        QVERIFY(!third.done());
    }
    m_client->disconnect();
    PDLB_WAIT(third.done());
    QCOMPARE(third.status(), 200);
}

void TstLimits::bodyMemory()
{
    Setup setup;
    setup.change = [](Config &config) { config.maxBodyMemory = mib; };
    QVERIFY(begin(setup));
    const QByteArray body = promptBody(400000); // counts twice: as received, and as sent
    m_client->send(postHead(body.size()));
    m_client->send(body.first(body.size() - 1));
    Client second(m_rig->port());
    PDLB_WAIT(!m_client->unsent());
    settle(); // its bytes are counted as they are read
    second.post("/generate", promptBody(200000));
    PDLB_WAIT(second.done());
    QCOMPARE(second.status(), 503);
    QCOMPARE(second.errorCode(), u"overloaded"_s);
    QCOMPARE(second.header("retry-after"), "1");
    PDLB_WAIT(second.closed());
    Client hopeless(m_rig->port()); // would not fit an empty memory either
    hopeless.send(postHead(600000));
    PDLB_WAIT(hopeless.done());
    QCOMPARE(hopeless.status(), 413);
    Client chunked(m_rig->port());
    chunked.send("POST /generate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n40000\r\n" + QByteArray(0x40000, ' ') + "\r\n");
    PDLB_WAIT(chunked.done());
    QCOMPARE(chunked.status(), 503);
    m_client->send(body.last(1));
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
    for (int i = 0; i < 3; ++i) { // all is given back
        exchange("/generate", promptBody(500000));
        QCOMPARE(m_client->status(), 200);
    }
}

void TstLimits::bodyMemoryOfSamples()
{
    Setup setup;
    setup.change = [](Config &config) { config.maxBodyMemory = mib; };
    QVERIFY(begin(setup));
    QByteArray body = promptBody(200000);
    body.replace(R"("max_new_tokens":1)", R"("max_new_tokens":1,"n":8)");
    exchange("/generate", body); // would not fit an empty memory either
    QCOMPARE(m_client->status(), 413);
    QCOMPARE(m_client->errorCode(), u"body_too_large"_s);
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "bad_request");
    body.replace(R"("n":8)", R"("n":4)");
    Client other(m_rig->port()); // holds what is needed, for now
    const QByteArray half = promptBody(100000);
    other.send(postHead(half.size()));
    other.send(half.first(half.size() - 1));
    PDLB_WAIT(!other.unsent());
    settle(); // its bytes are counted as they are read
    exchange("/generate", body);
    QCOMPARE(m_client->status(), 503);
    QCOMPARE(m_client->header("retry-after"), "1");
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "overload");
    QCOMPARE(m_rig->posts(m_rig->prefill()), 0);
    other.send(half.last(1));
    PDLB_WAIT(other.done());
    QCOMPARE(other.status(), 200);
    exchange("/generate", body);
    QCOMPARE(m_client->status(), 200);
}

void TstLimits::bodyMemoryIsFreeOnceSent()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    Setup setup = scripted(prefill, decode);
    setup.change = [change = setup.change](Config &config) {
        change(config);
        config.maxBodyMemory = mib;
    };
    QVERIFY(begin(setup));
    decode.answerRaw({});
    QList<QPointer<mock::MockExchange>> running;
    for (int i = 0; i < 3; ++i) { // each alone fills most of it
        m_clients.push_back(m_rig->client());
        m_clients.back()->post("/generate", promptBody(400000));
        PDLB_WAIT(m_clients.back()->done() || (decode.requests() == i + 1 + (isQnam() ? 1 : 0) && decode.request() && decode.request()->bodyComplete()));
        QVERIFY2(!m_clients.back()->done(), m_clients.back()->describe().constData());
        running.append(decode.request());
    }
    for (const auto &exchange : running)
        exchange->respond(200, "application/json", "{}");
    for (const auto &client : m_clients) {
        PDLB_WAIT(client->done());
        QCOMPARE(client->status(), 200);
    }
    m_clients.clear();
}

QList<Client *> TstLimits::startStreams(ScriptedEngine &decode, int count, int running)
{
    m_streams.clear();
    decode.setHandler([this](mock::MockExchange &exchange) { m_streams.append(&exchange); });
    QList<Client *> clients;
    for (int i = 0; i < count; ++i) {
        m_clients.push_back(m_rig->client());
        clients.append(m_clients.back().get());
        clients.last()->post("/generate", QByteArray(generateStream));
        const qsizetype arrived = std::min(i + 1, running);
        waitFor([&] { return m_streams.size() >= arrived && m_rig->balancer.inFlight() >= std::min(i + 1, 4); });
    }
    return clients;
}

void TstLimits::endStream(mock::MockExchange *exchange)
{
    exchange->beginChunked(200, eventStream());
    exchange->writeChunk("data: [DONE]\n\n");
    exchange->endChunked();
}

void TstLimits::inFlight()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] {
        m_clients.clear();
        finish();
    });
    Setup setup = scripted(prefill, decode);
    setup.change = [change = setup.change](Config &config) {
        change(config);
        config.maxInFlight = 2;
        config.maxQueue = 2;
        config.workers = 2; // one queue for all of them
    };
    QVERIFY(begin(setup));
    if (isQnam())
        m_rig->ignoreThreads("the second worker's QNetworkAccessManager begins its own with its first request");
    const QList<Client *> clients = startStreams(decode, 6, 2);
    for (int i : {4, 5}) {
        PDLB_WAIT(clients[i]->done());
        QCOMPARE(clients[i]->status(), 429);
        QCOMPARE(clients[i]->errorCode(), u"too_many_requests"_s);
        QCOMPARE(clients[i]->header("retry-after"), "1");
    }
    QCOMPARE(m_streams.size(), 2);
    for (int i = 0; i < 4; ++i) { // first come, first served
        QVERIFY(!clients[i]->done());
        PDLB_WAIT(m_streams.size() == std::min(i + 2, 4));
        endStream(m_streams[i]);
        PDLB_WAIT(clients[i]->done());
        QVERIFY2(clients[i]->status() == 200 && clients[i]->whole(), clients[i]->describe().constData());
    }
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
}

void TstLimits::queueTimeout()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    ManualClock clock;
    const auto ended = qScopeGuard([this] {
        m_clients.clear();
        finish();
    });
    Setup setup = scripted(prefill, decode);
    setup.clock = &clock;
    setup.change = [change = setup.change](Config &config) {
        change(config);
        config.maxInFlight = 1;
    };
    QVERIFY(begin(setup));
    const QList<Client *> clients = startStreams(decode, 2, 1);
    clock.advance(31s);
    PDLB_WAIT(clients[1]->done());
    QCOMPARE(clients[1]->status(), 503);
    QCOMPARE(clients[1]->errorCode(), u"queue_timeout"_s);
    QCOMPARE(clients[1]->header("retry-after"), "1");
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "overload");
    QVERIFY(!clients[0]->done());
    endStream(m_streams[0]);
    PDLB_WAIT(clients[0]->done());
    QCOMPARE(m_streams.size(), 1); // never started
    startStreams(decode, 1, 1); // and its place in the queue is gone
    QCOMPARE(m_streams.size(), 1);
}

void TstLimits::requestTimeoutInTheQueue()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    ManualClock clock;
    const auto ended = qScopeGuard([this] {
        m_clients.clear();
        finish();
    });
    Setup setup = scripted(prefill, decode);
    setup.clock = &clock;
    setup.change = [change = setup.change](Config &config) {
        change(config);
        config.maxInFlight = 1;
        config.queueTimeout = 0s;
        config.requestTimeout = 100s;
    };
    QVERIFY(begin(setup));
    const QList<Client *> clients = startStreams(decode, 2, 1);
    clock.advance(101s);
    for (Client *client : clients) {
        PDLB_WAIT(client->done());
        QCOMPARE(client->status(), 504);
    }
    QCOMPARE(m_streams.size(), 1); // the second one never began
}

void TstLimits::queuedClientLeaves()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] {
        m_clients.clear();
        finish();
    });
    Setup setup = scripted(prefill, decode);
    setup.change = [change = setup.change](Config &config) {
        change(config);
        config.maxInFlight = 1;
        config.maxQueue = 1;
    };
    QVERIFY(begin(setup));
    const QList<Client *> clients = startStreams(decode, 2, 1);
    clients[1]->disconnect();
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "client_gone");
    Client third(m_rig->port());
    third.post("/generate", QByteArray(generateStream));
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 2); // it waits in the other one's stead
    endStream(m_streams[0]);
    PDLB_WAIT(clients[0]->done());
    PDLB_WAIT_EQUAL(m_streams.size(), 2);
    endStream(m_streams[1]);
    PDLB_WAIT(third.done());
    QCOMPARE(third.status(), 200);
    QCOMPARE(m_streams.size(), 2);
}

void TstLimits::queuedAtTheEnd()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] {
        m_clients.clear();
        finish();
    });
    Setup setup = scripted(prefill, decode);
    setup.change = [change = setup.change](Config &config) {
        change(config);
        config.maxInFlight = 1;
    };
    QVERIFY(begin(setup));
    const QList<Client *> clients = startStreams(decode, 3, 1);
    m_rig->balancer.drain();
    m_rig->balancer.drain(); // at once
    for (Client *client : clients) {
        PDLB_WAIT(client->done());
        QCOMPARE(client->status(), 503);
    }
    PDLB_WAIT(!m_rig->balancer.isRunning());
    QCOMPARE(m_streams.size(), 1);
}

QTEST_GUILESS_MAIN(TstLimits)
#include "tst_limits.moc"
