// SPDX-License-Identifier: Apache-2.0

// Rules of fault injection: what is understood, what is refused, and to which legs they apply.
#include "config/config.h"
#include "inject/faulty_leg.h"

#include <QTest>
#include <QTimer>

using namespace pdlb;
using namespace pdlb::inject;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

trace::Timeline request(const QByteArray &model = "llama")
{
    trace::Timeline timeline;
    timeline.model = model;
    timeline.stream = true;
    return timeline;
}

/// An engine's leg of which the test says what happens.
class FakeLeg final : public upstream::Leg
{
public:
    using Leg::Leg;
    using Leg::observer;
    bool isReady() const override { return true; }
    void send() override { ++sends; }
    void pause() override {}
    void resume() override {}
    void abort() override {}
    bool wroteAnything() const override { return sends > 0; }
    bool reusedConnection() const override { return false; }

    int sends = 0;
};

Injection injectionOf(const QString &rule)
{
    Injector injector;
    SeededRandom chance(1);
    injector.setRules({rule, u"-> delay 1ms"_s});
    return injector.forLeg(request(), false, 0ns, chance);
}

} // namespace

class TstFaultRules : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void understood_data();
    void understood();
    void refused_data();
    void refused();
    void conditionsAndLegs();
    void counts();
    void probability();
    void several();
    void rulesThatStayKeepTheirCounts();
    void configuration();
    void wrongRooms();
    void nothingFollowsAbort();
    void nothingFollowsTheEnd();
};

void TstFaultRules::understood_data()
{
    QTest::addColumn<QString>("expected"); // leg kind value probability count
    const auto row = [](const char *rule, const char *expected) { QTest::newRow(rule) << QString::fromLatin1(expected); };
    row("-> delay 500ms", "decode 0 500 1 -");
    row("->delay 2s", "decode 0 2000 1 -");
    row("leg:decode -> delay 1.5s", "decode 0 1500 1 -");
    row("leg:prefill model:x -> delay 20", "prefill 0 20 1 -");
    row("model:x LEG:Prefill -> status 503", "prefill 1 503 1 -");
    row("-> drop after 10 events", "decode 2 10 1 -");
    row("-> Drop After 1 event, probability 1%", "decode 2 1 0.01 -");
    row("-> stall after 0 events, count 5, probability 0.25", "decode 3 0 0.25 5");
    row("-> cut", "decode 4 0 1 -");
    row("leg:prefill -> wrong-room ,count 1", "prefill 5 0 1 1");
    row("\"a -> b\" -> cut", "decode 4 0 1 -");
}

void TstFaultRules::understood()
{
    const auto rule = parseFaultRule(QString::fromUtf8(QTest::currentDataTag()));
    if (!rule)
        QFAIL(qPrintable(rule.error().message));
    const qint64 value = rule->delay.count() + rule->status + rule->events;
    QTEST(u"%1 %2 %3 %4 %5"_s.arg(rule->prefill ? u"prefill"_s : u"decode"_s).arg(int(rule->kind)).arg(value).arg(rule->probability)
              .arg(rule->count ? QString::number(*rule->count) : u"-"_s), "expected");
}

void TstFaultRules::refused_data()
{
    QTest::addColumn<QString>("says");
    const auto row = [](const char *rule, const char *says) { QTest::newRow(rule) << QString::fromLatin1(says); };
    row("delay 5s", "expected \"FILTER -> ACTION\"");
    row("->", "an action is missing");
    row("-> explode", "\"explode\" is no action; known are delay");
    row("-> delay", "\"delay\" is no action");
    row("-> delay soon", "delay \"soon\": expected a time");
    row("-> delay -5ms", "expected a time");
    row("-> delay 1e9s", "expected a time");
    row("-> delay nan", "expected a time");
    row("-> status 200", "status \"200\": expected 400 to 599");
    row("-> drop after many events", "expected \"drop after N events\"");
    row("-> stall", "expected \"stall after N events\"");
    row("-> cut, count 0", "count \"0\"");
    row("-> cut, probability 2", "probability \"2\"");
    row("-> cut, probability nan", "probability \"nan\"");
    row("-> cut, sometimes", "\"sometimes\": expected \"probability P\"");
    row("-> cut,", "a comma with nothing behind it");
    row("nonsense:x -> cut", "column 1: \"nonsense\" is no key");
    row("leg:prefill ttft>abc -> cut", "column 18: expected a duration");
    row("(leg:prefill or -> cut", "column");
}

void TstFaultRules::refused()
{
    const auto rule = parseFaultRule(QString::fromUtf8(QTest::currentDataTag()));
    QVERIFY(!rule);
    QFETCH(QString, says);
    QVERIFY2(rule.error().message.contains(says), qPrintable(rule.error().message));
    QVERIFY(!parseFaultRule(QString(10'000, u'x') + u"-> cut"_s));
}

void TstFaultRules::conditionsAndLegs()
{
    Injector injector;
    SeededRandom chance(1);
    QVERIFY(!injector.isActive());
    injector.setRules({u"model:llama -> status 503"_s, u"leg:prefill is:stream -> delay 5ms"_s});
    QVERIFY(injector.isActive());
    QCOMPARE(injector.forLeg(request(), false, 0ns, chance).fault->status, 503);
    QVERIFY(!injector.forLeg(request("qwen"), false, 0ns, chance).fault);
    const Injection prefill = injector.forLeg(request(), true, 0ns, chance);
    QVERIFY(!prefill.fault);
    QCOMPARE(prefill.delay, 5ms);
    QCOMPARE(prefill.rules, QByteArrayList{"leg:prefill is:stream -> delay 5ms"});
    injector.setRules({});
    QVERIFY(!injector.isActive());
}

void TstFaultRules::counts()
{
    Injector injector;
    SeededRandom chance(1);
    injector.setRules({u"-> cut, count 2"_s});
    int applied = 0;
    for (int i = 0; i < 5; ++i)
        applied += injector.forLeg(request(), false, 0ns, chance).fault ? 1 : 0;
    QCOMPARE(applied, 2);
    QCOMPARE(injector.status().front().applied, 2);
    QCOMPARE(injector.status().front().left, std::optional<qint64>(0));
}

void TstFaultRules::probability()
{
    Injector injector;
    SeededRandom chance(7);
    injector.setRules({u"-> cut, probability 25%"_s, u"leg:prefill -> cut, probability 0"_s});
    int applied = 0;
    for (int i = 0; i < 10'000; ++i) {
        applied += injector.forLeg(request(), false, 0ns, chance).fault ? 1 : 0;
        QVERIFY(!injector.forLeg(request(), true, 0ns, chance).fault);
    }
    QVERIFY2(applied > 2300 && applied < 2700, qPrintable(QString::number(applied)));
}

void TstFaultRules::several()
{
    Injector injector;
    SeededRandom chance(1);
    injector.setRules({u"-> delay 5ms"_s, u"-> cut, count 1"_s, u"-> status 500"_s, u"-> delay 6ms"_s, u"-> wrong-room"_s});
    const Injection first = injector.forLeg(request(), false, 0ns, chance);
    QCOMPARE(first.delay, 11ms); // delays add up
    QCOMPARE(first.fault->kind, FaultKind::Cut); // of the others the first one
    QVERIFY(first.wrongRoom);
    QCOMPARE(first.rules.size(), 4);
    QCOMPARE(injector.forLeg(request(), false, 0ns, chance).fault->kind, FaultKind::Status);
}

void TstFaultRules::rulesThatStayKeepTheirCounts()
{
    Injector injector;
    SeededRandom chance(1);
    injector.setRules({u"-> cut, count 5"_s});
    injector.forLeg(request(), false, 0ns, chance);
    injector.setRules({u"leg:prefill -> cut"_s, u"-> cut, count 5"_s, u"-> cut, count 5"_s});
    QCOMPARE(injector.status()[1].applied, 1);
    QCOMPARE(injector.status()[2].applied, 0); // the same text again is a rule of its own
}

void TstFaultRules::configuration()
{
    Config config;
    config.prefill = {{u"http://127.0.0.1:1"_s, {}}};
    config.decode = {{u"http://127.0.0.1:2"_s}};
    config.faults.rules = {u"-> cut"_s};
    QVERIFY(config.validate().error().message.contains(u"only injected with --allow-faults"));
    config.faults.allow = true;
    QVERIFY(config.validate());
    config.faults.rules += u"-> explode"_s;
    QCOMPARE(config.problems().first().path, u"$.faults.rules[1]"_s);
}

void TstFaultRules::wrongRooms()
{
    BytePieces body(QByteArrayLiteral(R"({"bootstrap_room":[7777777777,8888888888],"text":"777"})"));
    QCOMPARE(withWrongRooms(body, {7777777777, 8888888888}).toByteArray(), R"({"bootstrap_room":[7777777776,8888888889],"text":"777"})");
}

void TstFaultRules::nothingFollowsAbort()
{
    FaultyLeg leg(new FakeLeg, injectionOf(u"-> status 503"_s), nullptr);
    int heads = 0, others = 0;
    upstream::LegSignals told(&leg);
    connect(&told, &upstream::LegSignals::head, this, [&] {
        ++heads;
        leg.abort(); // as a relay does whose client is gone
    });
    connect(&told, &upstream::LegSignals::data, this, [&] { ++others; });
    connect(&told, &upstream::LegSignals::finished, this, [&] { ++others; });
    leg.send();
    QTRY_COMPARE(heads, 1);
    QCoreApplication::processEvents();
    QCOMPARE(others, 0);
}

void TstFaultRules::nothingFollowsTheEnd()
{
    auto *inner = new FakeLeg;
    FaultyLeg leg(inner, injectionOf(u"-> status 503"_s), nullptr);
    int heads = 0, ends = 0;
    upstream::LegSignals told(&leg);
    connect(&told, &upstream::LegSignals::head, this, [&] { ++heads; });
    connect(&told, &upstream::LegSignals::finished, this, [&] { ++ends; });
    leg.send();
    inner->observer().legFinished({upstream::LegEndKind::ConnectFailed, u"refused"_s}); // during the delay
    QCOMPARE(ends, 1);
    bool over = false;
    QTimer::singleShot(5ms, this, [&] { over = true; });
    QTRY_VERIFY(over);
    QCoreApplication::processEvents();
    QCOMPARE(heads, 0);
    QCOMPARE(ends, 1);
}

QTEST_GUILESS_MAIN(TstFaultRules)
#include "tst_fault_rules.moc"
