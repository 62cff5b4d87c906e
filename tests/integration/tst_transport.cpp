// SPDX-License-Identifier: Apache-2.0

// The contract of UpstreamTransport and Leg, alone, over both implementations (reference 2.4, table U).
#include "scripts.h"
#include "tables/engine_rows.h"

#include "upstream/direct_transport.h"
#include "upstream/qnam_transport.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace pdlb::upstream;
using namespace Qt::StringLiterals;

namespace {

/// Writes down what a leg says.
struct Record {
    QByteArrayList order; ///< ready sent head data finished; data once in a row
    http::ResponseHead head;
    QByteArray body;
    LegEnd end;
    int finished = 0;

    void say(const char *what)
    {
        if (order.isEmpty() || order.last() != what)
            order += what;
    }
};

const char *kindName(LegEndKind kind)
{
    static const char *names[] = {"complete", "unproven", "cut", "protocol error", "connect failed", "connect timeout"};
    return names[int(kind)];
}

/// How a leg with that answer and a close behind it ends.
const char *endOf(const tables::EngineRow &row)
{
    const QByteArray id = row.id;
    if (row.wanted == tables::Wanted::Answer)
        return kindName(id == "U3" ? LegEndKind::Unproven : LegEndKind::Complete);
    const bool isCut = row.bytes.isEmpty() || (row.wanted == tables::Wanted::Abort && row.ending != tables::Ending::Open);
    return kindName(isCut ? LegEndKind::Cut : LegEndKind::ProtocolError);
}

} // namespace

class TstTransport : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void cleanup();
    void goodRequest_data() { transports(); }
    void goodRequest();
    void answers_data();
    void answers();
    void refusedConnection_data() { transports(); }
    void refusedConnection();
    void abortSilences_data();
    void abortSilences();
    void pauseAndResume_data() { transports(); }
    void pauseAndResume();
    void keptConnections_data() { transports(); }
    void keptConnections();
    void deletedLegs_data() { transports(); }
    void deletedLegs();
    void largeUpload_data() { transports(); }
    void largeUpload();
    void illegalHeaders_data() { transports(); }
    void illegalHeaders();

private:
    static void transports();
    void begin();
    Leg *open(const QByteArray &body = "{}", const http::HeaderList &headers = {});
    /// Opens, sends when ready, and waits for the end.
    void run(const QByteArray &body = "{}");
    void watch(Leg *leg);

    std::unique_ptr<UpstreamTransport> m_transport;
    std::unique_ptr<ScriptedEngine> m_engine;
    std::unique_ptr<QObject> m_owner;
    std::shared_ptr<Record> m_record;
    LegSignals *m_told = nullptr; ///< what the leg that is watched tells
    bool m_isQnam = false;
};

void TstTransport::transports()
{
    QTest::addColumn<TransportKind>("transport");
    forBothTransports([](TransportKind kind) { QTest::newRow(transportName(kind)) << kind; });
}

void TstTransport::begin()
{
    QFETCH(TransportKind, transport);
    m_isQnam = transport == TransportKind::Qnam;
    if (m_isQnam)
        m_transport = std::make_unique<QnamTransport>();
    else
        m_transport = std::make_unique<DirectTransport>();
    m_engine = std::make_unique<ScriptedEngine>();
    m_owner = std::make_unique<QObject>();
}

void TstTransport::cleanup()
{
    m_owner.reset();
    m_engine.reset();
    m_transport.reset();
}

void TstTransport::watch(Leg *leg)
{
    m_record = std::make_shared<Record>(); // outlives its leg
    const std::shared_ptr<Record> record = m_record;
    m_told = new LegSignals(leg);
    connect(m_told, &LegSignals::ready, leg, [record] { record->say("ready"); });
    connect(m_told, &LegSignals::sent, leg, [record] { record->say("sent"); });
    connect(m_told, &LegSignals::head, leg, [record](const http::ResponseHead &head) {
        record->say("head");
        record->head = head;
    });
    connect(m_told, &LegSignals::data, leg, [record](QByteArrayView bytes) {
        record->say("data");
        record->body.append(bytes);
    });
    connect(m_told, &LegSignals::finished, leg, [record](const LegEnd &end) {
        record->say("finished");
        record->end = end;
        ++record->finished;
    });
}

Leg *TstTransport::open(const QByteArray &body, const http::HeaderList &headers)
{
    LegRequest request;
    request.origin = *parseOrigin(m_engine->url());
    request.target = "/generate";
    request.headers = headers;
    request.body = BytePieces(body);
    Leg *leg = m_transport->open(std::move(request), m_owner.get());
    watch(leg);
    return leg;
}

void TstTransport::run(const QByteArray &body)
{
    Leg *leg = open(body);
    PDLB_WAIT(leg->isReady() || m_record->finished);
    leg->send();
    PDLB_WAIT_EQUAL(m_record->finished, 1);
}

void TstTransport::goodRequest()
{
    begin();
    m_engine->setHandler([](mock::MockExchange &exchange) { exchange.respond(200, "text/plain", "hello"); });
    http::HeaderList headers;
    headers.add("X-A", "1");
    headers.add("Content-Type", "application/json");
    Leg *leg = open(R"({"a":1})", headers);
    QVERIFY(!leg->wroteAnything());
    QCOMPARE(leg->parent(), m_owner.get());
    PDLB_WAIT(leg->isReady());
    QVERIFY(!leg->wroteAnything());
    QCOMPARE(m_engine->requests(), 0); // nothing leaves before send()
    leg->send();
    PDLB_WAIT_EQUAL(m_record->finished, 1);
    QVERIFY(leg->wroteAnything());
    QByteArrayList expected{"ready", "sent", "head", "data", "finished"};
    if (m_isQnam)
        expected.removeFirst(); // ready at once
    QCOMPARE(m_record->order, expected);
    QCOMPARE(kindName(m_record->end.kind), kindName(LegEndKind::Complete));
    QVERIFY(m_record->end.detail.isEmpty());
    QCOMPARE(m_record->head.status, 200);
    QCOMPARE(m_record->head.headers.value("content-type"), "text/plain");
    QCOMPARE(m_record->body, "hello");
    QCOMPARE(m_engine->body(), R"({"a":1})");
    QCOMPARE(m_engine->headers().value("x-a"), "1");
    QCOMPARE(m_engine->headers().values("content-length"), QList<QByteArray>{"7"});
    QCOMPARE(m_engine->headers().values("host").size(), 1);
    QVERIFY(!leg->reusedConnection());
    // abort() behind the end is harmless.
    leg->abort();
    QCOMPARE(m_record->finished, 1);
}

void TstTransport::answers_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<int>("index");
    QTest::addColumn<QByteArray>("kind");
    forBothTransports([](TransportKind kind) {
        int index = 0;
        for (const tables::EngineRow &row : tables::engineRows()) {
            const int own = index++;
            // The manager's chunked bodies prove nothing; tst_table_u lists what else it cannot do.
            if (kind == TransportKind::Qnam && (row.beyondQnam || row.bytes.contains("chunked")))
                continue;
            QTest::addRow("%s %s, %s", row.id, row.name, transportName(kind)) << kind << own << QByteArray(endOf(row));
        }
    });
}

void TstTransport::answers()
{
    QFETCH(int, index);
    QFETCH(QByteArray, kind);
    const tables::EngineRow &row = tables::engineRows()[size_t(index)];
    begin();
    m_engine->setHandler([&row](mock::MockExchange &exchange) {
        exchange.writeRaw(row.bytes);
        if (row.ending == tables::Ending::Reset)
            exchange.reset();
        else
            exchange.close();
    });
    run();
    QCOMPARE(m_engine->requests(), 1); // never sent again
    QCOMPARE(m_engine->http().requestCount(), 1); // nor anything followed
    const LegEndKind end = m_record->end.kind;
    const bool may = row.wanted == tables::Wanted::AnswerOrRefusal && end == LegEndKind::Complete;
    // When there is no head the manager does not say what it did not like.
    const bool nameless = m_isQnam && kind == kindName(LegEndKind::ProtocolError) && end == LegEndKind::Cut;
    if (!may && !nameless)
        QCOMPARE(QByteArray(kindName(end)), kind);
    const bool isRefused = row.wanted == tables::Wanted::Refusal || (row.wanted == tables::Wanted::AnswerOrRefusal && !may);
    if (row.ending == tables::Ending::Reset)
        QVERIFY(row.body.startsWith(m_record->body)); // a reset may take what was not read
    else
        QCOMPARE(m_record->body, isRefused ? QByteArray() : row.body);
    QCOMPARE(m_record->end.detail.isEmpty(), end == LegEndKind::Complete || end == LegEndKind::Unproven);
    if (!m_isQnam) { // every order is the same, whatever comes
        QCOMPARE(m_record->order.first(), "ready");
        QCOMPARE(m_record->order.last(), "finished");
    }
}

void TstTransport::refusedConnection()
{
    begin();
    m_engine->http().stopListening();
    Leg *leg = open();
    QCOMPARE(m_record->finished, 0); // never from within open()
    if (leg->isReady())
        leg->send();
    PDLB_WAIT_EQUAL(m_record->finished, 1);
    QCOMPARE(kindName(m_record->end.kind), kindName(LegEndKind::ConnectFailed));
    QVERIFY2(m_record->end.detail.contains("refused"_L1, Qt::CaseInsensitive), qPrintable(m_record->end.detail));
    QCOMPARE(m_record->order, QByteArrayList{"finished"});
    if (!m_isQnam) // in doubt the manager's leg says it wrote
        QVERIFY(!leg->wroteAnything());
}

void TstTransport::abortSilences_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("moment");
    forBothTransports([](TransportKind kind) {
        for (const char *moment : {"opened", "sent", "head", "data"})
            QTest::addRow("%s, %s", moment, transportName(kind)) << kind << QByteArray(moment);
    });
}

void TstTransport::abortSilences()
{
    QFETCH(QByteArray, moment);
    begin();
    Leg *leg = open();
    bool aborted = false;
    const auto abortHere = [&] {
        leg->abort();
        aborted = true;
        m_record->order.clear();
    };
    if (moment == "head") // from within its own signal
        connect(m_told, &LegSignals::head, leg, abortHere);
    if (moment == "data")
        connect(m_told, &LegSignals::data, leg, abortHere);
    if (moment == "opened") {
        abortHere();
    } else {
        PDLB_WAIT(leg->isReady());
        leg->send();
        PDLB_WAIT(m_engine->request());
        if (moment == "sent")
            abortHere();
        else
            m_engine->request()->beginChunked(200, eventStream());
        if (moment == "data") {
            QVERIFY(m_engine->request());
            m_engine->request()->writeChunk("data: 1\n\ndata: 2\n\n");
        }
    }
    PDLB_WAIT(aborted);
    QCOMPARE(leg->wroteAnything(), moment != "opened");
    // The engine sees the close, the owner nothing.
    PDLB_WAIT(!m_engine->request());
    PDLB_WAIT_EQUAL(m_engine->http().openConnections(), 0);
    leg->send();
    leg->pause();
    leg->resume();
    leg->abort();
    QTest::qWait(20);
    QCOMPARE(m_record->order, QByteArrayList());
    QCOMPARE(m_record->finished, 0);
}

void TstTransport::pauseAndResume()
{
    begin();
    Leg *leg = open();
    connect(m_told, &LegSignals::head, leg, [leg] { leg->pause(); });
    PDLB_WAIT(leg->isReady());
    leg->send();
    PDLB_WAIT(m_engine->request());
    m_engine->request()->beginChunked(200, eventStream());
    PDLB_WAIT(m_record->order.contains("head"));
    // The engine is held back by the kernel's buffers; how much they take differs.
    const QByteArray piece(256 * 1024, 'x');
    qint64 written = 0;
    while (m_engine->request()->backlog() == 0 && written < 200 * 1024 * 1024) {
        m_engine->request()->writeChunk(piece);
        written += piece.size();
        QTest::qWait(1);
    }
    QVERIFY2(written < 100 * 1024 * 1024, QByteArray::number(written).constData());
    const qint64 before = m_record->body.size();
    QVERIFY2(before <= 256 * 1024, QByteArray::number(before).constData());
    QTest::qWait(50);
    QCOMPARE(m_record->body.size(), before);
    m_engine->request()->endChunked();
    leg->resume();
    PDLB_WAIT_EQUAL(m_record->finished, 1);
    QCOMPARE(m_record->body.size(), written);
    QCOMPARE(m_record->body.count('x'), written);
}

void TstTransport::keptConnections()
{
    begin();
    m_engine->setHandler([](mock::MockExchange &exchange) { exchange.respond(200, "text/plain", "x"); });
    for (int i = 0; i < 5; ++i)
        run();
    QCOMPARE(m_engine->http().connectionCount(), 1);
    if (!m_isQnam) {
        // A kept connection that the engine has closed, or that said something, is not used.
        m_engine->http().dropConnections();
        run();
        QCOMPARE(kindName(m_record->end.kind), kindName(LegEndKind::Complete));
        QCOMPARE(m_engine->http().connectionCount(), 2);
        Leg *leg = open();
        QVERIFY(leg->isReady() && leg->reusedConnection() && !leg->wroteAnything());
        leg->abort();
    }
    // "Connection: close" is obeyed.
    m_engine->setHandler([](mock::MockExchange &exchange) {
        exchange.writeRaw("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx"); // and stays open
    });
    const qint64 connections = m_engine->http().connectionCount();
    run();
    run();
    QVERIFY(m_engine->http().connectionCount() > connections);
    QCOMPARE(kindName(m_record->end.kind), kindName(LegEndKind::Complete));
}

void TstTransport::deletedLegs()
{
    begin();
    for (int i = 0; i < 4; ++i) {
        Leg *leg = open();
        if (i > 0) {
            PDLB_WAIT(leg->isReady());
            leg->send();
        }
        if (i > 1)
            PDLB_WAIT_EQUAL(m_engine->requests(), i - 1);
        delete leg;
    }
    // With their owner, while answers are on their way.
    m_engine->setHandler([](mock::MockExchange &exchange) { exchange.respond(200, "text/plain", QByteArray(100000, 'x')); });
    for (int i = 0; i < 10; ++i) {
        Leg *leg = open();
        PDLB_WAIT(leg->isReady());
        leg->send();
    }
    m_owner.reset();
    PDLB_WAIT_EQUAL(m_engine->http().openConnections(), 0);
}

void TstTransport::largeUpload()
{
    begin();
    m_engine->setHandler([](mock::MockExchange &exchange) { exchange.respond(200, "text/plain", "x"); });
    QByteArray body(32 * 1024 * 1024, 'a');
    for (qsizetype i = 0; i < body.size(); i += 4096)
        body[i] = char('a' + i / 4096 % 26);
    run(body);
    QCOMPARE(kindName(m_record->end.kind), kindName(LegEndKind::Complete));
    QVERIFY(m_engine->body() == body);
}

void TstTransport::illegalHeaders()
{
    begin();
    m_engine->setHandler([](mock::MockExchange &exchange) { exchange.respond(200, "text/plain", "x"); });
    http::HeaderList headers;
    headers.add("X-Good", "1");
    headers.add("X-Evil", "a\r\nX-Smuggled: 1");
    headers.add("X Bad", "1");
    Leg *leg = open("{}", headers);
    PDLB_WAIT(leg->isReady());
    leg->send();
    PDLB_WAIT_EQUAL(m_record->finished, 1);
    QCOMPARE(m_record->head.status, 200);
    QCOMPARE(m_engine->headers().value("x-good"), "1");
    QVERIFY(!m_engine->headers().contains("x-smuggled"));
    QVERIFY(!m_engine->headers().contains("x-evil"));
}

QTEST_GUILESS_MAIN(TstTransport)
#include "tst_transport.moc"
