// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_engine.h"
#include "tst_mock_client.h"

#include <QTest>

using namespace pdlb;
using namespace pdlb::mock;
using namespace std::chrono_literals;

namespace {

const QByteArray streamed = R"({"text":"a b","stream":true,"sampling_params":{"max_new_tokens":6}})";
const QByteArray whole = R"({"text":"a b","sampling_params":{"max_new_tokens":6}})";
const QByteArray chat = R"({"messages":[{"role":"user","content":"hi"}],"stream":true,"max_tokens":6})";

} // namespace

/// The fault language, and each fault on the wire.
class TestMockFaults : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void parsing_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("error"); // a part of it; empty: accepted
        const auto good = [](const char *text) { QTest::newRow(text) << QString::fromLatin1(text) << QString(); };
        const auto bad = [](const char *text, const char *error) {
            QTest::newRow(text) << QString::fromLatin1(text) << QString::fromLatin1(error);
        };
        good("decode:status=503");
        good("decode:status=503,retry_after=7,count=2,path=/v1/completions,message=busy,early");
        good("prefill0:delay=2s");
        good("prefill12:delay=1.5s");
        good("any:delay=200ms");
        good("decode:close=before-head");
        good("decode:close=after-head");
        good("decode:reset=mid-stream,after=3");
        good("decode:truncate=100,how=reset");
        good("prefill:abort");
        good("prefill:abort,status=400,message=no room,after=1");
        good("decode:stall=after-3");
        good("decode:stall");
        good("decode:garbage");
        good("decode:hang,delay=1m");
        good("decode:noread");
        good("decode:stale=200ms");
        good("decode:framing=close");
        good("decode:raw=HTTP/1.1 200 OK\\r\\n\\r\\n,how=stall");
        bad("", "write ROLE:KIND");
        bad("decode", "write ROLE:KIND");
        bad("encoder:hang", "\"encoder\" is no engine");
        bad("decode99999999999:hang", "index needs a whole number");
        bad("decode:explode", "\"explode\" is no fault");
        bad("decode:status", "status needs a whole number of at least 200, not \"\"");
        bad("decode:status=abc", "not \"abc\"");
        bad("decode:status=99", "not \"99\"");
        bad("decode:delay=2", "\"2\" is no time");
        bad("decode:delay=-1s", "\"-1s\" is no time");
        bad("decode:close=later", "\"later\" is no place");
        bad("decode:stall=3x", "stall needs");
        bad("decode:hang,colour=red", "\"colour\" is no key");
        bad("decode:hang,count=0", "at least 1");
        bad("decode:truncate=5,how=softly", "how is fin, reset or stall");
        bad("decode:status=302,header=Location", "header is NAME: VALUE");
        bad("decode:framing=odd", "framing is close or chunked");
    }
    void parsing()
    {
        QFETCH(QString, text);
        QFETCH(QString, error);
        const auto fault = parseFault(text);
        QCOMPARE(bool(fault), error.isEmpty());
        if (!fault) {
            QVERIFY2(fault.error().message.contains(error), qPrintable(fault.error().message));
            QVERIFY(!fault.error().message.contains(u'\n'));
        }
    }

    void parsedValues()
    {
        const auto fault = parseFault(QStringLiteral("prefill2:reset=mid-stream,after=3,count=4,delay=1.5s,path=*"));
        QVERIFY(fault);
        QVERIFY(fault->appliesTo(Role::Prefill, 2));
        QVERIFY(!fault->appliesTo(Role::Prefill, 1));
        QVERIFY(!fault->appliesTo(Role::Decode, 2));
        QCOMPARE(fault->cut.point, Cut::Point::AfterEvents);
        QCOMPARE(fault->cut.how, Cut::How::Reset);
        QCOMPARE(fault->cut.amount, 3);
        QCOMPARE(fault->count, 4);
        QCOMPARE(fault->delay, 1500ms);
        QVERIFY(fault->matchesPath("/health"));
        const auto raw = parseFault(QStringLiteral("any:raw=a\\r\\n\\x2c\\\\b"));
        QVERIFY(raw);
        QCOMPARE(raw->raw, QByteArray("a\r\n,\\b"));
        QVERIFY(raw->appliesTo(Role::Plain, 7));
        QVERIFY(!raw->matchesPath("/health"));
    }

    void init()
    {
        MockOptions options;
        options.decodeMs = 1;
        m_engine = std::make_unique<MockEngine>(Role::Plain, options);
        QVERIFY(m_engine->start());
        m_client = std::make_unique<RawClient>(m_engine->port());
    }

    void cleanup()
    {
        m_client.reset();
        QTRY_COMPARE(m_engine->http().openConnections(), 0);
        QTRY_COMPARE(m_engine->running(), 0);
        // Aftercheck: the engine still serves.
        m_engine->clearFaults();
        RawClient after(m_engine->port());
        after.post("/generate", whole);
        QTRY_VERIFY(after.complete);
        QCOMPARE(after.status(), 200);
        m_engine.reset();
    }

    void status()
    {
        m_engine->addFault(QStringLiteral("any:status=503,retry_after=7,message=busy,count=1"));
        m_client->post("/generate", whole);
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->status(), 503);
        QCOMPARE(m_client->header("retry-after"), QByteArray("7"));
        QCOMPARE(m_client->json().value(QLatin1String("message")).toString(), QStringLiteral("busy"));
        m_client->post("/generate", whole); // the count is used up
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->status(), 200);
        QCOMPARE(m_engine->postCount("/generate"), 2);
    }

    void statusWithHeaders()
    {
        m_engine->addFault(QStringLiteral("any:status=302,header=Location: http://127.0.0.1:9/,body=moved"));
        m_client->post("/generate", whole);
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->status(), 302);
        QCOMPARE(m_client->header("location"), QByteArray("http://127.0.0.1:9/"));
        QCOMPARE(m_client->body, QByteArray("moved"));
    }

    void pathFilter()
    {
        m_engine->addFault(QStringLiteral("any:status=500,path=/health"));
        m_client->get("/health");
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->status(), 500);
        m_client->post("/generate", whole);
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->status(), 200);
    }

    void earlyStatus()
    {
        m_engine->addFault(QStringLiteral("any:status=413,early"));
        m_client->send("POST /generate HTTP/1.1\r\nHost: m\r\nContent-Length: 1000\r\n\r\nonly a part");
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->status(), 413);
        QCOMPARE(m_engine->postCount("/generate"), 1);
        QCOMPARE(m_engine->requests().size(), 1);
    }

    void delay()
    {
        m_engine->addFault(QStringLiteral("any:delay=30ms"));
        m_engine->addFault(QStringLiteral("any:delay=30ms"));
        const auto start = RawClient::Clock::now();
        m_client->post("/generate", whole);
        QTRY_VERIFY(m_client->complete);
        QVERIFY(m_client->completeAt - start >= 60ms);
        QCOMPARE(m_client->status(), 200);
    }

    void delayedThenGone()
    {
        m_engine->addFault(QStringLiteral("any:delay=20ms"));
        m_client->post("/generate", whole);
        QTRY_COMPARE(m_engine->requests().size(), 1);
        m_client->disconnect();
    }

    void breaks_data()
    {
        QTest::addColumn<QString>("fault");
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<bool>("reset");
        QTest::addColumn<bool>("head");
        QTest::addColumn<int>("events"); // -1: no stream
        const auto row = [](const char *fault, const QByteArray &body, bool reset, bool head, int events) {
            QTest::newRow(QByteArray(fault + QByteArray(events < 0 ? " whole" : "")).constData())
                << QStringLiteral("any:") + QString::fromLatin1(fault) << body << reset << head << events;
        };
        row("close=before-head", streamed, false, false, 0);
        row("close=after-head", streamed, false, true, 0);
        row("close=mid-stream", streamed, false, true, 2);
        row("close=mid-stream,after=4", streamed, false, true, 4);
        row("close=mid-stream,framing=close", streamed, false, true, 2);
        row("reset=before-head", streamed, true, false, 0);
        row("reset=after-head", streamed, true, true, 0);
        row("reset=mid-stream,after=1", streamed, true, true, 1);
        row("truncate=40", streamed, false, false, 0);
        row("truncate=40,how=reset", streamed, true, false, 0);
        row("close=before-head", whole, false, false, -1);
        row("close=after-head", whole, false, true, -1);
        row("close=mid-stream", whole, false, true, -1);
        row("reset=mid-stream", whole, true, true, -1);
        row("truncate=200", whole, false, true, -1);
    }
    void breaks()
    {
        QFETCH(QString, fault);
        QFETCH(QByteArray, body);
        QFETCH(bool, reset);
        QFETCH(bool, head);
        QFETCH(int, events);
        m_engine->addFault(fault);
        m_client->post("/generate", body);
        QTRY_VERIFY(m_client->closed);
        QCOMPARE(m_client->wasReset, reset);
        QCOMPARE(m_client->head, head);
        QCOMPARE(m_client->complete, fault.contains(QLatin1String("framing=close")));
        if (events >= 0)
            QCOMPARE(m_client->events().size(), events);
        if (fault.contains(QLatin1String("truncate")))
            QCOMPARE(m_client->raw.size(), fault.contains(QLatin1String("40")) ? 40 : 200);
    }

    void stall_data()
    {
        QTest::addColumn<int>("after");
        QTest::newRow("head only") << 0;
        QTest::newRow("three events") << 3;
    }
    void stall()
    {
        QFETCH(int, after);
        m_engine->addFault(QStringLiteral("any:stall=after-%1").arg(after));
        m_client->post("/generate", streamed);
        QTRY_VERIFY(m_client->head);
        QTRY_COMPARE(m_client->events().size(), after);
        QTRY_COMPARE(m_engine->running(), 0); // it went on into the void
        QCOMPARE(m_client->events().size(), after);
        QVERIFY(!m_client->closed && !m_client->complete);
    }

    void hang()
    {
        m_engine->addFault(QStringLiteral("any:hang"));
        m_client->post("/generate", whole);
        QTRY_COMPARE(m_engine->requests().size(), 1);
        RawClient other(m_engine->port());
        other.get("/health");
        QTRY_VERIFY(other.complete);
        QVERIFY(m_client->raw.isEmpty() && !m_client->closed);
    }

    void noRead()
    {
        m_engine->addFault(QStringLiteral("any:noread"));
        m_client->post("/generate", whole);
        QTRY_COMPARE(m_engine->postCount("/generate"), 1);
        RawClient other(m_engine->port());
        other.get("/health");
        QTRY_VERIFY(other.complete);
        QVERIFY(m_client->raw.isEmpty() && !m_client->closed);
    }

    void garbageAndRaw()
    {
        m_engine->addFault(QStringLiteral("any:garbage,count=1"));
        m_engine->addFault(QStringLiteral("any:raw=HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\nshort"));
        m_client->post("/generate", whole);
        QTRY_VERIFY(m_client->closed);
        QVERIFY(m_client->broken);
        RawClient second(m_engine->port());
        second.post("/generate", whole);
        QTRY_VERIFY(second.closed);
        QCOMPARE(second.raw, QByteArray("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"));
    }

    void abortInGenerate()
    {
        m_engine->addFault(QStringLiteral("any:abort,message=lost it,after=2"));
        m_client->post("/generate", streamed);
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->status(), 200);
        QCOMPARE(m_client->events().size(), 4);
        const QJsonObject reason = m_client->event(2)
                                       .value(QLatin1String("meta_info"))
                                       .toObject()
                                       .value(QLatin1String("finish_reason"))
                                       .toObject();
        QCOMPARE(reason.value(QLatin1String("type")).toString(), QStringLiteral("abort"));
        QCOMPARE(reason.value(QLatin1String("status_code")).toInt(), 500);
        QCOMPARE(reason.value(QLatin1String("message")).toString(), QStringLiteral("lost it"));
        QCOMPARE(m_client->events().last(), QByteArray("[DONE]"));
    }

    void abortInChat()
    {
        m_engine->addFault(QStringLiteral("any:abort,status=503"));
        m_client->post("/v1/chat/completions", chat);
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->status(), 200);
        const QJsonObject error = m_client->event(0).value(QLatin1String("error")).toObject();
        QCOMPARE(error.value(QLatin1String("code")).toInt(), 503);
        QCOMPARE(m_client->events().last(), QByteArray("[DONE]"));
    }

    void abortWithoutStream()
    {
        m_engine->addFault(QStringLiteral("any:abort"));
        m_client->post("/generate", whole);
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->status(), 500);
    }

    void stale()
    {
        m_engine->addFault(QStringLiteral("any:stale=20ms"));
        m_client->post("/generate", whole);
        QTRY_VERIFY(m_client->complete);
        QTRY_VERIFY(m_client->closed);
        QVERIFY(!m_client->wasReset);
    }

    void framing()
    {
        m_engine->addFault(QStringLiteral("any:framing=chunked,count=1"));
        m_engine->addFault(QStringLiteral("any:framing=close"));
        m_client->post("/generate", whole);
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->header("transfer-encoding"), QByteArray("chunked"));
    }

    void refusedConnection()
    {
        m_engine->stopListening();
        const RawClient refused(m_engine->port());
        QVERIFY(!refused.connected);
        QVERIFY(m_engine->start());
    }

private:
    std::unique_ptr<MockEngine> m_engine;
    std::unique_ptr<RawClient> m_client;
};

QTEST_GUILESS_MAIN(TestMockFaults)
#include "tst_mock_faults.moc"
