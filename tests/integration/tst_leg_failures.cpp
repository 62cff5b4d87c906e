// SPDX-License-Identifier: Apache-2.0

// What an engine's failure does to the client, to the other leg and to the record (reference 7.3).
#include "scripts.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

class TstLegFailures : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void oneLegFails_data();
    void oneLegFails();
    void timeouts_data();
    void timeouts();
    void earlyRefusalOfAnUpload_data() { transports(); }
    void earlyRefusalOfAnUpload();
    void badHeads_data();
    void badHeads();
    void prefillAbortsWhileDecodeStreams_data() { transports(); }
    void prefillAbortsWhileDecodeStreams();
    void decodeAbortsInItsStream_data() { transports(); }
    void decodeAbortsInItsStream();
};

void TstLegFailures::oneLegFails_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("onPrefill");
    QTest::addColumn<QString>("fault");
    QTest::addColumn<bool>("stream");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("end");
    QTest::addColumn<QByteArray>("text"); // of the body
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *fault, bool stream, int status, const char *end, const char *text) {
            QTest::addRow("%s%s, %s", fault, stream ? " stream" : "", transportName(kind))
                << kind << (fault[0] == 'p') << QString::fromLatin1(fault) << stream << status << QByteArray(end) << QByteArray(text);
        };
        for (const bool stream : {false, true}) {
            row("prefill:status=400,message=too long", stream, 400, "prefill_http", "too long");
            row("prefill:status=500", stream, 500, "prefill_http", "scripted fault");
            row("prefill:status=503,retry_after=7", stream, 503, "prefill_http", "scripted fault");
            row("prefill:close=before-head", stream, 502, "prefill_conn", "\"prefill_failed\"");
            row("prefill:reset=before-head", stream, 502, "prefill_conn", "\"prefill_failed\"");
            row("prefill:garbage", stream, 502, "prefill_conn", "\"prefill_failed\"");
            row("decode:status=400,message=too long", stream, 400, "decode_http", "too long");
            row("decode:status=500", stream, 500, "decode_http", "scripted fault");
            row("decode:status=503,retry_after=7", stream, 503, "decode_http", "scripted fault");
            row("decode:status=429,retry_after=3", stream, 429, "decode_http", "scripted fault");
            row("decode:status=401,header=WWW-Authenticate: Basic realm=\"x\"", stream, 401, "decode_http", "scripted fault");
            row("decode:status=302,header=Location: http://127.0.0.1:1/evil", stream, 302, "decode_http", "scripted fault");
            row("decode:status=307,header=Location: /generate", stream, 307, "decode_http", "scripted fault");
            row("decode:close=before-head", stream, 502, "decode_conn", "\"decode_failed\"");
            row("decode:reset=before-head", stream, 502, "decode_conn", "\"decode_failed\"");
            row("decode:garbage", stream, 502, "decode_conn", "\"decode_failed\"");
        }
        row("prefill:abort,status=500,message=no memory", false, 500, "prefill_http", "no memory");
        row("prefill:abort,status=500,message=no memory", true, 502, "prefill_abort", "no memory");
        row("prefill:abort,status=400,message=too long", true, 400, "prefill_abort", "too long");
    });
}

void TstLegFailures::oneLegFails()
{
    QFETCH(bool, onPrefill);
    QFETCH(QString, fault);
    QFETCH(bool, stream);
    QFETCH(int, status);
    QFETCH(QByteArray, end);
    QFETCH(QByteArray, text);
    QVERIFY(begin());
    mock::MockEngine &failing = onPrefill ? m_rig->prefill() : m_rig->decode();
    mock::MockEngine &other = onPrefill ? m_rig->decode() : m_rig->prefill();
    failing.addFault(fault);
    exchange("/generate", stream ? generateStream : generateBody);
    QVERIFY2(m_client->status() == status && m_client->whole(), m_client->describe().constData());
    QCOMPARE(m_client->header("content-type"), "application/json");
    QVERIFY2(m_client->body().contains(text), m_client->describe().constData());
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), end);
    QCOMPARE(m_rig->traces.last().status, status);
    if (const qsizetype at = fault.indexOf("retry_after="_L1); at > 0)
        QCOMPARE(m_client->header("retry-after"), fault.sliced(at + 12).toUtf8());
    if (fault.contains("Location"_L1))
        QVERIFY(m_client->headers().contains("location"));
    if (fault.contains("WWW-Authenticate"_L1))
        QCOMPARE(m_client->header("www-authenticate"), "Basic realm=\"x\"");
    // Nothing is ever sent twice, and the other engine is told at once.
    QCOMPARE(m_rig->posts(failing), 1);
    if (isQnam() && m_rig->posts(other) == 0) // begun at once, but cancelled before its thread had connected
        return;
    QCOMPARE(m_rig->posts(other), 1);
    PDLB_WAIT(wasAborted(other));
    PDLB_WAIT_EQUAL(other.running(), 0);
    // The client's connection is still good.
    failing.clearFaults();
    exchange("/generate", generateBody);
    QCOMPARE(m_client->status(), 200);
}

void TstLegFailures::timeouts_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QString>("fault");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("end");
    QTest::addColumn<bool>("began");
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *name, const char *fault, const char *body, const char *end, bool began) {
            QTest::addRow("%s, %s", name, transportName(kind))
                << kind << QString::fromLatin1(fault) << QByteArray(body) << QByteArray(end) << began;
        };
        row("first byte (T46)", "decode:hang", generateBody, "timeout_first_byte", false);
        row("first byte of a stream", "decode:stall=after-0", generateStream, "timeout_first_byte", false);
        row("first byte, noread", "decode:noread", generateBody, "timeout_first_byte", false);
        row("stream idle (T47)", "decode:stall=after-2", generateStream, "timeout_idle", true);
        row("whole request", "decode:hang", generateBody, "timeout_total", false);
    });
}

void TstLegFailures::timeouts()
{
    QFETCH(QString, fault);
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, end);
    QFETCH(bool, began);
    Setup setup;
    setup.change = [&](Config &config) {
        const std::chrono::milliseconds soon(300);
        (end == "timeout_total" ? config.requestTimeout : end == "timeout_idle" ? config.streamIdleTimeout : config.firstByteTimeout) = soon;
    };
    QVERIFY(begin(setup));
    m_rig->decode().addFault(fault);
    exchange("/generate", body);
    if (began) {
        QCOMPARE(m_client->status(), 200);
        QVERIFY2(!m_client->whole(), m_client->describe().constData());
        const QByteArray last = m_client->events().last();
        QVERIFY2(last.contains("\"timeout_idle\""), last.constData());
        QVERIFY(!m_client->body().contains("[DONE]"));
    } else {
        QVERIFY2(m_client->status() == 504 && m_client->whole(), m_client->describe().constData());
        QCOMPARE(m_client->errorCode().toUtf8(), end);
    }
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), end);
    PDLB_WAIT(wasAborted(m_rig->prefill()) || m_rig->traces.last().leg(true)->error.isEmpty());
    if (fault != "decode:noread"_L1)
        PDLB_WAIT(wasAborted(m_rig->decode()));
    QCOMPARE(m_rig->posts(m_rig->decode()), 1);
    m_rig->decode().clearFaults();
}

void TstLegFailures::earlyRefusalOfAnUpload()
{
    QVERIFY(begin());
    m_rig->decode().addFault(u"decode:status=413,early,message=too large"_s);
    const QByteArray body = R"({"text":")" + QByteArray(30 * 1024 * 1024, 'x') + R"("})";
    exchange("/generate", body);
    QCOMPARE(m_rig->posts(m_rig->decode()), 1);
    QCOMPARE(m_rig->posts(m_rig->prefill()), 1);
    if (isQnam() && m_client->status() != 413) {
        QCOMPARE(m_client->status(), 502);
        QSKIP(qnamUpload);
    }
    QVERIFY2(m_client->status() == 413, m_client->describe().constData());
    QVERIFY2(m_client->body().contains("too large"), m_client->describe().constData());
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "decode_http");
}

void TstLegFailures::badHeads_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("raw");
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *name, const QByteArray &fields, const QByteArray &body = "2\r\n{}\r\n0\r\n\r\n") {
            QTest::addRow("%s, %s", name, transportName(kind)) << kind << ("HTTP/1.1 200 OK\r\n" + fields + "\r\n" + body);
        };
        row("length and coding", "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n");
        row("two lengths", "Content-Length: 2\r\nContent-Length: 5\r\n", "{}");
        row("negative length", "Content-Length: -2\r\n", "{}");
        row("length with junk", "Content-Length: 2x\r\n", "{}");
        row("space before colon", "Content-Length : 2\r\n", "{}");
        row("no colon", "Nonsense\r\nContent-Length: 2\r\n", "{}");
        row("folded line", "X-A: 1\r\n 2\r\nContent-Length: 2\r\n", "{}");
        row("NUL in a value", QByteArray("X-A: a\0b\r\nContent-Length: 2\r\n", 29), "{}");
        row("CR in a value", "X-A: a\rb\r\nContent-Length: 2\r\n", "{}");
        row("unknown coding", "Transfer-Encoding: gzip\r\n");
        row("101 fields", QByteArray("X-A: 1\r\n").repeated(101) + "Content-Length: 2\r\n", "{}");
        row("70 KB field", "X-A: " + QByteArray(70 * 1024, 'a') + "\r\nContent-Length: 2\r\n", "{}");
        row("endless head", QByteArray("X-A: 1\r\n").repeated(40000), {});
        const auto whole = [&](const char *name, const QByteArray &raw) {
            QTest::addRow("%s, %s", name, transportName(kind)) << kind << raw;
        };
        whole("status 99", "HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n");
        whole("status 2000", "HTTP/1.1 2000 X\r\nContent-Length: 0\r\n\r\n");
        whole("HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        whole("unasked upgrade", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
        whole("another protocol", "SSH-2.0-OpenSSH_9\r\n");
    });
}

void TstLegFailures::badHeads()
{
    QFETCH(QByteArray, raw);
    if (isQnam())
        QSKIP(qnamFraming);
    QVERIFY(begin());
    m_rig->decode().addFault(rawFault(raw, mock::Cut::How::Stall));
    exchange("/generate", generateBody);
    QVERIFY2(m_client->status() == 502 && m_client->whole(), m_client->describe().constData());
    QCOMPARE(m_client->errorCode(), u"decode_failed"_s);
    QVERIFY(!m_client->headers().contains("x-a"));
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "decode_conn");
    QCOMPARE(m_rig->posts(m_rig->decode()), 1);
    PDLB_WAIT(wasAborted(m_rig->prefill()));
}

void TstLegFailures::prefillAbortsWhileDecodeStreams()
{
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    QVERIFY(begin(scripted(prefill, decode)));
    prefill.answerRaw({});
    decode.answerRaw({});
    m_client->post("/generate", QByteArray(generateStream));
    PDLB_WAIT(prefill.request() && decode.request() && decode.request()->bodyComplete());
    http::HeaderList headers;
    headers.add("content-type", "text/event-stream");
    decode.request()->beginChunked(200, headers);
    decode.request()->writeChunk("data: {\"text\":\"a\"}\n\n");
    PDLB_WAIT(m_client->body().endsWith("\n\n"));
    prefill.request()->beginChunked(200, headers);
    // An event split over packets is found too.
    prefill.request()->writeChunk(R"(data: {"meta_info":{"finish_reason":{"type":"abort","message":"Prefill )");
    prefill.request()->writeChunk("transfer failed\",\"status_code\":500}}}\n\n");
    PDLB_WAIT(m_client->done());
    QVERIFY(!m_client->whole());
    QVERIFY2(m_client->events().last().contains("Prefill transfer failed"), m_client->describe().constData());
    PDLB_WAIT(!decode.request());
    PDLB_WAIT(decode.aborts() > 0);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "prefill_abort");
}

void TstLegFailures::decodeAbortsInItsStream()
{
    QVERIFY(begin());
    m_rig->decode().addFault(u"decode:abort,status=500,message=decode lost it,after=2"_s);
    exchange("/generate", generateStream);
    // Decode's own words, unchanged and to the end.
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->end(), Client::End::Terminator);
    QVERIFY(m_client->body().contains("decode lost it"));
    QCOMPARE(m_client->events().last(), "[DONE]");
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "decode_abort");
    QVERIFY(m_rig->traces.last().error.contains("decode lost it"_L1));
}

QTEST_GUILESS_MAIN(TstLegFailures)
#include "tst_leg_failures.moc"
