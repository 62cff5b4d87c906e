// SPDX-License-Identifier: Apache-2.0

// Changes of a running balancer by the admin API, under load; the event stream; POST /pd_role_switch.
#include "edge/edge_server.h"
#include "edge/listen_socket.h"
#include "relay/event_stream.h"
#include "scripts.h"

#include <QJsonArray>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

namespace {

/// Clients that send one request after another on kept connections until they are told to stop.
class Load final
{
public:
    Load(quint16 port, int clients)
    {
        for (int i = 0; i < clients; ++i) {
            m_clients.push_back(std::make_unique<Client>(port));
            m_clients.back()->post("/generate", body);
        }
    }
    /// To be called often.
    void turn()
    {
        for (const auto &client : m_clients) {
            if (!client->done() || (m_stopping && m_idle.contains(client.get())))
                continue;
            ++m_ended;
            if (client->status() != 200 || !client->whole())
                m_failures += client->describe();
            if (m_stopping || client->closed()) {
                m_idle.insert(client.get());
                continue;
            }
            client->again();
            client->post("/generate", body);
        }
    }
    bool stop()
    {
        m_stopping = true;
        return waitFor([this] {
            turn();
            return size_t(m_idle.size()) == m_clients.size();
        });
    }
    qint64 ended() const { return m_ended; }
    const QByteArrayList &failures() const { return m_failures; }

private:
    static inline const QByteArray body = R"({"text":"hello","stream":true,"sampling_params":{"max_new_tokens":4}})";
    std::vector<std::unique_ptr<Client>> m_clients;
    QSet<Client *> m_idle;
    QByteArrayList m_failures;
    qint64 m_ended = 0;
    bool m_stopping = false;
};

const QByteArray endless = R"({"text":"hello","stream":true,"sampling_params":{"max_new_tokens":1000000}})";

} // namespace

class TstAdmin final : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void configAppliedUnderLoad_data() { direct(); }
    void configAppliedUnderLoad();
    void serversComeAndGoUnderLoad_data() { direct(); }
    void serversComeAndGoUnderLoad();
    void disabledServerDrains_data() { direct(); }
    void disabledServerDrains();
    void removedServerDrains_data() { direct(); }
    void removedServerDrains();
    void bodyLimit_data();
    void bodyLimit();
    void eventsTellWhatHappens_data() { direct(); }
    void eventsTellWhatHappens();
    void slowListenerIsTold();
    void eventsEndWithTheBalancer_data() { direct(); }
    void eventsEndWithTheBalancer();
    void roleIsSwitched_data();
    void roleIsSwitched();
    void roleSwitchWaitsUntilIdle_data() { direct(); }
    void roleSwitchWaitsUntilIdle();
    void failedRoleSwitch_data();
    void failedRoleSwitch();
    void roleSwitchUnderLoad_data() { direct(); }
    void roleSwitchUnderLoad();

private:
    bool beginAdmin(Setup setup = {});
    /// Makes decode engine INDEX a prefill, or one of that again: a bootstrap server more would look like a leak.
    void switchRole(int index, const QString &role);
    /// The engine's next POST /pd_role_switch is answered so.
    static void answerOnce(mock::MockEngine &engine, const QString &fault, const QByteArray &body);
    /// An admin call and its answer's JSON.
    QJsonObject call(const QByteArray &method, const QByteArray &path, const QJsonObject &body = {});
    QString statusOf(const QByteArray &server) { return call("GET", "/admin/v1/servers/" + server)["state"_L1]["status"_L1].toString(); }
    int m_status = 0; ///< of the last call()
};

bool TstAdmin::beginAdmin(Setup setup)
{
    setup.change = [](Config &config) { config.adminHostNames = {"pdlb"}; }; // by which the test's client calls it
    return begin(setup);
}

void TstAdmin::switchRole(int index, const QString &role)
{
    const QJsonObject answer = call("POST", "/pd_role_switch", {{u"worker_url"_s, m_rig->decode(index).url().toString()}, {u"new_role"_s, role}});
    QVERIFY2(m_status == 200, toJson(answer).constData());
}

void TstAdmin::answerOnce(mock::MockEngine &engine, const QString &fault, const QByteArray &body)
{
    auto scripted = mock::parseFault(u"decode:"_s + fault + u",count=1,path=/pd_role_switch"_s);
    if (!scripted)
        qFatal("%s", qPrintable(scripted.error().message));
    scripted->body = body;
    engine.addFault(*scripted);
}

QJsonObject TstAdmin::call(const QByteArray &method, const QByteArray &path, const QJsonObject &body)
{
    Client client(m_rig->port());
    const QByteArray json = body.isEmpty() ? QByteArray() : toJson(body);
    QByteArray request = method + ' ' + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    if (!json.isEmpty())
        request += "Content-Type: application/json\r\nContent-Length: " + QByteArray::number(json.size()) + "\r\n";
    client.send(request + "\r\n" + json);
    if (!waitFor([&] { return client.done(); }))
        return {};
    m_status = client.status();
    return client.json();
}

void TstAdmin::configAppliedUnderLoad()
{
    QVERIFY(beginAdmin({.prefills = 3, .decodes = 3}));
    Load load(m_rig->port(), 16);
    const QJsonObject original = call("GET", "/admin/v1/config");
    QCOMPARE(m_status, 200);
    constexpr int times = 100;
    for (int i = 0; i < times; ++i) {
        QJsonObject changed = original;
        changed["policy"_L1] = i % 2 ? u"random"_s : u"round_robin"_s;
        QJsonArray decodes = changed["decode"_L1].toArray();
        decodes.removeAt(i % 3); // another server is missing each time
        changed["decode"_L1] = decodes;
        call("PUT", "/admin/v1/config", i % 4 == 3 ? original : changed);
        QCOMPARE(m_status, 200);
        const qint64 before = load.ended();
        PDLB_WAIT((load.turn(), load.ended() > before)); // some traffic meets each of them
    }
    QVERIFY(load.stop());
    qInfo("%d configurations applied, %lld requests, %lld failed", times, load.ended(), qint64(load.failures().size()));
    QVERIFY2(load.failures().isEmpty(), load.failures().join("; ").constData());
    QVERIFY(load.ended() >= times);
}

void TstAdmin::serversComeAndGoUnderLoad()
{
    QVERIFY(beginAdmin({.prefills = 3, .decodes = 3}));
    Load load(m_rig->port(), 16);
    const QString url = m_rig->decode(2).url().toString();
    const QString prefillUrl = m_rig->prefill(2).url().toString();
    for (int i = 0; i < 20; ++i) {
        call("DELETE", "/admin/v1/servers/p3");
        QCOMPARE(m_status, 200);
        call("DELETE", "/admin/v1/servers/d3");
        QCOMPARE(m_status, 200);
        const qint64 before = load.ended();
        PDLB_WAIT((load.turn(), load.ended() > before + 8));
        call("POST", "/admin/v1/servers", {{u"role"_s, u"decode"_s}, {u"url"_s, url}});
        QCOMPARE(m_status, 201);
        call("POST", "/admin/v1/servers", {{u"role"_s, u"prefill"_s}, {u"url"_s, prefillUrl}}); // its port has to be asked for
        QCOMPARE(m_status, 201);
        call("PATCH", "/admin/v1/servers/p2", {{u"enabled"_s, i % 2 == 0}});
        QCOMPARE(m_status, 200);
        const qint64 seen = m_rig->posts(m_rig->decode(2));
        PDLB_WAIT((load.turn(), m_rig->posts(m_rig->decode(2)) > seen)); // it gets requests again
    }
    QVERIFY(load.stop());
    qInfo("20 times removed and added: %lld requests, %lld failed", load.ended(), qint64(load.failures().size()));
    QVERIFY2(load.failures().isEmpty(), load.failures().join("; ").constData());
}

void TstAdmin::disabledServerDrains()
{
    Setup setup{.prefills = 1, .decodes = 2};
    QVERIFY(beginAdmin(setup));
    m_client->post("/generate", endless, "X-Pdlb-Pair: */d1\r\n");
    PDLB_WAIT(m_client->received() > 0);
    m_client->discardBody();
    const QJsonObject answer = call("POST", "/admin/v1/servers/d1/drain");
    QCOMPARE(m_status, 200); // at once
    QCOMPARE(answer["state"_L1]["status"_L1].toString(), u"draining"_s);
    QCOMPARE(answer["state"_L1]["in_flight"_L1].toInt(), 1);
    const qint64 before = m_rig->posts(m_rig->decode(0));
    for (int i = 0; i < 5; ++i) {
        Client other(m_rig->port());
        other.post("/generate", QByteArray(R"({"text":"a","sampling_params":{"max_new_tokens":1}})"));
        PDLB_WAIT(other.done());
        QCOMPARE(other.status(), 200);
    }
    QCOMPARE(m_rig->posts(m_rig->decode(0)), before);
    const qint64 received = m_client->received();
    PDLB_WAIT(m_client->received() > received); // it goes on
    m_client->reset();
    PDLB_WAIT_EQUAL(statusOf("d1"), u"disabled"_s);
    QVERIFY(call("POST", "/admin/v1/servers/d1/enable")["enabled"_L1].toBool());
    QVERIFY(statusOf("d1") != u"disabled"_s);
}

void TstAdmin::removedServerDrains()
{
    QVERIFY(beginAdmin({.prefills = 1, .decodes = 2}));
    m_client->post("/generate", QByteArray(R"({"text":"a","stream":true,"sampling_params":{"max_new_tokens":3000}})"), "X-Pdlb-Pair: */d2\r\n");
    PDLB_WAIT(m_client->received() > 0);
    const QJsonObject answer = call("DELETE", "/admin/v1/servers/d2");
    QCOMPARE(m_status, 200);
    QCOMPARE(answer["name"_L1].toString(), u"d2"_s);
    call("GET", "/admin/v1/servers/d2");
    QCOMPARE(m_status, 404);
    call("DELETE", "/admin/v1/servers/d1"); // the last one stays
    QCOMPARE(m_status, 409);
    PDLB_WAIT(m_client->done());
    QVERIFY2(m_client->whole() && m_client->events().last() == "[DONE]", m_client->describe().constData());
}

void TstAdmin::bodyLimit_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("framing");
    QTest::addColumn<int>("status");
    const auto row = [](const char *name, const char *framing, int status) {
        QTest::newRow(name) << TransportKind::Direct << QByteArray(framing) << status;
    };
    row("length says too much", "Content-Length: 16777217\r\n", 413);
    row("chunks become too much", "Transfer-Encoding: chunked\r\n", 413);
    row("as much as may be", "Content-Length: 16777216\r\n", 400); // read, and found to be no JSON
}

void TstAdmin::bodyLimit()
{
    QFETCH(QByteArray, framing);
    QFETCH(int, status);
    QVERIFY(beginAdmin());
    const QJsonObject before = call("GET", "/admin/v1/config");
    m_client->send("PUT /admin/v1/config HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + framing + "\r\n");
    if (framing.startsWith("Transfer")) {
        const QByteArray chunk = "100000\r\n" + QByteArray(0x100000, 'x') + "\r\n";
        m_client->send(chunk.repeated(17));
    } else if (status != 413) {
        m_client->send(QByteArray(16 * 1024 * 1024, 'x'));
    }
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), status);
    QCOMPARE(call("GET", "/admin/v1/config"), before);
}

void TstAdmin::eventsTellWhatHappens()
{
    QVERIFY(beginAdmin({.prefills = 1, .decodes = 2}));
    auto listener = m_rig->client();
    listener->get("/admin/v1/events?heartbeat_secs=0.05");
    PDLB_WAIT(listener->hasHead());
    QCOMPARE(listener->status(), 200);
    QVERIFY(listener->header("content-type").startsWith("text/event-stream"));
    PDLB_WAIT(listener->body().contains("\n\n: ")); // a heartbeat behind the first comment
    const auto told = [&](const QByteArray &type, const QByteArray &part) {
        return waitFor([&] {
            const QList<QByteArray> events = QByteArray(listener->body()).replace("\n\n", QByteArray(1, '\0')).split('\0');
            return std::any_of(events.begin(), events.end(), [&](const QByteArray &e) { return e.contains("event: " + type + '\n') && e.contains(part); });
        });
    };
    auto thorough = m_rig->client();
    thorough->get("/admin/v1/events?detail=record");
    PDLB_WAIT(thorough->hasHead());
    exchange("/generate", R"({"text":"a","sampling_params":{"max_new_tokens":1}})", "X-Request-Id: told-1\r\n");
    QVERIFY(told("request", R"("request_id":"told-1")"));
    QVERIFY(!listener->body().contains(R"("legs":[)"));
    PDLB_WAIT(thorough->body().contains(R"("legs":[)")); // the same one, with all that is known
    thorough->reset();
    QCOMPARE(call("GET", "/admin/v1/traces/told-1")["end"_L1].toString(), u"ok"_s);
    QCOMPARE(call("GET", "/admin/v1/traces?limit=1")["traces"_L1].toArray().size(), 1);
    call("GET", "/admin/v1/traces/never-1");
    QCOMPARE(m_status, 404);
    call("POST", "/admin/v1/servers/d2/disable");
    QVERIFY(told("config", "fleet_version"));
    QVERIFY(told("server", R"("name":"d2","status":"disabled")"));
    QCOMPARE(call("GET", "/admin/v1/stats")["event_listeners"_L1].toInt(), 1);
    listener->reset();
    PDLB_WAIT_EQUAL(call("GET", "/admin/v1/stats")["event_listeners"_L1].toInt(), 0);
    for (const QByteArray query : {"heartbeat_secs=never", "detail=everything"}) {
        call("GET", "/admin/v1/events?" + query);
        QCOMPARE(m_status, 400);
    }
}

void TstAdmin::slowListenerIsTold()
{
    // An edge with nothing but the stream, so that the events can be large and many.
    control::EventFeed feed;
    edge::EdgeShared shared(0);
    edge::EdgeServer server({}, shared, SteadyClock::instance());
    QObject streams;
    server.addRoute("/events", {"GET"}, [&](edge::Exchange &exchange) { new relay::EventStream(exchange, feed, {.heartbeat = 1h}, &streams); });
    const auto sockets = edge::openListenSockets(QHostAddress(QHostAddress::LocalHost), 0, 1);
    QVERIFY(sockets);
    QVERIFY(server.listen(sockets->first()));
    Client slow(edge::localPort(sockets->first()), 4096); // a small receive buffer
    Client quick(edge::localPort(sockets->first()));
    for (Client *client : {&slow, &quick}) {
        client->get("/events");
        PDLB_WAIT(client->hasHead());
    }
    slow.setReading(false);
    // More than the kernel's buffers, the connection's and the feed's hold.
    constexpr int sent = 400;
    const auto ids = [](const Client &client) { return client.body().count("\nid: "); };
    for (int i = 1; i <= sent; ++i) {
        feed.publish("x", {{u"text"_s, QString(16 * 1024, u'x')}});
        if (i % 20 == 0)
            PDLB_WAIT_EQUAL(ids(quick), i); // this one is not held back by the other
    }
    slow.setReading(true);
    const auto lost = [&] {
        qint64 sum = 0;
        for (qsizetype at = 0; (at = slow.body().indexOf("event: lost\ndata: {\"events\":", at)) >= 0; ++at)
            sum += slow.body().mid(at + 28, 12).split('}').first().toLongLong();
        return sum;
    };
    PDLB_WAIT_EQUAL(ids(slow) + lost(), sent); // nothing is lost untold
    QVERIFY(lost() > 0);
    QVERIFY(slow.body().contains("\nid: 400\n")); // what it gets is the newest
    QVERIFY(!quick.body().contains("event: lost"));
    qInfo("%d events of 16 KiB: a listener that did not read lost %lld of them and was told so", sent, lost());
    for (QObject *stream : streams.children())
        static_cast<relay::EventStream *>(stream)->finish();
}

void TstAdmin::eventsEndWithTheBalancer()
{
    QVERIFY(beginAdmin());
    auto listener = m_rig->client();
    listener->get("/admin/v1/events");
    PDLB_WAIT(listener->hasHead());
    m_rig->balancer.drain();
    PDLB_WAIT(listener->done());
    QCOMPARE(listener->end(), Client::End::Terminator); // an orderly end
    PDLB_WAIT(!m_rig->balancer.isRunning());
}

void TstAdmin::roleIsSwitched_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("toPrefill");
    QTest::newRow("decode to prefill") << TransportKind::Direct << true;
    QTest::newRow("prefill to decode") << TransportKind::Direct << false;
}

void TstAdmin::roleIsSwitched()
{
    QFETCH(bool, toPrefill);
    QVERIFY(beginAdmin({.prefills = 2, .decodes = 2}));
    mock::MockEngine &engine = toPrefill ? m_rig->decode(1) : m_rig->prefill(1);
    const QJsonObject body{{u"worker_url"_s, engine.url().toString()}, {u"new_role"_s, toPrefill ? u"prefill"_s : u"decode"_s},
                           {u"decode_cuda_graph_bs"_s, 16}, {u"drain_timeout_secs"_s, 20}};
    const QJsonObject answer = call("POST", "/pd_role_switch", body);
    QCOMPARE(m_status, 200);
    QVERIFY(answer["success"_L1].toBool());
    QCOMPARE(engine.role(), toPrefill ? mock::Role::Prefill : mock::Role::Decode);
    const auto requests = engine.requests();
    const auto asked = std::find_if(requests.begin(), requests.end(), [](const auto &r) { return r.path() == "/pd_role_switch"; });
    QVERIFY(asked != requests.end());
    QCOMPARE(QJsonDocument::fromJson(asked->body).object(), (QJsonObject{{u"new_role"_s, body["new_role"_L1]}, {u"decode_cuda_graph_bs"_s, 16}}));
    const QByteArray name = toPrefill ? "d2" : "p2";
    const QJsonObject server = call("GET", "/admin/v1/servers/" + name);
    QCOMPARE(server["role"_L1].toString(), toPrefill ? u"prefill"_s : u"decode"_s);
    QVERIFY(server["enabled"_L1].toBool());
    if (toPrefill) // its port is discovered
        PDLB_WAIT_EQUAL(call("GET", "/admin/v1/servers/d2")["state"_L1]["bootstrap_port"_L1].toInt(), int(engine.bootstrapPort()));
    else
        engine.setDefaultBootstrapPort(m_rig->prefill(0).bootstrapPort());
    const qint64 before = m_rig->posts(engine);
    exchange("/generate", R"({"text":"a","sampling_params":{"max_new_tokens":3}})", "X-Pdlb-Pair: " + (toPrefill ? name + "/*" : "*/" + name) + "\r\n");
    QVERIFY2(m_client->status() == 200, m_client->describe().constData());
    QCOMPARE(m_rig->posts(engine), before + 1);
    // Again: nothing to do. And its old colleagues are the last ones now.
    call("POST", "/pd_role_switch", body);
    QCOMPARE(m_status, 200);
    const mock::MockEngine &last = toPrefill ? m_rig->decode(0) : m_rig->prefill(0);
    call("POST", "/pd_role_switch", {{u"worker_url"_s, last.url().toString()}, {u"new_role"_s, toPrefill ? u"prefill"_s : u"decode"_s}});
    QCOMPARE(m_status, 409);
    if (toPrefill)
        switchRole(1, u"decode"_s);
}

void TstAdmin::roleSwitchWaitsUntilIdle()
{
    QVERIFY(beginAdmin({.prefills = 1, .decodes = 2}));
    // Somebody else uses the engine, so that it refuses at first.
    m_client->post("/generate", endless, "X-Pdlb-Pair: */d2\r\n");
    PDLB_WAIT(m_client->received() > 0);
    m_client->discardBody();
    answerOnce(m_rig->decode(1), u"status=400"_s, R"({"success":false,"message":"not idle"})");
    auto waiting = m_rig->client();
    const QByteArray json = toJson({{u"worker_url"_s, m_rig->decode(1).url().toString()}, {u"new_role"_s, u"prefill"_s}});
    waiting->post("/pd_role_switch", json);
    PDLB_WAIT_EQUAL(statusOf("d2"), u"draining"_s);
    QVERIFY(!waiting->done());
    QCOMPARE(m_rig->decode(1).http().requestCount("/pd_role_switch"), 0); // not asked while our own requests run there
    call("POST", "/pd_role_switch", {{u"worker_url"_s, m_rig->decode(1).url().toString()}, {u"new_role"_s, u"prefill"_s}});
    QCOMPARE(m_status, 409); // it is under way
    m_client->reset();
    PDLB_WAIT(waiting->done());
    QVERIFY2(waiting->status() == 200, waiting->describe().constData());
    QCOMPARE(m_rig->decode(1).http().requestCount("/pd_role_switch"), 2);
    switchRole(1, u"decode"_s);
}

void TstAdmin::failedRoleSwitch_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QString>("fault"); // of the engine's /pd_role_switch
    QTest::addColumn<QByteArray>("answer"); // its body
    QTest::addColumn<QJsonObject>("more"); // of the request
    QTest::addColumn<int>("status");
    QTest::addColumn<bool>("restored");
    const auto row = [](const char *name, const char *fault, const char *answer, int status, bool restored, const QJsonObject &more = {}) {
        QTest::newRow(name) << TransportKind::Direct << QString::fromLatin1(fault) << QByteArray(answer) << more << status << restored;
    };
    const char *notIdle = R"({"success":false,"message":"not idle","safe_to_restore":true})";
    row("the engine says it is safe", "status=400", R"({"success":false,"message":"bad size","safe_to_restore":true})", 400, true);
    row("the engine says it is not", "status=400", R"({"success":false,"message":"half done","safe_to_restore":false})", 400, false);
    row("the engine does not say", "status=400", R"({"success":false,"message":"lost"})", 400, false);
    row("no success, but 200", "status=200", R"({"success":false,"message":"no","safe_to_restore":true})", 400, true);
    row("it fails inside", "status=500", "", 400, false);
    row("it does not know that", "status=404", "", 404, false);
    row("it breaks off", "garbage", "", 502, false);
    row("not idle, no time", "status=400", notIdle, 400, true, {{u"drain_timeout_secs"_s, 0}});
    row("not idle, no drain", "status=400", notIdle, 400, true, {{u"drain"_s, false}});
}

void TstAdmin::failedRoleSwitch()
{
    QFETCH(QString, fault);
    QFETCH(QJsonObject, more);
    QFETCH(int, status);
    QFETCH(bool, restored);
    QVERIFY(beginAdmin({.prefills = 1, .decodes = 2}));
    QFETCH(QByteArray, answer);
    answerOnce(m_rig->decode(1), fault, answer);
    QJsonObject body{{u"worker_url"_s, m_rig->decode(1).url().toString()}, {u"new_role"_s, u"prefill"_s}};
    for (auto it = more.begin(); it != more.end(); ++it)
        body.insert(it.key(), it.value());
    const QJsonObject reply = call("POST", "/pd_role_switch", body);
    QVERIFY2(m_status == status, toJson(reply).constData());
    QVERIFY(!reply["success"_L1].toBool(true));
    QCOMPARE(reply["restored"_L1].toBool(), restored);
    const QJsonObject server = call("GET", "/admin/v1/servers/d2");
    QCOMPARE(server["role"_L1].toString(), u"decode"_s);
    QCOMPARE(server["enabled"_L1].toBool(), restored);
    // And it can be tried again.
    switchRole(1, u"prefill"_s);
    QCOMPARE(call("GET", "/admin/v1/servers/d2")["enabled"_L1].toBool(), restored); // as it was before
    switchRole(1, u"decode"_s);
}

void TstAdmin::roleSwitchUnderLoad()
{
    QVERIFY(beginAdmin({.prefills = 2, .decodes = 3}));
    Load load(m_rig->port(), 16);
    PDLB_WAIT((load.turn(), load.ended() > 50));
    auto caller = m_rig->client();
    caller->post("/pd_role_switch", toJson({{u"worker_url"_s, m_rig->decode(2).url().toString()}, {u"new_role"_s, u"prefill"_s}}));
    PDLB_WAIT((load.turn(), caller->done()));
    QVERIFY2(caller->status() == 200, caller->describe().constData());
    const qint64 before = m_rig->posts(m_rig->decode(2));
    PDLB_WAIT((load.turn(), m_rig->posts(m_rig->decode(2)) > before + 20)); // it prefills
    QVERIFY(load.stop());
    QVERIFY2(load.failures().isEmpty(), load.failures().join("; ").constData());
    switchRole(2, u"decode"_s);
}

QTEST_GUILESS_MAIN(TstAdmin)
#include "tst_admin.moc"
