// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_fleet.h"
#include "tst_mock_client.h"

#include <QSignalSpy>
#include <QTest>

using namespace pdlb::mock;
using namespace std::chrono_literals;

namespace {

QJsonObject generateBody(qint64 room, const QJsonValue &port, bool stream = false)
{
    return {{QStringLiteral("text"), QStringLiteral("four words of prompt")},
            {QStringLiteral("rid"), QStringLiteral("rid-%1-").arg(room)},
            {QStringLiteral("stream"), stream},
            {QStringLiteral("sampling_params"), QJsonObject{{QStringLiteral("max_new_tokens"), 5}}},
            {QStringLiteral("bootstrap_host"), QStringLiteral("127.0.0.1")},
            {QStringLiteral("bootstrap_port"), port},
            {QStringLiteral("bootstrap_room"), room}};
}

QJsonObject with(QJsonObject body, const char *key, const QJsonValue &value)
{
    body.insert(QString::fromLatin1(key), value);
    return body;
}

QJsonObject meta(const QJsonObject &answer)
{
    return answer.value(QLatin1String("meta_info")).toObject();
}

QString finishType(const QJsonObject &answer)
{
    return meta(answer).value(QLatin1String("finish_reason")).toObject().value(QLatin1String("type")).toString();
}

} // namespace

/// Prefill and decode legs that meet, or do not.
class TestMockPair : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        FleetOptions options;
        options.engine.decodeMs = 1;
        options.engine.kvMs = 1;
        options.engine.lookupTime = 10ms;
        m_fleet = std::make_unique<MockFleet>(options);
        const auto started = m_fleet->start();
        QVERIFY2(started, started ? "" : qPrintable(started.error().message));
        m_port = m_fleet->prefill().bootstrapPort();
        m_prefill = std::make_unique<RawClient>(m_fleet->prefill().port());
        m_decode = std::make_unique<RawClient>(m_fleet->decode().port());
    }

    void cleanup()
    {
        m_prefill.reset();
        m_decode.reset();
        QTRY_COMPARE(m_fleet->prefill().running(), 0);
        QTRY_COMPARE(m_fleet->decode().running(), 0);
        QTRY_COMPARE(m_fleet->prefill().http().openConnections(), 0);
        QTRY_COMPARE(m_fleet->decode().http().openConnections(), 0);
        QCOMPARE(m_fleet->hub().rooms(), 0);
        m_fleet.reset();
    }

    void bothLegs()
    {
        const QJsonObject body = generateBody(9223372036854775807, m_port);
        m_decode->post("/generate", body);
        QTRY_COMPARE(m_fleet->decode().running(), 1);
        QCOMPARE(m_fleet->hub().rooms(), 1);
        m_prefill->post("/generate", body);
        QTRY_VERIFY(m_prefill->complete && m_decode->complete);
        QVERIFY(m_prefill->completeAt < m_decode->completeAt);
        QCOMPARE(m_prefill->status(), 200);
        QCOMPARE(meta(m_prefill->json()).value(QLatin1String("completion_tokens")).toInt(), 1);
        QCOMPARE(finishType(m_prefill->json()), QStringLiteral("length"));
        QCOMPARE(m_decode->status(), 200);
        QCOMPARE(m_decode->header("content-type"), QByteArray("application/json"));
        const QJsonObject answer = m_decode->json();
        QCOMPARE(answer.value(QLatin1String("text")).toString(), QStringLiteral("Hello from the mock engine:"));
        QCOMPARE(meta(answer).value(QLatin1String("prompt_tokens")).toInt(), 4);
        QCOMPARE(meta(answer).value(QLatin1String("completion_tokens")).toInt(), 5);
        QCOMPARE(meta(answer).value(QLatin1String("id")).toString(), QStringLiteral("rid-9223372036854775807-"));
        QCOMPARE(m_fleet->decode().requests().first().rooms(), QList<quint64>{9223372036854775807u});
        QCOMPARE(m_fleet->prefill().postCount("/generate"), 1);
    }

    void generateStream()
    {
        const QJsonObject body = generateBody(7, m_port, true);
        m_decode->post("/generate", body);
        QTRY_VERIFY(m_decode->head); // before anything is known
        QCOMPARE(m_decode->header("content-type"), QByteArray("text/event-stream; charset=utf-8"));
        QVERIFY(m_decode->body.isEmpty());
        m_prefill->post("/generate", body);
        QTRY_VERIFY(m_prefill->complete && m_decode->complete);
        QVERIFY(m_prefill->completeAt <= m_decode->completeAt);
        const auto events = m_decode->events();
        QCOMPARE(events.size(), 6);
        QCOMPARE(events.last(), QByteArray("[DONE]"));
        QCOMPARE(m_decode->event(1).value(QLatin1String("text")).toString(), QStringLiteral("Hello from"));
        QVERIFY(meta(m_decode->event(1)).value(QLatin1String("finish_reason")).isNull());
        QCOMPARE(finishType(m_decode->event(4)), QStringLiteral("length"));
        QCOMPARE(m_prefill->events().size(), 2);
    }

    void chatStream_data()
    {
        QTest::addColumn<bool>("together");
        QTest::newRow("own write") << false;
        QTest::newRow("with first event") << true;
    }
    void chatStream()
    {
        QFETCH(bool, together);
        MockOptions &options = m_fleet->decode().options();
        options.headWrite = together ? HeadWrite::WithFirstEvent : HeadWrite::OwnWrite;
        options.headGap = together ? 0ms : 5ms;
        const QByteArray body = R"({"model":"m","messages":[{"role":"user","content":"three little words"}],)"
                                R"("stream":true,"stream_options":{"include_usage":true},"max_tokens":3,)"
                                R"("bootstrap_host":"127.0.0.1","bootstrap_port":null,"bootstrap_room":12})";
        m_decode->post("/v1/chat/completions", body);
        QTRY_COMPARE(m_fleet->decode().running(), 1);
        QVERIFY(!m_decode->head);
        m_prefill->post("/v1/chat/completions", body);
        QTRY_VERIFY(m_prefill->complete && m_decode->complete);
        QCOMPARE(m_decode->headAlone, !together);
        const auto delta = [this](int i) {
            return m_decode->event(i).value(QLatin1String("choices")).toArray().first().toObject();
        };
        QCOMPARE(m_decode->events().size(), 7); // role, 3 words, finish, usage, [DONE]
        QCOMPARE(delta(0).value(QLatin1String("delta")).toObject().value(QLatin1String("role")).toString(),
                 QStringLiteral("assistant"));
        QCOMPARE(delta(2).value(QLatin1String("delta")).toObject().value(QLatin1String("content")).toString(),
                 QStringLiteral(" from"));
        QCOMPARE(delta(4).value(QLatin1String("finish_reason")).toString(), QStringLiteral("length"));
        const QJsonObject usage = m_decode->event(5).value(QLatin1String("usage")).toObject();
        QCOMPARE(usage.value(QLatin1String("prompt_tokens")).toInt(), 3);
        QCOMPARE(usage.value(QLatin1String("completion_tokens")).toInt(), 3);
        QCOMPARE(usage.value(QLatin1String("total_tokens")).toInt(), 6);
        QCOMPARE(m_decode->events().last(), QByteArray("[DONE]"));
    }

    void missingPrefill()
    {
        m_fleet->decode().options().waitingTimeout = 20ms;
        m_decode->post("/generate", generateBody(8, m_port));
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(m_decode->status(), 500);
        QVERIFY(m_decode->body.contains("Request 8 timed out after 0.0s in KVPoll.WaitingForInput"));
    }

    void missingDecode()
    {
        m_fleet->prefill().options().bootstrapTimeout = 20ms;
        m_prefill->post("/generate", generateBody(8, m_port, true));
        QTRY_VERIFY(m_prefill->complete);
        QCOMPARE(m_prefill->status(), 200); // a stream's head is gone by then
        QCOMPARE(finishType(m_prefill->event(0)), QStringLiteral("abort"));
        const QJsonObject reason = meta(m_prefill->event(0)).value(QLatin1String("finish_reason")).toObject();
        QCOMPARE(reason.value(QLatin1String("status_code")).toInt(), 500);
        QVERIFY(reason.value(QLatin1String("message")).toString().contains(QLatin1String("KVPoll.Bootstrapping")));
    }

    void wrongAddress_data()
    {
        QTest::addColumn<QString>("host");
        QTest::addColumn<bool>("rightPort");
        QTest::newRow("port") << QStringLiteral("127.0.0.1") << false;
        QTest::newRow("host") << QStringLiteral("10.9.8.7") << true;
    }
    void wrongAddress()
    {
        QFETCH(QString, host);
        QFETCH(bool, rightPort);
        const QJsonObject body = generateBody(8, rightPort ? m_port : 1);
        m_decode->post("/generate", with(body, "bootstrap_host", host));
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(m_decode->status(), 500);
        const QByteArray words = "Could not fetch prefill parallel info from " + host.toUtf8() + ':'
                                 + QByteArray::number(rightPort ? m_port : 1) + " after 15 attempts";
        QVERIFY2(m_decode->body.contains(words), m_decode->body.constData());
    }

    void unregisteredPrefill()
    {
        m_fleet->prefill().setRegistered(false);
        m_decode->post("/generate", generateBody(8, m_port));
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(m_decode->status(), 500);
        m_fleet->prefill().setRegistered(true);
        m_decode->post("/generate", generateBody(9, m_port));
        m_prefill->post("/generate", generateBody(9, m_port));
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(m_decode->status(), 200);
    }

    void nullPort()
    {
        m_decode->post("/generate", generateBody(8, QJsonValue::Null));
        m_prefill->post("/generate", generateBody(8, QJsonValue::Null));
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(m_decode->status(), 200);
        m_fleet->decode().setDefaultBootstrapPort(1);
        m_decode->post("/generate", generateBody(9, QJsonValue::Null));
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(m_decode->status(), 500);
    }

    void fakeBootstrapHost()
    {
        const QJsonObject body = with(generateBody(0, 1), "bootstrap_host", QStringLiteral("2.2.2.2"));
        m_decode->post("/generate", body);
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(meta(m_decode->json()).value(QLatin1String("completion_tokens")).toInt(), 5);
        m_prefill->post("/generate", body);
        QTRY_VERIFY(m_prefill->complete);
        QCOMPARE(m_prefill->status(), 200);
    }

    void abortPrefillWaiting()
    {
        m_prefill->post("/generate", generateBody(8, m_port));
        QTRY_COMPARE(m_fleet->prefill().running(), 1);
        RawClient control(m_fleet->prefill().port());
        control.post("/abort_request", QByteArray(R"({"rid":"rid-8"})")); // prefixes match
        QTRY_VERIFY(m_prefill->complete);
        QCOMPARE(m_prefill->status(), 500);
        QVERIFY(m_prefill->body.contains("Prefill bootstrap failed for request rank=0"));
        QVERIFY(m_prefill->body.contains("Aborted by AbortReq"));
        QTRY_COMPARE(control.status(), 200);
        QCOMPARE(m_fleet->prefill().aborts(), QList<QByteArray>{"rid-8"});
    }

    void abortOneSideFailsTheOther_data()
    {
        QTest::addColumn<bool>("prefillAborted");
        QTest::addColumn<bool>("byDisconnect");
        QTest::newRow("prefill, abort_request") << true << false;
        QTest::newRow("prefill, disconnect") << true << true;
        QTest::newRow("decode, abort_request") << false << false;
        QTest::newRow("decode, disconnect") << false << true;
    }
    void abortOneSideFailsTheOther()
    {
        QFETCH(bool, prefillAborted);
        QFETCH(bool, byDisconnect);
        m_fleet->prefill().options().kvMs = 60000;
        m_prefill->post("/generate", generateBody(8, m_port));
        m_decode->post("/generate", generateBody(8, m_port));
        QTRY_COMPARE(m_fleet->prefill().running() + m_fleet->decode().running(), 2);
        auto &aborted = prefillAborted ? m_prefill : m_decode;
        auto &other = prefillAborted ? m_decode : m_prefill;
        if (byDisconnect) {
            aborted->disconnect();
        } else {
            RawClient control(m_fleet->engine(prefillAborted ? Role::Prefill : Role::Decode, 0).port());
            control.post("/abort_request", QByteArray(R"({"abort_all":true})"));
            QTRY_VERIFY(aborted->complete);
            QCOMPARE(aborted->status(), 500);
        }
        QTRY_VERIFY(other->complete);
        QCOMPARE(other->status(), 500);
        const QByteArray words =
            prefillAborted ? "Decode transfer failed for request rank=0" : "Prefill transfer failed for request rank=0";
        QVERIFY2(other->body.contains(words), other->body.constData());
    }

    void abortWhileDecoding()
    {
        m_fleet->decode().options().decodeMs = 5;
        QJsonObject body = generateBody(8, m_port, true);
        body.insert(QStringLiteral("sampling_params"), QJsonObject{{QStringLiteral("max_new_tokens"), 100000}});
        m_decode->post("/generate", body);
        m_prefill->post("/generate", body);
        QTRY_VERIFY(m_decode->events().size() > 2);
        RawClient control(m_fleet->decode().port());
        control.post("/abort_request", QByteArray(R"({"rid":"rid-8-"})"));
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(finishType(m_decode->event(m_decode->events().size() - 2)), QStringLiteral("abort"));
    }

    void disconnectIsPolled()
    {
        m_fleet->decode().options().disconnectPoll = 60000ms;
        m_decode->post("/generate", generateBody(8, m_port));
        QTRY_COMPARE(m_fleet->decode().running(), 1);
        m_decode->disconnect();
        QTRY_COMPARE(m_fleet->decode().http().openConnections(), 0);
        QCOMPARE(m_fleet->decode().running(), 1);
        m_fleet->decode().kill();
    }

    void batch()
    {
        QJsonObject body = generateBody(0, m_port, true);
        body.insert(QStringLiteral("text"), QJsonArray{QStringLiteral("one"), QStringLiteral("two words")});
        body.insert(QStringLiteral("bootstrap_room"), QJsonArray{101, 102});
        const QString host = QStringLiteral("127.0.0.1");
        body.insert(QStringLiteral("bootstrap_host"), QJsonArray{host, host});
        body.insert(QStringLiteral("bootstrap_port"), QJsonArray{m_port, QJsonValue::Null});
        m_decode->post("/generate", body);
        body.insert(QStringLiteral("stream"), false);
        m_prefill->post("/generate", body);
        QTRY_VERIFY(m_prefill->complete && m_decode->complete);
        QCOMPARE(m_prefill->jsonList().size(), 2);
        QCOMPARE(meta(m_prefill->jsonList().at(1).toObject()).value(QLatin1String("prompt_tokens")).toInt(), 2);
        QCOMPARE(m_decode->events().size(), 11);
        int perIndex[2] = {};
        for (int i = 0; i < 10; ++i)
            ++perIndex[m_decode->event(i).value(QLatin1String("index")).toInt()];
        QCOMPARE(perIndex[0], 5);
        QCOMPARE(perIndex[1], 5);
        QCOMPARE(meta(m_decode->event(0)).value(QLatin1String("id")).toString(), QStringLiteral("rid-0-_0"));
        QCOMPARE(m_fleet->decode().requests().last().rooms(), (QList<quint64>{101, 102}));
    }

    void promptLists_data()
    {
        QTest::addColumn<QByteArray>("prompt");
        QTest::addColumn<int>("choices");
        QTest::newRow("string") << QByteArray(R"("a b")") << 1;
        QTest::newRow("strings") << QByteArray(R"(["a b","c"])") << 2;
        QTest::newRow("token list") << QByteArray("[1,2,3]") << 1;
        QTest::newRow("token lists") << QByteArray("[[1,2],[3],[4]]") << 3;
    }
    void promptLists()
    {
        QFETCH(QByteArray, prompt);
        QFETCH(int, choices);
        // A scalar room in a batch is counted up.
        const QByteArray body = R"({"prompt":)" + prompt + R"(,"max_tokens":2,"bootstrap_host":"127.0.0.1",)"
                                + R"("bootstrap_port":null,"bootstrap_room":500})";
        m_decode->post("/v1/completions", body);
        m_prefill->post("/v1/completions", body);
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(m_decode->json().value(QLatin1String("choices")).toArray().size(), choices);
        QCOMPARE(m_decode->json()
                     .value(QLatin1String("usage"))
                     .toObject()
                     .value(QLatin1String("completion_tokens"))
                     .toInt(),
                 2 * choices);
        QTRY_VERIFY(m_prefill->complete);
    }

    void samplesHang()
    {
        QJsonObject body = generateBody(8, m_port);
        body.insert(QStringLiteral("sampling_params"), QJsonObject{{QStringLiteral("n"), 2}});
        m_decode->post("/generate", body);
        QTRY_COMPARE(m_fleet->decode().hungSamples(), 1);
        QVERIFY(!m_decode->head);
    }

    void roomRules()
    {
        m_decode->post("/generate", QByteArray(R"({"text":"hello"})"));
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(m_decode->status(), 400);
        QVERIFY(m_decode->body.contains("Disaggregated request received without bootstrap room id"));

        RawClient second(m_fleet->decode().port());
        m_decode->post("/generate", generateBody(8, m_port));
        QTRY_COMPARE(m_fleet->decode().running(), 1);
        second.post("/generate", with(generateBody(8, m_port), "rid", QStringLiteral("other")));
        QTRY_VERIFY(second.complete);
        QCOMPARE(second.status(), 400);
        QCOMPARE(m_fleet->decode().duplicateRooms(), 1);
        second.post("/generate", with(generateBody(9, m_port), "rid", QStringLiteral("rid-8-")));
        QTRY_VERIFY(second.complete);
        QCOMPARE(second.status(), 400);
        QVERIFY(second.body.contains("Duplicate request ID detected"));
        QCOMPARE(m_fleet->decode().running(), 1);
    }

    void logprobs()
    {
        QJsonObject body = generateBody(8, m_port);
        body.insert(QStringLiteral("return_logprob"), true);
        body.insert(QStringLiteral("top_logprobs_num"), 2);
        body.insert(QStringLiteral("token_ids_logprob"), QJsonArray{5});
        body.insert(QStringLiteral("return_routed_experts"), true);
        m_decode->post("/generate", body);
        m_prefill->post("/generate", body);
        QTRY_VERIFY(m_prefill->complete && m_decode->complete);
        const QJsonObject prefill = meta(m_prefill->json());
        const QJsonObject decode = meta(m_decode->json());
        const auto list = [](const QJsonObject &of, const char *key) { return of.value(QLatin1String(key)).toArray(); };
        QCOMPARE(list(prefill, "input_token_logprobs").size(), 4);
        QCOMPARE(list(prefill, "input_token_logprobs").at(0), (QJsonArray{QJsonValue::Null, 1000, QJsonValue::Null}));
        QCOMPARE(list(prefill, "input_token_logprobs").at(3), (QJsonArray{-0.25, 1003, QJsonValue::Null}));
        QCOMPARE(list(decode, "input_token_logprobs"), (QJsonArray{QJsonArray{-9.5, 1003, QJsonValue::Null}}));
        QCOMPARE(list(prefill, "input_top_logprobs").at(1).toArray().size(), 2);
        QCOMPARE(list(prefill, "input_token_ids_logprobs").at(1), (QJsonArray{QJsonArray{-2.25, 5, QJsonValue::Null}}));
        QCOMPARE(list(decode, "output_token_logprobs").size(), 5);
        QCOMPARE(list(decode, "output_top_logprobs").size(), 5);
        const auto experts = [](const QJsonObject &of) {
            return QByteArray::fromBase64(of.value(QLatin1String("routed_experts")).toString().toLatin1());
        };
        QCOMPARE(experts(prefill), QByteArray(16, 'P'));
        QCOMPARE(experts(decode), QByteArray(36, 'D'));
    }

    void manyStreams()
    {
        constexpr int count = 100;
        std::vector<std::unique_ptr<RawClient>> clients;
        for (int i = 1; i <= count; ++i) {
            clients.push_back(std::make_unique<RawClient>(m_fleet->decode().port()));
            clients.back()->post("/generate", generateBody(i, m_port, true));
            clients.push_back(std::make_unique<RawClient>(m_fleet->prefill().port()));
            clients.back()->post("/generate", generateBody(i, m_port, true));
        }
        for (const auto &client : clients)
            QTRY_VERIFY(client->complete);
        QCOMPARE(m_fleet->decode().running(), 0);
    }

    void fastAsTheClientReads()
    {
        MockEngine &decode = m_fleet->decode();
        decode.options().decodeMs = 0;
        QJsonObject body = generateBody(8, m_port, true);
        body.insert(QStringLiteral("sampling_params"), QJsonObject{{QStringLiteral("max_new_tokens"), 3000}});
        m_decode->post("/generate", body);
        m_prefill->post("/generate", body);
        QTRY_VERIFY_WITH_TIMEOUT(m_decode->complete, 30000);
        QCOMPARE(m_decode->events().size(), 3001);
    }

    void restart()
    {
        const quint16 port = m_fleet->decode().port();
        m_decode->post("/generate", generateBody(8, m_port));
        QTRY_COMPARE(m_fleet->decode().running(), 1);
        QVERIFY(m_fleet->restart(Role::Decode, 0));
        QTRY_VERIFY(m_decode->closed);
        QVERIFY(m_decode->wasReset);
        QCOMPARE(m_fleet->decode().port(), port);
        QVERIFY(m_fleet->restart(Role::Prefill, 0));
        QCOMPARE(m_fleet->prefill().bootstrapPort(), m_port);
        m_decode = std::make_unique<RawClient>(port);
        m_prefill->disconnect();
        m_prefill = std::make_unique<RawClient>(m_fleet->prefill().port());
        m_decode->post("/generate", generateBody(8, m_port));
        m_prefill->post("/generate", generateBody(8, m_port));
        QTRY_VERIFY(m_decode->complete);
        QCOMPARE(m_decode->status(), 200);
    }

private:
    std::unique_ptr<MockFleet> m_fleet;
    std::unique_ptr<RawClient> m_prefill;
    std::unique_ptr<RawClient> m_decode;
    int m_port = 0;
};

QTEST_GUILESS_MAIN(TestMockPair)
#include "tst_mock_pair.moc"
