// SPDX-License-Identifier: Apache-2.0

// What probes make of a server's health: T86-T88, T95 of the HTTP reference as rules.
#include "fleet/health_tracker.h"
#include "fleet/server_status.h"
#include "util/random.h"

#include <QTest>

using namespace pdlb;
using namespace pdlb::fleet;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

char letter(const HealthRecord &record)
{
    switch (record.health()) {
    case Health::Unknown: return record.isFailing() ? 's' : '?';
    case Health::Up: return 'u';
    case Health::Degraded: return 'd';
    case Health::Down: return 'x';
    }
    return '!';
}

/// One probe a second: g good, b bad, p good but for a part of the server; a: it answered a request.
QByteArray play(const QByteArray &script, const HealthRules &rules, HealthRecord &record, int *cameBack = nullptr)
{
    Monotonic now = 1h;
    HealthTracker tracker(record, now);
    QByteArray seen;
    for (const char c : script) {
        now += 1s;
        if (c == 'a') {
            tracker.answered(now);
        } else {
            tracker.setPartProblem(c == 'p' ? u"its bootstrap server does not answer"_s : QString());
            const auto result = tracker.probed(c == 'b' ? u"connection refused"_s : QString(), rules, now);
            if (cameBack && result.cameBack)
                ++*cameBack;
        }
        seen += letter(record);
    }
    return seen;
}

} // namespace

class TstHealthRules : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void states_data();
    void states();
    void reasons();
    void forgotten();
    void cameBack();
    void flapping_data();
    void flapping();
    void status_data();
    void status();
};

void TstHealthRules::states_data()
{
    QTest::addColumn<QByteArray>("script");
    QTest::addColumn<QByteArray>("states"); // ? unknown, s starting, u up, d degraded, x down
    QTest::addColumn<int>("grace"); // seconds
    const auto row = [](const char *name, const char *script, const char *states, int grace = 1800) {
        QCOMPARE(strlen(script), strlen(states));
        QTest::newRow(name) << QByteArray(script) << QByteArray(states) << grace;
    };
    row("first good probe", "g", "u");
    row("answered a request", "a", "u");
    row("starting", "bbbbbbg", "ssssssu");
    row("starting, but answered a request", "bbab", "ssuu");
    row("the grace is over", "bbbbbbbg", "sssxxxxx", 4);
    row("no grace", "bbbgg", "ssxxu", 0);
    row("T86: fails twice, then is well", "gggggggbbggggggg", "uuuuuuudddddduuu");
    row("T87: fails three times", "gggggggbbb", "uuuuuuuddx");
    row("T87: soon after the start", "gbbbb", "uuuxx");
    row("T88: two good probes", "gbbbgg", "uuuxxu");
    row("T88: not two in a row", "gbbbgbgbg", "uuuxxxxxx");
    row("an answer does not bring it back", "gbbba", "uuuxx");
    row("only a part fails", "pppp", "dddd");
    row("a part fails later", "gggggggpgggggg", "uuuuuuuddddddu");
    row("down, and back without the part", "gbbbpp", "uuuxxd");
}

void TstHealthRules::states()
{
    QFETCH(QByteArray, script);
    QFETCH(QByteArray, states);
    QFETCH(int, grace);
    HealthRules rules;
    rules.startupGrace = std::chrono::seconds(grace);
    HealthRecord record;
    QCOMPARE(play(script, rules, record), states);
}

void TstHealthRules::reasons()
{
    HealthRecord record;
    play("bb", {}, record);
    QCOMPARE(record.report().reason, u"starting: connection refused"_s);
    HealthRecord down;
    play("gbbbb", {}, down);
    QCOMPARE(down.report().reason, u"4 probes failed: connection refused"_s);
    QCOMPARE(down.report().since, Monotonic(1h + 4s)); // the third one
    HealthRecord back;
    play("gbbbg", {}, back);
    QCOMPARE(back.report().reason, u"1 of 2 probes are good again"_s);
    HealthRecord blip;
    play("gbb", {}, blip);
    QCOMPARE(blip.report().reason, u"2 of 3 probes failed: connection refused"_s);
    HealthRecord part;
    play("p", {}, part);
    QCOMPARE(part.report().reason, u"its bootstrap server does not answer"_s);
    HealthRecord good;
    play("gbg", {}, good);
    QCOMPARE(good.report().reason, QString());
}

void TstHealthRules::forgotten()
{
    HealthRecord record;
    HealthTracker tracker(record, 1h);
    tracker.probed({}, {}, 1h);
    tracker.forget(u"disabled"_s, 2h);
    QCOMPARE(letter(record), '?');
    QCOMPARE(record.report().reason, u"disabled"_s);
    tracker.probed(u"no"_s, {}, 3h); // its grace began anew at 2 h
    QCOMPARE(letter(record), 's');
}

void TstHealthRules::cameBack()
{
    HealthRecord record;
    int count = 0;
    play("ggggg", {}, record, &count);
    QCOMPARE(count, 0);
    play("gbggg", {}, record, &count);
    QCOMPARE(count, 1);
    count = 0;
    play("gbbbbgbgggbgg", {}, record, &count);
    QCOMPARE(count, 2);
}

void TstHealthRules::flapping_data()
{
    QTest::addColumn<QByteArray>("script");
    QTest::newRow("T95: every other") << QByteArray("gb").repeated(30);
    QTest::newRow("two and one") << QByteArray("ggb").repeated(20);
    QTest::newRow("one and two") << QByteArray("gbb").repeated(20);
    QTest::newRow("two and two") << QByteArray("ggbb").repeated(15);
    QTest::newRow("the longest way") << QByteArray("ggbbb").repeated(12);
    SeededRandom random(95);
    for (int seed = 0; seed < 20; ++seed) {
        QByteArray script;
        for (int i = 0; i < 60; ++i)
            script += "gbp"[random.below(3)];
        QTest::addRow("random %d", seed) << script;
    }
}

void TstHealthRules::flapping()
{
    QFETCH(QByteArray, script);
    HealthRecord record;
    const HealthRules rules;
    const QByteArray states = play(script, rules, record);
    const auto changes = [&](qsizetype from, qsizetype to, auto &&counts) {
        int count = 0;
        for (qsizetype i = std::max<qsizetype>(from, 1); i < to; ++i)
            count += states[i] != states[i - 1] && counts(states[i - 1], states[i]);
        return count;
    };
    // Out of service and back takes fall + rise probes; between up and degraded it changes once in that time.
    const int window = rules.rise + rules.fall;
    for (qsizetype i = 0; i + window <= states.size(); ++i) {
        QVERIFY2(changes(i, i + window, [](char, char to) { return to == 'x'; }) <= 1, states.constData());
        QVERIFY2(changes(i, i + window, [](char from, char) { return from == 'x'; }) <= 1, states.constData());
        QVERIFY2(changes(i, i + window, [](char from, char to) { return from != 'x' && to != 'x'; }) <= 1, states.constData());
    }
    if (QByteArrayView(QTest::currentDataTag()).startsWith("T95"))
        QVERIFY2(changes(0, states.size(), [](char, char) { return true; }) <= states.size() / window, states.constData());
}

void TstHealthRules::status_data()
{
    using Change = std::function<void(Server &)>;
    QTest::addColumn<Change>("change");
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QString>("reason"); // a part
    const auto row = [](const char *name, const char *status, const char *reason, const Change &change) {
        QTest::newRow(name) << change << QByteArray(status) << QString::fromUtf8(reason);
    };
    const auto fail = [](Server &s, int times) {
        for (int i = 0; i < times; ++i)
            s.state->breaker.failed(*s.state->breaker.enter(1h), {}, 1h);
    };
    row("nothing known", "unknown", "", [](Server &) {});
    row("starting", "starting", "why", [](Server &s) { s.state->health.set(Health::Unknown, true, u"why"_s, 1h); });
    row("up", "up", "", [](Server &s) { s.state->health.set(Health::Up, false, {}, 1h); });
    row("degraded", "degraded", "why", [](Server &s) { s.state->health.set(Health::Degraded, true, u"why"_s, 1h); });
    row("down", "down", "why", [](Server &s) { s.state->health.set(Health::Down, true, u"why"_s, 1h); });
    row("disabled", "disabled", "switched off", [](Server &s) { s.config.enabled = false; });
    row("draining", "draining", "3 requests", [](Server &s) {
        s.config.enabled = false;
        s.state->inFlight = 3;
    });
    row("breaker open", "down", "5 requests in a row failed; no further one for 9.0 s", [=](Server &s) {
        s.state->health.set(Health::Up, false, {}, 1h);
        fail(s, 5);
    });
    row("breaker half open", "degraded", "one at a time", [=](Server &s) {
        fail(s, 5);
        s.state->breaker.halfOpen();
    });
    row("down and breaker open", "down", "why", [=](Server &s) {
        fail(s, 5);
        s.state->health.set(Health::Down, true, u"why"_s, 1h);
    });
}

void TstHealthRules::status()
{
    QFETCH(std::function<void(Server &)>, change);
    QFETCH(QByteArray, name);
    QFETCH(QString, reason);
    Server server;
    server.state = std::make_shared<ServerState>();
    change(server);
    const ServerStatus status = serverStatus(server, 1h + 1s);
    QCOMPARE(status.name, name);
    QVERIFY2(status.reason.contains(reason) && (!reason.isEmpty() || status.reason.isEmpty()), qPrintable(status.reason));
}

QTEST_APPLESS_MAIN(TstHealthRules)
#include "tst_health_rules.moc"
