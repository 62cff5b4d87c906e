// SPDX-License-Identifier: Apache-2.0

// An answer that breaks off never looks whole (T48): every way to break off, every framing.
#include "scripts.h"

#include "http/message_writer.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using How = mock::Cut::How;

namespace {

const QByteArrayList events{"data: {\"text\":\"one\"}\n\n", "data: {\"text\":\"two\"}\n\n", "data: {\"text\":\"three\"}\n\n"};

} // namespace

class TstTruncation : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void cutAnswers_data();
    void cutAnswers();
    void badChunks_data();
    void badChunks();
    void longerThanPromised_data() { transports(); }
    void longerThanPromised();
};

void TstTruncation::cutAnswers_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("stream");
    QTest::addColumn<QByteArray>("framing");
    QTest::addColumn<QByteArray>("place");
    QTest::addColumn<bool>("reset");
    QTest::addColumn<bool>("twoPackets");
    forBothTransports([](TransportKind kind) {
        for (const bool stream : {true, false}) {
            for (const char *framing : {"chunked", "length", "close"}) {
                for (const char *place : {"head", "mid", "boundary"}) {
                    for (const bool reset : {false, true}) {
                        for (const bool two : {false, true}) {
                            if (two && qstrcmp(place, "head") == 0)
                                continue;
                            QTest::addRow("%s %s, %s, %s, %s, %s", stream ? "stream" : "whole", framing, place, reset ? "RST" : "FIN",
                                          two ? "two packets" : "one packet", transportName(kind))
                                << kind << stream << QByteArray(framing) << QByteArray(place) << reset << two;
                        }
                    }
                }
            }
        }
    });
}

void TstTruncation::cutAnswers()
{
    QFETCH(bool, stream);
    QFETCH(QByteArray, framing);
    QFETCH(QByteArray, place);
    QFETCH(bool, reset);
    QFETCH(bool, twoPackets);
    const QByteArray all = events.join() + "data: [DONE]\n\n";
    QByteArray head = "HTTP/1.1 200 OK\r\nContent-Type: " + QByteArray(stream ? "text/event-stream" : "application/json") + "\r\n";
    if (framing == "chunked")
        head += "Transfer-Encoding: chunked\r\n";
    else if (framing == "length")
        head += "Content-Length: " + QByteArray::number(all.size()) + "\r\n";
    head += "\r\n";
    const QByteArray delivered = place == "head" ? QByteArray() : place == "mid" ? events.join().chopped(5) : events.join();
    QByteArray body = delivered;
    if (framing == "chunked" && !delivered.isEmpty()) {
        body.clear();
        http::appendChunk(body, delivered);
        if (place == "mid") // in the middle of a chunk
            body = QByteArray::number(events.join().size(), 16) + "\r\n" + delivered;
    }

    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    QVERIFY(begin(scripted(prefill, decode)));
    prefill.answerRaw({});
    decode.answerRaw({});
    m_client->post("/generate", QByteArray(stream ? generateStream : generateBody));
    PDLB_WAIT(decode.request() && prefill.request());
    const QPointer<mock::MockExchange> answer = decode.request();
    const bool unprovable = framing == "close" && !reset && !stream;
    if (twoPackets) {
        answer->writeRaw(head);
        // The balancer has the head once the record says so; without that: a turn of the loop.
        for (int i = 0; i < 20; ++i)
            QTest::qWait(0);
        answer->writeRaw(body);
        if (!isQnam())
            PDLB_WAIT(m_client->body().size() >= delivered.size());
    } else {
        answer->writeRaw(head + body);
    }
    if (reset)
        answer->reset();
    else
        answer->close();
    if (unprovable) // a whole answer for all that HTTP/1.1 can tell
        prefill.request()->respond(200, "application/json", "{}");
    PDLB_WAIT(m_client->done());
    if (isQnam() && (m_client->whole() && m_client->status() == 200))
        QSKIP(qnamFraming);
    if (unprovable) {
        QCOMPARE(m_client->status(), 200);
        QCOMPARE(m_client->body(), delivered);
        return;
    }
    QVERIFY2(!m_client->body().contains("[DONE]"), m_client->describe().constData());
    if (m_client->status() == 502) {
        QVERIFY(m_client->whole());
        QCOMPARE(m_client->errorCode(), u"decode_failed"_s);
        QVERIFY2(place == "head" || (reset && !twoPackets) || isQnam(), "delivered bytes are shown to the client");
    } else {
        QCOMPARE(m_client->status(), 200);
        QVERIFY2(!m_client->whole(), m_client->describe().constData());
        if (!reset || twoPackets)
            QVERIFY2(m_client->body().startsWith(delivered), m_client->describe().constData());
        if (stream) {
            const QByteArray last = m_client->events().last();
            QVERIFY2(QJsonDocument::fromJson(last)["error"_L1]["code"_L1].toString() == "decode_failed"_L1, last.constData());
        } else if (!isQnam()) {
            QCOMPARE(m_client->body(), delivered);
        }
    }
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QVERIFY2(QByteArrayList({"decode_cut", "decode_conn"}).contains(m_rig->traces.lastEnd()), m_rig->traces.lastEnd().constData());
    PDLB_WAIT_EQUAL(prefill.aborts(), 1);
    PDLB_WAIT(!prefill.request());
    QCOMPARE(decode.requests(), isQnam() ? 2 : 1); // with the warm-up
}

void TstTruncation::badChunks_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("chunks");
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *name, const char *chunks) {
            QTest::addRow("%s, %s", name, transportName(kind)) << kind << QByteArray(chunks);
        };
        row("size zz", "9\r\ndata: a\n\n\r\nzz\r\nabc\r\n0\r\n\r\n");
        row("size 0x3", "9\r\ndata: a\n\n\r\n0x3\r\nabc\r\n0\r\n\r\n");
        row("size -3", "9\r\ndata: a\n\n\r\n-3\r\nabc\r\n0\r\n\r\n");
        row("size too large", "9\r\ndata: a\n\n\r\nfffffffffffffffff\r\nabc\r\n0\r\n\r\n");
        row("no line end behind the data", "9\r\ndata: a\n\nXX3\r\nabc\r\n0\r\n\r\n");
        row("no terminator", "9\r\ndata: a\n\n\r\n");
        row("no line end behind the terminator", "9\r\ndata: a\n\n\r\n0\r\n");
    });
}

void TstTruncation::badChunks()
{
    QFETCH(QByteArray, chunks);
    if (isQnam())
        QSKIP(qnamFraming);
    QVERIFY(begin());
    m_rig->decode().addFault(rawFault("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks));
    exchange("/generate", generateStream);
    QCOMPARE(m_client->status(), 200);
    QVERIFY2(!m_client->whole(), m_client->describe().constData());
    QVERIFY(m_client->body().startsWith("data: a\n\n"));
    QVERIFY(m_client->events().last().contains("\"decode_failed\""));
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "decode_cut");
    PDLB_WAIT(wasAborted(m_rig->prefill()));
}

void TstTruncation::longerThanPromised()
{
    QVERIFY(begin());
    m_rig->prefill().addFault(rawFault(rawAnswer("{}")));
    m_rig->decode().addFault(rawFault(rawAnswer("{\"a\":1}") + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", How::Stall));
    for (int i = 0; i < 2; ++i) { // the stray bytes are never the next answer
        exchange("/generate", generateBody);
        QCOMPARE(m_client->status(), 200);
        QCOMPARE(m_client->body(), "{\"a\":1}");
    }
    m_rig->decode().clearFaults();
    m_rig->prefill().clearFaults();
    exchange("/generate", generateBody);
    QVERIFY(m_client->json().contains("meta_info"_L1));
}

QTEST_GUILESS_MAIN(TstTruncation)
#include "tst_truncation.moc"
