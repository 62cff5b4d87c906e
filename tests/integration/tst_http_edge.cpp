// SPDX-License-Identifier: Apache-2.0

// The client's side of HTTP: methods, versions, persistence, pipelining, and bodies that are refused.
// Malformed requests are in tst_table_c.
#include "scripts.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

class TstHttpEdge : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void wrongPathsAndMethods_data();
    void wrongPathsAndMethods();
    void head_data() { transports(); }
    void head();
    void oldClients_data();
    void oldClients();
    void connectionClose_data();
    void connectionClose();
    void keepAlive_data() { transports(); }
    void keepAlive();
    void pipelining_data();
    void pipelining();
    void expectContinue_data() { transports(); }
    void expectContinue();
    void requestInPieces_data() { transports(); }
    void requestInPieces();
    void chunkedRequest_data() { transports(); }
    void chunkedRequest();
    void badBodies_data();
    void badBodies();
    void bodyTooLarge_data() { transports(); }
    void bodyTooLarge();
};

void TstHttpEdge::wrongPathsAndMethods_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("method");
    QTest::addColumn<QByteArray>("target");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("allow");
    const auto row = [](const char *method, const char *target, int status, const char *allow) {
        QTest::addRow("%s %s", method, target)
            << TransportKind::Direct << QByteArray(method) << QByteArray(target) << status << QByteArray(allow);
    };
    row("GET", "/nothing", 404, "");
    row("POST", "/v1/embeddings", 404, "");
    row("GET", "/", 404, "");
    row("GET", "/health/", 404, "");
    row("GET", "/v1/chat/completions", 405, "POST");
    row("DELETE", "/generate", 405, "POST");
    row("PUT", "/v1/models", 405, "GET, HEAD");
    row("POST", "/health", 405, "GET, HEAD");
    row("DELETE", "/flush_cache", 405, "GET, POST, HEAD");
    row("HEAD", "/generate", 405, "POST");
    row("OPTIONS", "*", 405, "GET, HEAD, POST");
    row("OPTIONS", "/generate", 405, "POST");
    row("GET", "/health?x=1", 200, "");
}

void TstHttpEdge::wrongPathsAndMethods()
{
    QFETCH(QByteArray, method);
    QFETCH(QByteArray, target);
    QFETCH(int, status);
    QFETCH(QByteArray, allow);
    QVERIFY(begin());
    for (int i = 0; i < 2; ++i) { // the connection stays good
        m_client->get(target, {}, method);
        PDLB_WAIT(m_client->done());
        QVERIFY2(m_client->status() == status && m_client->whole(), m_client->describe().constData());
        QCOMPARE(m_client->header("allow"), allow);
        QVERIFY(!m_client->header("x-request-id").isEmpty());
        if (status != 200 && method != "HEAD") {
            const QJsonObject error = m_client->json()["error"_L1].toObject();
            QCOMPARE(error.keys(), (QStringList{u"code"_s, u"message"_s, u"param"_s, u"type"_s}));
            QCOMPARE(error["type"_L1].toString(), u"invalid_request_error"_s);
        }
    }
}

void TstHttpEdge::head()
{
    QVERIFY(begin());
    m_client->get("/v1/models");
    PDLB_WAIT(m_client->done());
    const QByteArray length = m_client->header("content-length");
    m_client->get("/v1/models", {}, "HEAD");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->end(), Client::End::NoBody);
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->header("content-length"), length);
    m_client->get("/health");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200); // no stray body in between
}

void TstHttpEdge::oldClients_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("fields");
    QTest::addColumn<bool>("stays");
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *name, const char *body, const char *fields, bool stays) {
            QTest::addRow("%s, %s", name, transportName(kind)) << kind << QByteArray(body) << QByteArray(fields) << stays;
        };
        row("stream", generateStream, "", false);
        row("stream keep-alive", generateStream, "Connection: keep-alive\r\n", false);
        row("whole", generateBody, "", false);
        row("whole keep-alive", generateBody, "Connection: keep-alive\r\n", true);
    });
}

void TstHttpEdge::oldClients()
{
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, fields);
    QFETCH(bool, stays);
    QVERIFY(begin());
    m_client->send("POST /generate HTTP/1.0\r\nContent-Type: application/json\r\n" + fields + "Content-Length: "
                   + QByteArray::number(body.size()) + "\r\n\r\n" + body);
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
    const bool stream = body == generateStream;
    QCOMPARE(m_client->end(), stream ? Client::End::Close : Client::End::Length);
    QVERIFY(!m_client->headers().contains("transfer-encoding"));
    if (stream)
        QVERIFY(m_client->body().endsWith("data: [DONE]\n\n"));
    if (!stays) {
        PDLB_WAIT(m_client->closed());
    } else {
        QCOMPARE(m_client->header("connection"), "keep-alive");
        m_client->get("/health");
        PDLB_WAIT(m_client->done());
        QCOMPARE(m_client->status(), 200);
    }
}

void TstHttpEdge::connectionClose_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("body");
    forBothTransports([](TransportKind kind) {
        QTest::addRow("stream, %s", transportName(kind)) << kind << QByteArray(generateStream);
        QTest::addRow("whole, %s", transportName(kind)) << kind << QByteArray(generateBody);
        QTest::addRow("refused, %s", transportName(kind)) << kind << QByteArray("[]");
    });
}

void TstHttpEdge::connectionClose()
{
    QFETCH(QByteArray, body);
    QVERIFY(begin());
    exchange("/generate", body, "Connection: close\r\n");
    QCOMPARE(m_client->header("connection"), "close");
    QCOMPARE(m_client->end(), body == generateStream ? Client::End::Terminator : Client::End::Length);
    PDLB_WAIT(m_client->closed());
}

void TstHttpEdge::keepAlive()
{
    QVERIFY(begin());
    for (int i = 0; i < 50; ++i) {
        exchange(i % 2 ? "/generate" : "/v1/chat/completions", i % 2 ? generateStream : chatBody);
        QVERIFY2(m_client->status() == 200 && m_client->whole(), m_client->describe().constData());
    }
    QVERIFY(!m_client->closed());
    if (!isQnam()) // the engines' connections are kept, too
        QVERIFY2(m_rig->decode().http().connectionCount() < 10, QByteArray::number(m_rig->decode().http().connectionCount()).constData());
}

void TstHttpEdge::pipelining_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<int>("piece");
    forBothTransports([](TransportKind kind) {
        for (const int piece : {0, 7, 301})
            QTest::addRow("pieces of %d, %s", piece, transportName(kind)) << kind << piece;
    });
}

void TstHttpEdge::pipelining()
{
    QFETCH(int, piece);
    QVERIFY(begin());
    QByteArray requests;
    constexpr int count = 12;
    for (int i = 0; i < count; ++i) {
        if (i % 3 == 2) {
            requests += "GET /health HTTP/1.1\r\nHost: a\r\nX-Request-Id: n-" + QByteArray::number(i) + "\r\n\r\n";
            continue;
        }
        const QByteArray body = i % 3 ? generateBody : generateStream;
        requests += "POST /generate HTTP/1.1\r\nHost: a\r\nX-Request-Id: n-" + QByteArray::number(i)
            + "\r\nContent-Length: " + QByteArray::number(body.size()) + "\r\n\r\n" + body;
    }
    // In pieces, more bytes come while earlier requests are being answered.
    for (qsizetype at = 0; piece > 0 && at < requests.size(); at += piece) {
        m_client->send(requests.mid(at, piece));
        QCoreApplication::processEvents();
    }
    if (piece == 0)
        m_client->send(requests);
    for (int i = 0; i < count; ++i) {
        PDLB_WAIT(m_client->done());
        QVERIFY2(m_client->status() == 200 && m_client->whole(), m_client->describe().constData());
        QCOMPARE(m_client->header("x-request-id"), "n-" + QByteArray::number(i));
        m_client->again();
    }
    QVERIFY(!m_client->closed());
}

void TstHttpEdge::expectContinue()
{
    QVERIFY(begin());
    const QByteArray body = generateBody;
    m_client->send("POST /generate HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: "
                   + QByteArray::number(body.size()) + "\r\n\r\n");
    PDLB_WAIT_EQUAL(m_client->raw(), "HTTP/1.1 100 Continue\r\n\r\n");
    m_client->send(body);
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
    QVERIFY(!Rig::lastPost(m_rig->decode()).head.headers.contains("expect"));
    // A body that is refused is not asked for.
    m_client->again();
    m_client->send("POST /generate HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 413);
    QCOMPARE(m_client->interim(), 0);
}

void TstHttpEdge::requestInPieces()
{
    QVERIFY(begin());
    const QByteArray request = "POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: " + QByteArray::number(qstrlen(generateBody))
        + "\r\n\r\n" + generateBody;
    for (const char c : request) {
        m_client->send(QByteArray(1, c));
        QCoreApplication::processEvents();
    }
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
}

void TstHttpEdge::chunkedRequest()
{
    QVERIFY(begin());
    m_client->send("POST /generate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8;x=1\r\n{\"text\":\r\n5\r\n\"abc\"\r\n1\r\n}\r\n"
                   "0\r\nX-Trailer: 1\r\n\r\n");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
    const mock::RecordedRequest sent = Rig::lastPost(m_rig->prefill());
    QVERIFY(sent.body.startsWith(R"({"text":"abc","bootstrap_host")"));
    QCOMPARE(sent.header("content-length"), QByteArray::number(sent.body.size()));
    QVERIFY(!sent.head.headers.contains("transfer-encoding"));
}

void TstHttpEdge::badBodies_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("headers");
    QTest::addColumn<int>("status");
    const auto row = [](const char *name, const QByteArray &body, const QByteArray &headers = {}, int status = 400) {
        QTest::newRow(name) << TransportKind::Direct << body << headers << status;
    };
    row("empty", "");
    row("white space", " \r\n ");
    row("array", "[]");
    row("string", "\"x\"");
    row("null", "null");
    row("number", "1");
    row("truncated", R"({"text":"a")");
    row("truncated string", R"({"text":"a)");
    row("trailing comma", R"({"text":"a",})");
    row("trailing garbage", R"({"text":"a"}x)");
    row("two objects", R"({"text":"a"}{"text":"b"})");
    row("invalid UTF-8", QByteArray("{\"text\":\"\xff\xfe\"}"));
    row("overlong UTF-8", QByteArray("{\"text\":\"\xc0\xaf\"}"));
    row("control character", QByteArray("{\"text\":\"a\nb\"}"));
    row("NUL", QByteArray("{\"text\":\"a\0\"}", 13));
    row("NaN", R"({"text":"a","x":NaN})");
    row("single quotes", "{'text':'a'}");
    row("100,000 brackets", QByteArray(100000, '['));
    row("100,000 brackets in a member", R"({"text":"a","x":)" + QByteArray(100000, '[') + QByteArray(100000, ']') + '}');
    row("BOM", "\xef\xbb\xbf{\"text\":\"a\"}");
    row("empty batch", R"({"input_ids":[]})");
    row("gzip", "\x1f\x8b", "Content-Encoding: gzip\r\n", 415);
    row("deflate", R"({"text":"a"})", "Content-Encoding: deflate\r\n", 415);
}

void TstHttpEdge::badBodies()
{
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, headers);
    QFETCH(int, status);
    QVERIFY(begin());
    for (const char *path : {"/generate", "/v1/chat/completions", "/v1/completions"}) {
        if (body.contains("input_ids") && qstrcmp(path, "/generate") != 0)
            continue;
        exchange(path, body, headers);
        QVERIFY2(m_client->status() == status && m_client->whole(), m_client->describe().constData());
        QCOMPARE(m_client->header("content-type"), "application/json");
        const QJsonObject error = m_client->json()["error"_L1].toObject();
        QCOMPARE(error.keys(), (QStringList{u"code"_s, u"message"_s, u"param"_s, u"type"_s}));
        QCOMPARE(error["type"_L1].toString(), u"invalid_request_error"_s);
        QVERIFY(!error["message"_L1].toString().isEmpty());
    }
    PDLB_WAIT(m_rig->traces.lastEnd() == "bad_request");
    QCOMPARE(m_rig->prefill().postCount("/generate"), 0);
    QCOMPARE(m_rig->decode().postCount("/generate"), 0);
    QCOMPARE(m_rig->prefill().http().requestCount("/v1/completions"), 0);
    exchange("/generate", generateBody, "Content-Encoding: identity\r\n");
    QCOMPARE(m_client->status(), 200);
}

void TstHttpEdge::bodyTooLarge()
{
    Setup setup;
    setup.change = [](Config &config) { config.maxBody = 1000; };
    QVERIFY(begin(setup));
    exchange("/generate", QByteArray(1001, ' '));
    QCOMPARE(m_client->status(), 413);
    QCOMPARE(m_client->errorCode(), u"body_too_large"_s);
    PDLB_WAIT(m_client->closed());
    m_client = m_rig->client();
    m_client->send("POST /generate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + QByteArray(1001, ' ') + "\r\n0\r\n\r\n");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 413);
    m_client = m_rig->client();
    exchange("/generate", R"({"text":")" + QByteArray(1000 - 11, 'x') + R"("})");
    QCOMPARE(m_client->status(), 200);
}

QTEST_GUILESS_MAIN(TstHttpEdge)
#include "tst_http_edge.moc"
