// SPDX-License-Identifier: Apache-2.0

// Servers whose URL is a name to look up.
#include "scripts.h"

#include "control/dns_discovery.h"
#include "fleet/fleet.h"

#include <QRegularExpression>
#include <QSignalSpy>

using namespace pdlb;
using namespace pdlb::test;
using namespace pdlb::control;
using namespace Qt::StringLiterals;

namespace {

/// Says what the test wants, when it wants.
class FakeResolver final : public Resolver
{
public:
    void lookUp(const upstream::ServerUrl &url, QObject *context, const Callback &callback) override
    {
        const QByteArray key = upstream::toString(url);
        ++asked[key];
        if (m_answers.contains(key))
            QMetaObject::invokeMethod(context, [callback, answer = m_answers.value(key)] { callback(answer); }, Qt::QueuedConnection);
        else
            m_waiting.append({key, context, callback});
    }

    /// Those who wait get it at once, others as soon as they ask; with a time to live of a second.
    void answer(const QByteArray &key, const QList<Resolution::Address> &addresses, const QString &error = {})
    {
        m_answers.insert(key, {addresses, std::chrono::seconds(0), error});
        for (const Waiting &waiting : std::exchange(m_waiting, {})) {
            if (waiting.key != key)
                m_waiting.append(waiting);
            else if (waiting.context)
                waiting.callback(m_answers.value(key));
        }
    }

    QHash<QByteArray, int> asked;

private:
    struct Waiting {
        QByteArray key;
        QPointer<QObject> context;
        Callback callback;
    };
    QList<Waiting> m_waiting;
    QHash<QByteArray, Resolution> m_answers;
};

QStringList names(const QList<ServerConfig> &servers)
{
    QStringList list;
    for (const ServerConfig &server : servers)
        list += server.name + u' ' + server.url;
    return list;
}

} // namespace

class TstNames : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void addressesBecomeServers();
    void pairsOfNames();
    void whatIsThereAlready();
    void asksNoMoreThanItMust();
    void lastKnownServersStay();
    void requestsFollow();
    void namesThatCannotExist();
};

void TstNames::addressesBecomeServers()
{
    FakeResolver resolver;
    DnsDiscovery discovery(resolver, nullptr);
    QSignalSpy changed(&discovery, &DnsDiscovery::changed);
    Config config;
    config.prefill = {{.url = u"dns+http://prefill.example:8000/base"_s, .bootstrapPort = BootstrapPort::fixed(8998), .weight = 3}, {u"http://other:1"_s}};
    config.decode = {{.url = u"srv+https://_llm._tcp.example"_s, .name = u"dec"_s}};
    discovery.configure(config);
    QCOMPARE(names(discovery.expand(config).prefill), QStringList{u"p2 http://other:1"_s});
    QVERIFY(discovery.expand(config).decode.isEmpty());

    resolver.answer("dns+http://prefill.example:8000/base", {{u"10.0.0.7"_s, 8000}, {u"fd00::8"_s, 8000}});
    resolver.answer("srv+https://_llm._tcp.example", {{u"10.0.0.9"_s, 9001}, {u"10.0.0.9"_s, 9002}});
    PDLB_WAIT_EQUAL(changed.size(), 2);
    const Config expanded = discovery.expand(config);
    QCOMPARE(names(expanded.prefill), (QStringList{u"p1-10.0.0.7 http://10.0.0.7:8000/base"_s, u"p1-fd00__8 http://[fd00::8]:8000/base"_s, u"p2 http://other:1"_s}));
    QCOMPARE(names(expanded.decode), (QStringList{u"dec-10.0.0.9-9001 https://10.0.0.9:9001"_s, u"dec-10.0.0.9-9002 https://10.0.0.9:9002"_s}));
    QCOMPARE(expanded.prefill[0].weight, 3);
    QCOMPARE(expanded.prefill[0].bootstrapPort, BootstrapPort::fixed(8998));
    QCOMPARE(expanded.decode[0].hostName, u"_llm._tcp.example"_s); // whom its certificate must name
    QVERIFY2(expanded.validate(), qPrintable(expanded.problems().value(0).message));
    pdlb::fleet::Fleet fleet;
    QVERIFY(fleet.apply(expanded));
    QCOMPARE(fleet.snapshot()->decode[0].origin.peerName, "_llm._tcp.example"_ba);
}

void TstNames::pairsOfNames()
{
    FakeResolver resolver;
    DnsDiscovery discovery(resolver, nullptr);
    Config config;
    config.prefill = {{.url = u"dns+http://a:1"_s, .name = u"a"_s}, {.url = u"http://b:1"_s, .name = u"b"_s}};
    config.decode = {{.url = u"dns+http://c:1"_s, .name = u"c"_s}};
    config.pairing = Pairing::Listed;
    config.pairs = {{u"a"_s, u"c"_s, 5}, {u"b"_s, u"c"_s}};
    discovery.configure(config);
    QVERIFY(discovery.expand(config).pairs.isEmpty());
    resolver.answer("dns+http://a:1", {{u"10.0.0.1"_s, 1}, {u"10.0.0.2"_s, 1}});
    resolver.answer("dns+http://c:1", {{u"10.0.0.3"_s, 1}});
    PDLB_WAIT_EQUAL(discovery.expand(config).pairs.size(), 3);
    QCOMPARE(discovery.expand(config).pairs,
             (QList<PairConfig>{{u"a-10.0.0.1"_s, u"c-10.0.0.3"_s, 5}, {u"a-10.0.0.2"_s, u"c-10.0.0.3"_s, 5}, {u"b"_s, u"c-10.0.0.3"_s}}));
}

void TstNames::whatIsThereAlready()
{
    FakeResolver resolver;
    DnsDiscovery discovery(resolver, nullptr);
    Config config;
    config.prefill = {{u"dns+http://a:1"_s}, {u"http://10.0.0.2:1"_s}, {u"dns+http://b:1"_s}, {.url = u"http://10.0.0.9:9"_s, .name = u"p1-10.0.0.1"_s}};
    config.decode = {{u"http://d:1"_s}};
    discovery.configure(config);
    resolver.answer("dns+http://a:1", {{u"10.0.0.1"_s, 1}, {u"10.0.0.2"_s, 1}, {u"10.0.0.3"_s, 1}});
    resolver.answer("dns+http://b:1", {{u"10.0.0.3"_s, 1}});
    // Each URL once, each name once; what the file says goes before what was looked up.
    QCOMPARE(names(discovery.expand(config).prefill),
             (QStringList{u"p1-10.0.0.3 http://10.0.0.3:1"_s, u"p2 http://10.0.0.2:1"_s, u"p1-10.0.0.1 http://10.0.0.9:9"_s}));
    QVERIFY(discovery.expand(config).validate());
}

void TstNames::asksNoMoreThanItMust()
{
    FakeResolver resolver;
    DnsDiscovery discovery(resolver, nullptr);
    Config config;
    config.prefill = {{u"dns+http://a:1"_s}, {u"http://b:1"_s}};
    config.decode = {{u"dns+http://a:1"_s}};
    discovery.configure(config);
    discovery.configure(config);
    QCOMPARE(resolver.asked, (QHash<QByteArray, int>{{"dns+http://a:1", 1}}));
    resolver.answer("dns+http://a:1", {{u"10.0.0.1"_s, 1}});
    QCOMPARE(discovery.expand(config).decode.size(), 1);
    PDLB_WAIT(resolver.asked.value("dns+http://a:1") >= 2); // its time is over
    // An answer to a question of yesterday.
    Config other = config;
    other.prefill.removeFirst();
    other.decode = {{u"dns+http://c:1"_s}};
    discovery.configure(other);
    discovery.configure(config);
    QVERIFY(discovery.expand(config).decode.isEmpty());
    const int before = resolver.asked.value("dns+http://a:1");
    PDLB_WAIT_EQUAL(discovery.expand(config).decode.size(), 1);
    PDLB_WAIT(resolver.asked.value("dns+http://a:1") > before);
}

void TstNames::lastKnownServersStay()
{
    FakeResolver resolver;
    DnsDiscovery discovery(resolver, nullptr);
    Config config;
    config.prefill = {{u"dns+http://a:1"_s}};
    config.decode = {{u"http://d:1"_s}};
    discovery.configure(config);
    resolver.answer("dns+http://a:1", {{u"10.0.0.1"_s, 1}});
    QCOMPARE(discovery.expand(config).prefill.size(), 1);
    QSignalSpy changed(&discovery, &DnsDiscovery::changed);

    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"a:1: the name has no addresses; 1 known servers stay"_s));
    resolver.answer("dns+http://a:1", {});
    int asked = resolver.asked.value("dns+http://a:1");
    PDLB_WAIT(resolver.asked.value("dns+http://a:1") >= asked + 2); // the second is said once
    QCOMPARE(discovery.expand(config).prefill.size(), 1);

    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(u"a:1: the server is ill; 1 known"_s));
    resolver.answer("dns+http://a:1", {{u"10.0.0.66"_s, 1}}, u"the server is ill"_s);
    asked = resolver.asked.value("dns+http://a:1");
    PDLB_WAIT(resolver.asked.value("dns+http://a:1") > asked);
    QCoreApplication::processEvents();
    QCOMPARE(names(discovery.expand(config).prefill), QStringList{u"p1-10.0.0.1 http://10.0.0.1:1"_s});
    QCOMPARE(changed.size(), 0);

    resolver.answer("dns+http://a:1", {{u"10.0.0.2"_s, 1}});
    PDLB_WAIT_EQUAL(names(discovery.expand(config).prefill), QStringList{u"p1-10.0.0.2 http://10.0.0.2:1"_s});
}

void TstNames::requestsFollow()
{
    FakeResolver resolver;
    Setup setup{.prefills = 1, .decodes = 2};
    setup.change = [](Config &config) { config.decode = {{u"srv+http://_d._tcp.test"_s}}; };
    Rig rig(setup);
    rig.balancer.setResolver(&resolver);
    QVERIFY(rig.start()); // it serves before any name is known
    const auto send = [&] {
        const auto client = rig.client();
        client->post("/generate", QByteArray(generateBody));
        waitFor([&] { return client->done(); });
        return client->status();
    };
    QCOMPARE(send(), 503);
    const auto answer = [&](const QList<int> &decodes) {
        QList<Resolution::Address> addresses;
        for (const int i : decodes)
            addresses.append({u"127.0.0.1"_s, quint16(rig.fleet.decodeUrls()[i].port())});
        std::sort(addresses.begin(), addresses.end());
        resolver.answer("srv+http://_d._tcp.test", addresses);
    };
    answer({0});
    PDLB_WAIT_EQUAL(send(), 200);
    QVERIFY(rig.posts(rig.decode(0)) > 0);
    QCOMPARE(rig.posts(rig.decode(1)), 0);

    answer({1}); // the first is gone
    PDLB_WAIT(send() == 200 && rig.posts(rig.decode(1)) > 0);
    const qint64 before = rig.posts(rig.decode(0));
    for (int i = 0; i < 5; ++i)
        QCOMPARE(send(), 200);
    QCOMPARE(rig.posts(rig.decode(0)), before);
    QVERIFY(rig.posts(rig.decode(1)) >= 6);
}

void TstNames::namesThatCannotExist()
{
    // The real resolver; whatever this machine's name servers are, a name that cannot exist leads nowhere.
    DnsResolver resolver;
    QObject context;
    std::optional<Resolution> result;
    resolver.lookUp({upstream::Lookup::Services, upstream::parseOrigin(u"http://_none._tcp.name.invalid"_s).value()}, &context,
                    [&](const Resolution &resolution) { result = resolution; });
    PDLB_WAIT(result.has_value());
    QVERIFY(result->addresses.isEmpty());
    resolver.lookUp({upstream::Lookup::Addresses, upstream::parseOrigin(u"http://name.invalid:1"_s).value()}, &context,
                    [&](const Resolution &resolution) { result = resolution; });
    result.reset();
    PDLB_WAIT(result.has_value());
    QVERIFY(result->addresses.isEmpty());
}

QTEST_GUILESS_MAIN(TstNames)
#include "tst_names.moc"
