// SPDX-License-Identifier: Apache-2.0

// Starting, draining, stopping: nothing is lost in peace, everything ends in time.
#include "scripts.h"

#include <QSignalSpy>
#include <QTcpServer>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

namespace {

const QByteArray longStream = R"({"text":"a","stream":true,"sampling_params":{"max_new_tokens":1000000}})";

} // namespace

class TstShutdown : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void drainLetsRequestsEnd_data() { transports(); }
    void drainLetsRequestsEnd();
    void drainOfAnIdleBalancer_data() { transports(); }
    void drainOfAnIdleBalancer();
    void graceIsOver_data();
    void graceIsOver();
    void readinessWhileDraining_data() { direct(); }
    void readinessWhileDraining();
    void uploadWhileDraining_data() { transports(); }
    void uploadWhileDraining();
    void uploadThatDoesNotEnd_data() { direct(); }
    void uploadThatDoesNotEnd();
    void secondDrainEndsNow_data() { transports(); }
    void secondDrainEndsNow();
    void portInUse();
    void badConfiguration();
    void startAndStopRepeatedly_data() { transports(); }
    void startAndStopRepeatedly();
    void destroyedWhileRunning_data() { transports(); }
    void destroyedWhileRunning();
    void stoppedBeforeListening();
    void drainedOnListening();

private:
    std::unique_ptr<QSignalSpy> m_stopped;
};

void TstShutdown::drainLetsRequestsEnd()
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
    Client idle(m_rig->port());
    idle.get("/health");
    PDLB_WAIT(idle.done());

    QSignalSpy stopped(&m_rig->balancer, &Balancer::stopped);
    m_rig->balancer.drain();
    PDLB_WAIT(idle.closed());
    Client late(m_rig->port());
    PDLB_WAIT(late.done()); // refused
    QVERIFY(!late.hasHead());
    QVERIFY(stopped.isEmpty());
    QVERIFY(m_rig->balancer.isRunning());
    decode.request()->writeChunk("data: [DONE]\n\n");
    decode.request()->endChunked();
    PDLB_WAIT_EQUAL(m_client->end(), Client::End::Terminator);
    PDLB_WAIT_EQUAL(stopped.size(), 1);
    QCOMPARE(stopped.first().first().toBool(), true);
    QVERIFY(!m_rig->balancer.isRunning());
    QVERIFY(m_client->closed() || QTest::qWaitFor([&] { return m_client->closed(); }));
    QCOMPARE(m_rig->traces.lastEnd(), "ok");
    QCOMPARE(decode.aborts(), 0);
}

void TstShutdown::drainOfAnIdleBalancer()
{
    QVERIFY(begin());
    m_client->get("/health");
    PDLB_WAIT(m_client->done());
    QSignalSpy stopped(&m_rig->balancer, &Balancer::stopped);
    m_rig->balancer.drain();
    PDLB_WAIT_EQUAL(stopped.size(), 1);
    QCOMPARE(stopped.first().first().toBool(), true);
    PDLB_WAIT(m_client->closed());
}

void TstShutdown::graceIsOver_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("body");
    forBothTransports([](TransportKind kind) {
        QTest::addRow("stream, %s", transportName(kind)) << kind << longStream;
        QTest::addRow("before the answer, %s", transportName(kind)) << kind << QByteArray(generateBody);
    });
}

void TstShutdown::graceIsOver()
{
    QFETCH(QByteArray, body);
    Setup setup;
    setup.engine.decodeMs = 2;
    setup.change = [](Config &config) { config.drainTimeout = std::chrono::milliseconds(200); };
    QVERIFY(begin(setup));
    if (body != longStream)
        m_rig->decode().addFault(u"decode:hang"_s);
    m_client->post("/generate", body);
    if (body == longStream)
        PDLB_WAIT(m_client->received() > 0);
    else
        PDLB_WAIT(m_rig->posts(m_rig->decode()) == 1);
    QSignalSpy stopped(&m_rig->balancer, &Balancer::stopped);
    m_rig->balancer.drain();
    PDLB_WAIT(m_client->done());
    if (body == longStream) {
        QVERIFY2(!m_client->whole(), m_client->describe().constData());
        const QByteArray last = m_client->events().last();
        QVERIFY2(last.contains("\"shutting_down\""), last.constData());
    } else {
        QCOMPARE(m_client->status(), 503);
        QCOMPARE(m_client->errorCode(), u"shutting_down"_s);
        QVERIFY(m_client->headers().contains("retry-after"));
    }
    PDLB_WAIT_EQUAL(stopped.size(), 1);
    QCOMPARE(stopped.first().first().toBool(), false);
    QCOMPARE(m_rig->traces.lastEnd(), "drain");
    PDLB_WAIT(wasAborted(m_rig->decode()));
    PDLB_WAIT_EQUAL(m_rig->decode().running(), 0);
    PDLB_WAIT_EQUAL(m_rig->prefill().running(), 0);
}

void TstShutdown::secondDrainEndsNow()
{
    Setup setup;
    setup.engine.decodeMs = 2;
    QVERIFY(begin(setup)); // 30 s of grace
    m_client->post("/generate", longStream);
    PDLB_WAIT(m_client->received() > 0);
    QSignalSpy stopped(&m_rig->balancer, &Balancer::stopped);
    QElapsedTimer timer;
    timer.start();
    m_rig->balancer.drain();
    m_rig->balancer.drain();
    PDLB_WAIT_EQUAL(stopped.size(), 1);
    QCOMPARE(stopped.first().first().toBool(), false);
    QVERIFY(timer.elapsed() < 20000);
    PDLB_WAIT(m_client->done());
    QVERIFY(!m_client->whole());
    m_rig->balancer.drain(); // harmless
    QCOMPARE(stopped.size(), 1);
}

void TstShutdown::readinessWhileDraining()
{
    QVERIFY(begin());
    for (const char *path : {"/readyz", "/readiness", "/health", "/livez", "/liveness"}) {
        m_client->get(path);
        PDLB_WAIT(m_client->done());
        QCOMPARE(m_client->status(), 200);
    }
    Client alive(m_rig->port());
    m_client->again();
    m_client->send("GET /rea"); // those who ask at that moment get an answer
    alive.send("GET /livez");
    settle();
    QSignalSpy stopped(&m_rig->balancer, &Balancer::stopped);
    m_rig->balancer.drain();
    PDLB_WAIT(([&] { // new ones do not get in
        Client late(m_rig->port());
        return waitFor([&] { return late.done(); }) && !late.hasHead();
    }()));
    m_client->send("dyz HTTP/1.1\r\nHost: a\r\n\r\n");
    alive.send(" HTTP/1.1\r\nHost: a\r\n\r\n");
    PDLB_WAIT(m_client->closed() && alive.closed());
    QCOMPARE(m_client->status(), 503);
    QCOMPARE(m_client->errorCode(), u"shutting_down"_s);
    QCOMPARE(m_client->header("connection"), "close");
    QCOMPARE(alive.status(), 200);
    PDLB_WAIT_EQUAL(stopped.size(), 1);
    QCOMPARE(stopped.first().first().toBool(), true);
}

void TstShutdown::uploadWhileDraining()
{
    QVERIFY(begin());
    const QByteArray body = generateBody;
    m_client->send("POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: " + QByteArray::number(body.size()) + "\r\n\r\n" + body.first(10));
    settle();
    QSignalSpy stopped(&m_rig->balancer, &Balancer::stopped);
    m_rig->balancer.drain();
    QCOMPARE(m_rig->posts(m_rig->prefill()), 0);
    m_client->send(body.sliced(10));
    PDLB_WAIT(m_client->closed());
    QVERIFY2(m_client->status() == 200 && m_client->whole(), m_client->describe().constData());
    QCOMPARE(m_client->header("connection"), "close");
    PDLB_WAIT_EQUAL(stopped.size(), 1);
    QCOMPARE(stopped.first().first().toBool(), true);
    QCOMPARE(Rig::lastPost(m_rig->decode()).body.contains("hello world"), true);
}

void TstShutdown::uploadThatDoesNotEnd()
{
    QVERIFY(begin());
    m_client->send("POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
    settle();
    QSignalSpy stopped(&m_rig->balancer, &Balancer::stopped);
    m_rig->balancer.drain();
    m_rig->balancer.drain();
    PDLB_WAIT_EQUAL(stopped.size(), 1);
    QCOMPARE(stopped.first().first().toBool(), false);
    PDLB_WAIT(m_client->closed());
    QCOMPARE(m_rig->posts(m_rig->prefill()), 0);
}

void TstShutdown::portInUse()
{
    QTcpServer other;
    QVERIFY(other.listen(QHostAddress(QHostAddress::LocalHost), 0));
    Config config;
    config.port = other.serverPort();
    config.prefill = {{u"http://127.0.0.1:1"_s, BootstrapPort::none()}};
    config.decode = {{u"http://127.0.0.1:1"_s}};
    const int descriptors = openDescriptors();
    Balancer balancer;
    const auto started = balancer.start(config);
    QVERIFY(!started);
    const QString &message = started.error().message;
    QVERIFY2(message.contains(QString::number(config.port)) && message.contains("127.0.0.1"_L1) && message.contains("--port"_L1),
             qPrintable(message));
    QVERIFY(!balancer.isRunning());
    QCOMPARE(balancer.port(), 0);
    QCOMPARE(openDescriptors(), descriptors);
    // Another balancer is no partner either.
    other.close();
    QVERIFY(balancer.start(config));
    Balancer second;
    QVERIFY(!second.start(config));
    const auto again = balancer.start(config);
    QVERIFY(!again && again.error().message.contains("already"_L1));
}

void TstShutdown::badConfiguration()
{
    Balancer balancer;
    Config config;
    QVERIFY(balancer.start(config).error().message.contains("--prefill"_L1));
    config.prefill = {{u"http://127.0.0.1:1"_s, BootstrapPort::none()}};
    config.decode = {{u"http://127.0.0.1:1"_s}};
    config.host = u"no such host"_s;
    QVERIFY(balancer.start(config).error().message.contains("\"no such host\""_L1));
    config.host = u"203.0.113.1"_s;
    config.port = 0;
    const auto started = balancer.start(config);
    QVERIFY(!started && started.error().message.contains("no such address"_L1));
    QVERIFY(!balancer.isRunning());
    balancer.drain();
    balancer.stop();
}

void TstShutdown::startAndStopRepeatedly()
{
    QVERIFY(begin());
    Config config;
    config.port = 0;
    config.workers = 3;
    config.transport = isQnam() ? TransportKind::Qnam : TransportKind::Direct;
    config.prefill = {{m_rig->prefill().url().toString(), {}}};
    config.decode = {{m_rig->decode().url().toString()}};
    const int threads = threadCount();
    Balancer balancer;
    QSignalSpy listening(&balancer, &Balancer::listening);
    for (int i = 0; i < 15; ++i) {
        QVERIFY(balancer.start(config));
        QVERIFY(balancer.port() != 0);
        if (i % 3 == 0) // at once, before it listens
            QVERIFY(listening.size() <= i);
        else
            PDLB_WAIT(!listening.isEmpty());
        if (i % 3 == 2) {
            Client client(balancer.port());
            client.post("/generate", QByteArray(generateStream));
            PDLB_WAIT(client.done());
            QCOMPARE(client.status(), 200);
        }
        listening.clear();
        balancer.stop();
        QVERIFY(!balancer.isRunning());
        listening.clear();
    }
    PDLB_WAIT(threadCount() <= threads);
}

void TstShutdown::destroyedWhileRunning()
{
    QVERIFY(begin());
    auto balancer = std::make_unique<Balancer>();
    Config config;
    config.port = 0;
    config.workers = 2;
    config.transport = isQnam() ? TransportKind::Qnam : TransportKind::Direct;
    config.prefill = {{m_rig->prefill().url().toString(), {}}};
    config.decode = {{m_rig->decode().url().toString()}};
    QSignalSpy listening(balancer.get(), &Balancer::listening);
    QVERIFY(balancer->start(config));
    PDLB_WAIT_EQUAL(listening.size(), 1);
    // Streams, a request without answer, a fan-out on its way, an upload, and an idle connection.
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 8; ++i) {
        clients.push_back(std::make_unique<Client>(balancer->port()));
        clients.back()->post("/generate", longStream);
    }
    for (const auto &client : clients)
        PDLB_WAIT(client->received() > 0);
    clients.push_back(std::make_unique<Client>(balancer->port()));
    m_rig->decode().addFault(u"decode:hang,path=/health_generate"_s);
    clients.back()->get("/health_generate");
    PDLB_WAIT(m_rig->decode().http().requestCount("/health_generate") > 0);
    clients.push_back(std::make_unique<Client>(balancer->port()));
    clients.back()->send("POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{");
    balancer.reset();
    for (const auto &client : clients) {
        PDLB_WAIT(client->done());
        QVERIFY(!client->whole());
    }
    PDLB_WAIT_EQUAL(m_rig->decode().running(), 0);
    PDLB_WAIT_EQUAL(m_rig->prefill().running(), 0);
    clients.clear();
    m_rig->decode().clearFaults();
}

void TstShutdown::stoppedBeforeListening()
{
    ScriptedEngine silent; // its /server_info never comes
    silent.http().setHandler([](mock::MockExchange &) {});
    Config config;
    config.port = 0;
    config.prefill = {{silent.url(), {}}};
    config.decode = {{silent.url()}};
    Balancer balancer;
    QSignalSpy stopped(&balancer, &Balancer::stopped);
    QVERIFY(balancer.start(config));
    PDLB_WAIT(silent.http().requestCount() > 0);
    balancer.drain();
    PDLB_WAIT_EQUAL(stopped.size(), 1);
    QVERIFY(!balancer.isRunning());
    QVERIFY(stopped.first().first().toBool()); // nobody was served yet, nothing was cut
    // A silent prefill holds nobody up for long.
    QSignalSpy listening(&balancer, &Balancer::listening);
    QVERIFY(balancer.start(config));
    PDLB_WAIT_EQUAL(listening.size(), 1);
}

void TstShutdown::drainedOnListening()
{
    // The workers' threads have just been started and may not have come to their connections yet.
    Config config;
    config.port = 0;
    config.workers = 2;
    config.drainTimeout = std::chrono::minutes(10); // forcing would time the test out
    config.prefill = {{u"http://127.0.0.1:1"_s, BootstrapPort::none()}};
    config.decode = {{u"http://127.0.0.1:1"_s}};
    for (int round = 0; round < 20; ++round) {
        Balancer balancer;
        connect(&balancer, &Balancer::listening, &balancer, &Balancer::drain);
        QSignalSpy stopped(&balancer, &Balancer::stopped);
        QVERIFY(balancer.start(config));
        PDLB_WAIT_EQUAL(stopped.size(), 1);
        QVERIFY(stopped.first().first().toBool());
    }
}

QTEST_GUILESS_MAIN(TstShutdown)
#include "tst_shutdown.moc"
