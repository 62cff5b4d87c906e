// SPDX-License-Identifier: Apache-2.0
#include "fleet/policy.h"

#include <QTest>

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
        config.decode.append(u"http://d%1:1"_s.arg(i));
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
};

void TstFleet::randomSpreadsEvenly()
{
    Fleet fleet(makeConfig(3, 4));
    SeededRandom random(7);
    const auto policy = makePolicy(u"random"_s);
    QHash<std::pair<qsizetype, qsizetype>, int> seen;
    constexpr int rounds = 12000;
    for (int i = 0; i < rounds; ++i) {
        const Pair pair = policy->pick(*fleet.snapshot(), {}, random);
        ++seen[{pair.prefill, pair.decode}];
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
    Fleet fleet(makeConfig(prefills, decodes));
    SeededRandom random(1);
    const auto policy = makePolicy(u"round_robin"_s);
    QSet<std::pair<qsizetype, qsizetype>> pairs;
    QList<int> perPrefill(prefills, 0);
    QList<int> perDecode(decodes, 0);
    for (int i = 0; i < prefills * decodes; ++i) {
        const Pair pair = policy->pick(*fleet.snapshot(), {}, random);
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
        Fleet fleet(makeConfig(p, d));
        const auto made = makePolicy(policy);
        for (int i = 0; i < 200; ++i) {
            const Pair failed{i % p, i % d};
            const Pair pair = made->pick(*fleet.snapshot(), {.avoid = failed}, random);
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
        QCOMPARE(makePolicy(name)->name(), name.toUtf8());
    QVERIFY(!makePolicy(u"nonsense"_s));
    QVERIFY(!makePolicy({}));
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
    row("https with auto", "", [](Config &c) { c.decode = {u"https://d:1"_s}; });
    row("no prefill", "--prefill URL", [](Config &c) { c.prefill.clear(); });
    row("no decode", "--decode URL", [](Config &c) { c.decode.clear(); });
    row("bad prefill", "\"nonsense://x\"", [](Config &c) { c.prefill.append({u"nonsense://x"_s, {}}); });
    row("bad decode", "\"http://\"", [](Config &c) { c.decode.append(u"http://"_s); });
    row("https with direct", "--transport direct", [](Config &c) {
        c.decode = {u"https://d:1"_s};
        c.transport = TransportKind::Direct;
    });
    row("policy", "known are: random, round_robin", [](Config &c) { c.policy = u"best"_s; });
    row("workers", "workers 257", [](Config &c) { c.workers = 257; });
    row("negative workers", "workers -1", [](Config &c) { c.workers = -1; });
    row("no limit of bodies", "", [](Config &c) { c.maxBody = 0; });
    row("negative limit", "negative (-1)", [](Config &c) { c.maxBodyMemory = -1; });
    row("tiny request line", "request line is 10 bytes", [](Config &c) { c.maxRequestLine = 10; });
    row("no header fields", "header fields are 0", [](Config &c) { c.maxHeaders = 0; });
    row("API key", "", [](Config &c) { c.apiKeys = {"secret"}; });
    row("empty API key", "API key is empty", [](Config &c) { c.apiKeys = {"secret", ""}; });
    row("API key with a space", "API key is empty or holds", [](Config &c) { c.apiKeys = {"sec ret"}; });
    row("empty engine key", "engines' API key is empty", [](Config &c) { c.engineApiKey = ""; });
    row("CORS origin", "", [](Config &c) { c.corsOrigins = {"https://chat.example:8443"}; });
    row("CORS origin with a path", "CORS origin \"https://a/b\"", [](Config &c) { c.corsOrigins = {"https://a/b"}; });
    row("any CORS origin", "CORS origin \"*\"", [](Config &c) { c.corsOrigins = {"*"}; });
    row("certificate without key", "--tls-key", [](Config &c) { c.tlsCertFile = u"cert.pem"_s; });
    row("timeout", "negative", [](Config &c) { c.streamIdleTimeout = std::chrono::seconds(-1); });
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
    Fleet fleet(config);
    const SnapshotPtr before = fleet.snapshot();
    for (qsizetype i = 0; i < 3; ++i)
        fleet.setDiscoveredPort(i, quint16(8998));
    const SnapshotPtr after = fleet.snapshot();
    QCOMPARE(after->prefill[0].bootstrapPort, std::optional<quint16>(8998));
    QCOMPARE(after->prefill[1].bootstrapPort, std::optional<quint16>(7000));
    QCOMPARE(after->prefill[2].bootstrapPort, std::optional<quint16>());
    QCOMPARE(before->prefill[0].bootstrapPort, std::optional<quint16>()); // a snapshot never changes
    QCOMPARE(after->version, before->version + 1);
    QCOMPARE(after->prefill[0].counters, before->prefill[0].counters);
}

QTEST_APPLESS_MAIN(TstFleet)
#include "tst_fleet.moc"
