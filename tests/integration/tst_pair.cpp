// SPDX-License-Identifier: Apache-2.0

// One request, two legs: what each engine gets and what the client gets back.
#include "scripts.h"

#include "mock/mock_request.h"

#include <QJsonArray>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

namespace {

/// What the balancer put before the closing brace, and the body without it.
struct Spliced {
    QByteArray rest;
    QByteArray members;
};

Spliced unsplice(const QByteArray &body)
{
    const qsizetype at = body.indexOf("\"bootstrap_host\"");
    const qsizetype end = body.lastIndexOf('}');
    const qsizetype from = body[at - 1] == ',' ? at - 1 : at;
    return {body.first(from) + body.sliced(end), body.sliced(at, end - at)};
}

} // namespace

class TstPair : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void answers_data();
    void answers();
    void bodiesKeepTheirBytes_data();
    void bodiesKeepTheirBytes();
    void clientsBootstrapMembersAreReplaced_data();
    void clientsBootstrapMembersAreReplaced();
    void bootstrapPorts_data();
    void bootstrapPorts();
    void ipv6Engines_data();
    void ipv6Engines();
    void requestHeaders_data();
    void requestHeaders();
    void requestIds_data();
    void requestIds();
    void responseHeaders_data();
    void responseHeaders();
    void clientsRidIsKept_data();
    void clientsRidIsKept();
    void batches_data();
    void batches();
    void roundRobinUsesEveryPair_data();
    void roundRobinUsesEveryPair();
};

void TstPair::answers_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<bool>("stream");
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *name, const char *path, const QByteArray &body, bool stream) {
            QTest::addRow("%s, %s", name, transportName(kind)) << kind << QByteArray(path) << body << stream;
        };
        const QByteArray prompt = R"({"model":"m","prompt":"hi","max_tokens":4)";
        row("generate", "/generate", generateBody, false);
        row("generate stream", "/generate", generateStream, true);
        row("chat", "/v1/chat/completions", chatBody, false);
        row("chat stream", "/v1/chat/completions", chatStream, true);
        row("completions", "/v1/completions", prompt + '}', false);
        row("completions stream", "/v1/completions", prompt + R"(,"stream":true})", true);
    });
}

void TstPair::answers()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, body);
    QFETCH(bool, stream);
    QVERIFY(begin());
    exchange(path, body);
    QCOMPARE(m_client->status(), 200);
    QVERIFY2(m_client->whole(), m_client->describe().constData());
    const QByteArray type = m_client->header("content-type");
    if (stream) {
        QVERIFY2(type.startsWith("text/event-stream"), type.constData());
        QCOMPARE(m_client->end(), Client::End::Terminator);
        QCOMPARE(m_client->events().last(), "[DONE]");
        QVERIFY(m_client->events().size() >= 5);
        QVERIFY(m_client->body().endsWith("data: [DONE]\n\n"));
    } else {
        QCOMPARE(type, "application/json");
        QCOMPARE(m_client->end(), Client::End::Length);
        QVERIFY2(!m_client->json().isEmpty(), m_client->describe().constData());
    }
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "ok");
    QCOMPARE(m_rig->posts(m_rig->prefill(), path), 1);
    QCOMPARE(m_rig->posts(m_rig->decode(), path), 1);
    QVERIFY(m_rig->prefill().aborts().isEmpty());
    QVERIFY(m_rig->decode().aborts().isEmpty());
    // Prefill's answer was read to its end, in streams too.
    QVERIFY(m_rig->traces.last().leg(true)->bytes > 0);
    QVERIFY(m_rig->traces.last().leg(true)->error.isEmpty());
}

void TstPair::bodiesKeepTheirBytes_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("body");
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *name, const QByteArray &body) {
            QTest::addRow("%s, %s", name, transportName(kind)) << kind << body;
        };
        row("order and numbers", R"({"z":1.0,"text":"a","a":0.10,"e":1e2,"m":-0.0,"b":9223372036854775808,)"
                                 R"("c":18446744073709551616,"d":1e400,"sampling_params":{"top_p":0.70}})");
        row("escapes", R"({"text":"a\/bé😀\n","k\/":"\\\""})");
        row("white space", " \r\n\t{ \"text\" :\t\"a\" ,\n \"x\":[ 1 , 2 ]\n}\n ");
        row("utf-8", QByteArray("{\"text\":\"\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80\"}"));
        row("unknown members", R"({"text":"a","foo":{"bootstrap_room":7,"deep":[[[{}]]]},"":null})");
        row("last member wins", R"({"text":"a","stream":true,"stream":false})");
    });
}

void TstPair::bodiesKeepTheirBytes()
{
    QFETCH(QByteArray, body);
    QVERIFY(begin());
    exchange("/generate", body); // the mock engine's own parser refuses 1e400
    PDLB_WAIT(m_rig->posts(m_rig->prefill()) == 1 && m_rig->posts(m_rig->decode()) == 1);
    const QByteArray prefill = Rig::lastPost(m_rig->prefill()).body;
    const QByteArray decode = Rig::lastPost(m_rig->decode()).body;
    QCOMPARE(prefill, decode);
    const Spliced spliced = unsplice(prefill);
    QCOMPARE(spliced.rest, body);
    const QJsonObject members = QJsonDocument::fromJson('{' + spliced.members + '}').object();
    QCOMPARE(members.keys(), (QStringList{u"bootstrap_host"_s, u"bootstrap_port"_s, u"bootstrap_room"_s, u"rid"_s}));
    QCOMPARE(members.value("bootstrap_host"_L1).toString(), u"127.0.0.1"_s);
    QCOMPARE(members.value("rid"_L1).toString().size(), 32);
    const QList<quint64> rooms = mock::roomsOf('{' + spliced.members + '}');
    QCOMPARE(rooms.size(), 1);
    QVERIFY(rooms.first() > 0 && rooms.first() <= quint64(std::numeric_limits<qint64>::max()));
}

void TstPair::clientsBootstrapMembersAreReplaced_data()
{
    transports();
}

void TstPair::clientsBootstrapMembersAreReplaced()
{
    QVERIFY(begin());
    exchange("/generate", R"({"bootstrap_room":42,"text":"a","bootstrap_host":"evil","bootstrap_port":1,)"
                          R"("bootstrap\u005froom":43,"rid":null})");
    QCOMPARE(m_client->status(), 200);
    const QByteArray body = Rig::lastPost(m_rig->decode()).body;
    QCOMPARE(body, Rig::lastPost(m_rig->prefill()).body);
    for (const char *name : {"\"bootstrap_room\"", "\"bootstrap_host\"", "\"bootstrap_port\"", "\"rid\""})
        QCOMPARE(body.count(name), 1);
    // With the colon: a room drawn at random may well end in 42.
    QVERIFY2(!body.contains("evil") && !body.contains("u005f") && !body.contains(":42,") && !body.contains(":43,"), body.constData());
    QCOMPARE(unsplice(body).rest, R"({"text":"a"})");
}

void TstPair::bootstrapPorts_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QString>("setting");
    QTest::addColumn<bool>("isNull");
    forBothTransports([](TransportKind kind) {
        QTest::addRow("explicit, %s", transportName(kind)) << kind << u"explicit"_s << false;
        QTest::addRow("discovered, %s", transportName(kind)) << kind << u"auto"_s << false;
        QTest::addRow("none, %s", transportName(kind)) << kind << u"none"_s << true;
    });
}

void TstPair::bootstrapPorts()
{
    QFETCH(QString, setting);
    QFETCH(bool, isNull);
    Setup setup;
    setup.change = [&](Config &config) {
        const QString value = setting == "explicit"_L1 ? QString::number(m_rig->prefill().bootstrapPort()) : setting;
        config.prefill.first().bootstrapPort = *BootstrapPort::parse(value);
    };
    QVERIFY(begin(setup));
    exchange("/generate", generateBody);
    QCOMPARE(m_client->status(), 200); // the mock engines met, so the port was right
    for (const mock::MockEngine *engine : {&m_rig->prefill(), &m_rig->decode()}) {
        const QJsonValue port = QJsonDocument::fromJson(Rig::lastPost(*engine).body)["bootstrap_port"_L1];
        QCOMPARE(port.isNull(), isNull);
        if (!isNull)
            QCOMPARE(port.toInt(), int(m_rig->prefill().bootstrapPort()));
    }
}

void TstPair::ipv6Engines_data()
{
    transports();
}

void TstPair::ipv6Engines()
{
    QTcpServer probe;
    if (!probe.listen(QHostAddress(QHostAddress::LocalHostIPv6), 0))
        QSKIP("this machine has no ::1");
    probe.close();
    Setup setup;
    setup.engine.host = u"::1"_s;
    QVERIFY(begin(setup));
    exchange("/generate", generateStream);
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->end(), Client::End::Terminator);
    const mock::RecordedRequest request = Rig::lastPost(m_rig->decode());
    QVERIFY2(request.body.contains(R"("bootstrap_host":"[::1]")"), request.body.constData());
    QCOMPARE(request.header("host"), "[::1]:" + QByteArray::number(m_rig->decode().port()));
}

void TstPair::requestHeaders_data()
{
    transports();
}

void TstPair::requestHeaders()
{
    QVERIFY(begin());
    exchange("/generate", generateBody,
             "Authorization: Bearer secret\r\nX-Custom: 1\r\ntraceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\n"
             "Connection: keep-alive, X-Hop\r\nX-Hop: gone\r\nKeep-Alive: timeout=9\r\nTE: trailers\r\n"
             "Proxy-Authorization: Basic x\r\nUpgrade: h2c\r\nContent-Type: application/json; charset=utf-8\r\n");
    QCOMPARE(m_client->status(), 200);
    for (const mock::MockEngine *engine : {&m_rig->prefill(), &m_rig->decode()}) {
        const mock::RecordedRequest request = Rig::lastPost(*engine);
        QCOMPARE(request.header("authorization"), "Bearer secret");
        QCOMPARE(request.header("x-custom"), "1");
        QCOMPARE(request.header("content-type"), "application/json; charset=utf-8");
        QVERIFY(request.header("traceparent").startsWith("00-4bf92f"));
        QCOMPARE(request.header("host"), "127.0.0.1:" + QByteArray::number(engine->url().port()));
        for (const char *name : {"x-hop", "keep-alive", "te", "proxy-authorization", "upgrade", "expect"})
            QVERIFY2(!request.head.headers.contains(name), name);
        QCOMPARE(request.head.headers.values("content-length").size(), 1);
    }
}

void TstPair::requestIds_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("given");
    QTest::addColumn<bool>("kept");
    forBothTransports([](TransportKind kind) {
        QTest::addRow("good, %s", transportName(kind)) << kind << QByteArray("abc-1.2_3") << true;
        QTest::addRow("none, %s", transportName(kind)) << kind << QByteArray() << false;
        QTest::addRow("bad characters, %s", transportName(kind)) << kind << QByteArray("a b<c>") << false;
        QTest::addRow("too long, %s", transportName(kind)) << kind << QByteArray(129, 'x') << false;
    });
}

void TstPair::requestIds()
{
    QFETCH(QByteArray, given);
    QFETCH(bool, kept);
    QVERIFY(begin());
    exchange("/generate", generateBody, given.isEmpty() ? QByteArray() : "X-Request-Id: " + given + "\r\n");
    const QByteArray id = m_client->header("x-request-id");
    QVERIFY(!id.isEmpty());
    QCOMPARE(id == given, kept);
    QCOMPARE(m_client->headers().values("x-request-id").size(), 1);
    for (const mock::MockEngine *engine : {&m_rig->prefill(), &m_rig->decode()}) {
        QCOMPARE(Rig::lastPost(*engine).header("x-request-id"), id);
        QCOMPARE(Rig::lastPost(*engine).head.headers.values("x-request-id").size(), 1);
    }
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.last().requestId, id);
}

void TstPair::responseHeaders_data()
{
    transports();
}

void TstPair::responseHeaders()
{
    QVERIFY(begin());
    m_rig->prefill().addFault(rawFault(rawAnswer("{}")));
    m_rig->decode().addFault(rawFault(rawAnswer(
        R"({"text":"x"})", "Set-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\nX-Engine: d\r\nConnection: X-Secret, close\r\n"
                           "X-Secret: 1\r\nKeep-Alive: timeout=5\r\nX-Request-Id: engines-own\r\nETag: \"1\"\r\n")));
    exchange("/generate", generateBody, "X-Request-Id: mine\r\n");
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->headers().values("set-cookie"), (QList<QByteArray>{"a=1; Path=/", "b=2"}));
    QCOMPARE(m_client->header("x-engine"), "d");
    QCOMPARE(m_client->header("etag"), "\"1\"");
    QCOMPARE(m_client->headers().values("x-request-id"), QList<QByteArray>{"mine"});
    QVERIFY(!m_client->headers().contains("x-secret"));
    QVERIFY(!m_client->headers().contains("keep-alive"));
    QVERIFY(!m_client->headers().hasToken("connection", "close"));
    QCOMPARE(m_client->body(), R"({"text":"x"})");
    // The engine closed its connection, the client's stays.
    exchange("/generate", generateBody);
    QCOMPARE(m_client->status(), 200);
}

void TstPair::clientsRidIsKept_data()
{
    transports();
}

void TstPair::clientsRidIsKept()
{
    QVERIFY(begin());
    exchange("/generate", R"({"text":"a","rid":"my-own-rid"})");
    QCOMPARE(m_client->status(), 200);
    const QByteArray body = Rig::lastPost(m_rig->decode()).body;
    QCOMPARE(body.count("\"rid\""), 1);
    QVERIFY(body.contains(R"("rid":"my-own-rid")"));
    QCOMPARE(m_client->json()["meta_info"_L1]["id"_L1].toString(), u"my-own-rid"_s);
}

void TstPair::batches_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("size"); // 0: no batch
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *name, const char *path, const char *body, int size) {
            QTest::addRow("%s, %s", name, transportName(kind)) << kind << QByteArray(path) << QByteArray(body) << size;
        };
        row("text", "/generate", R"({"text":["a","b","c"]})", 3);
        row("one text in a list", "/generate", R"({"text":["a"]})", 1);
        row("input_ids", "/generate", R"({"input_ids":[[1,2],[3]]})", 2);
        row("flat input_ids", "/generate", R"({"input_ids":[1,2,3]})", 0);
        row("prompts", "/v1/completions", R"({"model":"m","prompt":["a","b","c"]})", 3);
        row("token prompts", "/v1/completions", R"({"model":"m","prompt":[[1,2],[3]]})", 2);
        row("flat prompt", "/v1/completions", R"({"model":"m","prompt":[1,2,3]})", 0);
        row("streamed", "/generate", R"({"text":["a","b"],"stream":true})", 2);
    });
}

void TstPair::batches()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, body);
    QFETCH(int, size);
    QVERIFY(begin());
    exchange(path, body);
    QVERIFY2(m_client->status() == 200 && m_client->whole(), m_client->describe().constData());
    const QByteArray sent = Rig::lastPost(m_rig->decode()).body;
    QCOMPARE(sent, Rig::lastPost(m_rig->prefill()).body);
    const QJsonObject members = QJsonDocument::fromJson(sent).object();
    for (const char *name : {"bootstrap_host", "bootstrap_port", "bootstrap_room"}) {
        const QJsonValue value = members.value(QLatin1StringView(name));
        QCOMPARE(value.isArray(), size > 0);
        QCOMPARE(value.toArray().size(), qsizetype(size));
    }
    const QList<quint64> rooms = mock::roomsOf(sent);
    QCOMPARE(rooms.size(), qMax(1, size));
    QCOMPARE(QSet<quint64>(rooms.begin(), rooms.end()).size(), rooms.size());
}

void TstPair::roundRobinUsesEveryPair_data()
{
    transports();
}

void TstPair::roundRobinUsesEveryPair()
{
    Setup setup{.prefills = 2, .decodes = 2};
    setup.change = [](Config &config) { config.policy = u"round_robin"_s; };
    QVERIFY(begin(setup));
    QSet<std::pair<QByteArray, QByteArray>> pairs;
    for (int i = 0; i < 4; ++i) {
        exchange("/generate", generateBody);
        QCOMPARE(m_client->status(), 200);
        PDLB_WAIT_EQUAL(m_rig->traces.size(), i + 1);
        pairs.insert({m_rig->traces.last().leg(true)->server, m_rig->traces.last().leg(false)->server});
    }
    QCOMPARE(pairs.size(), 4);
    for (int i = 0; i < 2; ++i) {
        QCOMPARE(m_rig->posts(m_rig->prefill(i)), 2);
        QCOMPARE(m_rig->posts(m_rig->decode(i)), 2);
    }
}

QTEST_GUILESS_MAIN(TstPair)
#include "tst_pair.moc"
