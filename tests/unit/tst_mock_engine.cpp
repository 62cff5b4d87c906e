// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_fleet.h"
#include "tst_mock_client.h"

#include <QSignalSpy>
#include <QTest>

using namespace pdlb;
using namespace pdlb::mock;
using namespace std::chrono_literals;

namespace {

struct Answer {
    int status = 0;
    QByteArray body;
    QJsonObject json() const { return QJsonDocument::fromJson(body).object(); }
};

QJsonValue at(const QJsonObject &object, const char *key)
{
    return object.value(QLatin1String(key));
}

} // namespace

/// Everything of an engine besides the meeting of two legs.
class TestMockEngine : public QObject
{
    Q_OBJECT

    Answer ask(quint16 port, const QByteArray &method, const QByteArray &target, const QByteArray &body = {},
               const QByteArray &headers = "Content-Type: application/json\r\n")
    {
        RawClient client(port);
        client.send(method + ' ' + target + " HTTP/1.1\r\nHost: m\r\n" + headers + "Content-Length: "
                    + QByteArray::number(body.size()) + "\r\n\r\n" + body);
        if (!QTest::qWaitFor([&] { return client.complete || client.closed; }))
            return {};
        return {client.status(), client.body};
    }

private Q_SLOTS:
    void init()
    {
        FleetOptions options;
        options.engine.decodeMs = 0;
        options.engine.apiKey.clear();
        m_fleet = std::make_unique<MockFleet>(options);
        QVERIFY(m_fleet->start());
        m_prefill = m_fleet->prefill().port();
        m_decode = m_fleet->decode().port();
        m_bootstrap = m_fleet->prefill().bootstrapPort();
    }
    void cleanup() { m_fleet.reset(); }

    void routes_data()
    {
        QTest::addColumn<QByteArray>("method");
        QTest::addColumn<QByteArray>("target");
        QTest::addColumn<int>("status");
        const auto row = [](const char *method, const char *target, int status) {
            QTest::newRow(QByteArray(QByteArray(method) + ' ' + target).constData())
                << QByteArray(method) << QByteArray(target) << status;
        };
        for (const char *path : {"/health", "/health_generate", "/server_info", "/get_server_info", "/model_info",
                                 "/get_model_info", "/v1/models", "/v1/loads", "/flush_cache"}) {
            row("GET", path, 200);
            row("DELETE", path, 405);
        }
        row("POST", "/flush_cache?timeout=5", 200);
        row("GET", "/generate", 405);
        row("GET", "/v1/chat/completions", 405);
        row("GET", "/abort_request", 405);
        row("GET", "/nothing", 404);
        row("POST", "/", 404);
    }
    void routes()
    {
        QFETCH(QByteArray, method);
        QFETCH(QByteArray, target);
        QFETCH(int, status);
        const Answer answer = ask(m_decode, method, target);
        QCOMPARE(answer.status, status);
        if (status == 404)
            QCOMPARE(answer.body, QByteArray(R"({"detail":"Not Found"})"));
        QCOMPARE(m_fleet->decode().requests().last().head.target, target);
    }

    void serverInfo()
    {
        const QJsonObject prefill = ask(m_prefill, "GET", "/server_info").json();
        const QJsonObject decode = ask(m_decode, "GET", "/get_server_info").json();
        QCOMPARE(at(prefill, "disaggregation_mode").toString(), QStringLiteral("prefill"));
        QCOMPARE(at(decode, "disaggregation_mode").toString(), QStringLiteral("decode"));
        QCOMPARE(at(prefill, "disaggregation_bootstrap_port").toInt(), int(m_bootstrap));
        QCOMPARE(at(decode, "disaggregation_bootstrap_port").toInt(), int(m_bootstrap));
        QCOMPARE(at(prefill, "port").toInt(), int(m_prefill));
        const QJsonObject state = at(decode, "internal_states").toArray().first().toObject();
        QVERIFY(state.contains(QLatin1String("avg_spec_accept_length")));
        QVERIFY(state.contains(QLatin1String("last_gen_throughput")));
        QVERIFY(at(at(state, "memory_usage").toObject(), "token_capacity").toInt() > 0);
        for (const char *key : {"model_path", "tokenizer_path", "page_size", "kv_cache_dtype", "tp_size", "dp_size",
                                "version", "disaggregation_transfer_backend"})
            QVERIFY2(decode.contains(QLatin1String(key)), key);
    }

    void bootstrapServer_data()
    {
        QTest::addColumn<QByteArray>("method");
        QTest::addColumn<QByteArray>("target");
        QTest::addColumn<int>("status");
        QTest::addColumn<QByteArray>("words");
        const QByteArray all = "/route?prefill_dp_rank=-1&prefill_cp_rank=-1&target_tp_rank=-1&target_pp_rank=-1";
        const QByteArray rank = "/route?prefill_dp_rank=0&prefill_cp_rank=0&target_tp_rank=0&target_pp_rank=0";
        const QByteArray none = "/route?prefill_dp_rank=9&prefill_cp_rank=0&target_tp_rank=0&target_pp_rank=0";
        QTest::newRow("health") << QByteArray("GET") << QByteArray("/health") << 200 << QByteArray("OK");
        QTest::newRow("all") << QByteArray("GET") << all << 200 << QByteArray("\"page_size\":64");
        QTest::newRow("rank") << QByteArray("GET") << rank << 200 << QByteArray("\"rank_port\":");
        QTest::newRow("no such rank") << QByteArray("GET") << none << 404 << QByteArray("not found for dp_rank=9");
        QTest::newRow("missing") << QByteArray("GET") << QByteArray("/route?prefill_dp_rank=-1") << 400
                                 << QByteArray("Missing inputs");
        QTest::newRow("verb") << QByteArray("DELETE") << all << 405 << QByteArray("Not Allowed");
        QTest::newRow("path") << QByteArray("GET") << QByteArray("/x") << 404 << QByteArray("Not Found");
    }
    void bootstrapServer()
    {
        QFETCH(QByteArray, method);
        QFETCH(QByteArray, target);
        QFETCH(int, status);
        QFETCH(QByteArray, words);
        const Answer answer = ask(m_bootstrap, method, target);
        QCOMPARE(answer.status, status);
        QVERIFY2(answer.body.contains(words), answer.body.constData());
        if (answer.body.contains("prefill_http_port"))
            QCOMPARE(at(answer.json(), "prefill_http_port").toInt(), int(m_prefill));
    }

    void notRegistered()
    {
        m_fleet->prefill().setRegistered(false);
        const Answer answer = ask(
            m_bootstrap, "GET", "/route?prefill_dp_rank=-1&prefill_cp_rank=-1&target_tp_rank=-1&target_pp_rank=-1");
        QCOMPARE(answer.status, 503);
        QCOMPARE(answer.body, QByteArray("Prefill server not fully registered yet (0 workers registered)."));
    }

    void unhealthy()
    {
        m_fleet->decode().setHealthy(false);
        QCOMPARE(ask(m_decode, "GET", "/health").status, 503);
        QCOMPARE(ask(m_decode, "GET", "/server_info").status, 200);
    }

    void apiKey()
    {
        m_fleet->decode().options().apiKey = "secret";
        QCOMPARE(ask(m_decode, "GET", "/health").status, 200);
        QCOMPARE(ask(m_decode, "GET", "/server_info").status, 401);
        QCOMPARE(ask(m_decode, "GET", "/server_info", {}, "Authorization: Bearer secret\r\n").status, 200);
    }

    void badBodies_data()
    {
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<QByteArray>("body");
        for (const char *path : {"/generate", "/v1/chat/completions", "/v1/completions"}) {
            QTest::addRow("%s not JSON", path) << QByteArray(path) << QByteArray("{\"a\":");
            QTest::addRow("%s list", path) << QByteArray(path) << QByteArray("[]");
            QTest::addRow("%s no prompt", path) << QByteArray(path) << QByteArray(R"({"bootstrap_room":5})");
            QTest::addRow("%s empty", path) << QByteArray(path) << QByteArray();
        }
        QTest::newRow("no ids") << QByteArray("/generate") << QByteArray(R"({"text":"a","bootstrap_room":null})");
        QTest::newRow("short list") << QByteArray("/generate")
                                    << QByteArray(R"({"text":["a","b"],"bootstrap_room":[1]})");
    }
    void badBodies()
    {
        QFETCH(QByteArray, path);
        QFETCH(QByteArray, body);
        const Answer answer = ask(m_decode, "POST", path, body);
        QCOMPARE(answer.status, 400);
        QVERIFY(!answer.json().isEmpty());
        QCOMPARE(m_fleet->decode().running(), 0);
    }

    void contentType()
    {
        const QByteArray body = R"({"messages":[{"role":"user","content":"x"}],"bootstrap_room":5})";
        QCOMPARE(ask(m_decode, "POST", "/v1/chat/completions", body, "Content-Type: text/plain\r\n").status, 400);
    }

    void flushWhileBusy()
    {
        RawClient busy(m_decode);
        busy.post("/generate", QByteArray(R"({"text":"a","bootstrap_room":5,"bootstrap_host":"127.0.0.1"})"));
        QTRY_COMPARE(m_fleet->decode().running(), 1);
        QCOMPARE(ask(m_decode, "POST", "/flush_cache").status, 400);
        const QJsonObject load = at(ask(m_decode, "GET", "/v1/loads").json(), "loads").toArray().first().toObject();
        QCOMPARE(at(at(load, "disaggregation").toObject(), "decode_transfer_queue_reqs").toInt(), 1);
        QCOMPARE(at(at(load, "disaggregation").toObject(), "mode").toString(), QStringLiteral("decode"));
        QCOMPARE(ask(m_decode, "POST", "/abort_request", R"({"abort_all":true})").status, 200);
        QTRY_VERIFY(busy.complete);
        QCOMPARE(m_fleet->decode().aborts(), QList<QByteArray>{"*"});
        QCOMPARE(ask(m_decode, "POST", "/flush_cache").status, 200);
    }

    void abortUnknown()
    {
        QCOMPARE(ask(m_decode, "POST", "/abort_request", R"({"rid":"nobody"})").status, 200);
        QCOMPARE(ask(m_decode, "POST", "/abort_request", R"({"rid":""})").status, 200);
        QCOMPARE(ask(m_decode, "POST", "/abort_request", "no json").status, 400);
        QCOMPARE(m_fleet->decode().aborts(), (QList<QByteArray>{"nobody", ""}));
    }

    void plainEngine()
    {
        MockOptions options;
        options.decodeMs = 0;
        options.text = "say data: [DONE] \"twice\" \xc3\xa4";
        MockEngine engine(Role::Plain, options);
        QVERIFY(engine.start());
        const QByteArray body = R"({"messages":[{"role":"user","content":[{"type":"text","text":"a b"},)"
                                R"({"type":"image_url","image_url":{"url":"x"}}]}],"n":2,"max_tokens":6,)"
                                R"("logprobs":true,"top_logprobs":2,"rid":"my-id","model":"named"})";
        const QJsonObject answer = ask(engine.port(), "POST", "/v1/chat/completions", body).json();
        QCOMPARE(at(answer, "id").toString(), QStringLiteral("my-id"));
        QCOMPARE(at(answer, "model").toString(), QStringLiteral("named"));
        QCOMPARE(at(answer, "choices").toArray().size(), 2);
        const QJsonObject choice = at(answer, "choices").toArray().at(1).toObject();
        QCOMPARE(at(choice, "index").toInt(), 1);
        QCOMPARE(at(at(choice, "message").toObject(), "content").toString(),
                 QString::fromUtf8("say data: [DONE] \"twice\" \xc3\xa4 say"));
        QCOMPARE(at(choice, "finish_reason").toString(), QStringLiteral("length"));
        QCOMPARE(at(at(choice, "logprobs").toObject(), "content").toArray().size(), 6);
        const QJsonObject usage = at(answer, "usage").toObject();
        QCOMPARE(at(usage, "prompt_tokens").toInt(), 3);
        QCOMPARE(at(usage, "completion_tokens").toInt(), 12);
        QCOMPARE(at(at(usage, "prompt_tokens_details").toObject(), "cached_tokens").toInt(), 1);

        RawClient stream(engine.port());
        stream.post("/v1/completions", QByteArray(R"({"prompt":"x","stream":true})"));
        QTRY_VERIFY(stream.complete);
        QCOMPARE(stream.events().size(), 32 + 2);
        QCOMPARE(at(at(stream.event(4), "choices").toArray().first().toObject(), "text").toString(),
                 QString::fromUtf8(" \xc3\xa4"));
        QCOMPARE(at(at(stream.event(32), "choices").toArray().first().toObject(), "finish_reason").toString(),
                 QStringLiteral("stop"));
    }

    void slowReaderHoldsTheStream()
    {
        MockOptions options;
        options.decodeMs = 0;
        options.text = QByteArray(20000, 'x');
        MockEngine engine(Role::Plain, options);
        QVERIFY(engine.start());
        RawClient slow(engine.port());
        slow.setReading(false);
        slow.post("/v1/completions", QByteArray(R"({"prompt":"x","stream":true,"max_tokens":2000})")); // 40 MB
        RawClient quick(engine.port());
        quick.post("/v1/completions", QByteArray(R"({"prompt":"x","stream":true,"max_tokens":2000})"));
        QTRY_VERIFY_WITH_TIMEOUT(quick.complete, 30000);
        QCOMPARE(engine.running(), 1);
        slow.setReading(true);
        QTRY_VERIFY_WITH_TIMEOUT(slow.complete, 30000);
        QCOMPARE(slow.body.size(), quick.body.size());
        QCOMPARE(slow.events().last(), QByteArray("[DONE]"));
    }

    void requestsAreRecorded()
    {
        QSignalSpy received(&m_fleet->decode(), &MockEngine::requestReceived);
        const QByteArray body = R"({"text":"a",  "bootstrap_room":9223372036854775807, "temperature":0.10})";
        RawClient client(m_decode);
        client.post("/generate", body, "X-Request-Id: abc\r\n");
        QTRY_COMPARE(received.size(), 1);
        const auto requests = m_fleet->decode().requests();
        QCOMPARE(requests.size(), 1);
        QCOMPARE(requests[0].path(), QByteArray("/generate"));
        QCOMPARE(requests[0].body, body);
        QCOMPARE(requests[0].header("x-request-id"), QByteArray("abc"));
        QCOMPARE(requests[0].rooms(), QList<quint64>{9223372036854775807u});
    }

    void fleetPorts()
    {
        FleetOptions options;
        options.prefills = 2;
        options.decodes = 3;
        MockFleet fleet(options);
        QVERIFY(fleet.start());
        QCOMPARE(fleet.prefillUrls().size(), 2);
        QCOMPARE(fleet.decodeUrls().size(), 3);
        QCOMPARE(fleet.bootstrapPorts().size(), 2);
        QVERIFY(fleet.bootstrapPorts()[0] != fleet.bootstrapPorts()[1]);
        QCOMPARE(fleet.decode(2).bootstrapPort(), fleet.bootstrapPorts()[0]);
        options.decodePort = m_decode;
        MockFleet clash(options);
        const auto started = clash.start();
        QVERIFY(!started);
        QVERIFY(started.error().message.contains(QString::number(m_decode)));
        QVERIFY(!clash.prefill().http().isListening());
    }

private:
    std::unique_ptr<MockFleet> m_fleet;
    quint16 m_prefill = 0;
    quint16 m_decode = 0;
    quint16 m_bootstrap = 0;
};

QTEST_GUILESS_MAIN(TestMockEngine)
#include "tst_mock_engine.moc"
