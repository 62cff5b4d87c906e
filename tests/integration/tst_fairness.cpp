// SPDX-License-Identifier: Apache-2.0

// Servers' limits, the queue before them, and clients' rates.
#include "scripts.h"

#include "fleet/fleet.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TstFairness : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void serverLimit_data();
    void serverLimit();
    void firstComeFirstServed_data() { direct(); }
    void firstComeFirstServed();
    void pinnedOnesHoldNobodyUp_data() { direct(); }
    void pinnedOnesHoldNobodyUp();
    void fullQueue_data() { direct(); }
    void fullQueue();
    void deadline_data() { direct(); }
    void deadline();
    void raisedLimit_data() { direct(); }
    void raisedLimit();
    void ratePerKey_data() { direct(); }
    void ratePerKey();
    void ratePerAddress_data() { direct(); }
    void ratePerAddress();

private:
    bool beginWithClock(Setup setup);
    qint64 inFlight(Role role, int i = 0) const { return m_rig->balancer.snapshot()->servers(role)[size_t(i)].state->inFlight; }
    Client &post(const QByteArray &headers = {});

    std::unique_ptr<ManualClock> m_clock;
    std::vector<std::unique_ptr<Client>> m_clients;
};

bool TstFairness::beginWithClock(Setup setup)
{
    m_clients.clear();
    finish(); // the clock must outlive its balancer
    m_clock = std::make_unique<ManualClock>();
    setup.clock = m_clock.get();
    return begin(setup);
}

Client &TstFairness::post(const QByteArray &headers)
{
    m_clients.push_back(m_rig->client());
    m_clients.back()->post("/generate", QByteArray(generateBody), headers);
    return *m_clients.back();
}

void TstFairness::serverLimit_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<int>("workers");
    QTest::newRow("one worker") << TransportKind::Direct << 1;
    QTest::newRow("four workers") << TransportKind::Direct << 4;
}

void TstFairness::serverLimit()
{
    QFETCH(int, workers);
    Setup setup;
    setup.decodes = 2;
    setup.engine.decodeMs = 1;
    setup.change = [=](Config &config) {
        config.workers = workers;
        config.serverMaxInFlight = 3;
        config.prefill[0].maxInFlight = 100;
        config.decode[1].maxInFlight = 2;
    };
    QVERIFY(beginWithClock(setup));
    int most[2] = {0, 0};
    for (int i = 0; i < 40; ++i)
        post();
    PDLB_WAIT(([&] {
        for (int d : {0, 1})
            most[d] = std::max(most[d], m_rig->decode(d).running());
        return std::all_of(m_clients.begin(), m_clients.end(), [](const auto &client) { return client->done(); });
    }()));
    for (const auto &client : m_clients)
        QCOMPARE(client->status(), 200); // those too many waited
    QVERIFY(most[0] >= 1 && most[0] <= 3);
    QVERIFY(most[1] >= 1 && most[1] <= 2);
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    QCOMPARE(inFlight(Role::Decode), 0);
    int queued = 0;
    for (qsizetype i = 0; i < m_rig->traces.size(); ++i) {
        const trace::Timeline timeline = m_rig->traces.at(i);
        if (!timeline.queued)
            continue;
        ++queued;
        QVERIFY(timeline.queuePosition >= 1 && timeline.queuePosition <= 40);
        QVERIFY(timeline.admitted && *timeline.admitted >= *timeline.queued && *timeline.picked >= *timeline.admitted);
        const QString text = trace::describeTimeline(timeline);
        QVERIFY2(text.contains(u"waits in the queue at position %1"_s.arg(timeline.queuePosition)) && text.contains("out of the queue after"_L1), qPrintable(text));
    }
    QVERIFY(queued > 0);
    m_clients.clear();
}

void TstFairness::firstComeFirstServed()
{
    Setup setup;
    setup.change = [](Config &config) { config.serverMaxInFlight = 1; };
    QVERIFY(beginWithClock(setup));
    m_rig->decode().addFault(u"decode:hang,count=1"_s);
    Client &first = post();
    PDLB_WAIT_EQUAL(m_rig->posts(m_rig->decode()), 1);
    for (int i = 0; i < 10; ++i) {
        post("X-Request-Id: r" + QByteArray::number(i) + "\r\n");
        PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), i + 2);
    }
    QCOMPARE(m_rig->posts(m_rig->decode()), 1);
    first.reset();
    for (size_t i = 1; i < m_clients.size(); ++i) {
        PDLB_WAIT(m_clients[i]->done());
        QCOMPARE(m_clients[i]->status(), 200);
    }
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 11);
    for (int i = 0; i < 10; ++i) {
        const trace::Timeline timeline = m_rig->traces.at(i + 1);
        QCOMPARE(timeline.requestId, "r" + QByteArray::number(i));
        QCOMPARE(timeline.queuePosition, i + 1);
    }
    m_clients.clear();
}

void TstFairness::pinnedOnesHoldNobodyUp()
{
    Setup setup;
    setup.decodes = 2;
    setup.change = [](Config &config) { config.decode[0].maxInFlight = config.decode[1].maxInFlight = 1; };
    QVERIFY(beginWithClock(setup));
    m_rig->decode(0).addFault(u"decode:hang,count=1"_s);
    Client &hanging = post("X-Pdlb-Pair: */d1\r\n");
    PDLB_WAIT_EQUAL(m_rig->posts(m_rig->decode(0)), 1);
    Client &pinned = post("X-Pdlb-Pair: */d1\r\n");
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 2);
    for (int i = 0; i < 5; ++i) {
        Client &free = post();
        PDLB_WAIT(free.done());
        QCOMPARE(free.status(), 200);
    }
    QVERIFY(!pinned.done());
    hanging.reset();
    PDLB_WAIT(pinned.done());
    QCOMPARE(pinned.status(), 200);
    m_clients.clear();
}

void TstFairness::fullQueue()
{
    Setup setup;
    setup.change = [](Config &config) {
        config.serverMaxInFlight = 1;
        config.maxQueue = 2;
    };
    QVERIFY(beginWithClock(setup));
    m_rig->decode().addFault(u"decode:hang,count=1"_s);
    Client &first = post();
    PDLB_WAIT_EQUAL(m_rig->posts(m_rig->decode()), 1);
    for (int i = 0; i < 2; ++i) {
        post();
        PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), i + 2);
    }
    Client &refused = post();
    PDLB_WAIT(refused.done());
    QCOMPARE(refused.status(), 429);
    QCOMPARE(refused.header("retry-after"), "1");
    QCOMPARE(refused.errorCode(), u"too_many_requests"_s);
    m_clients[1]->reset(); // gives its place in the queue away (T80)
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 2);
    post();
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 3);
    first.reset();
    PDLB_WAIT(m_clients[2]->done() && m_clients.back()->done());
    QCOMPARE(m_clients[2]->status(), 200);
    QCOMPARE(m_clients.back()->status(), 200);
    QCOMPARE(m_rig->posts(m_rig->decode()), 3);
    m_clients.clear();
}

void TstFairness::deadline()
{
    Setup setup;
    setup.change = [](Config &config) { config.serverMaxInFlight = 1; };
    QVERIFY(beginWithClock(setup));
    m_rig->decode().addFault(u"decode:hang,count=1"_s);
    Client &first = post();
    PDLB_WAIT_EQUAL(m_rig->posts(m_rig->decode()), 1);
    Client &waiting = post();
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 2);
    m_clock->advance(29s);
    settle();
    QVERIFY(!waiting.done());
    m_clock->advance(2s);
    PDLB_WAIT(waiting.done());
    QCOMPARE(waiting.status(), 503);
    QCOMPARE(waiting.errorCode(), u"queue_timeout"_s);
    QCOMPARE(waiting.header("retry-after"), "1");
    first.reset();
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    QCOMPARE(m_rig->posts(m_rig->decode()), 1); // never started
    m_clients.clear();
}

void TstFairness::raisedLimit()
{
    Setup setup;
    setup.change = [](Config &config) { config.serverMaxInFlight = 1; };
    QVERIFY(beginWithClock(setup));
    m_rig->decode().addFault(u"decode:hang,count=1"_s);
    Client &first = post();
    PDLB_WAIT_EQUAL(m_rig->posts(m_rig->decode()), 1);
    Client &waiting = post();
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 2);
    Config config = *m_rig->balancer.snapshot()->config;
    config.serverMaxInFlight = 2;
    QVERIFY(m_rig->balancer.apply(config));
    PDLB_WAIT(waiting.done());
    QCOMPARE(waiting.status(), 200);
    QVERIFY(!first.done());
    m_clients.clear();
}

void TstFairness::ratePerKey()
{
    Setup setup;
    setup.change = [](Config &config) {
        config.apiKeys = {"one", "two"};
        config.rate = {.perSecond = 0.25, .burst = 3}; // the warm-up takes one
    };
    QVERIFY(beginWithClock(setup));
    const auto ask = [&](const QByteArray &key, const QByteArray &path = "/generate") {
        m_client = m_rig->client();
        m_client->post(path, QByteArray(generateBody), "Authorization: Bearer " + key + "\r\n");
        waitFor([&] { return m_client->done(); });
        return m_client->status();
    };
    m_clock->advance(1h);
    for (int i = 0; i < 3; ++i)
        QCOMPARE(ask("one"), 200);
    QCOMPARE(ask("one"), 429);
    QCOMPARE(m_client->errorCode(), u"rate_limited"_s);
    QCOMPARE(m_client->header("retry-after"), "4");
    QCOMPARE(ask("two"), 200); // nobody else's matter
    QCOMPARE(ask("three"), 401);
    m_clock->advance(4s);
    QCOMPARE(ask("one"), 200); // as was told
    QCOMPARE(ask("one"), 429);
    for (int i = 0; i < 10; ++i) { // probes of an orchestrator are not counted
        m_client = m_rig->client();
        m_client->get("/health");
        PDLB_WAIT(m_client->done());
        QCOMPARE(m_client->status(), 200);
    }
    QCOMPARE(m_rig->posts(m_rig->decode()), 5);
}

void TstFairness::ratePerAddress()
{
    Setup setup;
    setup.change = [](Config &config) { config.rate = {.perSecond = 1, .burst = 2}; };
    QVERIFY(beginWithClock(setup));
    m_clock->advance(1h);
    for (const int status : {200, 200, 429}) {
        Client &client = post("Authorization: Bearer new-one-each-time-" + QByteArray::number(m_clients.size()) + "\r\n");
        PDLB_WAIT(client.done());
        QCOMPARE(client.status(), status);
    }
    m_clients.clear();
}

QTEST_GUILESS_MAIN(TstFairness)
#include "tst_fairness.moc"
