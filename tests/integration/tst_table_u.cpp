// SPDX-License-Identifier: Apache-2.0

// Table U over sockets: an engine's bytes, as decode's answer and as prefill's, whole and in two reads at every byte, and
// what the client gets for them. Each request reaches each engine exactly once.
#include "pd/dialect.h"
#include "scripts.h"
#include "tables/engine_rows.h"
#include "tables/split_positions.h"
#include "wire.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using pd::LegRole;
using tables::Ending;
using tables::EngineRow;
using tables::Wanted;

namespace {

const QByteArray goodBody = R"({"text":"good"})";

/// An engine that takes requests and answers when it is told to.
class PatientEngine final
{
    Q_DISABLE_COPY_MOVE(PatientEngine)

public:
    PatientEngine()
    {
        m_server.setHandler([this](mock::MockExchange &exchange) { take(exchange); });
        if (const auto done = m_server.listen(QHostAddress(QHostAddress::LocalHost), 0); !done)
            qFatal("%s", qPrintable(done.error().message));
    }
    mock::MockHttpServer &http() { return m_server; }
    QString url() const { return u"http://127.0.0.1:%1"_s.arg(m_server.port()); }
    mock::MockExchange *request(const QByteArray &id) const { return m_requests.value(id); }
    int posts(const QByteArray &id) const { return m_posts.value(id); }
    qint64 allPosts() const { return m_allPosts; }
    const http::HeaderList &lastHeaders() const { return m_headers; }
    /// The connection that the newest request came on; null once it is gone.
    const QObject *lastConnection() const { return m_connection; }

    bool patient = false; ///< else every request is answered well at once

private:
    void take(mock::MockExchange &exchange)
    {
        if (exchange.head().path() != "/generate") {
            exchange.respond(200, "application/json", "{}"); // of the control plane
            return;
        }
        const QByteArray id = exchange.head().headers.value("x-request-id").toByteArray();
        ++m_posts[id];
        ++m_allPosts;
        m_headers = exchange.head().headers;
        m_connection = exchange.parent();
        m_requests[id] = &exchange;
        if (!patient)
            exchange.respond(200, "application/json", goodBody);
    }

    mock::MockHttpServer m_server;
    QHash<QByteArray, QPointer<mock::MockExchange>> m_requests;
    QHash<QByteArray, int> m_posts;
    http::HeaderList m_headers;
    QPointer<QObject> m_connection;
    qint64 m_allPosts = 0;
};

/// One request whose answer is the row's bytes, in two parts when `cut` lies within them.
struct Trial {
    QByteArray id;
    qsizetype cut = 0;
    std::unique_ptr<Client> client;
};

} // namespace

class TstTableU : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void whole_data() { rows(); }
    void whole();
    void twoReads_data() { rows(); }
    void twoReads();
    void goodConnectionsAreReused();
    void autoIsDirect_data() { rows(); }
    void autoIsDirect();
    void wholeOverQnam_data() { rows(); }
    void wholeOverQnam();
    void transportsShow();
    void cleanupTestCase();

private:
    static void rows();
    void begin(TransportKind kind);
    void end();
    EngineRow row() const;
    PatientEngine &faulty() const { return m_role == LegRole::Prefill ? *m_prefill : *m_decode; }
    PatientEngine &other() const { return m_role == LegRole::Prefill ? *m_decode : *m_prefill; }
    /// Decode's good answer is the client's, or could be for all that the row says.
    bool needsDecode(const EngineRow &row) const;
    bool allRead() const;
    void tryAt(const EngineRow &row, const QList<qsizetype> &cuts);
    void play(const EngineRow &row, const std::vector<Trial> &trials);
    void judge(const EngineRow &row, const Client &client) const;
    void goodRequest();
    void wholeOnce(const EngineRow &row);

    std::unique_ptr<PatientEngine> m_prefill;
    std::unique_ptr<PatientEngine> m_decode;
    std::unique_ptr<mock::MockHttpServer> m_trap;
    std::unique_ptr<Rig> m_rig; ///< one for all rows of a transport
    TransportKind m_kind = TransportKind::Direct;
    LegRole m_role = LegRole::Decode; ///< whose answer is the row's
    qint64 m_requests = 0;
    QByteArrayList m_beyond;
    int m_metByQnam = 0;
};

void TstTableU::rows()
{
    QTest::addColumn<int>("index");
    QTest::addColumn<bool>("prefill");
    int index = 0;
    for (const EngineRow &row : tables::engineRows()) {
        QTest::addRow("%s %s, decode", row.id, row.name) << index << false;
        QTest::addRow("%s %s, prefill", row.id, row.name) << index << true;
        ++index;
    }
}

EngineRow TstTableU::row() const
{
    const auto index = *static_cast<int *>(QTest::qData("index", QMetaType::Int));
    EngineRow row = tables::engineRows()[size_t(index)];
    const QByteArray trap = "127.0.0.1:" + QByteArray::number(m_trap->port());
    row.bytes.replace(tables::trapAddress, trap);
    for (tables::WantedField &field : row.fields)
        field.value.replace(tables::trapAddress, trap);
    return row;
}

void TstTableU::begin(TransportKind kind)
{
    const bool *prefill = QTest::currentDataTag() ? static_cast<bool *>(QTest::qData("prefill", QMetaType::Bool)) : nullptr;
    m_role = prefill && *prefill ? LegRole::Prefill : LegRole::Decode;
    // QNetworkAccessManager begins on a kept connection that is dead already (reference N17): a new one for each row.
    if (m_rig && m_kind == kind && kind != TransportKind::Qnam)
        return;
    end();
    m_kind = kind;
    m_prefill = std::make_unique<PatientEngine>();
    m_decode = std::make_unique<PatientEngine>();
    m_trap = std::make_unique<mock::MockHttpServer>();
    for (PatientEngine *engine : {m_prefill.get(), m_decode.get()})
        engine->http().setKeepAlive({}); // only the rows close
    QVERIFY(m_trap->listen(QHostAddress(QHostAddress::LocalHost), 0));
    Setup setup;
    setup.transport = kind;
    setup.servers = {&m_prefill->http(), &m_decode->http()};
    setup.change = [this](Config &config) {
        config.prefill = {{m_prefill->url(), BootstrapPort::none()}};
        config.decode = {{m_decode->url()}};
    };
    m_rig = std::make_unique<Rig>(setup);
    QVERIFY(m_rig->start());
    m_requests = m_decode->allPosts();
    QCOMPARE(m_prefill->allPosts(), m_requests);
}

void TstTableU::end()
{
    if (!m_rig)
        return;
    m_prefill->patient = m_decode->patient = false;
    m_rig->aftercheck();
    QCOMPARE(m_prefill->allPosts(), m_requests); // nothing was sent again, however late
    QCOMPARE(m_decode->allPosts(), m_requests);
    QCOMPARE(m_trap->connectionCount(), 0); // nobody followed a Location
    if (m_kind != TransportKind::Qnam)
        qInfo("%s: %lld requests", m_kind == TransportKind::Auto ? "auto" : transportName(m_kind), m_requests);
    m_rig.reset();
    m_prefill.reset();
    m_decode.reset();
    m_trap.reset();
}

bool TstTableU::needsDecode(const EngineRow &row) const
{
    const bool mayBeGood = row.wanted == Wanted::Answer || row.wanted == Wanted::AnswerOrRefusal;
    return m_role == LegRole::Prefill && mayBeGood && row.status < 300;
}

bool TstTableU::allRead() const
{
    return Wire().isRead(faulty().http().port(), 0);
}

void TstTableU::play(const EngineRow &row, const std::vector<Trial> &trials)
{
    // The balancer may have closed the connection by the time the second part is written.
    for (const Trial &trial : trials) {
        if (trial.cut > 0)
            faulty().request(trial.id)->writeRaw(row.bytes.first(trial.cut));
    }
    PDLB_WAIT(allRead());
    for (const Trial &trial : trials) {
        mock::MockExchange *answer = faulty().request(trial.id);
        if (!answer)
            continue;
        answer->writeRaw(row.bytes.sliced(trial.cut));
        if (row.ending == Ending::Open)
            answer->endRaw();
        else if (row.ending == Ending::Fin)
            answer->close();
        else
            answer->reset();
    }
    if (needsDecode(row)) {
        // What the worker reads it judges at once: before it can read what decode says now.
        PDLB_WAIT(allRead());
        for (const Trial &trial : trials) {
            if (mock::MockExchange *answer = m_decode->request(trial.id))
                answer->respond(200, "application/json", goodBody);
        }
    }
}

void TstTableU::judge(const EngineRow &row, const Client &client) const
{
    const auto isRefusal = [&] {
        const QString code = m_role == LegRole::Prefill ? u"prefill_failed"_s : u"decode_failed"_s;
        return client.status() == 502 && client.whole() && client.errorCode() == code;
    };
    const auto isAnswer = [&] {
        if (needsDecode(row))
            return client.status() == 200 && client.whole() && client.body() == goodBody;
        const bool fields = std::all_of(row.fields.begin(), row.fields.end(), [&](const tables::WantedField &field) {
            return client.headers().values(field.name) == QList<QByteArray>{field.value};
        });
        return client.status() == row.status && client.whole() && client.body() == row.body && fields;
    };
    const bool cut = client.status() == 200 && !client.whole() && row.body.startsWith(client.body());
    bool met = false;
    switch (row.wanted) {
    case Wanted::Answer: met = isAnswer(); break;
    case Wanted::Refusal: met = isRefusal(); break;
    case Wanted::Abort: met = isRefusal() || (m_role == LegRole::Decode && cut); break;
    case Wanted::AnswerOrRefusal: met = isAnswer() || isRefusal(); break;
    }
    QVERIFY2(met, client.describe().constData());
    QVERIFY2(client.raw().startsWith("HTTP/1.1 " + QByteArray::number(client.status())), client.raw().left(100).constData());
}

void TstTableU::tryAt(const EngineRow &row, const QList<qsizetype> &cuts)
{
    faulty().patient = true;
    other().patient = m_role == LegRole::Prefill;
    std::vector<Trial> trials;
    for (const qsizetype cut : cuts) {
        const QByteArray id = QByteArray(row.id) + '-' + QByteArray::number(m_requests++);
        trials.push_back({id, cut, m_rig->client()});
        trials.back().client->post("/generate", QByteArray(generateBody), "X-Request-Id: " + id + "\r\n");
    }
    const auto arrived = [&](const Trial &trial) {
        return faulty().request(trial.id) && other().posts(trial.id) > 0;
    };
    PDLB_WAIT(std::all_of(trials.begin(), trials.end(), arrived));
    play(row, trials);
    const bool judged = !row.beyondQnam || m_kind != TransportKind::Qnam;
    if (!judged) {
        // Some of these rows are never answered; whatever the client gets does not count.
        PDLB_WAIT(allRead());
        for (const Trial &trial : trials)
            trial.client->disconnect();
    }
    PDLB_WAIT(!judged || std::all_of(trials.begin(), trials.end(), [](const Trial &trial) { return trial.client->done(); }));
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    faulty().patient = other().patient = false;
    for (const Trial &trial : trials) {
        if (judged)
            judge(row, *trial.client);
        QCOMPARE(m_prefill->posts(trial.id), 1);
        QCOMPARE(m_decode->posts(trial.id), 1);
        if (QTest::currentTestFailed()) {
            qInfo("split at %lld", static_cast<long long>(trial.cut));
            return;
        }
    }
}

void TstTableU::goodRequest()
{
    ++m_requests;
    const auto client = m_rig->client();
    client->post("/generate", QByteArray(generateBody));
    PDLB_WAIT(client->done());
    QVERIFY2(client->status() == 200 && client->body() == goodBody, client->describe().constData());
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
}

void TstTableU::wholeOnce(const EngineRow &row)
{
    tryAt(row, {0});
    if (QTest::currentTestFailed())
        return;
    const QPointer<const QObject> connection = faulty().lastConnection();
    goodRequest();
    const bool reused = connection && connection == faulty().lastConnection();
    QVERIFY2(!reused || row.reusable, "the connection was used again");
}

void TstTableU::whole()
{
    begin(TransportKind::Direct);
    // On new connections; then on one that has served a request: what is wrong there must not look like a stale one.
    for (PatientEngine *engine : {m_prefill.get(), m_decode.get()}) {
        engine->http().dropConnections();
        PDLB_WAIT_EQUAL(engine->http().openConnections(), 0);
    }
    const EngineRow row = this->row();
    wholeOnce(row);
    if (!QTest::currentTestFailed())
        wholeOnce(row);
}

void TstTableU::twoReads()
{
    begin(TransportKind::Direct);
    constexpr qsizetype atOnce = 64;
    const EngineRow row = this->row();
    const QList<qsizetype> positions = tables::splitPositions(row.bytes.size());
    for (qsizetype from = 0; from < positions.size() && !QTest::currentTestFailed(); from += atOnce)
        tryAt(row, positions.mid(from, atOnce));
    goodRequest();
}

void TstTableU::goodConnectionsAreReused()
{
    // Otherwise "never reused" would mean nothing.
    begin(TransportKind::Direct);
    int reused = 0;
    for (int i = 0; i < 10; ++i) {
        const QPointer<const QObject> connection = m_decode->lastConnection();
        goodRequest();
        reused += connection && connection == m_decode->lastConnection();
    }
    QVERIFY(reused > 0);
}

void TstTableU::autoIsDirect()
{
    // Met only by the direct transport: so it is the one for http.
    begin(TransportKind::Auto);
    const EngineRow row = this->row();
    if (row.beyondQnam)
        wholeOnce(row);
}

void TstTableU::wholeOverQnam()
{
    begin(TransportKind::Qnam);
    const EngineRow row = this->row();
    tryAt(row, {0}); // of rows beyond it the client gets what it gets, but nothing is sent twice
    if (row.beyondQnam && m_role == LegRole::Decode)
        m_beyond.append(QByteArray(row.id) + ' ' + row.name + ": " + row.beyondQnam);
    if (!row.beyondQnam && row.ending == Ending::Open && !QTest::currentTestFailed())
        goodRequest(); // does not get what was left over
    m_metByQnam += !row.beyondQnam && !QTest::currentTestFailed();
}

void TstTableU::transportsShow()
{
    // QNetworkAccessManager always names itself; the direct transport adds nothing to the client's fields.
    for (const TransportKind kind : {TransportKind::Qnam, TransportKind::Direct, TransportKind::Auto}) {
        begin(kind);
        goodRequest();
        for (const PatientEngine *engine : {m_prefill.get(), m_decode.get()})
            QCOMPARE(engine->lastHeaders().contains("user-agent"), kind == TransportKind::Qnam);
    }
}

void TstTableU::cleanupTestCase()
{
    end();
    qInfo("%d rows (of decode and of prefill) met by QNetworkAccessManager; these it cannot meet, and is for https and the control plane only:\n  %s",
          m_metByQnam, m_beyond.join("\n  ").constData());
}

QTEST_GUILESS_MAIN(TstTableU)
#include "tst_table_u.moc"
