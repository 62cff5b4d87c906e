// SPDX-License-Identifier: Apache-2.0

// Requests as others see them: traceparent on the way to the engines, exports through the admin API.
#include "harness.h"

#include "trace/record_reader.h"

#include <QJsonArray>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

namespace {

constexpr const char *callersTraceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
constexpr const char *body = R"({"text":"hi","sampling_params":{"max_new_tokens":1}})";

/// The admin API wants to be called by its name.
void ask(Client &client, const QByteArray &target, const QByteArray &method = "GET")
{
    client.again(method == "HEAD");
    client.send(method + ' ' + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

} // namespace

class TstTraces : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void traceparent_data();
    void traceparent();
    void tracestate_data();
    void tracestate();
    void sampling();
    void exportIsStreamed_data() { direct(); }
    void exportIsStreamed();
    void leavingExport_data() { direct(); }
    void leavingExport();
    void headOfExport_data() { direct(); }
    void headOfExport();
};

void TstTraces::traceparent_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("exports");
    QTest::addColumn<QByteArray>("sent"); // by the client
    QTest::addColumn<QByteArray>("begins"); // what engines get; empty: nothing
    QTest::addColumn<QByteArray>("flags");
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *name, bool exports, const char *sent, const char *begins, const char *flags) {
            QTest::addRow("%s %s", name, transportName(kind)) << kind << exports << QByteArray(sent) << QByteArray(begins) << QByteArray(flags);
        };
        row("continued", false, callersTraceparent, "00-0af7651916cd43dd8448eb211c80319c-", "-01");
        row("continued, not sampled", false, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", "00-0af7651916cd43dd8448eb211c80319c-", "-00");
        row("of a later version", false, "42-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-new", "00-0af7651916cd43dd8448eb211c80319c-", "-01");
        row("invalid: begun anew", false, "00-xyz", "00-", "-01");
        row("none, not exported", false, "", "", "");
        row("none, exported: begun", true, "", "00-", "-01");
        row("continued, exported", true, callersTraceparent, "00-0af7651916cd43dd8448eb211c80319c-", "-01");
    });
}

void TstTraces::traceparent()
{
    QFETCH(bool, exports);
    QFETCH(QByteArray, sent);
    QFETCH(QByteArray, begins);
    QFETCH(QByteArray, flags);
    QVERIFY(begin({.change = [&](Config &config) {
        if (exports)
            config.otlp.endpoint = u"http://127.0.0.1:9"_s; // nobody listens: it is about the engines
    }}));
    exchange("/generate", body, sent.isEmpty() ? QByteArray() : "TraceParent: " + sent + "\r\n");
    QCOMPARE(m_client->status(), 200);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    const trace::Timeline timeline = m_rig->traces.last();
    QByteArrayList seen;
    for (const bool isPrefill : {true, false}) {
        const mock::RecordedRequest request = Rig::lastPost(isPrefill ? m_rig->prefill() : m_rig->decode());
        const QByteArray got = request.header("traceparent");
        QCOMPARE(request.head.headers.values("traceparent").size(), begins.isEmpty() ? 0 : 1);
        QVERIFY2(got.startsWith(begins) && got.endsWith(flags), got.constData());
        if (begins.isEmpty())
            continue;
        QVERIFY(trace::TraceContext::parse(got));
        QCOMPARE(got.mid(3, 32), timeline.context.traceId);
        QCOMPARE(got.mid(36, 16), timeline.leg(isPrefill)->spanId); // the leg's span is the engine's parent
        QVERIFY(!seen.contains(got));
        seen += got;
    }
}

void TstTraces::tracestate_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("sent");
    QTest::addColumn<QByteArray>("got");
    QTest::newRow("continued") << TransportKind::Direct << QByteArray(callersTraceparent) << QByteArray("a=1,b=2");
    QTest::newRow("begun anew") << TransportKind::Direct << QByteArray("00-xyz") << QByteArray();
}

void TstTraces::tracestate()
{
    QFETCH(QByteArray, sent);
    QVERIFY(begin());
    exchange("/generate", body, "traceparent: " + sent + "\r\ntracestate: a=1,b=2\r\n");
    QTEST(Rig::lastPost(m_rig->decode()).header("tracestate"), "got");
}

void TstTraces::sampling()
{
    SeededRandom random(4);
    int sampled = 0;
    for (int i = 0; i < 4000; ++i)
        sampled += trace::TraceContext::continued({}, random, 0.25).sampled;
    QVERIFY2(sampled > 900 && sampled < 1100, QByteArray::number(sampled).constData());
    QVERIFY(trace::TraceContext::continued({}, random, 1).sampled);
    QVERIFY(!trace::TraceContext::continued({}, random, 0).sampled);
    QVERIFY(trace::TraceContext::continued(callersTraceparent, random, 0).sampled); // the caller has decided
}

void TstTraces::exportIsStreamed()
{
    // Records of some 100 MB, to a client that does not read: what is held for it must stay small.
    QVERIFY(begin({.change = [](Config &config) { config.trace.bodyMemory = qint64(512) * 1024 * 1024; }}));
    constexpr int count = 100;
    const QByteArray large = R"({"text":")" + QByteArray(1'000'000, 'x') + R"(","sampling_params":{"max_new_tokens":1}})";
    for (int i = 0; i < count; ++i)
        exchange("/generate", large);
    const auto slow = m_rig->client(4096);
    slow->discardBody();
    const qint64 before = residentBytes();
    ask(*slow, "/admin/v1/traces?format=har&limit=1000");
    PDLB_WAIT(slow->hasHead());
    slow->setReading(false);
    for (int i = 0; i < 20; ++i)
        settle(); // the balancer is as far as it gets
    QVERIFY2(residentBytes() - before < 32 * 1024 * 1024 + sanitizerGrowth, QByteArray::number(residentBytes() - before).constData());
    QCOMPARE(slow->header("transfer-encoding"), "chunked");
    slow->setReading(true);
    PDLB_WAIT(slow->done());
    QVERIFY2(slow->whole(), slow->describe().constData());
    QVERIFY(slow->received() > count * qint64(1'000'000));
    QVERIFY2(residentBytes() - before < 64 * 1024 * 1024 + sanitizerGrowth, QByteArray::number(residentBytes() - before).constData());
}

void TstTraces::leavingExport()
{
    QVERIFY(begin());
    for (int i = 0; i < 20; ++i)
        exchange("/generate", R"({"text":")" + QByteArray(200'000, 'x') + R"(","sampling_params":{"max_new_tokens":1}})");
    for (int i = 0; i < 5; ++i) {
        const auto leaving = m_rig->client(4096);
        ask(*leaving, "/admin/v1/traces?format=jsonl");
        PDLB_WAIT(leaving->hasHead());
        if (i % 2 == 0)
            leaving->reset();
    }
    const auto reading = m_rig->client();
    ask(*reading, "/admin/v1/traces?format=jsonl&limit=3&bodies=false");
    PDLB_WAIT(reading->done());
    trace::RecordReader reader;
    reader.feed(reading->body());
    for (int i = 0; i < 3; ++i)
        QVERIFY(*reader.next());
    QVERIFY(!reader.next() && !reader.finish());
}

void TstTraces::headOfExport()
{
    QVERIFY(begin());
    exchange("/generate", body);
    const auto client = m_rig->client();
    ask(*client, "/admin/v1/traces?format=har", "HEAD");
    PDLB_WAIT(client->done());
    QCOMPARE(client->status(), 200);
    ask(*client, "/admin/v1/traces?format=otlp");
    PDLB_WAIT(client->done());
    QVERIFY(client->whole() && !client->json().isEmpty());
}

QTEST_GUILESS_MAIN(TstTraces)
#include "tst_traces.moc"
