// SPDX-License-Identifier: Apache-2.0

// The client goes: both legs are closed and both engines told, at any moment (T69-T72).
#include "scripts.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

class TstDisconnect : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void clientGoes_data();
    void clientGoes();
    void atTheEnd_data() { transports(); }
    void atTheEnd();
    void whileUploading_data() { transports(); }
    void whileUploading();
    void whileConnecting_data() { transports(); }
    void whileConnecting();
    void abortStorm_data() { transports(); }
    void abortStorm();
};

void TstDisconnect::clientGoes_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("moment");
    QTest::addColumn<QByteArray>("how");
    QTest::addColumn<QByteArray>("body");
    forBothTransports([](TransportKind kind) {
        for (const char *how : {"FIN", "RST", "half-close"}) {
            QTest::addRow("whole answer, before it, %s, %s", how, transportName(kind))
                << kind << QByteArray("first") << QByteArray(how) << QByteArray(generateBody);
            QTest::addRow("stream, before it, %s, %s", how, transportName(kind))
                << kind << QByteArray("first") << QByteArray(how) << QByteArray(generateStream);
            QTest::addRow("mid-stream, %s, %s", how, transportName(kind))
                << kind << QByteArray("mid") << QByteArray(how)
                << QByteArray(R"({"text":"a","stream":true,"sampling_params":{"max_new_tokens":1000000}})");
            QTest::addRow("fan-out, mid-stream, %s, %s", how, transportName(kind))
                << kind << QByteArray("mid") << QByteArray(how)
                << QByteArray(R"({"text":"a","stream":true,"sampling_params":{"max_new_tokens":1000000,"n":2}})");
        }
    });
}

void TstDisconnect::clientGoes()
{
    QFETCH(QByteArray, moment);
    QFETCH(QByteArray, how);
    QFETCH(QByteArray, body);
    Setup setup;
    setup.engine.decodeMs = 2;
    QVERIFY(begin(setup));
    const bool fanOut = body.contains("\"n\"");
    const int legs = fanOut ? 2 : 1;
    if (moment == "first")
        m_rig->decode().addFault(u"decode:hang"_s);
    m_client->post("/generate", body);
    if (moment == "first")
        PDLB_WAIT(m_rig->posts(m_rig->decode()) == legs && m_rig->prefill().running() == legs
                  && !Rig::lastPost(m_rig->decode()).body.isEmpty());
    else
        PDLB_WAIT(m_client->events().size() > 2);
    if (how == "RST")
        m_client->reset();
    else if (how == "half-close")
        m_client->shutdownWrite(); // documented: taken for leaving
    else
        m_client->disconnect();
    PDLB_WAIT_EQUAL(m_rig->decode().running(), 0);
    PDLB_WAIT_EQUAL(m_rig->prefill().running(), 0);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "client_gone");
    PDLB_WAIT(wasAborted(m_rig->decode()));
    QCOMPARE(m_rig->decode().aborts().size(), legs); // once for each
    if (moment == "first") {
        PDLB_WAIT(wasAborted(m_rig->prefill()));
        QCOMPARE(m_rig->prefill().aborts().size(), legs);
    } else { // its part was over
        QVERIFY(m_rig->prefill().aborts().size() <= legs);
    }
    QCOMPARE(m_rig->posts(m_rig->decode()), legs);
    m_rig->decode().clearFaults();
}

void TstDisconnect::atTheEnd()
{
    QVERIFY(begin());
    for (int i = 0; i < 40; ++i) {
        m_client = m_rig->client();
        m_client->post("/generate", QByteArray(generateStream));
        PDLB_WAIT(m_client->body().contains("[DONE]"));
        if (i % 2)
            m_client->reset();
        else
            m_client->disconnect();
        PDLB_WAIT_EQUAL(m_rig->traces.size(), i + 1);
        // In the same moment as the end: whichever came first; never an abort behind the end.
        const QByteArray end = m_rig->traces.lastEnd();
        QVERIFY2(end == "ok" || end == "client_gone", end.constData());
        if (end == "ok")
            QVERIFY(!wasAborted(m_rig->decode()));
    }
}

void TstDisconnect::whileUploading()
{
    QVERIFY(begin());
    m_client->send("POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n{\"text\":");
    m_client->send(QByteArray(500000, ' '));
    PDLB_WAIT(!m_client->unsent());
    m_client->reset();
    // A large body is scanned in another thread; its client may be gone before that ends.
    for (int i = 0; i < 5; ++i) {
        m_client = m_rig->client();
        m_client->post("/generate", R"({"text":")" + QByteArray(8 * 1024 * 1024, 'x') + R"("})");
        PDLB_WAIT(!m_client->unsent());
        m_client->reset();
    }
    m_client = m_rig->client();
    exchange("/generate", generateBody);
    QCOMPARE(m_client->status(), 200);
}

void TstDisconnect::whileConnecting()
{
    Setup setup;
    // Packets to that block (RFC 5737) go nowhere; where they are refused at once the request just fails.
    setup.change = [](Config &config) { config.decode = {{u"http://192.0.2.1:9"_s}}; };
    if (isQnam())
        QSKIP("the warm-up of QNetworkAccessManager would wait for the connect timeout");
    QVERIFY(begin(setup));
    m_client->post("/generate", QByteArray(generateBody));
    PDLB_WAIT(m_rig->balancer.inFlight() == 1 || m_rig->traces.size() == 1);
    m_client->disconnect();
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->posts(m_rig->prefill()), 0);
    QVERIFY(m_rig->prefill().aborts().isEmpty());
}

void TstDisconnect::abortStorm()
{
    Setup setup;
    setup.engine.decodeMs = 1;
    setup.change = [](Config &config) { config.workers = 2; };
    QVERIFY(begin(setup));
    m_rig->ignoreThreads("each of the storm's connections beyond six makes QNetworkAccessManager threads");
    constexpr int clients = 150;
    quint32 seed = 7;
    std::vector<std::unique_ptr<Client>> storm;
    for (int i = 0; i < clients; ++i) {
        storm.push_back(m_rig->client());
        storm.back()->post("/generate", QByteArray(R"({"text":"a","stream":true,"sampling_params":{"max_new_tokens":100}})"));
        // Some leave at once, others after a few turns, some stay.
        seed = seed * 1664525 + 1013904223;
        const size_t victim = (seed >> 8) % storm.size();
        if (storm[victim] && seed % 3) {
            if (seed % 2)
                storm[victim]->reset();
            storm[victim].reset();
        }
        QTest::qWait(0);
    }
    for (const auto &client : storm) {
        if (client)
            PDLB_WAIT(client->done());
    }
    storm.clear();
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    const auto aborts = m_rig->decode().aborts();
    QCOMPARE(QSet<QByteArray>(aborts.begin(), aborts.end()).size(), aborts.size()); // at most one for each request
    QCOMPARE(m_rig->decode().duplicateRooms(), 0);
}

QTEST_GUILESS_MAIN(TstDisconnect)
#include "tst_disconnect.moc"
