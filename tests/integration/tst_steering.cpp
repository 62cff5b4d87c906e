// SPDX-License-Identifier: Apache-2.0

// Which engines a request goes to, and who decides: policies by what they know of it, clients by pins and ranks.
#include "scripts.h"

#include "control/load_poller.h"
#include "control/rank_discovery.h"
#include "mock/mock_request.h"
#include "upstream/qnam_transport.h"

#include <QJsonArray>

#include <cmath>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

class TstSteering : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void pins_data() { transports(); }
    void pins();
    void badPins_data();
    void badPins();
    void debugHeaders_data();
    void debugHeaders();
    void hashKeys_data();
    void hashKeys();
    void prefixes_data();
    void prefixes();
    void loads_data() { direct(); }
    void loads();
    void requestsInLoads_data();
    void requestsInLoads();
    void slowEngine_data();
    void slowEngine();
    void ranks_data() { direct(); }
    void ranks();
    void rankDiscovery();

private:
    Setup over(int prefills, int decodes, const std::function<void(Config &)> &change = {}) const
    {
        return {.prefills = prefills, .decodes = decodes, .change = change};
    }
    /// The pair of the newest answer, as its headers say: "p1/d2".
    QByteArray pair() const { return m_client->header("x-pdlb-prefill") + '/' + m_client->header("x-pdlb-decode"); }
    /// The DP ranks that the newest request's rooms choose at prefill 0.
    QList<int> newestRanks(int ranks)
    {
        QList<int> list;
        for (const quint64 room : mock::roomsOf(Rig::lastPost(m_rig->prefill()).body))
            list += int(room % quint64(ranks));
        return list;
    }
};

void TstSteering::pins()
{
    QVERIFY(begin(over(2, 2, [](Config &c) { c.policy = u"round_robin"_s; })));
    for (const char *body : {generateBody, generateStream}) {
        const qint64 before = m_rig->posts(m_rig->prefill(1));
        for (int i = 0; i < 5; ++i) {
            exchange("/generate", body, "X-Pdlb-Pair: p2/d1\r\nX-Pdlb-Debug: 1\r\n");
            QCOMPARE(m_client->status(), 200);
            QCOMPARE(pair(), "p2/d1");
            m_client->again();
        }
        QCOMPARE(m_rig->posts(m_rig->prefill(1)), before + 5);
    }
    QCOMPARE(m_rig->posts(m_rig->prefill(0)), 0);
    QCOMPARE(m_rig->posts(m_rig->decode(0)), 10);
    QCOMPARE(m_rig->posts(m_rig->decode(1)), 0);
    const mock::RecordedRequest sent = Rig::lastPost(m_rig->decode(0));
    QVERIFY(sent.header("x-pdlb-pair").isEmpty() && sent.header("x-pdlb-debug").isEmpty());
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 10);
    QCOMPARE(m_rig->traces.last().policy, "pinned");
    QSet<QByteArray> seen;
    for (int i = 0; i < 4; ++i) {
        exchange("/generate", generateBody, "X-Pdlb-Pair: * / d2\r\nX-Pdlb-Debug: 1\r\n");
        seen += pair();
        m_client->again();
    }
    QCOMPARE(seen, QSet<QByteArray>({"p1/d2", "p2/d2"}));
}

void TstSteering::slowEngine_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QString>("policy");
    for (const char *policy : {"least_in_flight", "power_of_two"})
        QTest::newRow(policy) << TransportKind::Direct << QString::fromLatin1(policy);
}

/// T84: who looks at what is in flight moves the work away from an engine that keeps it, and nobody waits behind it.
void TstSteering::slowEngine()
{
    QFETCH(QString, policy);
    QVERIFY(begin(over(1, 2, [&](Config &c) { c.policy = policy; })));
    m_rig->decode(0).addFault(u"decode:hang"_s);
    const auto slow = m_rig->client();
    slow->post("/generate", generateBody, "X-Pdlb-Pair: */d1\r\n");
    PDLB_WAIT_EQUAL(m_rig->posts(m_rig->decode(0)), 1);
    for (int i = 0; i < 20; ++i) {
        exchange("/generate", generateBody);
        QCOMPARE(m_client->status(), 200);
        m_client->again();
        // The next one finds nothing in flight there, as it would with engines that are merely quick.
        PDLB_WAIT_EQUAL(m_rig->balancer.snapshot()->decode[1].state->inFlight.load(), 0);
    }
    QCOMPARE(m_rig->posts(m_rig->decode(0)), 1);
    QCOMPARE(m_rig->posts(m_rig->decode(1)), 20);
    QVERIFY(!slow->done());
    slow->disconnect();
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 21);
}

void TstSteering::badPins_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("pin");
    QTest::addColumn<QString>("code");
    for (const auto &[pin, code] : {std::pair("p3/d1", u"unknown_server"_s), {"p1/p1", u"unknown_server"_s}, {"p1", u"invalid_pair"_s}, {"/", u"invalid_pair"_s}})
        QTest::newRow(pin) << TransportKind::Direct << QByteArray(pin) << code;
}

void TstSteering::badPins()
{
    QFETCH(QByteArray, pin);
    QFETCH(QString, code);
    QVERIFY(begin(over(2, 1)));
    exchange("/generate", generateBody, "X-Pdlb-Pair: " + pin + "\r\n");
    QCOMPARE(m_client->status(), 400);
    QCOMPARE(m_client->errorCode(), code);
    QCOMPARE(m_rig->posts(m_rig->decode()), 0);
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "bad_request");
}

void TstSteering::debugHeaders_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("configured");
    QTest::addColumn<bool>("asked");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QString>("fault");
    QTest::addColumn<int>("status");
    for (const auto &[name, configured, asked] : {std::tuple("nobody asks", false, false), {"configured", true, false}, {"asked", false, true}}) {
        const auto row = [&, name = name, configured = configured, asked = asked](const char *what, const char *body, const char *fault, int status) {
            QTest::addRow("%s, %s", name, what) << TransportKind::Direct << configured << asked << QByteArray(body) << QString::fromLatin1(fault) << status;
        };
        row("answer", generateBody, "", 200);
        row("stream", generateStream, "", 200);
        row("engine's error", generateBody, "decode:status=418", 418);
        row("our error", generateBody, "decode:close=before-head", 502);
    }
}

void TstSteering::debugHeaders()
{
    QFETCH(bool, configured);
    QFETCH(bool, asked);
    QFETCH(QByteArray, body);
    QFETCH(QString, fault);
    QFETCH(int, status);
    QVERIFY(begin(over(1, 1, [&](Config &c) { c.debugHeaders = configured; })));
    if (!fault.isEmpty())
        m_rig->decode().addFault(fault);
    exchange("/generate", body, asked ? "X-Pdlb-Debug: 1\r\n" : "");
    QCOMPARE(m_client->status(), status);
    if (!configured && !asked) {
        for (const http::Header &header : m_client->headers())
            QVERIFY2(!header.name.toLower().startsWith("x-pdlb"), header.name.constData());
        return;
    }
    QCOMPARE(pair(), "p1/d1");
    const QList<quint64> rooms = mock::roomsOf(Rig::lastPost(m_rig->decode()).body);
    QCOMPARE(rooms.size(), 1);
    QCOMPARE(m_client->header("x-pdlb-room"), QByteArray::number(rooms.first()));
}

void TstSteering::hashKeys_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QString>("hashKey");
    QTest::addColumn<bool>("large"); // analysed in another thread
    QTest::newRow("header") << TransportKind::Direct << u"header:X-User"_s << false;
    QTest::newRow("body") << TransportKind::Direct << u"body:user"_s << false;
    QTest::newRow("large body") << TransportKind::Direct << u"body:user"_s << true;
}

void TstSteering::hashKeys()
{
    QFETCH(QString, hashKey);
    QFETCH(bool, large);
    QVERIFY(begin(over(3, 3, [&](Config &c) {
        c.policy = u"consistent_hash"_s;
        c.policies.hashKey = hashKey;
        c.debugHeaders = true;
    })));
    const auto pairOf = [&](const QByteArray &user) {
        const QByteArray padding(large ? 1100 * 1024 : 1, 'x');
        exchange("/generate", R"({"padding":")" + padding + R"(","user":")" + user + R"(","text":"a","sampling_params":{"max_new_tokens":1}})", "X-User: " + user + "\r\n");
        const QByteArray seen = pair();
        m_client->again();
        return seen;
    };
    QSet<QByteArray> pairs;
    for (int user = 0; user < (large ? 3 : 12); ++user) {
        const QByteArray first = pairOf("user-" + QByteArray::number(user));
        QCOMPARE(first.size(), 5);
        for (int i = 0; i < 3; ++i)
            QCOMPARE(pairOf("user-" + QByteArray::number(user)), first);
        pairs += first;
    }
    QVERIFY2(pairs.size() >= (large ? 2 : 4), qPrintable(QString::number(pairs.size())));
    if (large)
        m_rig->ignoreThreads("large bodies are analysed by the thread pool");
}

void TstSteering::prefixes_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<QByteArray>("behind");
    QTest::newRow("chat") << TransportKind::Direct << QByteArray("/v1/chat/completions")
                          << QByteArray(R"({"max_tokens":1,"messages":[{"role":"user","content":")") << QByteArray(R"("}]})");
    QTest::newRow("generate") << TransportKind::Direct << QByteArray("/generate")
                              << QByteArray(R"({"sampling_params":{"max_new_tokens":1},"text":")") << QByteArray(R"("})");
}

void TstSteering::prefixes()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, before);
    QFETCH(QByteArray, behind);
    QVERIFY(begin(over(4, 1, [&](Config &c) {
        c.policies.prefill = u"cache_aware"_s;
        c.debugHeaders = true;
    })));
    SeededRandom random(2);
    QList<QByteArray> chats;
    QList<QByteArray> homes;
    for (int i = 0; i < 12; ++i) {
        QByteArray chat;
        while (chat.size() < 500)
            chat += QByteArray::number(random.next64());
        chats.append(chat);
    }
    for (int turn = 0; turn < 3; ++turn) {
        for (qsizetype i = 0; i < chats.size(); ++i) {
            exchange(path, before + chats[i] + behind);
            QCOMPARE(m_client->status(), 200);
            if (turn == 0)
                homes.append(m_client->header("x-pdlb-prefill"));
            QCOMPARE(m_client->header("x-pdlb-prefill"), homes[i]);
            m_client->again();
            chats[i] += " and " + QByteArray::number(random.next64());
        }
    }
    QVERIFY(QSet<QByteArray>(homes.begin(), homes.end()).size() > 1);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 36);
    QCOMPARE(m_rig->traces.last().policy, "prefix_affinity/random");
}

/// Somebody else's requests on an engine: only its own word tells of them.
void TstSteering::loads()
{
    QVERIFY(begin(over(1, 2, [](Config &c) {
        c.policies.decode = u"least_load"_s;
        c.policies.loadInterval = std::chrono::milliseconds(100);
        c.debugHeaders = true;
    })));
    const auto polls = [&] {
        const auto requests = m_rig->decode(0).requests();
        return std::count_if(requests.begin(), requests.end(), [](const auto &request) { return request.path() == "/v1/loads"; });
    };
    std::vector<std::unique_ptr<Client>> others;
    for (int i = 0; i < 3; ++i) {
        others.push_back(std::make_unique<Client>(m_rig->decode(0).port()));
        others.back()->post("/generate", R"({"text":"a","bootstrap_host":"127.0.0.1","bootstrap_room":)" + QByteArray::number(i + 1) + '}');
    }
    PDLB_WAIT_EQUAL(m_rig->decode(0).running(), 3);
    const auto before = polls();
    PDLB_WAIT(polls() >= before + 2); // the first of them is answered, or there were no second
    for (int i = 0; i < 12; ++i) {
        exchange("/generate", generateBody);
        QCOMPARE(m_client->header("x-pdlb-decode"), "d2");
        m_client->again();
    }
    for (const auto &other : others)
        other->disconnect();
    const auto requests = m_rig->prefill().requests();
    QVERIFY(std::none_of(requests.begin(), requests.end(), [](const auto &request) { return request.path() == "/v1/loads"; }));
}

void TstSteering::requestsInLoads_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<double>("requests"); // -1: unknown
    const auto row = [](const char *name, int status, const char *body, double requests) {
        QTest::newRow(name) << status << QByteArray(body) << requests;
    };
    row("one rank", 200, R"({"loads":[{"num_running_reqs":3,"num_waiting_reqs":2}]})", 5);
    row("two ranks, transfers", 200, R"({"loads":[{"num_running_reqs":3,"disaggregation":{"decode_transfer_queue_reqs":4}},
        {"num_waiting_reqs":1,"disaggregation":{"prefill_inflight_queue_reqs":2,"prefill_bootstrap_queue_reqs":9}}]})", 10);
    row("idle", 200, R"({"loads":[{}]})", 0);
    row("nonsense", 200, R"({"loads":[{"num_running_reqs":"x","num_waiting_reqs":-7},5]})", 0);
    row("no ranks", 200, R"({"loads":[]})", -1);
    row("no JSON", 200, "busy", -1);
    row("error", 500, R"({"loads":[{"num_running_reqs":3}]})", -1);
    row("no answer", 0, "", -1);
}

void TstSteering::requestsInLoads()
{
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    QFETCH(double, requests);
    const double found = control::LoadPoller::requestsIn({.status = status, .body = body});
    QCOMPARE(std::isnan(found) ? -1 : found, requests);
}

/// follow_bootstrap_room: the ranks get requests in turn, but those that name their rank.
void TstSteering::ranks()
{
    constexpr int ranks = 4;
    Setup setup = over(1, 1);
    setup.engine.dpSize = ranks;
    QVERIFY(begin(setup));
    const auto next = [&](const QByteArray &body, const QByteArray &headers = {}) {
        exchange("/generate", body, headers);
        m_client->again();
        return newestRanks(ranks);
    };
    // Until the bootstrap server has answered, ranks are as they come.
    QList<int> seen;
    const auto inTurn = [&] {
        for (qsizetype i = seen.size() - 10; i < seen.size() - 1; ++i) {
            if (i < 0 || seen[i + 1] != (seen[i] + 1) % ranks)
                return false;
        }
        return true;
    };
    for (int i = 0; i < 500 && !inTurn(); ++i)
        seen += next(generateBody);
    QVERIFY(inTurn());
    const int last = seen.last();
    QCOMPARE(next(R"({"text":["a","b","c"],"sampling_params":{"max_new_tokens":1}})"),
             QList<int>({(last + 1) % ranks, (last + 2) % ranks, (last + 3) % ranks}));
    for (int i = 0; i < 5; ++i) {
        QCOMPARE(next(generateBody, "X-Data-Parallel-Rank: 3\r\n"), QList<int>({3}));
        QCOMPARE(next(R"({"text":["a","b"],"routed_dp_rank":1,"sampling_params":{"max_new_tokens":1}})"), QList<int>({1, 1}));
    }
    QCOMPARE(next(generateBody, "X-Data-Parallel-Rank: 4\r\n"), QList<int>({last})); // out of range: its turn, after the three above
}

void TstSteering::rankDiscovery()
{
    using mock::MockBootstrap;
    mock::MockOptions options;
    options.dpSize = 4;
    MockBootstrap steered(options);
    options.followBootstrapRoom = false;
    MockBootstrap free(options);
    for (MockBootstrap *server : {&steered, &free})
        QVERIFY(server->listen(QHostAddress::LocalHost, 0));
    Config config;
    config.prefill = {{u"http://127.0.0.1:1"_s, BootstrapPort::fixed(steered.http().port())}, {u"http://127.0.0.1:2"_s, BootstrapPort::none()}};
    config.decode = {{u"http://127.0.0.1:3"_s}};
    fleet::Fleet fleet;
    QVERIFY(fleet.apply(config));
    upstream::QnamTransport transport;
    control::RankDiscovery discovery(transport, fleet, nullptr);
    const auto ranks = [&] { return fleet.snapshot()->prefill[0].steeredRanks; };

    steered.setRegistered(false); // its workers are still loading
    discovery.fleetChanged();
    PDLB_WAIT(steered.http().requestCount() == 1);
    QCOMPARE(ranks(), 0);
    steered.setRegistered(true);
    PDLB_WAIT_EQUAL(ranks(), 4);
    QVERIFY(steered.http().requestCount() >= 2);

    config.prefill[0].bootstrapPort = BootstrapPort::fixed(free.http().port());
    QVERIFY(fleet.apply(config));
    discovery.fleetChanged();
    PDLB_WAIT_EQUAL(ranks(), 0);

    config.prefill[0].bootstrapPort = BootstrapPort::fixed(steered.http().port());
    QVERIFY(fleet.apply(config));
    discovery.fleetChanged();
    PDLB_WAIT_EQUAL(ranks(), 4);
    fleet.setSteeredRanks("p1", 7); // wrong, until it is asked again
    discovery.recheck("p1");
    discovery.recheck("p2"); // nobody to ask
    discovery.recheck("p9");
    PDLB_WAIT_EQUAL(ranks(), 4);
}

QTEST_GUILESS_MAIN(TstSteering)
#include "tst_steering.moc"
