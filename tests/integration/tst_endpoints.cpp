// SPDX-License-Identifier: Apache-2.0

// The endpoints besides generation: what SGLang's mini load balancer serves, and honestly.
#include "scripts.h"

#include <QJsonArray>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

class TstEndpoints : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void health_data() { transports(); }
    void health();
    void healthGenerate_data() { transports(); }
    void healthGenerate();
    void serverInfo_data();
    void serverInfo();
    void serverInfoWithoutStates_data() { transports(); }
    void serverInfoWithoutStates();
    void fromFirstPrefill_data();
    void fromFirstPrefill();
    void flushCache_data();
    void flushCache();
    void abortRequest_data() { transports(); }
    void abortRequest();
    void headersReachTheEngines_data() { transports(); }
    void headersReachTheEngines();

private:
    void get(const QByteArray &target, const QByteArray &headers = {}, const QByteArray &method = "GET");
};

void TstEndpoints::get(const QByteArray &target, const QByteArray &headers, const QByteArray &method)
{
    m_client->get(target, headers, method);
    PDLB_WAIT(m_client->done());
}

void TstEndpoints::health()
{
    QVERIFY(begin());
    m_rig->prefill().kill();
    m_rig->decode().kill();
    get("/health"); // says that the balancer lives, whatever the engines do
    QCOMPARE(m_client->status(), 200);
    QVERIFY(m_client->body().isEmpty());
}

void TstEndpoints::healthGenerate()
{
    QVERIFY(begin({.prefills = 2, .decodes = 2}));
    get("/health_generate");
    QCOMPARE(m_client->status(), 200);
    QVERIFY(m_client->body().isEmpty());
    m_rig->decode(1).setHealthy(false);
    m_rig->prefill(0).kill();
    get("/health_generate");
    QCOMPARE(m_client->status(), 503);
    const QByteArrayList lines = m_client->body().trimmed().split('\n');
    QCOMPARE(lines.size(), 4);
    const auto line = [](const char *name, const mock::MockEngine &engine) { return name + engine.url().toString().toUtf8() + ": "; };
    QVERIFY2(lines[0].startsWith(line("prefill p1 ", m_rig->prefill(0))) && !lines[0].endsWith(": ok"), lines[0].constData());
    QCOMPARE(lines[1], line("prefill p2 ", m_rig->prefill(1)) + "ok");
    QCOMPARE(lines[2], line("decode d1 ", m_rig->decode(0)) + "ok");
    QCOMPARE(lines[3], line("decode d2 ", m_rig->decode(1)) + "status 503");
    for (mock::MockEngine *engine : {&m_rig->prefill(1), &m_rig->decode(0), &m_rig->decode(1)})
        QCOMPARE(engine->http().requestCount("/health_generate"), 2);
}

void TstEndpoints::serverInfo_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<bool>("oneDown");
    forBothTransports([](TransportKind kind) {
        QTest::addRow("new name, %s", transportName(kind)) << kind << QByteArray("/server_info") << false;
        QTest::addRow("old name, %s", transportName(kind)) << kind << QByteArray("/get_server_info") << false;
        QTest::addRow("one down, %s", transportName(kind)) << kind << QByteArray("/server_info") << true;
    });
}

void TstEndpoints::serverInfo()
{
    QFETCH(QByteArray, path);
    QFETCH(bool, oneDown);
    QVERIFY(begin({.prefills = 1, .decodes = 2}));
    if (oneDown)
        m_rig->decode(0).kill();
    get(path);
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->header("content-type"), "application/json");
    const QJsonObject info = m_client->json();
    QCOMPARE(info.keys(), (QStringList{u"decode"_s, u"internal_states"_s, u"prefill"_s}));
    // What bench_serving and one_batch_server read.
    QCOMPARE(info["internal_states"_L1].toArray().size(), oneDown ? 1 : 2);
    QVERIFY(!info["internal_states"_L1][0]["memory_usage"_L1].isUndefined() || !info["internal_states"_L1][0].isUndefined());
    QCOMPARE(info["prefill"_L1].toArray().size(), 1);
    QCOMPARE(info["decode"_L1].toArray().size(), 2);
    QCOMPARE(info["prefill"_L1][0]["disaggregation_mode"_L1].toString(), u"prefill"_s);
    QCOMPARE(info["decode"_L1][1]["disaggregation_mode"_L1].toString(), u"decode"_s);
    const QJsonObject first = info["decode"_L1][0].toObject();
    if (oneDown) {
        QCOMPARE(first["url"_L1].toString(), m_rig->decode(0).url().toString());
        QVERIFY(!first["error"_L1].toString().isEmpty());
        QCOMPARE(first.size(), 2);
    } else {
        QCOMPARE(first["disaggregation_mode"_L1].toString(), u"decode"_s);
        QVERIFY(first["internal_states"_L1][0].toObject() == info["internal_states"_L1][0].toObject());
    }
}

void TstEndpoints::serverInfoWithoutStates()
{
    QVERIFY(begin());
    m_rig->decode().addFault(u"decode:status=200,path=/server_info,body={\"version\":1.0}"_s);
    get("/server_info");
    QCOMPARE(m_client->status(), 200);
    // The engine's own bytes, and SGLang's stand-in for the states.
    QVERIFY2(m_client->body().endsWith(R"("decode":[{"version":1.0}]})"), m_client->body().right(100).constData());
    QVERIFY(m_client->body().startsWith(R"({"internal_states":[{"avg_spec_accept_length":null,"last_gen_throughput":0}],)"));
    m_rig->prefill().kill();
    m_rig->decode().kill();
    get("/server_info");
    QCOMPARE(m_client->status(), 503);
    QCOMPARE(m_client->json()["prefill"_L1][0]["url"_L1].toString(), m_rig->prefill().url().toString());
}

void TstEndpoints::fromFirstPrefill_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("enginePath");
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *path, const char *engine) {
            QTest::addRow("%s, %s", path, transportName(kind)) << kind << QByteArray(path) << QByteArray(engine);
        };
        row("/model_info", "/model_info");
        row("/get_model_info", "/model_info");
        row("/v1/models", "/v1/models");
    });
}

void TstEndpoints::fromFirstPrefill()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, enginePath);
    QVERIFY(begin({.prefills = 2}));
    Client direct(m_rig->prefill(0).port());
    direct.get(enginePath);
    PDLB_WAIT(direct.done());
    direct.disconnect();
    get(path);
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->body(), direct.body());
    QCOMPARE(m_client->header("content-type"), direct.header("content-type"));
    QCOMPARE(m_rig->prefill(1).http().requestCount(enginePath), 0);
    // HEAD has no body.
    get(path, {}, "HEAD");
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->end(), Client::End::NoBody);
    // An engine's refusal is forwarded; an engine that is down is passed over.
    m_rig->prefill(0).addFault(u"prefill:status=418,count=1,path=*"_s);
    get(path);
    QCOMPARE(m_client->status(), 418);
    m_rig->prefill(0).kill();
    get(path);
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_rig->prefill(1).http().requestCount(enginePath), 1);
    m_rig->prefill(1).kill();
    get(path);
    QCOMPARE(m_client->status(), 503);
    QCOMPARE(m_client->errorCode(), u"no_prefill_answered"_s);
    QVERIFY(m_client->body().contains(m_rig->prefill(1).url().toString().toUtf8()));
}

void TstEndpoints::flushCache_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("method");
    forBothTransports([](TransportKind kind) {
        for (const char *method : {"GET", "POST"})
            QTest::addRow("%s, %s", method, transportName(kind)) << kind << QByteArray(method);
    });
}

void TstEndpoints::flushCache()
{
    QFETCH(QByteArray, method);
    QVERIFY(begin({.prefills = 1, .decodes = 2}));
    get("/flush_cache?timeout=2&x=%20", {}, method); // curl -X POST: no Content-Length
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->json()["success"_L1].toBool(), true);
    const QJsonArray results = m_client->json()["results"_L1].toArray();
    QCOMPARE(results.size(), 3);
    QCOMPARE(results[0]["role"_L1].toString(), u"prefill"_s);
    QCOMPARE(results[2]["role"_L1].toString(), u"decode"_s);
    QCOMPARE(results[2]["url"_L1].toString(), m_rig->decode(1).url().toString());
    QCOMPARE(results[2]["status"_L1].toInt(), 200);
    for (const mock::MockEngine *engine : {&m_rig->prefill(), &m_rig->decode(0), &m_rig->decode(1)}) {
        QCOMPARE(engine->requests().last().head.target, "/flush_cache?timeout=2&x=%20");
        QCOMPARE(engine->requests().last().head.method, method);
    }
    m_rig->decode(1).addFault(u"decode:status=400,path=/flush_cache,body=busy,count=1"_s);
    get("/flush_cache", {}, method);
    QCOMPARE(m_client->status(), 400);
    QCOMPARE(m_client->json()["success"_L1].toBool(), false);
    QCOMPARE(m_client->json()["results"_L1][0]["success"_L1].toBool(), true);
    QCOMPARE(m_client->json()["results"_L1][2]["message"_L1].toString(), u"busy"_s);
    m_rig->decode(0).kill();
    get("/flush_cache", {}, method);
    QCOMPARE(m_client->status(), 502);
    QCOMPARE(m_client->json()["results"_L1][1]["status"_L1].toInt(), 0);
    QVERIFY(!m_client->json()["results"_L1][1]["message"_L1].toString().isEmpty());
}

void TstEndpoints::abortRequest()
{
    QVERIFY(begin({.prefills = 2, .decodes = 1}));
    const QByteArray body = R"({ "rid" : "abc-1",  "x": 1.0 })";
    exchange("/abort_request", body);
    QCOMPARE(m_client->status(), 200);
    for (const mock::MockEngine *engine : {&m_rig->prefill(0), &m_rig->prefill(1), &m_rig->decode()}) {
        QCOMPARE(engine->requests().last().body, body);
        QCOMPARE(engine->aborts(), QList<QByteArray>{"abc-1"});
        QCOMPARE(engine->requests().last().header("content-type"), "application/json");
    }
}

void TstEndpoints::headersReachTheEngines()
{
    Setup setup;
    setup.engine.apiKey = "sesame";
    setup.change = [](Config &config) { config.prefill.first().bootstrapPort = BootstrapPort::none(); };
    QVERIFY(begin(setup));
    get("/v1/models");
    QCOMPARE(m_client->status(), 401);
    get("/v1/models", "Authorization: Bearer sesame\r\nX-Request-Id: r-1\r\n");
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->header("x-request-id"), "r-1");
    QCOMPARE(m_rig->prefill().requests().last().header("x-request-id"), "r-1");
    get("/server_info", "Authorization: Bearer sesame\r\n");
    QCOMPARE(m_client->json()["decode"_L1][0]["disaggregation_mode"_L1].toString(), u"decode"_s);
    // The abort of a cancelled request needs the key as well.
    m_client->post("/generate", QByteArray(R"({"text":"a","stream":true,"sampling_params":{"max_new_tokens":1000000}})"),
                   "Authorization: Bearer sesame\r\n");
    PDLB_WAIT(m_client->received() > 0);
    m_client->reset();
    PDLB_WAIT(wasAborted(m_rig->decode()));
}

QTEST_GUILESS_MAIN(TstEndpoints)
#include "tst_endpoints.moc"
