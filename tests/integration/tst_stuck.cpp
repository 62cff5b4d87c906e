// SPDX-License-Identifier: Apache-2.0

// Requests that hang for a known reason: the balancer says where and why, while they run and afterwards.
#include "scripts.h"

#include <QJsonArray>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

const QByteArray endless = R"({"text":"hello","stream":true,"sampling_params":{"max_new_tokens":1000000}})";

/// A port that nobody listens on.
quint16 closedPort()
{
    mock::MockHttpServer server;
    return server.listen(QHostAddress(QHostAddress::LocalHost), 0) ? server.port() : quint16(0);
}

} // namespace

class TstStuck final : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void staged_data();
    void staged();
    void clientThatDoesNotRead_data() { direct(); }
    void clientThatDoesNotRead();
    void byItself_data() { direct(); }
    void byItself();
    void flowingIsNotStuck_data() { direct(); }
    void flowingIsNotStuck();
    void onlyWhenAsked_data() { direct(); }
    void onlyWhenAsked();
    void runningIsListed_data() { direct(); }
    void runningIsListed();
    void unknownRequest_data() { direct(); }
    void unknownRequest();
    void abortsAreAnswered_data() { direct(); }
    void abortsAreAnswered();
    void somebodyEndsIt_data() { direct(); }
    void somebodyEndsIt();
    void pins_data() { direct(); }
    void pins();

private:
    QJsonObject call(const QByteArray &method, const QByteArray &path, int status = 200)
    {
        Client client(m_rig->port());
        client.send(method + ' ' + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n");
        if (!waitFor([&] { return client.done(); }) || client.status() != status)
            qWarning("%s", client.describe().constData());
        return client.json();
    }
    QJsonObject explanation()
    {
        return call("GET", "/admin/v1/traces/it/explanation").value("explanations"_L1).toArray().last().toObject();
    }
    /// Ends everything that hangs.
    void letGo(std::vector<std::unique_ptr<Client>> &others)
    {
        others.clear();
        m_client->disconnect();
        PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    }
};

void TstStuck::staged_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("stage");
    QTest::addColumn<QByteArray>("phase");
    QTest::addColumn<QString>("says");
    const auto row = [](const char *stage, const char *phase, const QString &says) {
        QTest::newRow(stage) << TransportKind::Direct << QByteArray(stage) << QByteArray(phase) << says;
    };
    row("wrong bootstrap port", "bootstrapping", u"the bootstrap server of prefill p1 at 127.0.0.1:"_s);
    row("crossed ports", "bootstrapping", u"the bootstrap ports are crossed"_s);
    row("never registered", "bootstrapping", u"prefill p1 has not registered with its bootstrap server"_s);
    row("slow prefill", "prefill_compute", u"prefill p1 computes the prompt"_s);
    row("prefill queue", "prefill_queue", u"in the queue of prefill p1 (1 waiting)"_s);
    row("slow transfer", "kv_transfer", u"prefill p1 has computed and transfers the KV cache to decode d1 (1 request under way"_s);
    row("decode full", "decode_prealloc", u"decode d1 has no room for the KV cache yet (1 request in its prealloc queue); it runs 1 request of 1, KV cache 100 % full"_s);
    row("prefill hangs", "unknown", u"prefill p1 has had the request"_s);
    row("decode stands still", "decoding", u"decode d1 has generated, its last of 3 events"_s);
    row("queue of the balancer", "waiting_for_pair", u"waits in the balancer's queue"_s);
}

void TstStuck::staged()
{
    QFETCH(QByteArray, stage);
    QFETCH(QString, says);
    Setup setup;
    setup.engine.lookupTime = setup.engine.waitingTimeout = setup.engine.bootstrapTimeout = 1h;
    std::function<void(Config &)> change;
    if (stage == "wrong bootstrap port") {
        change = [](Config &config) { config.prefill[0].bootstrapPort = BootstrapPort::fixed(closedPort()); };
    } else if (stage == "crossed ports") {
        setup.prefills = 2;
        change = [this](Config &config) {
            config.prefill[0].bootstrapPort = BootstrapPort::fixed(m_rig->prefill(1).bootstrapPort());
            config.prefill[1].bootstrapPort = BootstrapPort::fixed(m_rig->prefill(0).bootstrapPort());
            config.prefill[1].enabled = false;
        };
    } else if (stage == "slow prefill" || stage == "prefill queue") {
        setup.engine.prefillTps = 0.001;
    } else if (stage == "slow transfer") {
        setup.engine.kvMs = 1e7;
    } else if (stage == "queue of the balancer") {
        change = [](Config &config) { config.maxInFlight = 1; };
    }
    setup.change = [change](Config &config) {
        config.trace.explainAfter = 0s; // only those who ask
        if (change)
            change(config);
    };
    QVERIFY(begin(setup));
    if (stage == "never registered")
        m_rig->prefill().setRegistered(false);
    if (stage == "prefill hangs")
        m_rig->prefill().addFault(u"any:hang,path=*"_s);
    if (stage == "decode stands still")
        m_rig->decode().addFault(u"any:stall=after-3"_s);
    std::vector<std::unique_ptr<Client>> others;
    if (stage == "decode full" || stage == "prefill queue" || stage == "queue of the balancer") {
        if (stage == "decode full")
            m_rig->decode().options().maxRunning = 1;
        if (stage == "prefill queue")
            m_rig->prefill().options().maxRunning = 1;
        others.push_back(m_rig->client());
        others.back()->post("/generate", endless);
        PDLB_WAIT(m_rig->decode().running() == 1 && m_rig->prefill().running() == (stage == "prefill queue" ? 1 : 0));
    }
    m_client->post("/generate", endless, "X-Request-Id: it\r\n");
    QJsonObject found;
    // The engines tell by and by.
    QFETCH(QByteArray, phase);
    PDLB_WAIT((found = explanation()).value("sentence"_L1).toString().contains(says));
    QCOMPARE(found.value("phase"_L1).toString().toLatin1(), phase);
    QVERIFY(!found.value("advice"_L1).toString().isEmpty());
    letGo(others);
    // What was found stays with the record, with the samples.
    const auto [aborted, kept] = [this] {
        for (qsizetype i = 0; i < m_rig->traces.size(); ++i) {
            if (const trace::Timeline timeline = m_rig->traces.at(i); timeline.requestId == "it")
                return std::pair(timeline.end, timeline.observations->explanations());
        }
        return std::pair(trace::EndReason::Ok, std::vector<trace::Explanation>());
    }();
    QCOMPARE(aborted, trace::EndReason::ClientGone);
    QVERIFY(!kept.empty());
    QVERIFY(kept.back().sentence.contains(says));
    if (stage == "decode full")
        QCOMPARE(kept.back().decode.decodePreallocQueue, std::optional<qint64>(1));
    QVERIFY(!call("GET", "/admin/v1/traces/it/explanation").value("running"_L1).toBool());
}

void TstStuck::clientThatDoesNotRead()
{
    QVERIFY(begin({.change = [](Config &config) { config.trace.explainAfter = 0s; }}));
    m_client = m_rig->client(4096);
    m_client->setReading(false);
    m_client->post("/generate", endless, "X-Request-Id: it\r\n");
    PDLB_WAIT(explanation().value("phase"_L1) == "client"_L1);
    QVERIFY(explanation().value("sentence"_L1).toString().startsWith(u"the client has taken nothing for"));
    m_client->disconnect();
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
}

void TstStuck::byItself()
{
    QVERIFY(begin({.change = [](Config &config) { config.trace.explainAfter = 100ms; }}));
    m_rig->decode().addFault(u"any:hang"_s);
    Client listener(m_rig->port());
    listener.send("GET /admin/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    PDLB_WAIT(listener.hasHead());
    m_client->post("/generate", generateStream, "X-Request-Id: it\r\n");
    PDLB_WAIT(listener.body().contains("event: stuck\n"));
    PDLB_WAIT(!listener.events().isEmpty() && listener.events().last().contains("\"request_id\":\"it\""));
    PDLB_WAIT(call("GET", "/admin/v1/traces/it").value("request_id"_L1) == "it"_L1);
    m_client->disconnect();
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QVERIFY(!m_rig->traces.last().observations->explanations().empty());
    listener.disconnect();
}

void TstStuck::flowingIsNotStuck()
{
    finish(); // the clock must outlive its balancer
    static ManualClock clock;
    Setup setup;
    setup.clock = &clock;
    setup.change = [](Config &config) {
        config.trace.explainAfter = 10s;
        config.firstByteTimeout = config.streamIdleTimeout = config.requestTimeout = 0s;
        config.faults.allow = true;
        config.faults.rules = {u"id:hangs -> stall after 0 events"_s};
    };
    QVERIFY(begin(setup));
    auto hangs = m_rig->client();
    hangs->post("/generate", endless, "X-Request-Id: hangs\r\n");
    PDLB_WAIT(m_rig->decode().running() == 1);
    m_client->post("/generate", endless, "X-Request-Id: flows\r\n");
    PDLB_WAIT(m_client->events().size() > 2);
    Client listener(m_rig->port());
    listener.send("GET /admin/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n");
    PDLB_WAIT(listener.hasHead());
    // Somebody looks, and goes.
    PDLB_WAIT_EQUAL(call("GET", "/admin/v1/traces?filter=is:running").value("traces"_L1).toArray().size(), 2);
    for (int i = 0; i < 2; ++i) {
        clock.advance(6s);
        const qsizetype before = m_client->events().size();
        PDLB_WAIT(m_client->events().size() > before + 100);
    }
    // Both are judged in one turn, the newer one first.
    PDLB_WAIT(listener.body().contains("\"request_id\":\"hangs\""));
    QVERIFY2(!listener.body().contains("\"request_id\":\"flows\""), listener.body().constData());
    hangs->disconnect();
    m_client->disconnect();
    listener.disconnect();
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    for (qsizetype i = 0; i < m_rig->traces.size(); ++i) {
        const trace::Timeline timeline = m_rig->traces.at(i);
        QCOMPARE(timeline.observations && timeline.observations->isExplained(), timeline.requestId == "hangs");
    }
}

void TstStuck::onlyWhenAsked()
{
    QVERIFY(begin({.change = [](Config &config) { config.trace.explainAfter = 0s; }}));
    const qint64 before = m_rig->decode().http().requestCount("/v1/loads");
    m_rig->decode().addFault(u"any:hang"_s);
    m_client->post("/generate", generateStream, "X-Request-Id: it\r\n");
    PDLB_WAIT(m_rig->decode().running() > 0 || m_rig->posts(m_rig->decode()) == 1);
    QVERIFY(!explanation().isEmpty());
    QCOMPARE(m_rig->decode().http().requestCount("/v1/loads"), before + 1); // for whom it was asked, nobody else
    m_client->disconnect();
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.last().observations->explanations().size(), size_t(1));
}

void TstStuck::runningIsListed()
{
    QVERIFY(begin({.change = [](Config &config) { config.trace.explainAfter = 0s; }}));
    exchange("/generate", generateBody, "X-Request-Id: done\r\n");
    m_rig->decode().addFault(u"any:stall=after-3"_s);
    auto running = m_rig->client();
    running->post("/generate", endless, "X-Request-Id: it\r\n");
    PDLB_WAIT(running->events().size() == 3);
    const auto ids = [this](const QByteArray &filter) {
        QStringList list;
        for (const QJsonValue &trace : call("GET", "/admin/v1/traces?filter=" + filter).value("traces"_L1).toArray())
            list += trace["request_id"_L1].toString();
        return list;
    };
    PDLB_WAIT_EQUAL(ids("is:running"), QStringList{u"it"_s});
    QCOMPARE(ids("is:done"), QStringList{u"done"_s});
    QCOMPARE(ids(""), (QStringList{u"it"_s, u"done"_s}));
    QCOMPARE(call("GET", "/admin/v1/traces/it").value("legs"_L1).toArray().size(), 2);
    running->disconnect();
    PDLB_WAIT_EQUAL(ids("is:running"), QStringList());
}

void TstStuck::unknownRequest()
{
    QVERIFY(begin());
    QCOMPARE(call("GET", "/admin/v1/traces/never/explanation", 404)["error"_L1]["code"_L1].toString(), u"unknown_trace"_s);
    QCOMPARE(call("PUT", "/admin/v1/traces/never/pin", 404)["error"_L1]["code"_L1].toString(), u"unknown_trace"_s);
}

void TstStuck::abortsAreAnswered()
{
    QVERIFY(begin());
    m_client->post("/generate", endless);
    PDLB_WAIT(m_client->events().size() > 2);
    m_client->disconnect();
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    PDLB_WAIT(!m_rig->traces.last().observations->abortAnswers().empty());
    const trace::AbortAnswer answer = m_rig->traces.last().observations->abortAnswers().front();
    QCOMPARE(answer.server, "d1");
    QCOMPARE(answer.status, 200);
    QVERIFY(answer.error.isEmpty());
}

void TstStuck::somebodyEndsIt()
{
    QVERIFY(begin());
    m_rig->decode().addFault(u"any:stall=after-3,count=1"_s); // between two events: there the error can be told
    m_client->post("/generate", endless, "X-Request-Id: it\r\n");
    PDLB_WAIT(m_client->events().size() == 3);
    QVERIFY(call("POST", "/admin/v1/traces/it/abort", 202).value("aborting"_L1).toBool());
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "aborted");
    PDLB_WAIT(m_client->body().contains("somebody ended the request"));
    PDLB_WAIT(!m_rig->traces.last().observations->abortAnswers().empty()); // the engines heard of it
    QCOMPARE(call("POST", "/admin/v1/traces/it/abort", 409)["error"_L1]["code"_L1].toString(), u"not_running"_s);
    QCOMPARE(call("POST", "/admin/v1/traces/never/abort", 404)["error"_L1]["code"_L1].toString(), u"unknown_trace"_s);
    // One that has sent nothing yet gets a whole answer.
    m_rig->decode().addFault(u"any:hang"_s);
    auto silent = m_rig->client();
    silent->post("/generate", endless, "X-Request-Id: silent\r\n");
    PDLB_WAIT(m_rig->balancer.inFlight() == 1);
    call("POST", "/admin/v1/traces/silent/abort", 202);
    PDLB_WAIT(silent->done());
    QCOMPARE(silent->status(), 503);
}

void TstStuck::pins()
{
    QVERIFY(begin({.change = [](Config &config) { config.trace.records = 1; }}));
    exchange("/generate", generateBody, "X-Request-Id: first\r\n");
    QVERIFY(call("PUT", "/admin/v1/traces/first/pin").value("pinned"_L1).toBool());
    m_client->again();
    exchange("/generate", generateBody, "X-Request-Id: second\r\n");
    m_client->again();
    exchange("/generate", generateBody, "X-Request-Id: third\r\n");
    QCOMPARE(call("GET", "/admin/v1/traces/first").value("request_id"_L1).toString(), u"first"_s);
    call("GET", "/admin/v1/traces/second", 404);
    QVERIFY(!call("DELETE", "/admin/v1/traces/first/pin").value("pinned"_L1).toBool(true));
    call("GET", "/admin/v1/traces/first", 404);
}

QTEST_GUILESS_MAIN(TstStuck)
#include "tst_stuck.moc"
