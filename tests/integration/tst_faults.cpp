// SPDX-License-Identifier: Apache-2.0

// Faults injected by the balancer: what client and engines see of each, and that the record says so.
#include "scripts.h"

#include <QJsonArray>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TstFaults final : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void delay_data() { direct(); }
    void delay();
    void status_data();
    void status();
    void drop_data() { direct(); }
    void drop();
    void stall_data() { direct(); }
    void stall();
    void cut_data() { direct(); }
    void cut();
    void wrongRoom_data() { direct(); }
    void wrongRoom();
    void notAllowed_data() { direct(); }
    void notAllowed();
    void allowedOnlyAtStart_data() { direct(); }
    void allowedOnlyAtStart();
    void byAdminCalls_data() { direct(); }
    void byAdminCalls();

private:
    bool beginWith(const QString &rule, Setup setup = {})
    {
        setup.change = [rule](Config &config) {
            config.faults.allow = true;
            if (!rule.isEmpty())
                config.faults.rules = {rule};
        };
        return begin(setup);
    }
    QJsonObject call(const QByteArray &method, const QByteArray &body = {}, int status = 200)
    {
        Client client(m_rig->port());
        client.send(method + " /admin/v1/faults HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                    + QByteArray::number(body.size()) + "\r\n\r\n" + body);
        if (!waitFor([&] { return client.done(); }) || client.status() != status)
            qWarning("%s", client.describe().constData());
        return client.json();
    }
};

void TstFaults::delay()
{
    QVERIFY(beginWith(u"model:m leg:decode -> delay 150ms"_s));
    exchange("/v1/chat/completions", chatBody);
    QCOMPARE(m_client->status(), 200);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    const trace::Timeline timeline = m_rig->traces.last();
    QCOMPARE(timeline.faults, QByteArrayList{"model:m leg:decode -> delay 150ms"});
    QVERIFY(*timeline.leg(false)->sent - *timeline.leg(false)->ready >= 145ms);
    QVERIFY(*timeline.leg(true)->sent < *timeline.leg(false)->sent);
    m_client->again();
    exchange("/generate", generateBody); // no model: not meant
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 2);
    QVERIFY(m_rig->traces.last().faults.isEmpty());
}

void TstFaults::status_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QString>("leg");
    QTest::addColumn<QByteArray>("end");
    QTest::newRow("decode") << TransportKind::Direct << u"leg:decode"_s << QByteArray("decode_http");
    QTest::newRow("prefill") << TransportKind::Direct << u"leg:prefill"_s << QByteArray("prefill_http");
}

void TstFaults::status()
{
    QFETCH(QString, leg);
    QVERIFY(beginWith(leg + u" -> status 418"_s));
    exchange("/generate", generateBody);
    QCOMPARE(m_client->status(), 418);
    QVERIFY(m_client->body().contains("fault injection"));
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QTEST(m_rig->traces.lastEnd(), "end");
    const bool decode = leg.endsWith(u"decode");
    QCOMPARE(m_rig->posts(decode ? m_rig->decode() : m_rig->prefill()), 0);
    PDLB_WAIT(wasAborted(decode ? m_rig->prefill() : m_rig->decode()));
}

void TstFaults::drop()
{
    QVERIFY(beginWith(u"-> drop after 3 events, count 1"_s));
    m_client->post("/generate", R"({"text":"a","stream":true,"sampling_params":{"max_new_tokens":1000}})");
    PDLB_WAIT(m_client->done());
    QVERIFY(!m_client->whole());
    const auto events = m_client->events();
    QCOMPARE(events.size(), 4); // and the error
    QVERIFY(events.last().contains("fault injection broke the connection behind 3 events"));
    PDLB_WAIT(wasAborted(m_rig->decode()) || m_rig->decode().running() == 0);
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "decode_cut");
    m_client = m_rig->client();
    exchange("/generate", generateStream); // the count is used up
    QVERIFY(m_client->whole());
}

void TstFaults::stall()
{
    QVERIFY(beginWith(u"-> stall after 2 events"_s));
    m_client->post("/generate", R"({"text":"a","stream":true,"sampling_params":{"max_new_tokens":1000}})");
    PDLB_WAIT_EQUAL(m_client->events().size(), 2);
    settle();
    QCOMPARE(m_client->events().size(), 2);
    m_client->disconnect();
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "client_gone");
    PDLB_WAIT_EQUAL(m_rig->decode().running(), 0);
}

void TstFaults::cut()
{
    QVERIFY(beginWith(u"-> cut"_s));
    exchange("/generate", generateBody);
    QVERIFY(m_client->status() == 502 || !m_client->whole());
    PDLB_WAIT_EQUAL(m_rig->traces.lastEnd(), "decode_cut");
    QVERIFY(m_rig->traces.last().error.contains(u"fault injection"));
}

void TstFaults::wrongRoom()
{
    Setup setup;
    setup.engine.waitingTimeout = setup.engine.bootstrapTimeout = 100ms;
    QVERIFY(beginWith(u"leg:decode -> wrong-room"_s, setup));
    exchange("/generate", generateBody);
    QVERIFY(m_client->status() >= 500);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    const auto room = [](const mock::MockEngine &engine) {
        return QJsonDocument::fromJson(Rig::lastPost(engine).body)["bootstrap_room"_L1].toInteger();
    };
    QCOMPARE(room(m_rig->prefill()), qint64(m_rig->traces.last().rooms.first()));
    QCOMPARE(room(m_rig->decode()), room(m_rig->prefill()) ^ 1);
}

void TstFaults::notAllowed()
{
    QVERIFY(begin());
    QCOMPARE(call("POST", R"({"rule":"-> cut"})", 403)["error"_L1]["code"_L1].toString(), u"faults_not_allowed"_s);
    QVERIFY(!call("GET")["allowed"_L1].toBool(true));
    exchange("/generate", generateBody);
    QCOMPARE(m_client->status(), 200);
}

void TstFaults::allowedOnlyAtStart()
{
    QVERIFY(begin());
    Config config = m_rig->balancer.config();
    config.faults.allow = true;
    config.faults.rules = {u"-> cut"_s};
    const auto applied = m_rig->balancer.apply(config);
    QVERIFY(applied);
    QCOMPARE(*applied, QStringList{u"--allow-faults"_s});
    exchange("/generate", generateBody);
    QCOMPARE(m_client->status(), 200);
}

void TstFaults::byAdminCalls()
{
    QVERIFY(beginWith({}));
    QCOMPARE(call("POST", R"({"rule":"-> explode"})", 422)["error"_L1]["param"_L1].toString(), u"$.faults.rules[0]"_s);
    call("POST", R"({"rule":7})", 422);
    call("PUT", R"({"rules":["-> cut",7]})", 422);
    QCOMPARE(call("POST", R"({"rule":"-> status 503, count 2"})")["rules"_L1].toArray().size(), 1);
    exchange("/generate", generateBody);
    QCOMPARE(m_client->status(), 503);
    const QJsonValue rule = call("GET")["rules"_L1][0];
    QCOMPARE(rule["applied"_L1].toInt(), 1);
    QCOMPARE(rule["left"_L1].toInt(), 1);
    call("DELETE");
    m_client = m_rig->client();
    exchange("/generate", generateBody);
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(call("PUT", R"({"rules":["-> cut","-> delay 1ms"]})")["rules"_L1].toArray().size(), 2);
}

QTEST_GUILESS_MAIN(TstFaults)
#include "tst_faults.moc"
