// SPDX-License-Identifier: Apache-2.0

// Connections to engines: refused, closed while kept, lost with their engine (T34, T35, T45, T58-T60).
#include "scripts.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

class TstConnections : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void connectionRefused_data();
    void connectionRefused();
    void anotherPairIsTried_data() { transports(); }
    void anotherPairIsTried();
    void unknownHostName_data() { transports(); }
    void unknownHostName();
    void staleConnections_data() { transports(); }
    void staleConnections();
    void killedEngineComesBack_data() { transports(); }
    void killedEngineComesBack();
};

void TstConnections::connectionRefused_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QString>("which");
    forBothTransports([](TransportKind kind) {
        for (const char *which : {"prefill", "decode", "both"})
            QTest::addRow("%s, %s", which, transportName(kind)) << kind << QString::fromLatin1(which);
    });
}

void TstConnections::connectionRefused()
{
    QFETCH(QString, which);
    QVERIFY(begin());
    if (which != "decode"_L1)
        m_rig->prefill().kill();
    if (which != "prefill"_L1)
        m_rig->decode().kill();
    exchange("/generate", generateStream);
    QVERIFY2(m_client->status() == 502 && m_client->whole(), m_client->describe().constData());
    if (isQnam() && m_client->errorCode() == which + u"_failed"_s)
        QSKIP(qnamStale);
    if (which != "both"_L1) {
        QCOMPARE(m_client->errorCode(), which + u"_unreachable"_s);
        QVERIFY2(m_client->body().contains("refused"), m_client->describe().constData());
    }
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QVERIFY(m_rig->traces.lastEnd() == (which == "decode"_L1 ? "decode_conn" : "prefill_conn") || which == "both"_L1);
    for (mock::MockEngine *engine : {&m_rig->prefill(), &m_rig->decode()}) {
        if (!isQnam())
            QCOMPARE(m_rig->posts(*engine), 0); // no half-started request
        else if (m_rig->posts(*engine) > 0)
            PDLB_WAIT(wasAborted(*engine)); // qnamConnect
    }
    QVERIFY(m_rig->fleet.restart(mock::Role::Prefill, 0));
    QVERIFY(m_rig->fleet.restart(mock::Role::Decode, 0));
    exchange("/generate", generateStream);
    if (isQnam() && m_client->status() == 502) // on a connection that it had not seen closing
        exchange("/generate", generateStream);
    QCOMPARE(m_client->status(), 200);
}

void TstConnections::anotherPairIsTried()
{
    Setup setup{.prefills = 2, .decodes = 2};
    setup.change = [](Config &config) { config.policy = u"round_robin"_s; };
    QVERIFY(begin(setup));
    if (isQnam())
        QSKIP(qnamConnect);
    m_rig->prefill(0).kill();
    m_rig->decode(1).kill();
    int retried = 0;
    for (int i = 0; i < 8; ++i) {
        exchange("/generate", generateBody);
        PDLB_WAIT_EQUAL(m_rig->traces.size(), i + 1);
        retried += m_rig->traces.last().attempts == 2;
        // One retry only: with p1/d1 as the first pair the second attempt, p2/d2, fails as well.
        QVERIFY2(m_client->status() == 200 || m_client->errorCode().endsWith("_unreachable"_L1), m_client->describe().constData());
        if (m_client->status() == 200) {
            QCOMPARE(m_rig->traces.last().leg(true)->server, "p2");
            QCOMPARE(m_rig->traces.last().leg(false)->server, "d1");
        }
    }
    QVERIFY(retried > 0);
    QCOMPARE(m_rig->prefill(1).duplicateRooms(), 0);
    QCOMPARE(m_rig->posts(m_rig->prefill(1)), m_rig->posts(m_rig->decode(0)));
}

void TstConnections::unknownHostName()
{
    Setup setup;
    setup.change = [](Config &config) { config.decode = {{u"http://no-such-engine.invalid:8000"_s}}; };
    QVERIFY(begin(setup));
    m_rig->ignoreThreads("name look-ups have threads that live on");
    exchange("/generate", generateBody);
    // 504 where the resolver answers later than the connect timeout.
    QVERIFY2(m_client->status() == 502 || m_client->status() == 504, m_client->describe().constData());
    QCOMPARE(m_client->errorCode(), u"decode_unreachable"_s);
    if (!isQnam())
        QCOMPARE(m_rig->posts(m_rig->prefill()), 0);
}

void TstConnections::staleConnections()
{
    QVERIFY(begin());
    int requests = 0;
    int lost = 0;
    const auto oneRequest = [&] {
        exchange("/generate", generateBody);
        ++requests;
        // QNetworkAccessManager may notice too late; that it sends nothing twice holds for it as well.
        if (isQnam() && m_client->status() == 502)
            ++lost;
        else
            QVERIFY2(m_client->status() == 200, m_client->describe().constData());
    };
    // Closed by RST right before the next request, then by FIN, as uvicorn does after its keep-alive time.
    for (int i = 0; i < 200 && !QTest::currentTestFailed(); ++i) {
        oneRequest();
        PDLB_WAIT(m_rig->decode().running() == 0 && m_rig->prefill().running() == 0);
        for (mock::MockEngine *engine : {&m_rig->prefill(), &m_rig->decode()})
            engine->http().dropConnections();
    }
    for (mock::MockEngine *engine : {&m_rig->prefill(), &m_rig->decode()})
        engine->addFault(u"any:stale=100ms"_s);
    for (int i = 0; i < 10 && !QTest::currentTestFailed(); ++i) {
        oneRequest();
        PDLB_WAIT(m_rig->decode().http().openConnections() == 0 && m_rig->prefill().http().openConnections() == 0);
    }
    for (mock::MockEngine *engine : {&m_rig->prefill(), &m_rig->decode()}) {
        QVERIFY(m_rig->posts(*engine) <= requests && m_rig->posts(*engine) >= requests - lost);
        QCOMPARE(engine->duplicateRooms(), 0);
    }
    if (lost > 0)
        qInfo("%d of %d requests met a connection that QNetworkAccessManager had not seen closing", lost, requests);
}

void TstConnections::killedEngineComesBack()
{
    Setup setup;
    setup.engine.decodeMs = 5;
    QVERIFY(begin(setup));
    m_client->post("/v1/chat/completions", QByteArray(R"({"messages":[{"role":"user","content":"x"}],"max_tokens":100000,"stream":true})"));
    PDLB_WAIT(m_client->events().size() > 3);
    m_rig->decode().kill();
    PDLB_WAIT(m_client->done());
    QVERIFY2(!m_client->whole(), m_client->describe().constData());
    QVERIFY2(m_client->events().last().contains("\"decode_failed\""), m_client->events().last().constData());
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "decode_cut");
    QVERIFY(m_rig->fleet.restart(mock::Role::Decode, 0));
    m_client = m_rig->client();
    exchange("/v1/chat/completions", chatStream);
    QCOMPARE(m_client->end(), Client::End::Terminator);
}

QTEST_GUILESS_MAIN(TstConnections)
#include "tst_connections.moc"
