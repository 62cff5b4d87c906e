// SPDX-License-Identifier: Apache-2.0

// Table C over sockets: a client's bytes, whole and in two reads at every byte, and what the client and the engines get.
#include "conversation.h"
#include "harness.h"
#include "tables/split_positions.h"

#include <QSet>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using tables::ClientRow;

namespace {

/// An engine that answers everything with 200 and keeps what it was asked to generate.
class Recorder final
{
    Q_DISABLE_COPY_MOVE(Recorder)

public:
    Recorder()
    {
        m_server.setHandler([this](mock::MockExchange &exchange) {
            if (exchange.head().method == "POST" && exchange.head().path() == "/generate")
                posts.append({exchange.head(), exchange.body()});
            else if (exchange.head().path() != "/server_info" && exchange.head().path() != "/flush_cache")
                strangers.append(exchange.head().method + ' ' + exchange.head().target);
            exchange.respond(200, "application/json", R"({"text":"done"})");
        });
        if (const auto done = m_server.listen(QHostAddress(QHostAddress::LocalHost), 0); !done)
            qFatal("%s", qPrintable(done.error().message));
    }
    mock::MockHttpServer &http() { return m_server; }
    QString url() const { return u"http://127.0.0.1:%1"_s.arg(m_server.port()); }

    QList<mock::RecordedRequest> posts;
    QByteArrayList strangers; ///< requests that nobody should have made

private:
    mock::MockHttpServer m_server;
};

/// The client's body as an engine got it: without what the balancer put before the closing brace. `room` of it.
QByteArray clientBody(const QByteArray &sent, double &room)
{
    room = QJsonDocument::fromJson(sent).object()["bootstrap_room"_L1].toDouble();
    const qsizetype spliced = sent.indexOf(",\"bootstrap_host\":");
    return spliced < 0 ? sent : sent.first(spliced) + '}';
}

} // namespace

class TstTableC : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whole_data() { rows(); }
    void whole();
    void twoReads_data() { rows(); }
    void twoReads();
    void bytewise();
    void wholeOverQnam_data() { rows(); }
    void wholeOverQnam();
    void cleanupTestCase() { end(); }

private:
    static void rows();
    static const ClientRow &row();
    void begin(TransportKind kind);
    void end();
    void converse(const std::vector<std::pair<const ClientRow *, QList<qsizetype>>> &scripts);
    void judgeEngines(const QByteArrayList &bodies, const ClientRow *row);
    static void judgeRequest(const mock::RecordedRequest &request, const Recorder &engine, const ClientRow *row);

    ManualClock m_clock;
    std::unique_ptr<Recorder> m_prefill;
    std::unique_ptr<Recorder> m_decode;
    std::unique_ptr<Rig> m_rig; ///< one for all rows of a transport
    TransportKind m_kind = TransportKind::Auto;
    qint64 m_conversations = 0;
};

void TstTableC::rows()
{
    QTest::addColumn<int>("index");
    int index = -1;
    for (const ClientRow &row : tables::clientRows()) {
        ++index;
        QTest::addRow("%s %s", row.id, row.name) << index;
    }
}

const ClientRow &TstTableC::row()
{
    return tables::clientRows()[size_t(*static_cast<int *>(QTest::qData("index", QMetaType::Int)))];
}

void TstTableC::begin(TransportKind kind)
{
    if (m_rig && m_kind == kind)
        return;
    end();
    m_kind = kind;
    m_prefill = std::make_unique<Recorder>();
    m_decode = std::make_unique<Recorder>();
    Setup setup;
    setup.transport = kind;
    setup.clock = &m_clock;
    setup.servers = {&m_prefill->http(), &m_decode->http()};
    setup.change = [this](Config &config) {
        config.prefill = {{m_prefill->url(), BootstrapPort::none()}};
        config.decode = {{m_decode->url()}};
    };
    m_rig = std::make_unique<Rig>(setup);
    QVERIFY(m_rig->start());
    for (const auto &engine : {m_prefill.get(), m_decode.get()}) {
        engine->posts.clear();
        engine->strangers.clear();
    }
}

void TstTableC::end()
{
    if (!m_rig)
        return;
    m_rig->aftercheck();
    for (const auto &engine : {m_prefill.get(), m_decode.get()}) {
        QCOMPARE(engine->posts.size(), 0); // nothing came late
        QCOMPARE(engine->strangers, QByteArrayList());
    }
    qInfo("%s: %lld conversations", transportName(m_kind), std::exchange(m_conversations, 0));
    m_rig.reset();
    m_prefill.reset();
    m_decode.reset();
}

void TstTableC::converse(const std::vector<std::pair<const ClientRow *, QList<qsizetype>>> &scripts)
{
    std::vector<std::unique_ptr<Conversation>> talks;
    qsizetype rounds = 0;
    for (const auto &[row, cuts] : scripts) {
        talks.push_back(std::make_unique<Conversation>(*row, cuts, m_rig->port()));
        rounds = std::max(rounds, talks.back()->pieces());
    }
    m_conversations += qint64(talks.size());
    for (Recorder *engine : {m_prefill.get(), m_decode.get()})
        QCOMPARE(std::exchange(engine->posts, {}).size(), 0); // of the row before
    for (qsizetype round = 0; round < rounds; ++round) {
        for (const auto &talk : talks)
            talk->sendNext();
        if (round + 1 == rounds && !scripts.front().first->waits)
            break;
        PDLB_WAIT(([&] {
            const Wire wire;
            return std::all_of(talks.begin(), talks.end(), [&](const auto &talk) { return talk->isRead(wire); });
        })());
    }
    if (scripts.front().first->waits)
        m_clock.advance(std::chrono::seconds(31)); // beyond every deadline of a request
    const bool settled = waitFor([&] {
        bool all = true;
        for (const auto &talk : talks)
            all = talk->settle() && all;
        return all;
    });
    QByteArrayList bodies;
    for (const auto &talk : talks) {
        const QByteArray complaint = talk->complaint();
        QVERIFY2(complaint.isEmpty(), (talk->describe() + ": " + complaint).constData());
        QVERIFY2(settled || talk->settle(), (talk->describe() + ": something is missing").constData());
        bodies += talk->forwarded();
    }
    judgeEngines(bodies, scripts.front().first == scripts.back().first ? scripts.front().first : nullptr);
}

void TstTableC::judgeEngines(const QByteArrayList &bodies, const ClientRow *row)
{
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    QByteArrayList wanted = bodies;
    std::sort(wanted.begin(), wanted.end());
    QList<QSet<double>> rooms;
    for (Recorder *engine : {m_prefill.get(), m_decode.get()}) {
        QByteArrayList seen;
        QSet<double> ownRooms;
        for (const mock::RecordedRequest &request : std::as_const(engine->posts)) {
            judgeRequest(request, *engine, row);
            double room = 0;
            seen.append(clientBody(request.body, room));
            ownRooms.insert(room);
        }
        std::sort(seen.begin(), seen.end());
        QCOMPARE(seen, wanted); // exactly one POST for each request that was accepted, none for any other
        QCOMPARE(ownRooms.size(), wanted.size());
        QCOMPARE(engine->strangers, QByteArrayList());
        rooms.append(ownRooms);
        engine->posts.clear();
    }
    QCOMPARE(rooms[0], rooms[1]); // of one pair each
}

void TstTableC::judgeRequest(const mock::RecordedRequest &request, const Recorder &engine, const ClientRow *row)
{
    const http::HeaderList &headers = request.head.headers;
    QCOMPARE(headers.values("content-length"), QList<QByteArray>{QByteArray::number(request.body.size())});
    QVERIFY(!headers.contains("transfer-encoding"));
    QCOMPARE(headers.values("host"), QList<QByteArray>{engine.url().toLatin1().sliced(7)});
    if (!row)
        return;
    for (const QByteArray &name : row->droppedFields)
        QVERIFY2(!headers.contains(name), name.constData());
    for (const tables::WantedField &field : row->fields)
        QCOMPARE(headers.values(field.name), QList<QByteArray>{field.value});
}

void TstTableC::whole()
{
    begin(TransportKind::Direct);
    converse({{&row(), {}}});
}

void TstTableC::twoReads()
{
    begin(TransportKind::Direct);
    // Six calls of the control plane share a thread for good: many at once would look like a leak.
    const qsizetype atOnce = row().requests.value(0).target == "/flush_cache" ? 6 : 64;
    const QList<qsizetype> positions = tables::splitPositions(row().bytes.size());
    for (qsizetype from = 0; from < positions.size() && !QTest::currentTestFailed(); from += atOnce) {
        std::vector<std::pair<const ClientRow *, QList<qsizetype>>> scripts;
        for (const qsizetype at : positions.mid(from, atOnce))
            scripts.emplace_back(&row(), QList<qsizetype>{at});
        converse(scripts);
    }
}

void TstTableC::bytewise()
{
    constexpr qsizetype shortRow = 300;
    begin(TransportKind::Direct);
    std::vector<std::pair<const ClientRow *, QList<qsizetype>>> scripts;
    for (const ClientRow &row : tables::clientRows()) {
        if (row.waits || row.bytes.size() > shortRow)
            continue;
        QList<qsizetype> cuts;
        for (qsizetype at = 1; at < row.bytes.size(); ++at)
            cuts.append(at);
        scripts.emplace_back(&row, cuts);
    }
    converse(scripts);
}

void TstTableC::wholeOverQnam()
{
    begin(TransportKind::Qnam);
    converse({{&row(), {}}});
}

QTEST_GUILESS_MAIN(TstTableC)
#include "tst_table_c.moc"
