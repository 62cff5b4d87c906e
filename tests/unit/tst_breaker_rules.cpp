// SPDX-License-Identifier: Apache-2.0

// Breakers, limits and the taking of places, from one thread and from several: T91-T93 of the HTTP reference as rules.
#include "fleet/pick_pair.h"

#include <QTest>

#include <barrier>
#include <thread>

using namespace pdlb;
using namespace pdlb::fleet;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

constexpr Monotonic start = 1h;
const BreakerRules rules;

void failTimes(Breaker &breaker, int times, Monotonic now = start)
{
    for (int i = 0; i < times; ++i)
        breaker.failed(*breaker.enter(now), rules, now);
}

Config oneByOne()
{
    Config config;
    config.prefill = {{u"http://p0:1"_s}};
    config.decode = {{u"http://d0:1"_s}};
    return config;
}

} // namespace

class TstBreakerRules : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void opensAfterFailuresInARow();
    void doubles();
    void severalSuccesses();
    void neutralEnds();
    void endsFromBefore();
    void broughtBack();
    void hangingTrial();
    void switchedOff();
    void halfOpenRace();
    void refusesThePair();
    void limitRace();
    void waitsForWhom();
    void moreLegsThanTheLimit();
    void retryAfter();
};

void TstBreakerRules::opensAfterFailuresInARow() // T91
{
    Breaker breaker;
    failTimes(breaker, 4);
    breaker.succeeded(*breaker.enter(start), rules);
    failTimes(breaker, 4);
    QCOMPARE(breaker.report(start).state, Breaker::State::Closed);
    failTimes(breaker, 1);
    QCOMPARE(breaker.report(start).state, Breaker::State::Open);
    QCOMPARE(breaker.report(start + 1s).left, Monotonic(9s));
    QVERIFY(!breaker.enter(start + 10s - 1ns));
    QVERIFY(breaker.allows(start + 10s));
    const auto trial = breaker.enter(start + 10s);
    QVERIFY(trial && trial->trial);
    QVERIFY(!breaker.allows(start + 10s));
    QVERIFY(!breaker.enter(start + 10s)); // exactly one
    breaker.succeeded(*trial, rules);
    QCOMPARE(breaker.report(start + 10s).state, Breaker::State::Closed);
    failTimes(breaker, 4, start + 11s);
    QVERIFY(breaker.allows(start + 11s));
}

void TstBreakerRules::doubles()
{
    Breaker breaker;
    failTimes(breaker, 5);
    Monotonic now = start;
    for (const auto expected : {10s, 20s, 40s, 60s, 60s}) {
        QCOMPARE(breaker.report(now).left, Monotonic(expected));
        now += expected;
        const auto trial = breaker.enter(now);
        QVERIFY(trial && trial->trial);
        breaker.failed(*trial, rules, now);
    }
    QCOMPARE(breaker.report(now).openings, 6u);
    now += 60s;
    breaker.succeeded(*breaker.enter(now), rules);
    failTimes(breaker, 5, now);
    QCOMPARE(breaker.report(now).left, Monotonic(10s)); // from the beginning
}

void TstBreakerRules::severalSuccesses()
{
    BreakerRules three;
    three.successes = 3;
    Breaker breaker;
    failTimes(breaker, 5);
    for (int i = 0; i < 3; ++i) {
        QCOMPARE(breaker.report(start + 10s).state, Breaker::State::HalfOpen);
        const auto trial = breaker.enter(start + 10s);
        QVERIFY(trial && trial->trial);
        breaker.succeeded(*trial, three);
    }
    QCOMPARE(breaker.report(start + 10s).state, Breaker::State::Closed);
}

void TstBreakerRules::neutralEnds() // T92
{
    Breaker breaker;
    for (int i = 0; i < 100; ++i)
        breaker.withdrawn(*breaker.enter(start));
    failTimes(breaker, 4);
    breaker.withdrawn(*breaker.enter(start)); // neither for nor against it
    failTimes(breaker, 1);
    QCOMPARE(breaker.report(start).state, Breaker::State::Open);
    const auto cancelled = breaker.enter(start + 10s);
    QVERIFY(!breaker.enter(start + 10s));
    breaker.withdrawn(*cancelled);
    QVERIFY(breaker.enter(start + 10s)); // the place was given back
}

void TstBreakerRules::endsFromBefore()
{
    Breaker breaker;
    const auto old = *breaker.enter(start);
    const auto older = *breaker.enter(start);
    failTimes(breaker, 5);
    breaker.succeeded(old, rules);
    breaker.failed(old, rules, start + 5s);
    QCOMPARE(breaker.report(start).left, Monotonic(10s));
    const auto trial = breaker.enter(start + 10s);
    breaker.failed(old, rules, start + 10s);
    breaker.succeeded(older, rules);
    QCOMPARE(breaker.report(start + 10s).state, Breaker::State::HalfOpen);
    breaker.succeeded(*trial, rules);
    for (int i = 0; i < 20; ++i)
        breaker.failed(old, rules, start + 11s);
    QCOMPARE(breaker.report(start + 11s).state, Breaker::State::Closed);
    failTimes(breaker, 4, start + 12s);
    breaker.succeeded(old, rules);
    failTimes(breaker, 1, start + 12s);
    QCOMPARE(breaker.report(start + 12s).state, Breaker::State::Open);
}

void TstBreakerRules::broughtBack()
{
    Breaker breaker;
    breaker.halfOpen();
    QCOMPARE(breaker.report(start).state, Breaker::State::Closed);
    failTimes(breaker, 5);
    breaker.halfOpen();
    QCOMPARE(breaker.report(start).state, Breaker::State::HalfOpen);
    const auto trial = breaker.enter(start);
    QVERIFY(trial && trial->trial);
    QVERIFY(!breaker.enter(start));
}

void TstBreakerRules::hangingTrial()
{
    Breaker breaker;
    failTimes(breaker, 5);
    QVERIFY(breaker.enter(start + 10s));
    QVERIFY(!breaker.enter(start + 20s - 1ns));
    QVERIFY(breaker.enter(start + 20s));
}

void TstBreakerRules::switchedOff()
{
    BreakerRules off;
    off.enabled = false;
    Breaker breaker;
    for (int i = 0; i < 100; ++i)
        breaker.failed(*breaker.enter(start), off, start);
    QCOMPARE(breaker.report(start).state, Breaker::State::Closed);
}

void TstBreakerRules::halfOpenRace()
{
    for (int round = 0; round < 200; ++round) {
        Breaker breaker;
        failTimes(breaker, 5);
        std::atomic<int> passed{0};
        std::barrier together(4);
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 4; ++i) {
                threads.emplace_back([&] {
                    together.arrive_and_wait();
                    if (breaker.enter(start + 10s))
                        ++passed;
                });
            }
        }
        QCOMPARE(passed.load(), 1);
    }
}

void TstBreakerRules::refusesThePair() // T93
{
    Config config = oneByOne();
    for (const OnNoHealthy policy : {OnNoHealthy::Try, OnNoHealthy::Fail}) {
        config.onNoHealthy = policy;
        Fleet fleet;
        QVERIFY(fleet.apply(config));
        const SnapshotPtr snapshot = fleet.snapshot();
        SeededRandom random(1);
        failTimes(snapshot->prefill[0].state->breaker, 5);
        QCOMPARE(usableServers(*snapshot, Role::Prefill, start), 0);
        for (const char *pin : {"", "p1/*"}) {
            const auto picked = pickPair(*snapshot, {.now = start + 3s, .pin = pin}, random);
            QVERIFY(!picked);
            QCOMPARE(picked.error().code, "breaker_open");
            QCOMPARE(picked.error().retryAfterField(), "7");
            QCOMPARE(picked.error().wait, PickError::Wait::InVain);
        }
        QCOMPARE(snapshot->decode[0].state->inFlight, 0);
        const auto trial = pickPair(*snapshot, {.now = start + 10s}, random);
        QVERIFY(trial && trial->prefill.isTrial() && !trial->decode.isTrial());
        const auto second = pickPair(*snapshot, {.now = start + 10s}, random);
        QVERIFY(!second);
        QCOMPARE(second.error().code, "breaker_open");
    }
}

void TstBreakerRules::limitRace()
{
    Config config = oneByOne();
    config.serverMaxInFlight = 1;
    Fleet fleet;
    QVERIFY(fleet.apply(config));
    const SnapshotPtr snapshot = fleet.snapshot();
    constexpr int rounds = 50000;
    constexpr int racers = 4;
    std::atomic<int> got{0};
    int most = 0;
    std::barrier together(racers, [&]() noexcept { most = std::max(most, got.exchange(0)); });
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < racers; ++i) {
            threads.emplace_back([&] {
                for (int round = 0; round < rounds; ++round) {
                    together.arrive_and_wait();
                    const auto place = Place::take(snapshot->prefill[0], 1, rules, start);
                    if (place)
                        ++got;
                    together.arrive_and_wait(); // nobody gives his back before all have tried
                }
            });
        }
    }
    QCOMPARE(most, 1);
    QCOMPARE(snapshot->prefill[0].state->inFlight, 0);
    QCOMPARE(snapshot->decode[0].state->inFlight, 0);
}

void TstBreakerRules::waitsForWhom()
{
    Config config;
    config.prefill = {{u"http://p0:1"_s}, {u"http://p1:1"_s}};
    config.decode = {{u"http://d0:1"_s}};
    config.prefill[0].maxInFlight = config.prefill[1].maxInFlight = 1;
    Fleet fleet;
    QVERIFY(fleet.apply(config));
    const SnapshotPtr snapshot = fleet.snapshot();
    SeededRandom random(1);
    const auto first = pickPair(*snapshot, {.now = start, .pin = "p1/*"}, random);
    QVERIFY(first);
    const auto pinned = pickPair(*snapshot, {.now = start, .pin = "p1/*"}, random);
    QVERIFY(!pinned);
    QCOMPARE(pinned.error().wait, PickError::Wait::ForServer);
    // Better to wait for a healthy one than to go to one that is down.
    snapshot->prefill[1].state->health.set(Health::Down, true, {}, start);
    const auto healthy = pickPair(*snapshot, {.now = start}, random);
    QVERIFY(!healthy);
    QCOMPARE(healthy.error().wait, PickError::Wait::ForAnyServer);
    snapshot->prefill[1].state->health.set(Health::Up, false, {}, start);
    const auto second = pickPair(*snapshot, {.now = start}, random);
    QVERIFY(second);
    const auto third = pickPair(*snapshot, {.now = start}, random);
    QVERIFY(!third);
    QCOMPARE(third.error().wait, PickError::Wait::ForAnyServer);
}

void TstBreakerRules::moreLegsThanTheLimit()
{
    Config config = oneByOne();
    config.serverMaxInFlight = 4;
    Fleet fleet;
    QVERIFY(fleet.apply(config));
    const SnapshotPtr snapshot = fleet.snapshot();
    SeededRandom random(1);
    auto three = pickPair(*snapshot, {.legs = 3, .now = start}, random);
    QVERIFY(three);
    QVERIFY(!pickPair(*snapshot, {.legs = 2, .now = start}, random));
    QVERIFY(pickPair(*snapshot, {.legs = 1, .now = start}, random));
    QVERIFY(!pickPair(*snapshot, {.legs = 8, .now = start}, random));
    three->prefill.legOver();
    QCOMPARE(snapshot->prefill[0].state->inFlight, 2);
    three = tl::unexpected(PickError{});
    QCOMPARE(snapshot->prefill[0].state->inFlight, 0);
    QVERIFY(pickPair(*snapshot, {.legs = 8, .now = start}, random)); // else it would wait for ever
}

void TstBreakerRules::retryAfter()
{
    const auto field = [](int status, Monotonic time) { return ApiError{status, "x", {}, {}, time}.retryAfterField(); };
    QCOMPARE(field(503, 0s), "1");
    QCOMPARE(field(429, 1ms), "1");
    QCOMPARE(field(503, 1001ms), "2");
    QCOMPARE(field(503, 60s), "60");
    QCOMPARE(field(400, 60s), QByteArray());
}

QTEST_APPLESS_MAIN(TstBreakerRules)
#include "tst_breaker_rules.moc"
