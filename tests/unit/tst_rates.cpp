// SPDX-License-Identifier: Apache-2.0

// How much clients may ask and how much may be retried.
#include "edge/rate_limiter.h"
#include "relay/retry_budget.h"

#include <QTest>

#include <thread>

using namespace pdlb;
using namespace std::chrono_literals;

class TstRates : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void bucket();
    void defaultBurst_data();
    void defaultBurst();
    void bounded();
    void names();
    void retryBudget();
    void retryBudgetInThreads();
    void retryPauses();
};

void TstRates::bucket()
{
    edge::RateLimiter limiter;
    const RateRules rules{.perSecond = 2, .burst = 3};
    Monotonic now = 1h;
    for (int i = 0; i < 3; ++i)
        QCOMPARE(limiter.take("a", rules, now), Monotonic(0));
    const Monotonic wait = limiter.take("a", rules, now);
    QCOMPARE(wait, Monotonic(500ms));
    QCOMPARE(limiter.take("a", rules, now), wait); // a refused one costs nothing
    QCOMPARE(limiter.take("b", rules, now), Monotonic(0));
    QVERIFY(limiter.take("a", rules, now + wait - 1ms) > Monotonic(0));
    QCOMPARE(limiter.take("a", rules, now + wait), Monotonic(0)); // what was told is true
    now += 1h;
    for (int i = 0; i < 3; ++i)
        QCOMPARE(limiter.take("a", rules, now), Monotonic(0));
    QVERIFY(limiter.take("a", rules, now) > Monotonic(0)); // no more than the burst is saved up
    int passed = 0;
    for (int i = 0; i < 100; ++i)
        passed += limiter.take("a", rules, now += 100ms) == Monotonic(0);
    QCOMPARE(passed, 20);
    QCOMPARE(limiter.take("a", {}, now), Monotonic(0)); // no limit
}

void TstRates::defaultBurst_data()
{
    QTest::addColumn<double>("perSecond");
    QTest::addColumn<double>("burst");
    QTest::addColumn<int>("atOnce");
    QTest::newRow("as the rate") << 5.0 << 0.0 << 5;
    QTest::newRow("at least one") << 0.1 << 0.0 << 1;
    QTest::newRow("given") << 0.1 << 4.0 << 4;
    QTest::newRow("fast") << 1e6 << 2.0 << 2;
}

void TstRates::defaultBurst()
{
    QFETCH(double, perSecond);
    QFETCH(double, burst);
    QFETCH(int, atOnce);
    edge::RateLimiter limiter;
    int passed = 0;
    for (int i = 0; i < 20; ++i)
        passed += limiter.take("a", {.perSecond = perSecond, .burst = burst}, 1h) == Monotonic(0);
    QCOMPARE(passed, atOnce);
}

void TstRates::bounded()
{
    edge::RateLimiter limiter;
    const RateRules rules{.perSecond = 0.001, .burst = 1};
    const qsizetype more = edge::RateLimiter::most + 1000;
    for (qsizetype i = 0; i < more; ++i)
        limiter.take(QByteArray::number(i), rules, 1h);
    QCOMPARE(limiter.size(), edge::RateLimiter::most);
    QVERIFY(limiter.take(QByteArray::number(more - 1), rules, 1h) > Monotonic(0));
    QCOMPARE(limiter.take("0", rules, 1h), Monotonic(0)); // forgotten
}

void TstRates::names()
{
    const auto name = [](const char *address) { return edge::rateName({}, QHostAddress(QString::fromLatin1(address))); };
    QCOMPARE(name("10.0.0.1"), name("::ffff:10.0.0.1"));
    QVERIFY(name("10.0.0.1") != name("10.0.0.2"));
    QCOMPARE(name("2001:db8::1"), name("2001:db8::ffff:1"));
    QVERIFY(name("2001:db8::1") != name("2001:db8:0:1::1"));
    const QByteArray key = edge::rateName("secret", QHostAddress(QHostAddress::LocalHost));
    QCOMPARE(key, edge::rateName("secret", QHostAddress(QHostAddress::LocalHostIPv6)));
    QVERIFY(!key.contains("secret"));
}

void TstRates::retryBudget()
{
    relay::RetryBudget budget;
    const RetryRules rules; // a tenth
    for (int i = 0; i < relay::RetryBudget::reserve; ++i)
        QVERIFY(budget.take(rules));
    QVERIFY(!budget.take(rules));
    for (int i = 0; i < 9; ++i)
        budget.earn(rules);
    QVERIFY(!budget.take(rules));
    budget.earn(rules);
    QVERIFY(budget.take(rules));
    QVERIFY(!budget.take(rules));
    for (int i = 0; i < 100000; ++i)
        budget.earn(rules);
    int taken = 0;
    while (taken < 1000 && budget.take(rules))
        ++taken;
    QCOMPARE(taken, int(relay::RetryBudget::most));
    RetryRules unlimited;
    unlimited.budget = 0;
    QVERIFY(budget.take(unlimited));
}

void TstRates::retryBudgetInThreads()
{
    relay::RetryBudget budget;
    const RetryRules rules;
    std::atomic<int> taken{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int k = 0; k < 10000; ++k) {
                    budget.earn(rules);
                    taken += budget.take(rules);
                }
            });
        }
    }
    QVERIFY(taken >= 3900); // whoever takes all he can gets all there is
    QVERIFY(taken <= 4000 + relay::RetryBudget::reserve);
}

void TstRates::retryPauses()
{
    SeededRandom random(5);
    RetryRules rules;
    QCOMPARE(relay::retryPause(rules, 1, random), 0ms);
    rules.initialBackoff = 100ms;
    rules.multiplier = 2;
    rules.longestBackoff = 1s;
    rules.jitter = 0;
    for (const auto &[number, pause] : {std::pair(1, 100ms), {2, 200ms}, {3, 400ms}, {4, 800ms}, {5, 1000ms}, {5000, 1000ms}})
        QCOMPARE(relay::retryPause(rules, number, random), pause);
    rules.jitter = 0.2;
    std::chrono::milliseconds least = 1h;
    std::chrono::milliseconds most{0};
    for (int i = 0; i < 1000; ++i) {
        const auto pause = relay::retryPause(rules, 2, random);
        least = std::min(least, pause);
        most = std::max(most, pause);
    }
    QVERIFY(least >= 160ms && least < 170ms);
    QVERIFY(most <= 240ms && most > 230ms);
}

QTEST_APPLESS_MAIN(TstRates)
#include "tst_rates.moc"
