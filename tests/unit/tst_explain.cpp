// SPDX-License-Identifier: Apache-2.0

// Where a request is stuck, out of its timeline and the engines' queues.
#include "control/engine_samples.h"
#include "trace/explain.h"
#include "trace/explanation_json.h"
#include "trace/live_traces.h"
#include "trace/server_times.h"

#include <QTest>

using namespace pdlb;
using namespace pdlb::trace;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

constexpr Monotonic t0 = 100s;
constexpr Monotonic now = 104s;

/// How far a request has come: w(aiting) o(pened) r(eady) s(ent) p(refill done) t(oken).
Timeline timelineAt(char stage)
{
    const QByteArray stages("worspt");
    const auto reached = [&](char other) { return stages.indexOf(stage) >= stages.indexOf(other); };
    Timeline timeline;
    timeline.received = t0;
    timeline.stream = true;
    if (stage == 'w') {
        timeline.queued = t0 + 100ms;
        timeline.queuePosition = 7;
        return timeline;
    }
    timeline.picked = t0 + 1ms;
    for (const bool prefill : {true, false}) {
        LegTimeline leg;
        leg.prefill = prefill;
        leg.server = prefill ? "p1" : "d2";
        leg.url = prefill ? "http://10.0.0.1:30000" : "http://10.0.0.2:30000";
        leg.opened = t0 + 1ms;
        if (reached('r') || (stage == 'o' && prefill))
            leg.ready = t0 + 2ms;
        if (reached('s') || (stage == 'r' && !prefill))
            leg.sent = t0 + 3ms;
        if (prefill && reached('p')) {
            leg.status = 200;
            leg.head = leg.firstByte = leg.ended = t0 + 2s;
        }
        if (!prefill && reached('t')) {
            leg.status = 200;
            leg.head = leg.firstByte = t0 + 2500ms;
            leg.events = 3;
            leg.times.add(t0 + 2500ms);
            leg.times.add(t0 + 3s);
        }
        timeline.legs.push_back(leg);
    }
    return timeline;
}

/// "running=1 waiting=2 bootstrap=… inflight=… prealloc=… transfer=… retracted=… usage=0.9 error=…"
LoadSample sample(const QByteArray &text)
{
    LoadSample sample;
    sample.at = now;
    const auto terms = text.split(' ');
    for (const QByteArray &term : terms) {
        const QByteArray key = term.left(term.indexOf('='));
        const QByteArray value = term.mid(term.indexOf('=') + 1);
        if (key == "running") sample.running = value.toInt();
        if (key == "waiting") sample.waiting = value.toInt();
        if (key == "limit") sample.runningLimit = value.toInt();
        if (key == "bootstrap") sample.prefillBootstrapQueue = value.toInt();
        if (key == "inflight") sample.prefillInflightQueue = value.toInt();
        if (key == "prealloc") sample.decodePreallocQueue = value.toInt();
        if (key == "transfer") sample.decodeTransferQueue = value.toInt();
        if (key == "retracted") sample.decodeRetractedQueue = value.toInt();
        if (key == "usage") sample.tokenUsage = value.toDouble();
        if (key == "error") sample.error = QString::fromLatin1(value);
    }
    return sample;
}

constexpr const char *idle = "running=0 waiting=0 bootstrap=0 inflight=0 prealloc=0 transfer=0 retracted=0 usage=0.1";

} // namespace

class TstExplain : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void phases_data();
    void phases();
    void bootstraps_data();
    void bootstraps();
    void answerThatIsNotStreamed();
    void clientStalled();
    void silence();
    void loads_data();
    void loads();
    void ranksAreAddedUp();
    void jsonRoundTrip();
    void namesOfPhases();
    void observationsAreBounded();
    void liveTraces();
    void serverTimesOnOurAxis();
    void serverTimesThatCannotBe_data();
    void serverTimesThatCannotBe();
};

void TstExplain::phases_data()
{
    QTest::addColumn<char>("stage");
    QTest::addColumn<QByteArray>("prefill");
    QTest::addColumn<QByteArray>("decode");
    QTest::addColumn<QByteArray>("phase");
    QTest::addColumn<QString>("says"); ///< a part of the sentence

    const auto row = [](const char *name, char stage, const QByteArray &prefill, const QByteArray &decode, const char *phase, const QString &says) {
        QTest::newRow(name) << stage << prefill << decode << QByteArray(phase) << says;
    };
    const QByteArray none;
    row("queue", 'w', none, none, "waiting_for_pair", u"waits in the balancer's queue for 3.9 s, it began at position 7"_s);
    row("connecting", 'o', none, none, "connecting", u"decode d2 (http://10.0.0.2:30000) has not accepted the connection for 4.0 s"_s);
    row("sending", 'r', none, none, "sending", u"prefill p1 has not taken the whole request"_s);
    row("prefill hangs", 's', "error=timeout", idle, "unknown", u"prefill p1 has had the request for 4.0 s and does not answer /v1/loads: timeout"_s);
    row("handshake", 's', "bootstrap=2 waiting=2", "prealloc=1 usage=0.2", "bootstrapping", u"handshake with decode d2 (2 requests in its bootstrap queue, 1 in decode's prealloc queue)"_s);
    row("decode does not know it", 's', "bootstrap=1", idle, "bootstrapping", u"none in decode's prealloc queue"_s);
    row("handshake, decode hangs", 's', "bootstrap=1", "error=refused", "bootstrapping", u"decode does not answer /v1/loads: refused"_s);
    row("decode full", 's', "bootstrap=1", "prealloc=1 usage=0.95 running=256 limit=256", "decode_prealloc",
        u"decode d2 has no room for the KV cache yet (1 request in its prealloc queue); it runs 256 requests of 256, KV cache 95 % full"_s);
    row("prefill queue", 's', "waiting=5 running=1 bootstrap=0", idle, "prefill_queue", u"waits for 4.0 s in the queue of prefill p1 (5 waiting); it runs 1 request"_s);
    row("prefill computes", 's', "waiting=0 running=1", idle, "prefill_compute", u"prefill p1 computes the prompt for 4.0 s"_s);
    row("transfer", 's', "inflight=3 running=1", "transfer=1", "kv_transfer", u"transfers the KV cache to decode d2 (3 requests under way)"_s);
    row("only decode has it", 's', idle, "prealloc=1", "decode_prealloc", u"decode d2 has no room"_s);
    row("lost by prefill", 's', idle, idle, "unknown", u"neither queue of prefill p1 holds a request"_s);
    row("prefill says nothing", 's', none, none, "unknown", u"does not say what it does"_s);
    row("decode queue", 'p', idle, "waiting=4 running=256 limit=256", "decode_queue", u"prefill is done and its KV cache transferred since 2.0 s; it waits in the queue of decode d2 (4 waiting); it runs 256 requests of 256"_s);
    row("decode computes", 'p', idle, "running=1 waiting=0", "decoding", u"decode d2 has not sent its first token; it runs 1 request"_s);
    row("decode hangs", 'p', idle, "error=timeout", "unknown", u"decode d2 does not answer /v1/loads: timeout"_s);
    row("lost by decode", 'p', idle, idle, "unknown", u"decode d2 says that it has no request"_s);
    row("stream stands still", 't', idle, "running=1", "decoding", u"its last of 3 events came 1.0 s ago; it runs 1 request"_s);
    row("retracted", 't', idle, "running=1 retracted=2", "decoding", u"2 requests there were retracted"_s);
    row("lost in a stream", 't', idle, idle, "decoding", u"it says that it runs no request"_s);
    row("decode died in a stream", 't', idle, "error=refused", "decoding", u"does not answer /v1/loads: refused"_s);
}

void TstExplain::phases()
{
    QFETCH(char, stage);
    QFETCH(QByteArray, prefill);
    QFETCH(QByteArray, decode);
    QFETCH(QString, says);
    const Explanation explanation = explain(timelineAt(stage), {sample(prefill), sample(decode), {}}, now);
    QTEST(QByteArray(phaseName(explanation.phase)), "phase");
    QVERIFY2(explanation.sentence.contains(says), qPrintable(explanation.sentence));
    QVERIFY(!explanation.advice.isEmpty());
    QCOMPARE(explanation.at, now);
}

void TstExplain::bootstraps_data()
{
    QTest::addColumn<QString>("error");
    QTest::addColumn<bool>("registered");
    QTest::addColumn<int>("port");
    QTest::addColumn<QString>("says");
    QTest::newRow("wrong port") << u"Connection refused"_s << true << 0 << u"the bootstrap server of prefill p1 at 10.0.0.1:8998 does not answer (Connection refused)"_s;
    QTest::newRow("not registered") << QString() << false << 0 << u"prefill p1 has not registered with its bootstrap server at 10.0.0.1:8998 yet"_s;
    QTest::newRow("crossed") << QString() << true << 30001 << u"belongs to the prefill on port 30001, not to prefill p1 on port 30000: the bootstrap ports are crossed"_s;
}

void TstExplain::bootstraps()
{
    QFETCH(QString, error);
    QFETCH(bool, registered);
    QFETCH(int, port);
    QFETCH(QString, says);
    BootstrapSample server{u"10.0.0.1:8998"_s, error, registered, {}};
    if (port > 0)
        server.prefillPort = quint16(port);
    const Explanation explanation = explain(timelineAt('s'), {sample("bootstrap=1"), sample(idle), server}, now);
    QCOMPARE(explanation.phase, PdPhase::Bootstrapping);
    QVERIFY2(explanation.sentence.contains(says), qPrintable(explanation.sentence));
    // Once the KV cache is there, the bootstrap server does not matter.
    QVERIFY(explain(timelineAt('p'), {sample(idle), sample("running=1"), server}, now).phase == PdPhase::Decoding);
    // Its own port is right.
    server = {u"10.0.0.1:8998"_s, {}, true, quint16(30000)};
    QVERIFY(explain(timelineAt('s'), {sample("running=1"), sample(idle), server}, now).phase == PdPhase::PrefillCompute);
}

void TstExplain::answerThatIsNotStreamed()
{
    Timeline timeline = timelineAt('p');
    timeline.stream = false;
    const Explanation explanation = explain(timeline, {sample(idle), sample("running=1"), {}}, now);
    QCOMPARE(explanation.phase, PdPhase::Decoding);
    QVERIFY(explanation.sentence.contains(u"since the answer is not streamed nothing is seen until its end"));
}

void TstExplain::clientStalled()
{
    Timeline timeline = timelineAt('t');
    timeline.stalled = t0 + 3s;
    const Explanation explanation = explain(timeline, {}, now);
    QCOMPARE(explanation.phase, PdPhase::Client);
    QVERIFY(explanation.sentence.startsWith(u"the client has taken nothing for 1.0 s"));
}

void TstExplain::silence()
{
    QCOMPARE(silentSince(timelineAt('s')), t0);
    QCOMPARE(silentSince(timelineAt('p')), t0); // prefill's answer is none of the client's
    QCOMPARE(silentSince(timelineAt('t')), t0 + 3s);
}

void TstExplain::loads_data()
{
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QString>("error");
    QTest::newRow("refused") << 0 << QByteArray() << u"gone"_s;
    QTest::newRow("404") << 404 << QByteArray("Not Found") << u"status 404: Not Found"_s;
    QTest::newRow("no JSON") << 200 << QByteArray("<html>\nhi</html>") << u"it answered what no engine answers: <html> hi</html>"_s;
    QTest::newRow("no list") << 200 << QByteArray(R"({"loads":{}})") << u"it answered what no engine answers: {\"loads\":{}}"_s;
    QTest::newRow("wild numbers") << 200 << QByteArray(R"({"loads":[{"num_running_reqs":-1,"num_waiting_reqs":1e300,"disaggregation":7},5,null]})") << QString();
}

void TstExplain::loads()
{
    QFETCH(int, status);
    QFETCH(QByteArray, body);
    control::EngineReply reply;
    reply.status = status;
    reply.body = body;
    reply.error = status == 0 ? u"gone"_s : QString();
    const LoadSample sample = control::readLoads(reply);
    QTEST(sample.error, "error");
    QVERIFY(!sample.running && !sample.waiting && !sample.prefillBootstrapQueue);
}

void TstExplain::ranksAreAddedUp()
{
    control::EngineReply reply;
    reply.status = 200;
    reply.body = R"({"loads":[{"num_running_reqs":1,"token_usage":0.25,"disaggregation":{"decode_prealloc_queue_reqs":2}},
                              {"num_running_reqs":4,"token_usage":0.75,"disaggregation":{"decode_prealloc_queue_reqs":3}}]})";
    const LoadSample sample = control::readLoads(reply);
    QCOMPARE(sample.running, std::optional<qint64>(5));
    QCOMPARE(sample.decodePreallocQueue, std::optional<qint64>(5));
    QCOMPARE(sample.tokenUsage, std::optional<double>(0.75));
    QVERIFY(!sample.waiting);
}

void TstExplain::jsonRoundTrip()
{
    Explanation explanation = explain(timelineAt('s'), {sample("bootstrap=1 waiting=3 usage=0.5"), sample("error=no"), {u"h:1"_s, u"why"_s, false, quint16(5)}}, now);
    const QJsonObject json = explanationJson(explanation, t0);
    QCOMPARE(json.value("at_ms"_L1).toDouble(), 4000.0);
    QCOMPARE(explanationJson(explanationFromJson(json, 7s), 7s), json);
    QCOMPARE(explanationFromJson(json, t0).prefill.waiting, std::optional<qint64>(3));
    QCOMPARE(explanationFromJson(json, t0).bootstrap.prefillPort, std::optional<quint16>(5));
    QCOMPARE(explanationFromJson(QJsonObject{{u"phase"_s, 7}, {u"prefill"_s, u"x"_s}}, t0).phase, PdPhase::Unknown);
}

void TstExplain::namesOfPhases()
{
    for (int i = 0; i <= int(PdPhase::Unknown); ++i)
        QCOMPARE(phaseFromName(phaseName(PdPhase(i))), PdPhase(i));
    QCOMPARE(phaseFromName("nonsense"), PdPhase::Unknown);
}

void TstExplain::observationsAreBounded()
{
    Observations observations;
    for (int i = 0; i < 100; ++i) {
        Explanation explanation;
        explanation.at = Monotonic(i);
        observations.addExplanation(explanation);
        observations.addAbortAnswer({"d1", Monotonic(i), 200, {}});
    }
    QCOMPARE(observations.explanations().size(), Observations::maxExplanations);
    QCOMPARE(observations.explanations().front().at, Monotonic(0)); // the first one stays
    QCOMPARE(observations.explanations().back().at, Monotonic(99));
    QCOMPARE(observations.abortAnswers().size(), size_t(100));
}

void TstExplain::liveTraces()
{
    LiveTraces live;
    QVERIFY(!live.isWatched(10s));
    QVERIFY(!live.watch(10s)); // nobody has told anything yet
    QVERIFY(live.isWatched(14s));
    QVERIFY(!live.isWatched(16s));
    QVERIFY(!live.watch(10s + 100ms));
    QVERIFY(live.watch(10s + 500ms));
    QVERIFY(!live.watch(20s));
    for (const quint64 serial : {3, 1, 2, 3}) {
        auto timeline = std::make_shared<Timeline>();
        timeline->serial = serial;
        timeline->requestId = QByteArray::number(serial);
        live.update(timeline);
    }
    QCOMPARE(live.all().size(), size_t(3));
    QCOMPARE(live.all().front()->serial, quint64(3));
    QVERIFY(live.find("2"));
    live.ended(2);
    live.ended(77);
    QVERIFY(!live.find("2"));
    QCOMPARE(live.all().size(), size_t(2));
}

namespace {

/// Prefill's leg lasts from 10 to 110 ms on our axis; by an engine whose clock is 5 s ahead, from 20 to 80 ms.
Timeline withServerTimes(double received = 5.020, double finished = 5.080)
{
    Timeline timeline;
    timeline.received = t0;
    timeline.startedAt = QDateTime::fromMSecsSinceEpoch(1'800'000'000'000, Qt::UTC);
    LegTimeline leg;
    leg.prefill = true;
    leg.sent = t0 + 10ms;
    leg.ended = t0 + 110ms;
    leg.facts.serverReceived = 1'800'000'000 + received;
    leg.facts.serverFinished = 1'800'000'000 + finished;
    timeline.legs = {leg};
    return timeline;
}

} // namespace

void TstExplain::serverTimesOnOurAxis()
{
    const Timeline timeline = withServerTimes();
    const auto times = serverTimes(timeline, timeline.legs[0]);
    QVERIFY(times);
    const auto close = [](Monotonic a, Monotonic b) { return a - b < 10us && b - a < 10us; };
    QVERIFY(close(times->uncertainty, 20ms)); // 100 ms here, 60 ms there
    QVERIFY(close(times->received, t0 + 30ms));
    QVERIFY(close(times->finished, t0 + 90ms));
    QVERIFY(close(times->clockOffset, 4990ms)); // within 20 ms of 5 s
    // Decode's are the client's answer's.
    Timeline decode = timeline;
    decode.legs[0].prefill = false;
    std::swap(decode.facts, decode.legs[0].facts);
    QVERIFY(serverTimes(decode, decode.legs[0]));
    decode.samples = 2;
    QVERIFY(!serverTimes(decode, decode.legs[0]));
}

void TstExplain::serverTimesThatCannotBe_data()
{
    QTest::addColumn<double>("received");
    QTest::addColumn<double>("finished");
    QTest::newRow("longer there than here") << 5.0 << 5.2;
    QTest::newRow("backwards") << 5.1 << 5.0;
    QTest::newRow("no number") << std::numeric_limits<double>::quiet_NaN() << 5.0;
    QTest::newRow("endless") << 5.0 << std::numeric_limits<double>::infinity();
    QTest::newRow("another century") << -1e10 << -1e10 + 0.05;
}

void TstExplain::serverTimesThatCannotBe()
{
    QFETCH(double, received);
    QFETCH(double, finished);
    const Timeline timeline = withServerTimes(received, finished);
    QVERIFY(!serverTimes(timeline, timeline.legs[0]));
    QVERIFY(!serverTimes(Timeline(), LegTimeline()));
}

QTEST_APPLESS_MAIN(TstExplain)
#include "tst_explain.moc"
