// SPDX-License-Identifier: Apache-2.0

// What is counted of finished requests, by several workers, and what of it is shown.
#include "fleet/fleet.h"
#include "metrics/metrics.h"

#include <QTest>

#include <thread>

using namespace pdlb;
using namespace pdlb::metrics;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

Config fleetOf(int prefills, int decodes)
{
    Config config;
    for (int i = 0; i < prefills; ++i)
        config.prefill.append({u"http://127.0.0.1:%1"_s.arg(1000 + i), BootstrapPort::none()});
    for (int i = 0; i < decodes; ++i)
        config.decode.append({u"http://127.0.0.1:%1"_s.arg(2000 + i)});
    return config;
}

trace::LegTimeline leg(bool prefill, quint64 id)
{
    trace::LegTimeline leg;
    leg.prefill = prefill;
    leg.serverId = id;
    leg.ready = leg.opened = 1s;
    leg.sent = 1s;
    leg.status = 200;
    leg.ended = 1s + (prefill ? 20ms : 1s);
    if (!prefill)
        leg.firstByte = 1s + 30ms;
    return leg;
}

/// A good stream on that pair: 20 ms prefill, 30 ms to the first token, 1 s in all.
trace::Timeline stream(quint64 prefill, quint64 decode)
{
    trace::Timeline timeline;
    timeline.endpoint = "/generate";
    timeline.stream = true;
    timeline.requestBytes = 10;
    timeline.answerBytes = 100;
    timeline.attempts = 1;
    timeline.received = 1s;
    timeline.picked = 1s;
    timeline.ended = 2s;
    timeline.status = 200;
    timeline.legs = {leg(true, prefill), leg(false, decode)};
    timeline.legs.back().gaps.add(12ms, 1);
    return timeline;
}

QByteArrayList series(const QByteArray &text, const QByteArray &start)
{
    QByteArrayList found;
    for (const QByteArray &line : text.split('\n')) {
        if (line.startsWith(start))
            found += line;
    }
    return found;
}

} // namespace

class TstMetrics : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void gaps();
    void buckets();
    void statuses();
    void requests();
    void queueWait();
    void failures();
    void workersAtOnce();
    void removedServers();
    void manyPairs();
    void manyServers();
    void ownBuckets();
};

void TstMetrics::gaps()
{
    trace::GapCounts gaps;
    gaps.add(1ms, 1); // a bound belongs to its bucket
    gaps.add(1ms + 1ns, 1);
    gaps.add(40ms, 4); // four of 10 ms
    gaps.add(60s, 1);
    QCOMPARE(gaps.counts[0], 1u);
    QCOMPARE(gaps.counts[1], 1u);
    QCOMPARE(gaps.counts[3], 4u);
    QCOMPARE(gaps.counts.back(), 1u);
    QCOMPARE(gaps.sum, Monotonic(60s + 42ms + 1ns));

    Histogram histogram;
    histogram.add(gaps);
    histogram.add(gaps);
    QCOMPARE(histogram.count(), 14u);
    QCOMPARE(histogram.counts()[3], 8u);
}

void TstMetrics::buckets()
{
    const Bounds bounds{10ms, 100ms};
    Histogram a;
    QCOMPARE(a.count(), 0u);
    a.observe(bounds, 10ms);
    a.observe(bounds, 11ms);
    a.observe(bounds, 5s);
    QCOMPARE(a.counts(), (std::vector<quint64>{1, 1, 1}));
    Histogram b;
    b.add(a);           // into an empty one
    b.add(Histogram()); // and an empty one into it
    b.add(a);
    QCOMPARE(b.counts(), (std::vector<quint64>{2, 2, 2}));
    QCOMPARE(b.sumSeconds(), 10.042);
    QVERIFY(std::is_sorted(defaultDurationBounds().begin(), defaultDurationBounds().end()));
}

void TstMetrics::statuses()
{
    QCOMPARE(statusName(knownStatus(200)), "200");
    QCOMPARE(statusName(knownStatus(503)), "503");
    QCOMPARE(statusName(knownStatus(418)), "4xx");
    QCOMPARE(statusName(knownStatus(299)), "2xx");
    QCOMPARE(statusName(knownStatus(0)), "none");
    QCOMPARE(statusName(knownStatus(-7)), "none");
    QCOMPARE(statusName(knownStatus(65736)), "none"); // 200 + 65536
    QSet<quint16> all;
    for (int status = -1000; status < 100'000; ++status)
        all += knownStatus(status);
    QVERIFY2(all.size() < 32, "an engine must not make series without end");
}

void TstMetrics::requests()
{
    WorkerMetrics worker(defaultDurationBounds());
    worker.record(stream(7, 8));
    worker.record(stream(7, 8));
    trace::Timeline retried = stream(7, 9);
    retried.attempts = 3;
    retried.stream = false;
    retried.legs[0].reused = true;
    worker.record(retried);
    const Totals totals = worker.take();
    QCOMPARE(totals.requests.size(), 2u);
    QCOMPARE(totals.requests.at({7, 8, 200, 0, 0}), 2u);
    QCOMPARE(totals.requests.at({7, 9, 200, 0, 0}), 1u);
    QCOMPARE(totals.endpoints[0].requestBytes, 30u);
    QCOMPARE(totals.endpoints[0].answerBytes, 300u);
    QCOMPARE(totals.endpoints[0].firstToken.count(), 2u);
    QCOMPARE(totals.endpoints[0].total[true].sumSeconds(), 2.0);
    QCOMPARE(totals.endpoints[0].total[false].count(), 1u);
    QCOMPARE(totals.prefillTime.at(7).sumSeconds(), 0.06);
    QCOMPARE(totals.gaps.at(8).count(), 2u);
    QCOMPARE(totals.attempts, 5u);
    QCOMPARE(totals.retries, 2u);
    QCOMPARE(totals.connections[false], 5u);
    QCOMPARE(totals.connections[true], 1u);
    QVERIFY(worker.take().requests.empty());
}

void TstMetrics::queueWait()
{
    WorkerMetrics worker(defaultDurationBounds());
    trace::Timeline waited = stream(1, 2);
    waited.queued = 1s;
    waited.admitted = 3s;
    worker.record(waited);
    trace::Timeline gaveUp;
    gaveUp.queued = 1s;
    gaveUp.ended = 11s;
    gaveUp.end = trace::EndReason::Overload;
    worker.record(gaveUp);
    trace::Timeline refused; // did not even wait
    refused.ended = 1s;
    refused.end = trace::EndReason::Overload;
    worker.record(refused);
    worker.record(stream(1, 2));
    const Totals totals = worker.take();
    QCOMPARE(totals.queueWait.count(), 3u);
    QCOMPARE(totals.queueWait.sumSeconds(), 12.0);
}

void TstMetrics::failures()
{
    WorkerMetrics worker(defaultDurationBounds());
    trace::Timeline failed = stream(1, 2);
    failed.end = trace::EndReason::DecodeCut;
    failed.legs[0].abortSent = true;
    worker.record(failed);
    const Totals totals = worker.take();
    QCOMPARE(totals.requests.at({1, 2, 200, 0, quint8(trace::EndReason::DecodeCut)}), 1u);
    QCOMPARE(totals.aborts[true], 1u);
    QCOMPARE(totals.aborts[false], 0u);
    QVERIFY2(totals.prefillTime.empty(), "a cancelled leg does not say how long prefill takes");
    QCOMPARE(totals.endpoints[0].total[true].count(), 0u);
    QCOMPARE(totals.endpoints[0].firstToken.count(), 1u);
}

void TstMetrics::workersAtOnce()
{
    fleet::Fleet fleet;
    QVERIFY(fleet.apply(fleetOf(1, 1)));
    const quint64 p = fleet.snapshot()->prefill[0].id, d = fleet.snapshot()->decode[0].id;
    Metrics metrics(fleet, SteadyClock::instance(), {}, [] { return Gauges(); });
    constexpr int workers = 4, each = 5000;
    std::vector<std::jthread> threads;
    std::atomic<int> running = workers;
    for (int i = 0; i < workers; ++i) {
        threads.emplace_back([&] {
            WorkerMetrics &mine = metrics.addWorker();
            for (int n = 0; n < each; ++n)
                mine.record(stream(p, d));
            --running;
        });
    }
    while (running > 0)
        metrics.gather(); // nothing is lost or counted twice however often they are read
    threads.clear();
    const QByteArray text = metrics.text();
    QCOMPARE(series(text, "pdlb_requests_total{"),
             QByteArrayList{
                 R"(pdlb_requests_total{endpoint="/generate",prefill="p1",decode="d1",status="200",end="ok"} 20000)"});
    QCOMPARE(series(text, "pdlb_prefill_seconds_count"),
             QByteArrayList{R"(pdlb_prefill_seconds_count{server="p1"} 20000)"});
    QCOMPARE(series(text, "pdlb_inter_chunk_gap_seconds_bucket{server=\"d1\",le=\"0.01\"}").value(0).split(' ').last(),
             "0");
    QCOMPARE(series(text, "pdlb_inter_chunk_gap_seconds_bucket{server=\"d1\",le=\"0.015\"}").value(0).split(' ').last(),
             "20000");
    QCOMPARE(metrics.text().count("20000"), text.count("20000")); // reading changes nothing
}

void TstMetrics::removedServers()
{
    fleet::Fleet fleet;
    QVERIFY(fleet.apply(fleetOf(2, 2)));
    Metrics metrics(fleet, SteadyClock::instance(), {}, [] { return Gauges(); });
    WorkerMetrics &worker = metrics.addWorker();
    const auto before = fleet.snapshot();
    for (const fleet::Server &prefill : before->prefill) {
        for (const fleet::Server &decode : before->decode)
            worker.record(stream(prefill.id, decode.id));
    }
    trace::Timeline bad;
    bad.status = 400;
    bad.end = trace::EndReason::BadRequest;
    bad.endpoint = "/generate";
    worker.record(bad);
    QByteArray text = metrics.text();
    QCOMPARE(series(text, "pdlb_requests_total{").size(), 5);
    QCOMPARE(series(text, "pdlb_prefill_seconds_count{").size(), 2);
    QVERIFY(text.contains("\"p2\"") && text.contains("\"d2\""));

    QVERIFY(fleet.apply(fleetOf(1, 1)));
    worker.record(stream(before->prefill[1].id, before->decode[0].id)); // was still under way
    text = metrics.text();
    QVERIFY(!text.contains("\"p2\"") && !text.contains("\"d2\""));
    QCOMPARE(series(text, "pdlb_requests_total{").size(), 2);
    QVERIFY(text.contains(
        R"(pdlb_requests_total{endpoint="/generate",prefill="",decode="",status="400",end="bad_request"} 1)"));
}

void TstMetrics::manyPairs()
{
    fleet::Fleet fleet;
    QVERIFY(fleet.apply(fleetOf(17, 16)));
    Metrics metrics(fleet, SteadyClock::instance(), {}, [] { return Gauges(); });
    WorkerMetrics &worker = metrics.addWorker();
    for (const fleet::Server &prefill : fleet.snapshot()->prefill) {
        for (const fleet::Server &decode : fleet.snapshot()->decode)
            worker.record(stream(prefill.id, decode.id));
    }
    const QByteArray text = metrics.text();
    QCOMPARE(
        series(text, "pdlb_requests_total{"),
        QByteArrayList{
            R"(pdlb_requests_total{endpoint="/generate",prefill="other",decode="other",status="200",end="ok"} 272)"});
    QCOMPARE(series(text, "pdlb_server_legs_total{").size(), 33);
    QCOMPARE(series(text, "pdlb_pairs_healthy"), QByteArrayList{"pdlb_pairs_healthy 272"});
}

void TstMetrics::manyServers()
{
    fleet::Fleet fleet;
    QVERIFY(fleet.apply(fleetOf(1, 65)));
    Metrics metrics(fleet, SteadyClock::instance(), {}, [] { return Gauges(); });
    WorkerMetrics &worker = metrics.addWorker();
    for (const fleet::Server &decode : fleet.snapshot()->decode)
        worker.record(stream(fleet.snapshot()->prefill[0].id, decode.id));
    const QByteArray text = metrics.text();
    QCOMPARE(series(text, "pdlb_inter_chunk_gap_seconds_count"),
             QByteArrayList{R"(pdlb_inter_chunk_gap_seconds_count{server="other"} 65)"});
    QCOMPARE(series(text, "pdlb_prefill_seconds_count"),
             QByteArrayList{R"(pdlb_prefill_seconds_count{server="p1"} 65)"});
    QCOMPARE(series(text, "pdlb_requests_total{").size(), 65);
}

void TstMetrics::ownBuckets()
{
    fleet::Fleet fleet;
    QVERIFY(fleet.apply(fleetOf(1, 1)));
    Metrics metrics(fleet, SteadyClock::instance(), {0.5, 1.5}, [] { return Gauges{.running = 3, .draining = true}; });
    metrics.addWorker().record(stream(fleet.snapshot()->prefill[0].id, fleet.snapshot()->decode[0].id));
    const QByteArray text = metrics.text();
    const QByteArray start = R"(pdlb_request_seconds_bucket{endpoint="/generate",stream="true",le=)";
    QCOMPARE(series(text, start), (QByteArrayList{start + "\"0.5\"} 0", start + "\"1.5\"} 1", start + "\"+Inf\"} 1"}));
    QCOMPARE(series(text, "pdlb_requests_in_flight "), QByteArrayList{"pdlb_requests_in_flight 3"});
    QCOMPARE(series(text, "pdlb_draining"), QByteArrayList{"pdlb_draining 1"});
}

QTEST_APPLESS_MAIN(TstMetrics)

#include "tst_metrics.moc"
