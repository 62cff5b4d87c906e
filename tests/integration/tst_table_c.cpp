// SPDX-License-Identifier: Apache-2.0

// Table C over sockets: a client's bytes, whole and in two reads at every byte, and what the client and the engines get.
#include "harness.h"
#include "tables/client_rows.h"
#include "tables/split_positions.h"
#include "wire.h"

#include <QJsonArray>
#include <QSet>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using tables::ClientRow;
using tables::Fate;

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

/// A client that sends a row's bytes in pieces and looks at everything that comes back.
class Conversation final
{
    Q_DISABLE_COPY_MOVE(Conversation)

public:
    Conversation(const ClientRow &row, const QList<qsizetype> &cuts, quint16 port)
        : row(row), m_client(port), m_pieces(cuts + QList<qsizetype>{row.bytes.size()}), m_server(port)
    {
        m_client.again(isHead(0));
    }

    const ClientRow &row;

    qsizetype pieces() const { return m_pieces.size(); }
    void sendNext()
    {
        if (m_next == m_pieces.size())
            return;
        m_client.send(row.bytes.sliced(m_sent, m_pieces[m_next] - m_sent));
        m_sent = m_pieces[m_next++];
        if (row.halfClosed && m_next == m_pieces.size())
            m_client.shutdownWrite();
    }
    /// The balancer has read all that was sent; or it has given its last answer, and reads no more.
    bool isRead(const Wire &wire) const
    {
        return m_client.closed() || m_client.done()
            || (wire.has(m_server, m_client.localPort()) && !m_client.unsent() && wire.isRead(m_client.localPort(), m_server));
    }
    /// Takes what has come; true when there is nothing more to wait for.
    bool settle();
    /// What is wrong; empty: nothing.
    QByteArray complaint() const;
    /// Requests that must have reached the engines.
    QByteArrayList forwarded() const;
    QByteArray describe() const;

private:
    bool isHead(qsizetype answer) const { return row.requests.value(answer).method == "HEAD"; }
    bool answered() const { return m_answers.size() >= row.answers.size(); }
    void complain(const QByteArray &what) { m_complaints.append(what); }
    void takeAnswer();

    Client m_client;
    QList<qsizetype> m_pieces; ///< where they end
    quint16 m_server;
    qsizetype m_next = 0;
    qsizetype m_sent = 0;
    QList<int> m_answers;
    int m_interim = 0;
    bool m_announcedClose = false;
    bool m_probed = false;
    bool m_settled = false;
    QByteArrayList m_complaints;
};

void Conversation::takeAnswer()
{
    const int status = m_client.status();
    m_interim += m_client.interim();
    if (!m_client.whole())
        complain("an incomplete answer");
    if (!row.answers[m_answers.size()].contains(status))
        complain("status " + QByteArray::number(status));
    const bool asked = m_answers.size() < row.requests.size() && !isHead(m_answers.size());
    if (status >= 400 && (asked || row.requests.isEmpty()) && !m_client.json()["error"_L1].isObject())
        complain("an error without JSON");
    if (isHead(m_answers.size()) && !m_client.body().isEmpty())
        complain("a body for HEAD");
    m_announcedClose = m_client.headers().hasToken("connection", "close");
    m_answers.append(status);
    m_client.again(isHead(m_answers.size()));
}

bool Conversation::settle()
{
    if (m_settled)
        return true;
    while (!answered() && m_client.done() && m_client.status() != 0)
        takeAnswer();
    if (!answered()) {
        // Closed, or bytes that are no answer: nothing more will come.
        m_settled = m_client.done();
        return m_settled;
    }
    const bool closing = row.answers.isEmpty() || m_announcedClose;
    if (closing) {
        m_settled = m_client.closed();
        if (m_settled && !m_client.raw().isEmpty())
            complain("bytes behind the last answer: " + m_client.raw().left(100));
        return m_settled;
    }
    if (!m_probed) {
        // Were one of the bytes taken for another request, its answer would come first.
        m_probed = true;
        m_client.get("/health", "X-Request-Id: probe\r\n");
    }
    if (m_client.done()) {
        m_settled = true;
        if (m_client.status() != 200 || m_client.header("x-request-id") != "probe")
            complain("the next request was answered with " + m_client.describe());
    }
    return m_settled;
}

QByteArray Conversation::complaint() const
{
    QByteArrayList all = m_complaints;
    if (!answered())
        all.append(QByteArray::number(m_answers.size()) + " answers");
    if (m_interim != row.interim)
        all.append(QByteArray::number(m_interim) + " interim answers");
    if (row.fate == Fate::Closed && m_probed)
        all.append("the connection was kept");
    if (row.fate == Fate::Kept && m_announcedClose)
        all.append("the connection was closed");
    return all.join("; ");
}

QByteArrayList Conversation::forwarded() const
{
    QByteArrayList bodies;
    for (qsizetype i = 0; i < row.requests.size(); ++i) {
        if (row.requests[i].isGeneration() && m_answers.value(i) == 200)
            bodies.append(row.requests[i].body);
    }
    return bodies;
}

QByteArray Conversation::describe() const
{
    QByteArray text = QByteArray(row.id) + ' ' + row.name + " in pieces up to";
    for (const qsizetype end : m_pieces)
        text += ' ' + QByteArray::number(end);
    return text;
}

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
        config.decode = {m_decode->url()};
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
