// SPDX-License-Identifier: Apache-2.0
#include "fleet/pick_pair.h"

#include <QTest>

#include <cmath>

using namespace pdlb;
using namespace pdlb::fleet;
using namespace Qt::StringLiterals;

namespace {

Config makeConfig(int prefills, int decodes)
{
    Config config;
    for (int i = 0; i < prefills; ++i)
        config.prefill.append({u"http://p%1:1"_s.arg(i), {}});
    for (int i = 0; i < decodes; ++i)
        config.decode.append({u"http://d%1:1"_s.arg(i)});
    return config;
}

} // namespace

class TstFleet : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void randomSpreadsEvenly();
    void roundRobinCoversEveryPair_data();
    void roundRobinCoversEveryPair();
    void avoidsTheFailedPair_data();
    void avoidsTheFailedPair();
    void makesPoliciesByName();
    void origins_data();
    void origins();
    void bootstrapPorts_data();
    void bootstrapPorts();
    void validation_data();
    void validation();
    void discoveredPorts();
    void joiningPrefillWaitsForItsPort();
    void applyKeepsWhatStays();
    void pairing();
    void pins();
    void health();
    void serverLimits();
};

void TstFleet::randomSpreadsEvenly()
{
    Fleet fleet;
    QVERIFY(fleet.apply(makeConfig(3, 4)));
    SeededRandom random(7);
    QHash<std::pair<qsizetype, qsizetype>, int> seen;
    constexpr int rounds = 12000;
    for (int i = 0; i < rounds; ++i) {
        const auto picked = pickPair(*fleet.snapshot(), {}, random);
        QVERIFY(picked);
        ++seen[{picked->pair.prefill, picked->pair.decode}];
    }
    QCOMPARE(seen.size(), 12);
    for (const int count : std::as_const(seen))
        QVERIFY2(count > rounds / 12 * 8 / 10 && count < rounds / 12 * 12 / 10, qPrintable(QString::number(count)));
}

void TstFleet::roundRobinCoversEveryPair_data()
{
    QTest::addColumn<int>("prefills");
    QTest::addColumn<int>("decodes");
    for (const auto &[p, d] : {std::pair(1, 1), std::pair(2, 2), std::pair(3, 3), std::pair(2, 4), std::pair(4, 6), std::pair(5, 3)})
        QTest::addRow("%dP%dD", p, d) << p << d;
}

void TstFleet::roundRobinCoversEveryPair()
{
    QFETCH(int, prefills);
    QFETCH(int, decodes);
    Fleet fleet;
    Config config = makeConfig(prefills, decodes);
    config.policy = u"round_robin"_s;
    QVERIFY(fleet.apply(config));
    SeededRandom random(1);
    QSet<std::pair<qsizetype, qsizetype>> pairs;
    QList<int> perPrefill(prefills, 0);
    QList<int> perDecode(decodes, 0);
    for (int i = 0; i < prefills * decodes; ++i) {
        const Pair pair = pickPair(*fleet.snapshot(), {}, random)->pair;
        pairs.insert({pair.prefill, pair.decode});
        ++perPrefill[pair.prefill];
        ++perDecode[pair.decode];
    }
    QCOMPARE(pairs.size(), qsizetype(prefills) * decodes);
    QCOMPARE(perPrefill, QList<int>(prefills, decodes));
    QCOMPARE(perDecode, QList<int>(decodes, prefills));
}

void TstFleet::avoidsTheFailedPair_data()
{
    QTest::addColumn<QString>("policy");
    for (const QString &name : policyNames())
        QTest::newRow(qPrintable(name)) << name;
}

void TstFleet::avoidsTheFailedPair()
{
    QFETCH(QString, policy);
    SeededRandom random(3);
    for (const auto &[p, d] : {std::pair(2, 2), std::pair(1, 3), std::pair(3, 1), std::pair(1, 1)}) {
        Fleet fleet;
        Config config = makeConfig(p, d);
        config.policy = policy;
        QVERIFY(fleet.apply(config));
        for (int i = 0; i < 200; ++i) {
            const Pair failed{i % p, i % d};
            const SnapshotPtr snapshot = fleet.snapshot();
            const std::array<const ServerState *, 2> states{snapshot->prefill[size_t(failed.prefill)].state.get(),
                                                            snapshot->decode[size_t(failed.decode)].state.get()};
            const auto picked = pickPair(*snapshot, {.avoid = states}, random);
            QVERIFY(picked);
            const Pair pair = picked->pair;
            QVERIFY(pair.prefill >= 0 && pair.prefill < p && pair.decode >= 0 && pair.decode < d);
            if (p > 1)
                QVERIFY(pair.prefill != failed.prefill);
            if (d > 1)
                QVERIFY(pair.decode != failed.decode);
        }
    }
}

void TstFleet::makesPoliciesByName()
{
    for (const QString &name : policyNames())
        QCOMPARE((*makePolicy(name, {}))->name(), name.toUtf8());
    QVERIFY(!makePolicy(u"nonsense"_s, {}));
    QVERIFY(!makePolicy({}, {}));
}

void TstFleet::origins_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("url"); // empty: refused
    QTest::addColumn<QString>("bootstrapHost"); // or a part of the message
    const auto good = [](const char *text, const char *url, const char *host) {
        QTest::newRow(text) << QString::fromUtf8(text) << QString::fromUtf8(url) << QString::fromUtf8(host);
    };
    const auto bad = [&](const char *text, const char *message) { good(text, "", message); };
    good("http://10.0.0.1:8000", "http://10.0.0.1:8000", "10.0.0.1");
    good("http://host:8000/", "http://host:8000", "host");
    good("HTTP://Host:8000", "http://host:8000", "host");
    good("host:8000", "http://host:8000", "host");
    good("  http://host:1  ", "http://host:1", "host");
    good("http://host", "http://host:80", "host");
    good("https://host", "https://host:443", "host");
    good("http://[::1]:8000", "http://[::1]:8000", "[::1]");
    good("http://[fe80::1]", "http://[fe80::1]:80", "[fe80::1]");
    good("http://host:1/base/path/", "http://host:1/base/path", "host");
    bad("ftp://host:1", "scheme");
    bad("http://", "host");
    bad("", "empty");
    bad("http://u:p@host:1", "user info");
    bad("http://host:1?x=1", "query");
    bad("http://host:1#f", "fragment");
    bad("http://host:0", "port 0");
    bad("http://host:70000", "valid");
    bad("http://ho st:1", "valid");
}

void TstFleet::origins()
{
    QFETCH(QString, text);
    QFETCH(QString, url);
    QFETCH(QString, bootstrapHost);
    const auto origin = upstream::parseOrigin(text);
    QCOMPARE(origin.has_value(), !url.isEmpty());
    if (!origin) {
        QVERIFY2(origin.error().message.contains(bootstrapHost), qPrintable(origin.error().message));
        return;
    }
    QCOMPARE(QString::fromUtf8(origin->url()), url);
    QCOMPARE(QString::fromUtf8(origin->bracketedHost()), bootstrapHost);
}

void TstFleet::bootstrapPorts_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("good");
    QTest::addColumn<BootstrapPort>("port");
    const auto row = [](const char *text, bool good, const BootstrapPort &port = {}) {
        QTest::newRow(text) << QString::fromUtf8(text) << good << port;
    };
    row("8998", true, BootstrapPort::fixed(8998));
    row("1", true, BootstrapPort::fixed(1));
    row("65535", true, BootstrapPort::fixed(65535));
    row("none", true, BootstrapPort::none());
    row("NONE", true, BootstrapPort::none());
    row("auto", true);
    row("Auto", true);
    for (const char *bad : {"0", "65536", "-1", "", "8998x", "8.5", "null", " 5", "+5", "\u0665"})
        row(bad, false);
}

void TstFleet::bootstrapPorts()
{
    QFETCH(QString, text);
    QFETCH(bool, good);
    QFETCH(BootstrapPort, port);
    const auto parsed = BootstrapPort::parse(text);
    QCOMPARE(parsed.has_value(), good);
    if (good)
        QVERIFY(*parsed == port);
    else
        QVERIFY2(parsed.error().message.contains(u'"' + text + u'"'), qPrintable(parsed.error().message));
}

void TstFleet::validation_data()
{
    using Change = std::function<void(Config &)>;
    QTest::addColumn<Change>("change");
    QTest::addColumn<QString>("message"); // a part; empty: valid
    const auto row = [](const char *name, const char *message, const Change &change) {
        QTest::newRow(name) << change << QString::fromUtf8(message);
    };
    row("good", "", [](Config &) {});
    row("https with auto", "", [](Config &c) { c.decode = {{u"https://d:1"_s}}; });
    row("no prefill", "--prefill URL", [](Config &c) { c.prefill.clear(); });
    row("no decode", "--decode URL", [](Config &c) { c.decode.clear(); });
    row("bad prefill", "\"nonsense://x\"", [](Config &c) { c.prefill.append({u"nonsense://x"_s, {}}); });
    row("bad decode", "\"http://\"", [](Config &c) { c.decode.append({u"http://"_s}); });
    row("https with direct", "--transport direct", [](Config &c) {
        c.decode = {{u"https://d:1"_s}};
        c.transport = TransportKind::Direct;
    });
    row("policy", "known are: random, round_robin", [](Config &c) { c.policy = u"best"_s; });
    row("policy of SGLang's router", "nearest to it is consistent_hash", [](Config &c) { c.policies.decode = u"manual"_s; });
    row("another name of a policy", "", [](Config &c) { c.policies.prefill = u"cache_aware"_s; });
    row("policy plugin", "there is no such file", [](Config &c) { c.policies.prefill = u"plugin:/no/such.so"_s; });
    row("hash key in the body", "", [](Config &c) { c.policies.hashKey = u"body:user id"_s; });
    for (const char *key : {"", "x-user", "header:", "header:a b", "body:", "cookie:x"}) {
        row(qPrintable(u"hash key "_s + QLatin1StringView(key)), "expected header:NAME, or body:MEMBER",
            [key](Config &c) { c.policies.hashKey = QString::fromLatin1(key); });
    }
    row("cache threshold", "(--cache-threshold) is nan", [](Config &c) { c.policies.cacheThreshold = std::nan(""); });
    row("balance", "(--balance-rel-threshold) is 0.5", [](Config &c) { c.policies.balanceRel = 0.5; });
    row("tree", "(--max-tree-bytes) is 1000", [](Config &c) { c.policies.maxTreeBytes = 1000; });
    row("load interval", "(--load-interval) is 0", [](Config &c) { c.policies.loadInterval = {}; });
    row("workers", "workers (--workers) is 257", [](Config &c) { c.workers = 257; });
    row("negative workers", "workers (--workers) is -1", [](Config &c) { c.workers = -1; });
    row("no limit of bodies", "", [](Config &c) { c.maxBody = 0; });
    row("negative limit", "(--max-body-memory) is -1", [](Config &c) { c.maxBodyMemory = -1; });
    row("tiny request line", "(--max-request-line) is 10; expected 64", [](Config &c) { c.maxRequestLine = 10; });
    row("no header fields", "(--max-headers) is 0", [](Config &c) { c.maxHeaders = 0; });
    row("API key", "", [](Config &c) { c.apiKeys = {"secret"}; });
    row("empty API key", "API key is empty", [](Config &c) { c.apiKeys = {"secret", ""}; });
    row("API key with a space", "API key is empty or holds", [](Config &c) { c.apiKeys = {"sec ret"}; });
    row("empty engine key", "engines' API key is empty", [](Config &c) { c.engineApiKey = ""; });
    row("CORS origin", "", [](Config &c) { c.corsOrigins = {"https://chat.example:8443"}; });
    row("CORS origin with a path", "CORS origin \"https://a/b\"", [](Config &c) { c.corsOrigins = {"https://a/b"}; });
    row("any CORS origin", "CORS origin \"*\"", [](Config &c) { c.corsOrigins = {"*"}; });
    row("certificate without key", "--tls-key", [](Config &c) { c.tlsCertFile = u"cert.pem"_s; });
    row("timeout", "(--stream-idle-timeout) is -1", [](Config &c) { c.streamIdleTimeout = std::chrono::seconds(-1); });
}

void TstFleet::validation()
{
    QFETCH(std::function<void(Config &)>, change);
    QFETCH(QString, message);
    Config config = makeConfig(1, 1);
    change(config);
    const auto valid = config.validate();
    QCOMPARE(valid.has_value(), message.isEmpty());
    if (!valid)
        QVERIFY2(valid.error().message.contains(message), qPrintable(valid.error().message));
}

void TstFleet::discoveredPorts()
{
    Config config = makeConfig(3, 1);
    config.prefill[1].bootstrapPort = BootstrapPort::fixed(7000);
    config.prefill[2].bootstrapPort = BootstrapPort::none();
    Fleet fleet;
    QVERIFY(fleet.apply(config));
    const SnapshotPtr before = fleet.snapshot();
    for (const char *name : {"p1", "p2", "p3", "p4"})
        fleet.setDiscoveredPort(name, quint16(8998));
    const SnapshotPtr after = fleet.snapshot();
    QCOMPARE(after->prefill[0].bootstrapPort, std::optional<quint16>(8998));
    QCOMPARE(after->prefill[1].bootstrapPort, std::optional<quint16>(7000));
    QCOMPARE(after->prefill[2].bootstrapPort, std::optional<quint16>());
    QCOMPARE(before->prefill[0].bootstrapPort, std::optional<quint16>()); // a snapshot never changes
    QCOMPARE(after->version, before->version + 1);
    QCOMPARE(after->prefill[0].state, before->prefill[0].state);
}

void TstFleet::joiningPrefillWaitsForItsPort()
{
    Config config = makeConfig(1, 1);
    Fleet fleet;
    QVERIFY(fleet.apply(config));
    QVERIFY(!fleet.snapshot()->prefill[0].portPending); // the start waits by itself
    config.prefill.append({.url = u"http://new:1"_s, .name = u"new"_s});
    config.prefill.append({.url = u"http://told:1"_s, .bootstrapPort = BootstrapPort::fixed(7), .name = u"told"_s});
    config.decode.append({.url = u"http://dnew:1"_s, .name = u"dnew"_s});
    QVERIFY(fleet.apply(config));
    QVERIFY(fleet.snapshot()->find(Role::Prefill, "new")->portPending);
    QVERIFY(!fleet.snapshot()->find(Role::Prefill, "told")->portPending);
    QVERIFY(!fleet.snapshot()->find(Role::Decode, "dnew")->portPending);
    QVERIFY(fleet.apply(config));
    QVERIFY(fleet.snapshot()->find(Role::Prefill, "new")->portPending); // another change does not end it
    SeededRandom random(1);
    const auto picked = [&] {
        QSet<QByteArray> names;
        for (int i = 0; i < 100; ++i) {
            const SnapshotPtr snapshot = fleet.snapshot();
            names.insert(snapshot->prefill[size_t(pickPair(*snapshot, {}, random)->pair.prefill)].name);
        }
        return names;
    };
    QVERIFY(!picked().contains("new"));
    fleet.setDiscoveredPort("new", {}); // it does not tell
    QVERIFY(picked().contains("new"));
}

void TstFleet::applyKeepsWhatStays()
{
    Config config = makeConfig(2, 2);
    Fleet fleet;
    QVERIFY(fleet.apply(config));
    fleet.setDiscoveredPort("p1", quint16(8998));
    const SnapshotPtr before = fleet.snapshot();

    config.prefill[1].url = u"http://other:1"_s; // another engine by the same name
    config.decode.removeFirst(); // the one that is left was d2 and is d1 now, since it has no name of its own
    config.decode.append({.url = u"http://d0:1"_s, .name = u"first"_s});
    QVERIFY(fleet.apply(config));
    const SnapshotPtr after = fleet.snapshot();
    QCOMPARE(after->prefill[0].state, before->prefill[0].state);
    QCOMPARE(after->prefill[0].bootstrapPort, std::optional<quint16>(8998));
    QVERIFY(after->prefill[1].state != before->prefill[1].state);
    QVERIFY(after->decode[0].state != before->decode[0].state);
    QCOMPARE(after->decode[0].name, "d1"_ba);
    QVERIFY(after->find(Role::Decode, "first"));
    QVERIFY(!after->find(Role::Prefill, "first"));
    QCOMPARE(after->prefillPolicy, before->prefillPolicy);
    QCOMPARE(before->decode.size(), size_t(2));

    config.policies.decode = u"round_robin"_s;
    QVERIFY(fleet.apply(config));
    QVERIFY(fleet.snapshot()->decodePolicy != before->decodePolicy);
}

namespace {

/// Every pair that is picked in many rounds, as "p1/d2".
QSet<QByteArray> pickedPairs(const Fleet &fleet, const QByteArray &pin = {})
{
    SeededRandom random(11);
    const SnapshotPtr snapshot = fleet.snapshot();
    QSet<QByteArray> seen;
    for (int i = 0; i < 300; ++i) {
        if (const auto picked = pickPair(*snapshot, {.pin = pin}, random))
            seen += snapshot->prefill[size_t(picked->pair.prefill)].name + '/' + snapshot->decode[size_t(picked->pair.decode)].name;
        else
            seen += picked.error().code;
    }
    return seen;
}

} // namespace

void TstFleet::pairing()
{
    Config config = makeConfig(2, 2);
    Fleet fleet;
    config.prefill[0].group = config.decode[1].group = u"a"_s;
    config.prefill[1].group = config.decode[0].group = u"b"_s;
    config.pairing = Pairing::Group;
    QVERIFY(fleet.apply(config));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"p1/d2", "p2/d1"}));

    config.pairs = {{.prefill = u"p1"_s, .decode = u"d1"_s}, {.prefill = u"p2"_s, .decode = u"d1"_s, .enabled = false}};
    QVERIFY(fleet.apply(config));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"p1/d1", "p1/d2"})); // p2 has no decode left

    config.pairing = Pairing::Any;
    QVERIFY(fleet.apply(config));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"p1/d1", "p1/d2", "p2/d2"}));

    config.pairing = Pairing::Listed;
    QVERIFY(fleet.apply(config));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"p1/d1"}));

    config.decode[0].enabled = false;
    QVERIFY(fleet.apply(config));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"no_pair"}));
    config.decode[1].enabled = false;
    QVERIFY(fleet.apply(config));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"no_enabled_server"}));
}

void TstFleet::pins()
{
    Config config = makeConfig(2, 2);
    config.pairs = {{.prefill = u"p1"_s, .decode = u"d1"_s, .enabled = false}};
    Fleet fleet;
    QVERIFY(fleet.apply(config));
    QCOMPARE(pickedPairs(fleet, "p1/d1"), QSet<QByteArray>({"p1/d1"})); // who names both means both
    QCOMPARE(pickedPairs(fleet, "p1/*"), QSet<QByteArray>({"p1/d2"}));
    QCOMPARE(pickedPairs(fleet, "*/d2"), QSet<QByteArray>({"p1/d2", "p2/d2"}));
    QCOMPARE(pickedPairs(fleet, "*/*"), QSet<QByteArray>({"p1/d2", "p2/d1", "p2/d2"}));
    QCOMPARE(pickedPairs(fleet, "p3/d1"), QSet<QByteArray>({"unknown_server"}));
    QCOMPARE(pickedPairs(fleet, "d1/p1"), QSet<QByteArray>({"unknown_server"}));
    for (const char *bad : {"p1", "/", "p1/", "/d1"})
        QCOMPARE(pickedPairs(fleet, bad), QSet<QByteArray>({"invalid_pair"}));

    fleet.snapshot()->prefill[1].state->health.set(Health::Down, true, u"test"_s, Monotonic(1));
    QCOMPARE(pickedPairs(fleet, "p2/*"), QSet<QByteArray>({"p2/d1", "p2/d2"}));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"p1/d2"}));
    config.prefill[1].enabled = false;
    QVERIFY(fleet.apply(config));
    QCOMPARE(pickedPairs(fleet, "p2/d1"), QSet<QByteArray>({"server_disabled"}));
}

void TstFleet::health()
{
    Config config = makeConfig(2, 1);
    Fleet fleet;
    QVERIFY(fleet.apply(config));
    auto &first = fleet.snapshot()->prefill[0].state->health;
    auto &second = fleet.snapshot()->prefill[1].state->health;
    first.set(Health::Unknown, true, u"starting"_s, Monotonic(1));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"p2/d1"}));
    second.set(Health::Degraded, true, u"1 probe failed"_s, Monotonic(1));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"p2/d1"}));
    second.set(Health::Down, true, u"3 probes failed"_s, Monotonic(2));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"p1/d1", "p2/d1"})); // nothing better is left
    config.onNoHealthy = OnNoHealthy::Fail;
    QVERIFY(fleet.apply(config));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"no_healthy_server"}));
    QVERIFY(first.set(Health::Up, false, {}, Monotonic(3)));
    QVERIFY(!first.set(Health::Up, false, {}, Monotonic(4)));
    QCOMPARE(first.report().since, Monotonic(3));
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"p1/d1"}));
}

void TstFleet::serverLimits()
{
    Config config = makeConfig(2, 1);
    config.serverMaxInFlight = 2;
    config.prefill[1].maxInFlight = 1;
    Fleet fleet;
    QVERIFY(fleet.apply(config));
    const SnapshotPtr snapshot = fleet.snapshot();
    snapshot->prefill[1].state->inFlight = 1;
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"p1/d1"}));
    snapshot->prefill[0].state->inFlight = 2;
    QCOMPARE(pickedPairs(fleet), QSet<QByteArray>({"servers_busy"}));
}

QTEST_APPLESS_MAIN(TstFleet)
#include "tst_fleet.moc"
