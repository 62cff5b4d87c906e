// SPDX-License-Identifier: Apache-2.0

// What each policy promises, without servers.
#include "config/config_fields.h"
#include "fleet/policy_registry.h"
#include "fleet/prefix_table.h"
#include "util/stable_hash.h"

#include <QFile>
#include <QLibraryInfo>
#include <QTemporaryDir>
#include <QTest>
#include <QtEndian>

#include <deque>
#include <thread>

using namespace pdlb;
using namespace pdlb::fleet;
using namespace Qt::StringLiterals;

namespace {

/// Servers "s0", "s1", … as a policy sees them.
class Servers
{
public:
    explicit Servers(int count, const QList<int> &weights = {})
    {
        for (int i = 0; i < count; ++i)
            m_names.append("s" + QByteArray::number(i));
        for (int i = 0; i < count; ++i)
            list.push_back({stableHash(m_names[i]), m_names[i], weights.value(i, 1)});
    }
    std::vector<Candidate> without(size_t index) const
    {
        std::vector<Candidate> rest = list;
        rest.erase(rest.begin() + qsizetype(index));
        return rest;
    }
    std::vector<Candidate> list;

private:
    QList<QByteArray> m_names;
};

PolicyPtr make(const QString &name, const PolicyRules &rules = {})
{
    const auto policy = makePolicy(name, rules);
    return policy ? *policy : nullptr;
}

QByteArray randomText(Random &random, qsizetype size)
{
    QByteArray text;
    while (text.size() < size)
        text += QByteArray::number(random.next64(), 36);
    text.truncate(size);
    return text;
}

/// How often each server is picked in `rounds` requests, of which `running` run at a time, each with a key and a prompt
/// of its own.
QList<int> shares(Policy &policy, std::vector<Candidate> servers, int rounds, size_t running)
{
    SeededRandom random(17);
    QList<int> counts(qsizetype(servers.size()), 0);
    std::deque<qsizetype> legs;
    for (int i = 0; i < rounds; ++i) {
        const QByteArray key = randomText(random, 12);
        const QByteArray prompt = randomText(random, 600);
        const qsizetype picked = policy.pick(servers, {.hashKey = key, .prompt = prompt}, random);
        ++counts[picked];
        ++servers[size_t(picked)].inFlight;
        legs.push_back(picked);
        if (legs.size() > running) {
            --servers[size_t(legs.front())].inFlight;
            legs.pop_front();
        }
    }
    return counts;
}

void everyPolicy()
{
    QTest::addColumn<QString>("name");
    for (const QString &name : policyNames())
        QTest::newRow(qPrintable(name)) << name;
}

bool isNear(int count, double expected, double tolerance)
{
    return std::abs(count - expected) <= tolerance * expected;
}

} // namespace

class TstPolicies : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void indexIsAlwaysValid_data() { everyPolicy(); }
    void indexIsAlwaysValid();
    void spreadsEvenly_data() { everyPolicy(); }
    void spreadsEvenly();
    void followsWeights_data();
    void followsWeights();
    void manyThreads_data() { everyPolicy(); }
    void manyThreads();

    void weightedIsSmooth();
    void weightedMeetsAllPairs();
    void leastInFlight();
    void powerOfTwo();
    void leastLoad();
    void sameKeySameServer();
    void fewKeysMove_data();
    void fewKeysMove();
    void withoutKey();
    void samePrefixSameServer();
    void longestPrefixWins();
    void prefixFallsBack();
    void prefixTableForgetsTheOldest();
    void memoryOfPromptsIsBounded();
    void names();
    void plugins_data();
    void plugins();
};

/// Also while servers come and go, and for whatever a request has or lacks.
void TstPolicies::indexIsAlwaysValid()
{
    QFETCH(QString, name);
    const PolicyPtr policy = make(name, {.maxTreeBytes = 64 * 1024});
    QVERIFY(policy);
    SeededRandom random(5);
    for (int round = 0; round < 4000; ++round) {
        Servers servers(int(1 + random.below(round % 50 == 0 ? 200 : 6)));
        for (Candidate &candidate : servers.list) {
            candidate.weight = int(1 + random.below(random.below(3) == 0 ? 64'000'000 : 5));
            candidate.inFlight = qint64(random.below(300));
            if (random.below(2) == 0)
                candidate.load = double(random.below(1000));
        }
        if (servers.list.size() > 1)
            servers.list = servers.without(random.below(servers.list.size()));
        const QByteArray text = randomText(random, qsizetype(random.below(3000)));
        const RequestTraits traits{.prefill = random.below(2) == 0, .peers = qsizetype(1 + random.below(9)),
                                   .model = QByteArrayView(text).first(std::min<qsizetype>(text.size(), 3)),
                                   .hashKey = random.below(2) == 0 ? QByteArrayView() : text,
                                   .prompt = random.below(2) == 0 ? QByteArrayView() : text};
        const qsizetype picked = policy->pick(servers.list, traits, random);
        QVERIFY2(picked >= 0 && picked < qsizetype(servers.list.size()), qPrintable(QString::number(picked)));
    }
}

void TstPolicies::spreadsEvenly()
{
    QFETCH(QString, name);
    const PolicyPtr policy = make(name);
    constexpr int rounds = 8000;
    const QList<int> counts = shares(*policy, Servers(5).list, rounds, 20);
    for (const int count : counts)
        QVERIFY2(isNear(count, rounds / 5.0, 0.1), qPrintable(QString::number(count)));
}

void TstPolicies::followsWeights_data()
{
    QTest::addColumn<QString>("name");
    QTest::addColumn<double>("tolerance");
    QTest::newRow("weighted") << u"weighted"_s << 0.01;
    QTest::newRow("consistent_hash") << u"consistent_hash"_s << 0.07;
    QTest::newRow("least_in_flight") << u"least_in_flight"_s << 0.05;
    QTest::newRow("least_load") << u"least_load"_s << 0.05;
    QTest::newRow("prefix_affinity") << u"prefix_affinity"_s << 0.05;
}

void TstPolicies::followsWeights()
{
    QFETCH(QString, name);
    QFETCH(double, tolerance);
    constexpr int rounds = 10000;
    const QList<int> counts = shares(*make(name), Servers(4, {1, 2, 3, 4}).list, rounds, 200);
    for (int i = 0; i < 4; ++i)
        QVERIFY2(isNear(counts[i], rounds * (i + 1) / 10.0, tolerance), qPrintable(QString::number(counts[i])));
}

void TstPolicies::manyThreads()
{
    QFETCH(QString, name);
    const PolicyPtr policy = make(name, {.maxTreeBytes = 64 * 1024});
    constexpr int threads = 4;
    std::vector<std::thread> running;
    std::atomic<int> wrong{0};
    std::atomic<int> picks{0};
    for (int t = 0; t < threads; ++t) {
        running.emplace_back([&, t] {
            SeededRandom random{quint32(t)};
            for (int i = 0; i < 5000; ++i) {
                const Servers servers(1 + (i + t) % 9);
                const QByteArray text = randomText(random, 100 + i % 900);
                const qsizetype picked = policy->pick(servers.list, {.prefill = t % 2 == 0, .hashKey = text, .prompt = text}, random);
                wrong += picked < 0 || picked >= qsizetype(servers.list.size());
                ++picks;
            }
        });
    }
    for (std::thread &thread : running)
        thread.join();
    QCOMPARE(picks.load(), threads * 5000);
    QCOMPARE(wrong.load(), 0);
}

/// The heavy server gets its turns all over the time, not in a row.
void TstPolicies::weightedIsSmooth()
{
    const PolicyPtr policy = make(u"weighted"_s);
    const Servers servers(3, {5, 1, 1});
    SeededRandom random(1);
    QList<int> turns;
    for (int i = 0; i < 700; ++i)
        turns.append(int(policy->pick(servers.list, {}, random)));
    for (qsizetype i = 0; i + 7 <= turns.size(); ++i) {
        const auto heavy = std::count(turns.begin() + i, turns.begin() + i + 7, 0);
        QVERIFY2(heavy >= 4, qPrintable(QString::number(heavy)));
    }
    for (const int light : {1, 2}) {
        QVERIFY(std::abs(turns.count(light) - 100) <= 2);
        for (qsizetype i = 0; i + 14 <= turns.size(); ++i)
            QVERIFY(std::count(turns.begin() + i, turns.begin() + i + 14, light) >= 1);
    }
}

void TstPolicies::weightedMeetsAllPairs()
{
    const PolicyPtr prefill = make(u"weighted"_s), decode = make(u"weighted"_s);
    const Servers servers(3, {1, 2, 1});
    SeededRandom random(1);
    QHash<std::pair<qsizetype, qsizetype>, int> pairs;
    constexpr int rounds = 16000;
    for (int i = 0; i < rounds; ++i)
        ++pairs[{prefill->pick(servers.list, {.prefill = true}, random), decode->pick(servers.list, {.prefill = false}, random)}];
    QCOMPARE(pairs.size(), 9);
    for (auto pair = pairs.cbegin(); pair != pairs.cend(); ++pair) {
        const int weight = servers.list[size_t(pair.key().first)].weight * servers.list[size_t(pair.key().second)].weight;
        QVERIFY2(isNear(*pair, rounds * weight / 16.0, 0.05), qPrintable(QString::number(*pair)));
    }
}

void TstPolicies::leastInFlight()
{
    const PolicyPtr policy = make(u"least_in_flight"_s);
    Servers servers(4, {1, 1, 4, 1});
    SeededRandom random(1);
    const auto pickedOf = [&](const QList<qint64> &legs) {
        QSet<qsizetype> seen;
        for (qsizetype i = 0; i < legs.size(); ++i)
            servers.list[size_t(i)].inFlight = legs[i];
        for (int i = 0; i < 200; ++i)
            seen += policy->pick(servers.list, {}, random);
        return seen;
    };
    QCOMPARE(pickedOf({3, 2, 12, 5}), QSet<qsizetype>({1}));
    QCOMPARE(pickedOf({3, 2, 7, 5}), QSet<qsizetype>({2}));
    QCOMPARE(pickedOf({3, 2, 8, 2}), QSet<qsizetype>({1, 2, 3}));
    QCOMPARE(pickedOf({0, 0, 0, 0}), QSet<qsizetype>({0, 1, 2, 3}));
}

void TstPolicies::powerOfTwo()
{
    const PolicyPtr policy = make(u"power_of_two"_s);
    Servers servers(4);
    for (size_t i = 0; i < 4; ++i)
        servers.list[i].inFlight = qint64(i);
    SeededRandom random(1);
    QList<int> counts(4, 0);
    for (int i = 0; i < 6000; ++i)
        ++counts[policy->pick(servers.list, {}, random)];
    // Of the six ways to draw two, so many have it as the less busy one.
    for (int i = 0; i < 4; ++i)
        QVERIFY2(isNear(counts[i], 6000 * (3 - i) / 6.0, 0.08), qPrintable(QString::number(counts[i])));
}

void TstPolicies::leastLoad()
{
    const PolicyPtr policy = make(u"least_load"_s);
    QCOMPARE(policy->wants(), int(Policy::Load));
    Servers servers(3);
    SeededRandom random(1);
    for (size_t i = 0; i < 3; ++i)
        servers.list[i].inFlight = qint64(i);
    QCOMPARE(policy->pick(servers.list, {}, random), 0); // nobody says anything
    servers.list[0].load = 40;
    servers.list[1].load = 30;
    QCOMPARE(policy->pick(servers.list, {}, random), 2); // two legs, and silent
    servers.list[2].load = 35;
    QCOMPARE(policy->pick(servers.list, {}, random), 1);
}

void TstPolicies::sameKeySameServer()
{
    const PolicyPtr one = make(u"consistent_hash"_s), other = make(u"consistent_hash"_s);
    QCOMPARE(one->wants(), int(Policy::HashKey));
    for (const QList<int> &weights : {QList<int>(), QList<int>{1, 5, 1, 2, 1, 1, 1}}) {
        const Servers servers(7, weights);
        std::vector<Candidate> reversed(servers.list.rbegin(), servers.list.rend());
        for (Candidate &candidate : reversed)
            candidate.inFlight = 50; // another balancer has other legs
        SeededRandom random(1), others(2);
        for (int i = 0; i < 2000; ++i) {
            const QByteArray key = randomText(random, 1 + i % 40);
            const qsizetype picked = one->pick(servers.list, {.hashKey = key}, random);
            QCOMPARE(servers.list[size_t(picked)].id, reversed[size_t(other->pick(reversed, {.hashKey = key}, others))].id);
        }
    }
}

void TstPolicies::fewKeysMove_data()
{
    QTest::addColumn<QList<int>>("weights");
    QTest::newRow("equal") << QList<int>();
    QTest::newRow("weighted") << QList<int>{1, 2, 3, 1, 2, 3, 1, 2};
    QTest::newRow("equal but one") << QList<int>{1, 1, 1, 4, 1, 1, 1, 1}; // equal once that one has gone
}

void TstPolicies::fewKeysMove()
{
    QFETCH(QList<int>, weights);
    const PolicyPtr policy = make(u"consistent_hash"_s);
    const Servers servers(8, weights);
    constexpr size_t gone = 3;
    const std::vector<Candidate> rest = servers.without(gone);
    SeededRandom random(1);
    QSet<quint64> heirs;
    for (int i = 0; i < 4000; ++i) {
        const QByteArray key = randomText(random, 16);
        const quint64 before = servers.list[size_t(policy->pick(servers.list, {.hashKey = key}, random))].id;
        const quint64 after = rest[size_t(policy->pick(rest, {.hashKey = key}, random))].id;
        if (before == servers.list[gone].id)
            heirs += after;
        else
            QCOMPARE(after, before);
    }
    QCOMPARE(heirs.size(), 7); // its keys went to all the others
}

void TstPolicies::withoutKey()
{
    Servers servers(3);
    servers.list[0].inFlight = servers.list[2].inFlight = 4;
    SeededRandom random(1);
    for (int i = 0; i < 20; ++i)
        QCOMPARE(make(u"consistent_hash"_s)->pick(servers.list, {}, random), 1);
}

void TstPolicies::samePrefixSameServer()
{
    const PolicyPtr policy = make(u"prefix_affinity"_s);
    QCOMPARE(policy->wants(), int(Policy::Prompt));
    const Servers servers(6);
    SeededRandom random(1);
    // Conversations that grow, of all lengths, all at the same time.
    QList<QByteArray> prompts;
    QList<quint64> homes(40, 0);
    for (int i = 0; i < 40; ++i)
        prompts.append(randomText(random, 150 + i * i * i));
    for (int turn = 0; turn < 5; ++turn) {
        for (qsizetype i = 0; i < prompts.size(); ++i) {
            const quint64 id = servers.list[size_t(policy->pick(servers.list, {.model = "m", .prompt = prompts[i]}, random))].id;
            if (turn > 0)
                QCOMPARE(id, homes[i]);
            homes[i] = id;
            prompts[i] += randomText(random, prompts[i].size() / 3);
        }
    }
    QCOMPARE(QSet<quint64>(homes.begin(), homes.end()).size(), 6);
    // Another model has another cache: with many prompts some server differs.
    int moved = 0;
    for (qsizetype i = 0; i < prompts.size(); ++i)
        moved += servers.list[size_t(policy->pick(servers.list, {.model = "other", .prompt = prompts[i]}, random))].id != homes[i];
    QVERIFY(moved > 20);
}

void TstPolicies::longestPrefixWins()
{
    const PolicyPtr policy = make(u"prefix_affinity"_s);
    Servers servers(3);
    SeededRandom random(1);
    const QByteArray system = randomText(random, 1024);
    const QByteArray longer = system + randomText(random, 1024);
    const auto pickOnly = [&](size_t server, const QByteArray &prompt) {
        const std::vector<Candidate> one{servers.list[server]};
        QCOMPARE(policy->pick(one, {.prompt = prompt}, random), 0);
    };
    pickOnly(0, system);
    pickOnly(2, longer);
    servers.list[2].inFlight = 9;
    QCOMPARE(policy->pick(servers.list, {.prompt = longer + randomText(random, 100)}, random), 2);
    QCOMPARE(policy->pick(servers.list, {.prompt = system + randomText(random, 100)}, random), 0); // of both that know it, the idle one
    // The one that knows most is gone, another one knows a part.
    QCOMPARE(policy->pick(servers.without(2), {.prompt = longer}, random), 0);
}

void TstPolicies::prefixFallsBack()
{
    const PolicyPtr policy = make(u"prefix_affinity"_s, {.cacheThreshold = 0.5, .balanceAbs = 10, .balanceRel = 2});
    Servers servers(3);
    SeededRandom random(1);
    const QByteArray known = randomText(random, 2048);
    const std::vector<Candidate> first{servers.list[0]};
    policy->pick(first, {.prompt = known}, random);
    const auto pick = [&](qint64 legs, qint64 others, const QByteArray &prompt) {
        servers.list[0].inFlight = legs;
        servers.list[1].inFlight = servers.list[2].inFlight = others;
        servers.list[2].inFlight += 1;
        return policy->pick(servers.list, {.prompt = prompt}, random);
    };
    QCOMPARE(pick(5, 0, known), 0);
    QCOMPARE(pick(5, 0, known.first(1024) + randomText(random, 1000)), 0); // half of it is known
    QCOMPARE(pick(5, 0, known.first(1024) + randomText(random, 3000)), 1); // a quarter
    QCOMPARE(pick(10, 0, known), 0);
    QCOMPARE(pick(40, 25, known), 0); // far apart, but not twice as many
    QCOMPARE(pick(11, 0, known), 1); // both
    QCOMPARE(pick(5, 0, randomText(random, 20)), 1); // shorter than a block
    QCOMPARE(pick(5, 0, {}), 1);
}

void TstPolicies::prefixTableForgetsTheOldest()
{
    auto table = PrefixTable::create(1);
    QVERIFY(table);
    // One set of eight places.
    quint32 now = 0;
    for (quint64 prefix = 1; prefix <= 8; ++prefix)
        table->remember(prefix, quint32(100 + prefix), now += 100);
    table->remember(1, 200, now += 100);
    table->remember(9, 109, now += 100);
    QCOMPARE(table->owners(1), (PrefixTable::Owners{200, 101, 0})); // used again meanwhile
    QCOMPARE(table->owners(2), (PrefixTable::Owners{}));
    QCOMPARE(table->owners(3), (PrefixTable::Owners{103, 0, 0}));
    QCOMPARE(table->owners(9), (PrefixTable::Owners{109, 0, 0}));
    for (const quint32 server : {7u, 8u, 200u, 9u})
        table->remember(1, server, now);
    QCOMPARE(table->owners(1), (PrefixTable::Owners{9, 200, 8}));
    table->remember(1, 8, now);
    QCOMPARE(table->owners(1), (PrefixTable::Owners{8, 9, 200}));
    // The counter wraps: what was used just before is not the oldest.
    table = PrefixTable::create(1);
    now = ~0u - 300;
    for (quint64 prefix = 1; prefix <= 9; ++prefix)
        table->remember(prefix, 1, now += 100);
    QCOMPARE(table->owners(1)[0], 0u);
    for (quint64 prefix = 2; prefix <= 9; ++prefix)
        QCOMPARE(table->owners(prefix)[0], 1u);
}

/// Prompts that have nothing in common, more than fit in 64 MiB by far.
void TstPolicies::memoryOfPromptsIsBounded()
{
    const auto resident = [] {
        QFile file(u"/proc/self/statm"_s);
        return file.open(QIODevice::ReadOnly) ? file.readAll().split(' ').value(1).toLongLong() * 4096 : 0;
    };
    constexpr qint64 limit = qint64(64) << 20;
    const PolicyPtr policy = make(u"prefix_affinity"_s, {.maxTreeBytes = limit});
    const Servers servers(8);
    SeededRandom random(1);
    QByteArray prompt = randomText(random, 32 * 1024);
    const QByteArray kept = randomText(random, 4096);
    const auto home = policy->pick(servers.list, {.prompt = kept}, random);
    const qint64 before = resident();
    QVERIFY(before > 0);
    // 64 prefixes each, 7 million in all; 4 million fit.
    for (int i = 0; i < 110'000; ++i) {
        qToLittleEndian(i, prompt.data());
        policy->pick(servers.list, {.prompt = prompt}, random);
        if (i % 1000 == 0) // one that is used is not lost among them
            QCOMPARE(policy->pick(servers.list, {.prompt = kept}, random), home);
    }
    const qint64 grown = resident() - before;
    QVERIFY2(grown > limit / 2 && grown <= limit + (1 << 20), qPrintable(QString::number(grown)));
    QCOMPARE(policy->pick(servers.list, {.prompt = kept}, random), home);
    QVERIFY(!makePolicy(u"prefix_affinity"_s, {.maxTreeBytes = qint64(1) << 48}));
}

void TstPolicies::names()
{
    const auto fields = configFields();
    const auto field = std::find_if(fields.begin(), fields.end(), [](const auto &f) { return f.key == "policy"_ba; });
    QVERIFY(field != fields.end());
    for (const QString &name : policyNames())
        QVERIFY2(QString::fromUtf8(field->help).contains(name), qPrintable(name + u" is not in the help of --policy"_s));
    QCOMPARE(make(u"cache_aware"_s)->name(), "prefix_affinity"_ba);
    QCOMPARE(make(u"consistent_hashing"_s)->name(), "consistent_hash"_ba);
    for (const auto &[name, nearest] : {std::pair(u"prefix_hash"_s, u"prefix_affinity"_s), {u"manual"_s, u"consistent_hash"_s}, {u"bucket"_s, u"least_in_flight"_s}}) {
        const auto made = makePolicy(name, {});
        QVERIFY(!made);
        QVERIFY2(made.error().message.contains(nearest), qPrintable(made.error().message));
    }
}

void TstPolicies::plugins_data()
{
    QTest::addColumn<QString>("file");
    QTest::addColumn<QString>("message");
    QTest::newRow("missing") << u"no/such/file.so"_s << u"\"no/such/file.so\": there is no such file"_s;
    QTest::newRow("nothing") << QString() << u"there is no such file"_s;
    QTest::newRow("directory") << u"/"_s << u"there is no such file"_s;
    QTest::newRow("not a plugin") << u"text"_s << u"it is no Qt plugin that fits this program"_s;
    QTest::newRow("another plugin") << QLibraryInfo::path(QLibraryInfo::PluginsPath) + u"/tls/libqcertonlybackend.so"_s
                                    << u"expected \"pdlb.PolicyFactory/1\""_s;
}

void TstPolicies::plugins()
{
    QFETCH(QString, file);
    QFETCH(QString, message);
    QTemporaryDir directory;
    if (file == u"text") {
        file = directory.filePath(u"policy.so"_s);
        QFile text(file);
        QVERIFY(text.open(QIODevice::WriteOnly));
        text.write("This is not a plugin.\n");
    }
    if (QTest::currentDataTag() == "another plugin"_ba && !QFile::exists(file))
        QSKIP("Qt has no such plugin here");
    for (const auto &failed : {checkPolicy(u"plugin:"_s + file + u"?x=y"_s), Result<void>(makePolicy(u"plugin:"_s + file, {}).map([](const auto &) {}))}) {
        QVERIFY(!failed);
        QVERIFY2(failed.error().message.contains(message), qPrintable(failed.error().message));
        QVERIFY(!failed.error().message.contains(u'\n'));
    }
}

QTEST_APPLESS_MAIN(TstPolicies)
#include "tst_policies.moc"
