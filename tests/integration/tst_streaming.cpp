// SPDX-License-Identifier: Apache-2.0

// Streams: the very bytes, each event as soon as it is there, and the end only when it is proven.
#include "scripts.h"

#include "http/message_writer.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

class TstStreaming : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void bytesStayAsTheyAre_data();
    void bytesStayAsTheyAre();
    void eventsAreNotHeldBack_data() { transports(); }
    void eventsAreNotHeldBack();
    void doneThenReset_data() { transports(); }
    void doneThenReset();
    void doneThenOpen_data() { transports(); }
    void doneThenOpen();
    void doneInsideText_data() { transports(); }
    void doneInsideText();
    void interimAnswers_data() { transports(); }
    void interimAnswers();
    void slowPrefillIsDrained_data() { transports(); }
    void slowPrefillIsDrained();
    void noHeadBeforeTheFirstByte_data() { transports(); }
    void noHeadBeforeTheFirstByte();
    void compressedAnswersPass_data() { transports(); }
    void compressedAnswersPass();
    void chunkExtensionsAndTrailers_data() { transports(); }
    void chunkExtensionsAndTrailers();

private:
    /// Decode answers these bytes, prefill at once.
    void answerOf(const QByteArray &raw, const QByteArray &body, mock::Cut::How how = mock::Cut::How::Fin);
};

void TstStreaming::answerOf(const QByteArray &raw, const QByteArray &body, mock::Cut::How how)
{
    m_rig->prefill().addFault(rawFault(rawAnswer("{}")));
    m_rig->decode().addFault(rawFault(raw, how));
    exchange("/generate", body);
}

void TstStreaming::bytesStayAsTheyAre_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("chunk"); // 0: all in one
    QTest::addColumn<bool>("closeDelimited");
    const QByteArray text = "data: {\"text\":\"\xc3\xa9\xe4\xbd\xa0\xf0\x9f\x98\x80\"}\n\n: a comment\n\nevent: x\r\ndata: a\r\ndata: b\r\n\r\n"
                            "id: 1\nretry: 5\ndata:no space\n\ndata\n\n";
    forBothTransports([&](TransportKind kind) {
        for (const int chunk : {1, 2, 3, 0}) {
            QTest::addRow("chunks of %d, %s", chunk, transportName(kind)) << kind << (text + "data: [DONE]\n\n") << chunk << false;
        }
        QTest::addRow("CR line ends, %s", transportName(kind)) << kind << QByteArray("data: a\r\rdata: [DONE]\r\r") << 1 << false;
        QTest::addRow("without end marker, %s", transportName(kind)) << kind << text << 5 << false;
        QTest::addRow("delimited by close, %s", transportName(kind)) << kind << (text + "data: [DONE]\n\n") << 0 << true;
    });
}

void TstStreaming::bytesStayAsTheyAre()
{
    QFETCH(QByteArray, body);
    QFETCH(int, chunk);
    QFETCH(bool, closeDelimited);
    QVERIFY(begin());
    QByteArrayList pieces;
    for (qsizetype at = 0; at < body.size(); at += chunk > 0 ? chunk : body.size())
        pieces += body.mid(at, chunk > 0 ? chunk : -1);
    if (isQnam() && !body.contains("[DONE]"))
        QSKIP(qnamFraming);
    answerOf(closeDelimited ? "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + body : rawStream(pieces), generateStream);
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->body(), body);
    QCOMPARE(m_client->end(), Client::End::Terminator);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "ok");
}

void TstStreaming::eventsAreNotHeldBack()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    QVERIFY(begin(scripted(prefill, decode)));
    decode.answerRaw({});
    m_client->post("/generate", QByteArray(generateStream));
    PDLB_WAIT(decode.request() && decode.request()->bodyComplete());
    decode.request()->beginChunked(200, eventStream());
    // The next event is only written when the client has this one: nothing may wait for more.
    QByteArray sent;
    for (int i = 0; i < 200; ++i) {
        const QByteArray event = "data: {\"text\":\"" + QByteArray::number(i) + "\"}\n\n";
        QVERIFY(decode.request());
        decode.request()->writeChunk(event);
        sent += event;
        PDLB_WAIT_EQUAL(m_client->body(), sent);
    }
    QVERIFY(!m_client->done());
    decode.request()->writeChunk("data: [DONE]\n\n");
    decode.request()->endChunked();
    PDLB_WAIT_EQUAL(m_client->end(), Client::End::Terminator);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.last().leg(false)->events, 201);
}

void TstStreaming::doneThenReset()
{
    QVERIFY(begin());
    const QByteArray raw = rawStream({"data: {\"text\":\"a\"}\n\n", "data: [DONE]\n\n"}, false);
    answerOf(raw, generateStream, mock::Cut::How::Reset);
    if (isQnam() && m_client->status() == 502)
        QSKIP("QNetworkAccessManager drops what it has read when the reset comes first");
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->end(), Client::End::Terminator);
    QCOMPARE(m_client->events().last(), "[DONE]");
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "ok");
    QVERIFY(m_rig->decode().aborts().isEmpty());
}

void TstStreaming::doneThenOpen()
{
    QVERIFY(begin());
    // The answer ends a second behind the end marker, and the leg is let go.
    answerOf(rawStream({"data: {\"text\":\"a\"}\n\n", "data: [DONE]\n\n"}, false), generateStream, mock::Cut::How::Stall);
    QCOMPARE(m_client->end(), Client::End::Terminator);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "ok");
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
}

void TstStreaming::doneInsideText()
{
    QVERIFY(begin());
    const QByteArrayList events{R"(data: {"text":"data: [DONE]"})"
                                "\n\n",
                                "data: data: [DONE]\n\n", "data: [DONE]x\n\n", " data: [DONE]\n\n",
                                "data: {\"text\":\"the end\"}\n\n", "data: [DONE]\n\n"};
    answerOf(rawStream(events), generateStream);
    QCOMPARE(m_client->body(), events.join());
    QCOMPARE(m_client->end(), Client::End::Terminator);
    // Cut behind the false markers, it is a cut.
    m_rig->decode().clearFaults();
    answerOf(rawStream(events.first(4), false), generateStream);
    if (!isQnam()) {
        QVERIFY(!m_client->whole());
        QVERIFY(m_client->events().last().contains("\"decode_failed\""));
    }
}

void TstStreaming::interimAnswers()
{
    QVERIFY(begin());
    answerOf("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + rawAnswer(R"({"a":1})"), generateBody);
    if (isQnam() && m_client->status() == 502)
        QSKIP("QNetworkAccessManager of Qt 6.4 takes 103 for the answer (reference 2.4 U30)");
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->body(), R"({"a":1})");
    QVERIFY(!m_client->headers().contains("link"));
}

void TstStreaming::slowPrefillIsDrained()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    QVERIFY(begin(scripted(prefill, decode)));
    prefill.answerRaw({});
    decode.answerRaw(rawStream({"data: {\"text\":\"a\"}\n\n", "data: [DONE]\n\n"}));
    exchange("/generate", generateStream);
    QCOMPARE(m_client->end(), Client::End::Terminator); // does not wait for prefill
    QVERIFY(prefill.request());
    QCOMPARE(m_rig->balancer.inFlight(), 1);
    // Prefill's connection stays until its answer is whole.
    prefill.request()->beginChunked(200, eventStream());
    prefill.request()->writeChunk("data: {}\n\n");
    PDLB_WAIT(prefill.request());
    const QByteArray more(256 * 1024, 'x');
    for (int i = 0; i < 200; ++i) { // 50 MB (T57)
        QVERIFY(prefill.request());
        prefill.request()->writeChunk("data: " + more + "\n\n");
        PDLB_WAIT(!prefill.request() || prefill.request()->backlog() == 0);
    }
    QVERIFY(prefill.request());
    prefill.request()->endChunked();
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "ok");
    QVERIFY(m_rig->traces.last().leg(true)->bytes > 50 * 1024 * 1024);
    QVERIFY(m_rig->traces.last().leg(true)->error.isEmpty());
    QCOMPARE(prefill.aborts(), 0);
}

void TstStreaming::noHeadBeforeTheFirstByte()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    QVERIFY(begin(scripted(prefill, decode)));
    prefill.answerRaw({});
    decode.answerRaw({});
    m_client->post("/generate", QByteArray(generateStream));
    PDLB_WAIT(decode.request() && prefill.request() && prefill.request()->bodyComplete());
    decode.request()->beginChunked(200, eventStream());
    // Decode has sent 200 and then nothing; prefill refuses: the client gets prefill's status.
    prefill.request()->respond(400, "application/json", R"({"error":{"message":"no"}})");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 400);
    QCOMPARE(m_client->body(), R"({"error":{"message":"no"}})");
    PDLB_WAIT(!decode.request());
    PDLB_WAIT_EQUAL(decode.aborts(), 1);
    QCOMPARE(prefill.aborts(), 0);
}

void TstStreaming::compressedAnswersPass()
{
    QVERIFY(begin());
    const QByteArray gzip = QByteArray::fromHex("1f8b0800000000000003abae050043bfa6a302000000");
    answerOf(rawAnswer(gzip, "Content-Encoding: gzip\r\n"), generateBody);
    QCOMPARE(m_client->header("content-encoding"), "gzip");
    QCOMPARE(m_client->body(), gzip);
}

void TstStreaming::chunkExtensionsAndTrailers()
{
    QVERIFY(begin());
    answerOf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n000001\r\nd\r\n0\r\nX-Trailer: 1\r\n\r\n", generateBody);
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->body(), "abcd");
    QCOMPARE(m_client->end(), Client::End::Terminator);
    QVERIFY(!m_client->raw().contains("X-Trailer"));
}

QTEST_GUILESS_MAIN(TstStreaming)
#include "tst_streaming.moc"
