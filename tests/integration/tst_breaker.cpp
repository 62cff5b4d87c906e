// SPDX-License-Identifier: Apache-2.0

// Breakers and retries before mock engines: T85, T91-T93 of the HTTP reference. Time is moved by hand.
#include "scripts.h"

#include "fleet/server_status.h"
#include "relay/retry_budget.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TstBreaker : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    // Direct only: breakers know nothing of transports, and one answer counts here. See qnamStale.
    void opensAndClosesAgain_data() { direct(); }
    void opensAndClosesAgain();
    void clientsFaults_data() { direct(); }
    void clientsFaults();
    void tooManyRequestsPassThrough_data() { direct(); }
    void tooManyRequestsPassThrough();
    void openPrefill_data() { direct(); }
    void openPrefill();
    void cancelledLegsAreNeutral_data() { direct(); }
    void cancelledLegsAreNeutral();
    void trialIsGivenBack_data() { direct(); }
    void trialIsGivenBack();
    void onlyTheLegAtFault_data();
    void onlyTheLegAtFault();
    void retries_data();
    void retries();
    void retryBudget_data() { direct(); }
    void retryBudget();

private:
    /// Breakers on, probes too rare to matter.
    bool beginWithClock(Setup setup = {});
    fleet::Breaker::Report breaker(Role role, int i = 0) const
    {
        return m_rig->balancer.snapshot()->servers(role)[size_t(i)].state->breaker.report(m_clock->now());
    }
    /// One request on a connection of its own; its status.
    int ask(const QByteArray &body = generateBody);

    std::unique_ptr<ManualClock> m_clock;
};

bool TstBreaker::beginWithClock(Setup setup)
{
    finish(); // the clock must outlive its balancer
    m_clock = std::make_unique<ManualClock>();
    setup.clock = m_clock.get();
    setup.change = [change = setup.change](Config &config) {
        config.breaker.enabled = true;
        if (change)
            change(config);
    };
    return begin(setup);
}

int TstBreaker::ask(const QByteArray &body)
{
    m_client = m_rig->client();
    m_client->post("/generate", body);
    waitFor([&] { return m_client->done() && m_rig->balancer.inFlight() == 0; });
    return m_client->status();
}

void TstBreaker::opensAndClosesAgain() // T91
{
    QVERIFY(beginWithClock());
    mock::MockEngine &decode = m_rig->decode();
    decode.addFault(u"decode:status=500"_s);
    for (int i = 0; i < 5; ++i)
        QCOMPARE(ask(), 500);
    QCOMPARE(breaker(Role::Decode).state, fleet::Breaker::State::Open);
    QCOMPARE(breaker(Role::Prefill).state, fleet::Breaker::State::Closed);
    const qint64 posts = m_rig->posts(m_rig->prefill());
    m_clock->advance(2500ms);
    QCOMPARE(ask(), 503);
    QCOMPARE(m_client->errorCode(), u"breaker_open"_s);
    QCOMPARE(m_client->header("retry-after"), "8"); // 7.5 s, rounded up
    QCOMPARE(m_rig->posts(m_rig->prefill()), posts);
    QCOMPARE(m_rig->posts(decode), 5);

    m_clock->advance(7500ms);
    decode.clearFaults();
    decode.addFault(u"decode:hang,count=1"_s);
    Client trial(m_rig->port());
    trial.post("/generate", QByteArray(generateBody));
    PDLB_WAIT_EQUAL(m_rig->posts(decode), 6);
    for (int i = 0; i < 5; ++i) { // exactly one
        Client other(m_rig->port());
        other.post("/generate", QByteArray(generateBody));
        PDLB_WAIT(other.done());
        QCOMPARE(other.status(), 503);
        QCOMPARE(other.header("retry-after"), "1");
    }
    QCOMPARE(m_rig->posts(decode), 6);
    trial.reset(); // neither good nor bad: the next one is let through
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    decode.addFault(u"decode:status=503,count=1"_s);
    QCOMPARE(ask(), 503);
    QCOMPARE(breaker(Role::Decode).left, Monotonic(20s)); // twice as long
    m_clock->advance(20s);
    QCOMPARE(ask(), 200);
    QCOMPARE(breaker(Role::Decode).state, fleet::Breaker::State::Closed);
    QCOMPARE(ask(), 200);
}

void TstBreaker::clientsFaults() // T92
{
    QVERIFY(beginWithClock());
    m_rig->prefill().addFault(u"prefill:status=400"_s);
    m_rig->decode().addFault(u"decode:status=400"_s);
    for (int i = 0; i < 100; ++i)
        QCOMPARE(ask(), 400);
    for (const Role role : {Role::Prefill, Role::Decode}) {
        QCOMPARE(breaker(role).state, fleet::Breaker::State::Closed);
        QCOMPARE(breaker(role).failures, 0);
    }
}

void TstBreaker::tooManyRequestsPassThrough() // T85
{
    QVERIFY(beginWithClock());
    m_rig->decode().addFault(u"decode:status=429,retry_after=7"_s);
    for (int i = 0; i < 20; ++i) {
        QCOMPARE(ask(), 429);
        QCOMPARE(m_client->header("retry-after"), "7");
    }
    QCOMPARE(breaker(Role::Decode).failures, 0);
    QCOMPARE(breaker(Role::Decode).state, fleet::Breaker::State::Closed);
}

void TstBreaker::openPrefill() // T93
{
    QVERIFY(beginWithClock());
    m_rig->prefill().addFault(u"prefill:reset=before-head,count=5"_s);
    for (int i = 0; i < 5; ++i)
        QCOMPARE(ask(), 502);
    const qint64 posts = m_rig->posts(m_rig->decode());
    const quint64 legs = m_rig->balancer.snapshot()->decode[0].state->requests;
    for (int i = 0; i < 10; ++i) {
        QCOMPARE(ask(), 503);
        QCOMPARE(m_client->header("retry-after"), "10");
    }
    QCOMPARE(m_rig->posts(m_rig->decode()), posts);
    QCOMPARE(m_rig->balancer.snapshot()->decode[0].state->requests, legs);
    m_clock->advance(10s);
    QCOMPARE(ask(), 200);
}

void TstBreaker::cancelledLegsAreNeutral()
{
    QVERIFY(beginWithClock());
    m_rig->decode().addFault(u"decode:hang"_s);
    for (int i = 0; i < 20; ++i) {
        const qint64 before = m_rig->posts(m_rig->decode());
        Client client(m_rig->port());
        client.post("/generate", QByteArray(generateBody));
        PDLB_WAIT(m_rig->posts(m_rig->decode()) > before);
        client.reset();
        PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 0);
    }
    for (const Role role : {Role::Prefill, Role::Decode})
        QCOMPARE(breaker(role).failures, 0);
}

void TstBreaker::trialIsGivenBack()
{
    // The trial of one server goes to another one that fails: that is no verdict on the first.
    QVERIFY(beginWithClock());
    m_rig->prefill().addFault(u"prefill:status=500,count=5"_s);
    for (int i = 0; i < 5; ++i)
        QCOMPARE(ask(), 500);
    m_clock->advance(10s);
    m_rig->decode().addFault(u"decode:status=500,count=1"_s);
    m_rig->prefill().addFault(u"prefill:hang,count=1"_s);
    QCOMPARE(ask(), 500);
    QCOMPARE(breaker(Role::Prefill).state, fleet::Breaker::State::HalfOpen);
    QCOMPARE(breaker(Role::Decode).failures, 1);
    QCOMPARE(ask(), 200);
    QCOMPARE(breaker(Role::Prefill).state, fleet::Breaker::State::Closed);
}

void TstBreaker::onlyTheLegAtFault_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QString>("fault");
    QTest::addColumn<bool>("prefills");
    const auto row = [](const char *name, const char *fault, bool prefills) {
        QTest::newRow(name) << TransportKind::Direct << QString::fromUtf8(fault) << prefills;
    };
    row("prefill 500", "prefill:status=500", true);
    row("prefill cut", "prefill:reset=before-head", true);
    row("prefill aborts in its stream", "prefill:abort,status=500", true);
    row("prefill sends garbage", "prefill:garbage", true);
    row("decode 503", "decode:status=503", false);
    row("decode cut in mid-stream", "decode:reset=mid-stream,after=1", false);
}

void TstBreaker::onlyTheLegAtFault()
{
    QFETCH(QString, fault);
    QFETCH(bool, prefills);
    QVERIFY(beginWithClock());
    (prefills ? m_rig->prefill() : m_rig->decode()).addFault(fault);
    ask(generateStream);
    QCOMPARE(breaker(Role::Prefill).failures, prefills ? 1 : 0);
    QCOMPARE(breaker(Role::Decode).failures, prefills ? 0 : 1);
}

void TstBreaker::retries_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<int>("retries");
    QTest::addColumn<int>("dead"); // of four decodes
    QTest::addColumn<int>("attempts"); // 0: as it comes
    QTest::newRow("none") << TransportKind::Direct << 0 << 4 << 1;
    QTest::newRow("two") << TransportKind::Direct << 2 << 4 << 3;
    QTest::newRow("as many as servers") << TransportKind::Direct << 3 << 4 << 4;
    QTest::newRow("enough to find the living one") << TransportKind::Direct << 3 << 3 << 0;
}

void TstBreaker::retries()
{
    QFETCH(int, retries);
    QFETCH(int, dead);
    QFETCH(int, attempts);
    Setup setup;
    setup.decodes = 4;
    setup.change = [=](Config &config) {
        config.retry.retries = retries;
        config.retry.initialBackoff = 1ms;
    };
    QVERIFY(beginWithClock(setup));
    for (int i = 0; i < dead; ++i)
        m_rig->decode(i).stopListening();
    QCOMPARE(ask(), dead < 4 ? 200 : 502);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    const trace::Timeline timeline = m_rig->traces.last();
    if (attempts > 0)
        QCOMPARE(timeline.attempts, attempts);
    QCOMPARE(timeline.earlierLegs.size(), size_t(2 * (timeline.attempts - 1)));
    QSet<QByteArray> tried{timeline.leg(false)->server};
    for (const trace::LegTimeline &leg : timeline.earlierLegs) {
        if (leg.prefill)
            continue;
        QVERIFY(!tried.contains(leg.server)); // a server that failed is not tried again
        tried += leg.server;
        QVERIFY2(leg.error.contains("refused"_L1), qPrintable(leg.error));
    }
    QCOMPARE(trace::describeTimeline(timeline).contains("earlier attempt: decode"_L1), timeline.attempts > 1);
    QCOMPARE(m_rig->posts(m_rig->prefill()), dead < 4 ? 1 : 0);
    for (int i = 0; i < dead; ++i)
        QVERIFY(m_rig->decode(i).start());
}

void TstBreaker::retryBudget()
{
    Setup setup;
    setup.decodes = 2;
    setup.change = [](Config &config) {
        config.policy = u"round_robin"_s;
        config.breaker.enabled = false;
    };
    QVERIFY(beginWithClock(setup));
    m_rig->decode().stopListening();
    constexpr int requests = 200;
    int failed = 0;
    for (int i = 0; i < requests; ++i)
        failed += ask() != 200;
    int attempts = 0;
    PDLB_WAIT_EQUAL(m_rig->traces.size(), requests);
    for (int i = 0; i < requests; ++i)
        attempts += m_rig->traces.at(i).attempts;
    QVERIFY2(attempts - requests <= requests / 10 + relay::RetryBudget::reserve, QByteArray::number(attempts - requests).constData());
    QVERIFY2(attempts - requests >= requests / 10, QByteArray::number(attempts - requests).constData());
    QVERIFY(failed > 0);
    QVERIFY(m_rig->decode().start());
}

QTEST_GUILESS_MAIN(TstBreaker)
#include "tst_breaker.moc"
