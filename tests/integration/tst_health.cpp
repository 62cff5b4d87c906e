// SPDX-License-Identifier: Apache-2.0

// Health probes before mock engines: T86-T90, T94 of the HTTP reference, readiness, an engine that dies under load.
// Probes follow a clock that is moved by hand.
#include "scripts.h"

#include "fleet/server_status.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TstHealth : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void fallsAndRises_data() { transports(); }
    void fallsAndRises();
    void hangingProbes_data() { direct(); }
    void hangingProbes();
    void boundedBodies_data();
    void boundedBodies();
    void onNoHealthy_data();
    void onNoHealthy();
    void wrongBootstrapPort_data() { direct(); }
    void wrongBootstrapPort();
    void trafficAsksForProbes_data() { direct(); }
    void trafficAsksForProbes();
    void starting_data() { direct(); }
    void starting();
    void credentials_data() { direct(); }
    void credentials();
    void changesOfTheFleet_data() { direct(); }
    void changesOfTheFleet();
    void readiness_data() { direct(); }
    void readiness();
    void killedUnderLoad_data();
    void killedUnderLoad();

private:
    bool beginWithClock(Setup setup = {});
    fleet::Server server(Role role, int i = 0) const { return m_rig->balancer.snapshot()->servers(role)[size_t(i)]; }
    QByteArray status(Role role, int i = 0) const { return fleet::serverStatus(server(role, i), m_clock->now()).name; }
    quint64 probes(Role role, int i = 0) const { return server(role, i).state->probes; }
    /// Moves the clock until every server has been probed once more.
    void probeAll();
    static qint64 asked(mock::MockEngine &engine) { return engine.http().requestCount("/health"); }

    std::unique_ptr<ManualClock> m_clock;
};

bool TstHealth::beginWithClock(Setup setup)
{
    finish(); // the clock must outlive its balancer
    m_clock = std::make_unique<ManualClock>();
    setup.health = true;
    setup.clock = m_clock.get();
    return begin(setup);
}

void TstHealth::probeAll()
{
    QList<std::pair<std::shared_ptr<fleet::ServerState>, quint64>> before;
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const fleet::Server &server : m_rig->balancer.snapshot()->servers(role))
            before.append({server.state, server.state->probes});
    }
    m_clock->advance(5500ms); // the longest pause; the shortest is 4.5 s
    for (const auto &[state, count] : before)
        PDLB_WAIT(state->probes > count);
}

void TstHealth::fallsAndRises() // T86, T87, T88
{
    Setup setup;
    setup.decodes = 2;
    QVERIFY(beginWithClock(setup));
    PDLB_WAIT_EQUAL(status(Role::Decode), "up");
    PDLB_WAIT_EQUAL(status(Role::Decode, 1), "up");
    for (int i = 0; i < 6; ++i)
        probeAll();
    mock::MockEngine &engine = m_rig->decode();
    engine.setHealthy(false);
    probeAll();
    probeAll();
    QCOMPARE(status(Role::Decode), "degraded"); // still used
    engine.setHealthy(true);
    probeAll();
    QVERIFY(status(Role::Decode) != "down");
    // A stream that runs goes on when its server is called down.
    engine.addFault(u"decode:stall=after-2,count=1"_s);
    m_client = m_rig->client(); // the clock moved: the first one was closed as idle
    m_client->post("/generate", QByteArray(generateStream), "X-Pdlb-Pair: p1/d1\r\n");
    PDLB_WAIT(m_client->received() > 0);
    engine.setHealthy(false);
    for (int i = 0; i < 3; ++i)
        probeAll();
    QCOMPARE(status(Role::Decode), "down");
    QVERIFY(fleet::serverStatus(server(Role::Decode), m_clock->now()).reason.contains("status 503"_L1));
    QVERIFY(!m_client->done());
    const qint64 posts = m_rig->posts(engine);
    for (int i = 0; i < 20; ++i) {
        Client other(m_rig->port());
        other.post("/generate", QByteArray(generateBody));
        PDLB_WAIT(other.done());
        QCOMPARE(other.status(), 200);
    }
    QCOMPARE(m_rig->posts(engine), posts);
    m_client.reset();
    engine.setHealthy(true);
    probeAll();
    QCOMPARE(status(Role::Decode), "down");
    probeAll();
    QCOMPARE(status(Role::Decode), "up");
    for (int i = 0; i < 100 && m_rig->posts(engine) == posts; ++i) {
        Client other(m_rig->port());
        other.post("/generate", QByteArray(generateBody));
        PDLB_WAIT(other.done());
    }
    QVERIFY(m_rig->posts(engine) > posts);
}

void TstHealth::hangingProbes() // T89
{
    QVERIFY(beginWithClock());
    PDLB_WAIT_EQUAL(status(Role::Prefill), "up");
    mock::MockEngine &engine = m_rig->prefill();
    engine.addFault(u"prefill:hang,path=/health"_s);
    const quint64 failures = server(Role::Prefill).state->probeFailures;
    const qint64 before = asked(engine);
    m_clock->advance(5500ms);
    PDLB_WAIT_EQUAL(asked(engine), before + 1);
    m_clock->advance(2900ms);
    PDLB_WAIT(probes(Role::Decode) > 1); // the sweep has looked
    QCOMPARE(server(Role::Prefill).state->probeFailures, failures);
    m_clock->advance(100ms);
    PDLB_WAIT_EQUAL(server(Role::Prefill).state->probeFailures, failures + 1);
    QCOMPARE(asked(engine), before + 1); // they do not pile up
    for (int i = 2; i <= 3; ++i) {
        m_clock->advance(5500ms);
        PDLB_WAIT_EQUAL(asked(engine), before + i);
        m_clock->advance(3s);
        PDLB_WAIT_EQUAL(server(Role::Prefill).state->probeFailures, failures + quint64(i));
    }
    QCOMPARE(status(Role::Prefill), "down");
    QVERIFY(fleet::serverStatus(server(Role::Prefill), m_clock->now()).reason.contains("no answer within 3 s"_L1));
    engine.clearFaults();
    probeAll();
    probeAll();
}

void TstHealth::boundedBodies_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("large"); // else 200 and then silence
    QTest::newRow("10 MB") << TransportKind::Direct << true;
    QTest::newRow("drips") << TransportKind::Direct << false;
}

void TstHealth::boundedBodies() // T90
{
    QFETCH(bool, large);
    QVERIFY(beginWithClock());
    PDLB_WAIT_EQUAL(status(Role::Decode), "up");
    mock::MockEngine &engine = m_rig->decode();
    mock::Fault fault;
    fault.path = "/health";
    if (large) {
        fault.kind = mock::Fault::Kind::Status;
        fault.status = 200;
        fault.body = QByteArray(10 * 1024 * 1024, 'x');
    } else {
        fault.kind = mock::Fault::Kind::Raw;
        fault.raw = "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx";
        fault.cut.how = mock::Cut::How::Stall;
    }
    engine.addFault(fault);
    const quint64 failures = server(Role::Decode).state->probeFailures;
    for (int i = 0; i < 3; ++i) {
        probeAll();
        m_clock->advance(3s);
        PDLB_WAIT_EQUAL(engine.http().openConnections(), 0); // the rest is not read
    }
    QCOMPARE(server(Role::Decode).state->probeFailures, failures);
    QCOMPARE(status(Role::Decode), "up");
}

void TstHealth::onNoHealthy_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("tries");
    QTest::newRow("T94: try") << TransportKind::Direct << true;
    QTest::newRow("T94: fail") << TransportKind::Direct << false;
}

void TstHealth::onNoHealthy() // T94
{
    QFETCH(bool, tries);
    Setup setup;
    setup.change = [=](Config &config) { config.onNoHealthy = tries ? OnNoHealthy::Try : OnNoHealthy::Fail; };
    QVERIFY(beginWithClock(setup));
    PDLB_WAIT_EQUAL(status(Role::Prefill), "up");
    m_rig->prefill().setHealthy(false);
    for (int i = 0; i < 3; ++i)
        probeAll();
    QCOMPARE(status(Role::Prefill), "down");
    m_client = m_rig->client(); // the clock moved: the first one was closed as idle
    exchange("/generate", generateBody);
    if (tries) {
        QCOMPARE(m_client->status(), 200);
        PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
        QCOMPARE(m_rig->traces.last().policy, "no healthy server: tried all the same");
    } else {
        QCOMPARE(m_client->status(), 503);
        QCOMPARE(m_client->errorCode(), u"no_healthy_server"_s);
        QCOMPARE(m_client->header("retry-after"), "5");
        QCOMPARE(m_rig->posts(m_rig->decode()), 0);
    }
    m_rig->prefill().setHealthy(true);
    probeAll();
    probeAll();
}

void TstHealth::wrongBootstrapPort()
{
    quint16 port = 0;
    {
        mock::MockHttpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost, 0));
        port = server.port();
    }
    Setup setup;
    setup.change = [port](Config &config) { config.prefill[0].bootstrapPort = BootstrapPort::fixed(port); };
    QVERIFY(beginWithClock(setup));
    PDLB_WAIT_EQUAL(status(Role::Prefill), "degraded");
    for (int i = 0; i < 4; ++i)
        probeAll();
    QCOMPARE(status(Role::Prefill), "degraded"); // never down for that
    const QString reason = fleet::serverStatus(server(Role::Prefill), m_clock->now()).reason;
    QVERIFY2(reason.contains(u"bootstrap server (port %1)"_s.arg(port)) && reason.contains("connection refused"_L1), qPrintable(reason));
    QCOMPARE(status(Role::Decode), "up");
}

void TstHealth::trafficAsksForProbes()
{
    QVERIFY(beginWithClock());
    PDLB_WAIT_EQUAL(status(Role::Decode), "up");
    m_rig->decode().stopListening();
    m_rig->decode().http().dropConnections();
    m_clock->advance(1s); // a fifth of the interval: no sooner
    const quint64 before = probes(Role::Decode);
    const quint64 others = probes(Role::Prefill);
    for (int i = 0; i < 10; ++i) {
        Client client(m_rig->port());
        client.post("/generate", QByteArray(generateBody));
        PDLB_WAIT(client.done());
        QVERIFY(client.status() >= 500);
    }
    PDLB_WAIT_EQUAL(probes(Role::Decode), before + 1); // one, however many failed
    QCOMPARE(probes(Role::Prefill), others);
    m_clock->advance(1s);
    PDLB_WAIT_EQUAL(probes(Role::Decode), before + 2);
    QVERIFY(m_rig->fleet.restart(mock::Role::Decode, 0));
    probeAll();
    probeAll();
}

void TstHealth::starting()
{
    Setup setup;
    setup.change = [](Config &config) {
        config.health.startupGrace = 60s;
        config.onNoHealthy = OnNoHealthy::Fail;
    };
    QVERIFY(beginWithClock(setup));
    Config config = *m_rig->balancer.snapshot()->config;
    // A new server that is not ready yet.
    config.prefill.append({.url = m_rig->decode().url().toString().replace(u"127.0.0.1"_s, u"127.0.0.2"_s), .name = u"new"_s});
    config.prefill.last().bootstrapPort = BootstrapPort::none();
    QVERIFY(m_rig->balancer.apply(config));
    PDLB_WAIT_EQUAL(status(Role::Prefill, 1), "starting"); // at once
    for (int i = 0; i < 5; ++i)
        probeAll();
    QCOMPARE(status(Role::Prefill, 1), "starting");
    for (int i = 0; i < 20; ++i) {
        m_client = m_rig->client();
        exchange("/generate", generateBody);
        QCOMPARE(m_client->status(), 200);
    }
    QCOMPARE(server(Role::Prefill, 1).state->requests, 0u);
    m_clock->advance(60s);
    probeAll();
    QCOMPARE(status(Role::Prefill, 1), "down");
}

void TstHealth::credentials()
{
    Setup setup;
    setup.decodes = 2;
    setup.engine.apiKey = "fleet-key";
    setup.change = [&](Config &config) {
        config.engineApiKey = "fleet-key";
        config.decode[1].apiKey = "own-key";
        config.health.path = u"/model_info"_s; // mock engines ask for the key there
    };
    QVERIFY(beginWithClock(setup));
    PDLB_WAIT_EQUAL(status(Role::Prefill), "up");
    PDLB_WAIT_EQUAL(status(Role::Decode), "up");
    PDLB_WAIT_EQUAL(status(Role::Decode, 1), "starting");
    QVERIFY(fleet::serverStatus(server(Role::Decode, 1), m_clock->now()).reason.contains("status 401"_L1));
    m_rig->decode(1).options().apiKey = "own-key";
    probeAll();
    QCOMPARE(status(Role::Decode, 1), "up");
    m_rig->decode(1).options().apiKey = "fleet-key";
}

void TstHealth::changesOfTheFleet()
{
    Setup setup;
    setup.decodes = 2;
    QVERIFY(beginWithClock(setup));
    PDLB_WAIT_EQUAL(status(Role::Decode), "up");
    PDLB_WAIT_EQUAL(status(Role::Decode, 1), "up");
    Config config = *m_rig->balancer.snapshot()->config;
    const quint64 before = probes(Role::Decode);
    config.decode[1].enabled = false;
    QVERIFY(m_rig->balancer.apply(config));
    QCOMPARE(probes(Role::Decode), before); // the same server keeps its history
    QCOMPARE(status(Role::Decode), "up");
    QCOMPARE(status(Role::Decode, 1), "disabled");
    QCOMPARE(fleet::serverStatus(server(Role::Decode, 1), m_clock->now()).since, m_clock->now());
    const qint64 asked = TstHealth::asked(m_rig->decode(1));
    m_clock->advance(5500ms);
    PDLB_WAIT(probes(Role::Decode) > before);
    QCOMPARE(TstHealth::asked(m_rig->decode(1)), asked);
    config.decode[1].enabled = true;
    QVERIFY(m_rig->balancer.apply(config));
    PDLB_WAIT_EQUAL(status(Role::Decode, 1), "up"); // probed at once
    config.health.enabled = false;
    QVERIFY(m_rig->balancer.apply(config));
    QCOMPARE(status(Role::Decode), "unknown");
    config.health.enabled = true;
    config.decode.removeLast();
    QVERIFY(m_rig->balancer.apply(config));
    PDLB_WAIT_EQUAL(status(Role::Decode), "up");
    const qint64 gone = TstHealth::asked(m_rig->decode(1));
    probeAll();
    QCOMPARE(TstHealth::asked(m_rig->decode(1)), gone);
}

void TstHealth::readiness()
{
    Setup setup;
    setup.decodes = 2;
    QVERIFY(beginWithClock(setup));
    for (const Role role : {Role::Prefill, Role::Decode})
        PDLB_WAIT_EQUAL(status(role), "up");
    PDLB_WAIT_EQUAL(status(Role::Decode, 1), "up");
    const auto ask = [&](const QByteArray &path) {
        m_client = m_rig->client();
        m_client->get(path);
        waitFor([&] { return m_client->done(); });
        return m_client->status();
    };
    QCOMPARE(ask("/readiness"), 200);
    QCOMPARE(m_client->body(), R"({"healthy_workers":3,"status":"ready","total_workers":3})");
    m_rig->decode().setHealthy(false);
    for (int i = 0; i < 3; ++i)
        probeAll();
    QCOMPARE(ask("/readiness"), 200);
    QCOMPARE(m_client->json().value("healthy_workers"_L1).toInt(), 2);
    m_rig->decode(1).setHealthy(false);
    for (int i = 0; i < 3; ++i)
        probeAll();
    for (const char *path : {"/readyz", "/readiness", "/health"}) {
        QCOMPARE(ask(path), 503);
        QCOMPARE(m_client->header("retry-after"), "1");
    }
    QCOMPARE(ask("/readiness"), 503);
    QCOMPARE(m_client->json().value("status"_L1).toString(), u"not ready"_s);
    QCOMPARE(ask("/livez"), 200);
    for (int i : {0, 1})
        m_rig->decode(i).setHealthy(true);
    probeAll();
    probeAll();
    QCOMPARE(ask("/readyz"), 200);
    Config config = *m_rig->balancer.snapshot()->config;
    config.prefill[0].enabled = false;
    QVERIFY(m_rig->balancer.apply(config));
    QCOMPARE(ask("/health"), 503);
    config.prefill[0].enabled = true;
    QVERIFY(m_rig->balancer.apply(config));
    QCOMPARE(ask("/health"), 200); // not probed yet: good enough
    QCOMPARE(m_client->body(), QByteArray());
}

void TstHealth::killedUnderLoad_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("prefill");
    QTest::newRow("a decode") << TransportKind::Direct << false;
    QTest::newRow("a prefill") << TransportKind::Direct << true;
}

void TstHealth::killedUnderLoad()
{
    QFETCH(bool, prefill);
    finish();
    Setup setup;
    setup.prefills = setup.decodes = 4;
    setup.engine.decodeMs = 1;
    setup.health = true;
    setup.change = [](Config &config) {
        config.workers = 2;
        config.health.interval = 100ms;
        config.health.timeout = 10s; // a busy machine is no failure
        config.breaker.openFor = 300s; // nothing but the probes brings it back
        config.breaker.longest = 300s;
    };
    QVERIFY(begin(setup)); // with the real clock
    const Role role = prefill ? Role::Prefill : Role::Decode;
    mock::MockEngine &victim = prefill ? m_rig->prefill(2) : m_rig->decode(2);
    const auto state = server(role, 2).state;
    const auto isDown = [&] { return fleet::serverStatus(server(role, 2), SteadyClock::instance().now()).name == "down"; };

    qint64 done = 0;
    std::vector<std::unique_ptr<Client>> clients;
    for (int i = 0; i < 64; ++i)
        clients.push_back(m_rig->client());
    const auto ask = [&](Client &client) { client.post("/generate", QByteArray(generateStream)); };
    for (const auto &client : clients)
        ask(*client);
    const auto run = [&](auto &&until) {
        return waitFor([&] {
            for (auto &client : clients) {
                if (!client->done())
                    continue;
                ++done;
                client = m_rig->client();
                ask(*client);
            }
            return until();
        });
    };
    QVERIFY(run([&] { return done >= 500; }));
    QCOMPARE(state->health.health(), fleet::Health::Up);
    victim.kill();
    QVERIFY(run(isDown)); // 3 probes failed, or 5 requests
    const quint64 opened = state->requests;
    const qint64 until = done + 500;
    QVERIFY(run([&] { return done >= until; }));
    QCOMPARE(state->requests, opened); // none is sent to it
    QVERIFY(run([&] { return state->health.health() == fleet::Health::Down; }));
    QVERIFY(victim.restart());
    const quint64 probes = state->probes + 1; // one may be under way
    QVERIFY(run([&] { return !isDown(); }));
    QVERIFY2(state->probes <= probes + 2, QByteArray::number(state->probes - probes).constData());
    QVERIFY(run([&] { return state->requests > opened + 10; })); // more than the breaker's one
    for (const auto &client : clients)
        PDLB_WAIT(client->done()); // no request hangs
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    const QByteArray name = server(role, 2).name;
    for (qsizetype i = 0; i < m_rig->traces.size(); ++i) {
        const trace::Timeline timeline = m_rig->traces.at(i);
        if (timeline.end == trace::EndReason::Ok)
            continue;
        // Legs are written once all are connected: from then on the other engine may have its own, even when this one's
        // write found the connection reset.
        const bool begun = std::any_of(timeline.legs.begin(), timeline.legs.end(), [&](const auto &leg) { return leg.server == name && leg.ready; });
        QVERIFY2(begun, qPrintable(trace::describeTimeline(timeline)));
    }
    clients.clear();
}

QTEST_GUILESS_MAIN(TstHealth)
#include "tst_health.moc"
