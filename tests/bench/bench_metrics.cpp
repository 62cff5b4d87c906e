// SPDX-License-Identifier: Apache-2.0

// What counting costs: a finished request in its worker, an event of a stream, and one reading of /metrics.
#include "fleet/fleet.h"
#include "metrics/metrics.h"

#include <algorithm>
#include <cstdio>

using namespace pdlb;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

/// The median of some rounds, in nanoseconds a call.
template <typename Work> double nanoseconds(int calls, Work work)
{
    std::array<double, 9> rounds;
    for (double &round : rounds) {
        const auto start = std::chrono::steady_clock::now();
        for (int i = 0; i < calls; ++i)
            work(i);
        round = std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / calls;
    }
    std::nth_element(rounds.begin(), rounds.begin() + rounds.size() / 2, rounds.end());
    return rounds[rounds.size() / 2];
}

trace::Timeline request(const fleet::Server &prefill, const fleet::Server &decode)
{
    trace::Timeline timeline;
    timeline.endpoint = "/v1/chat/completions";
    timeline.stream = true;
    timeline.attempts = 1;
    timeline.requestBytes = timeline.answerBytes = 700;
    timeline.received = 1s;
    timeline.picked = 1s;
    timeline.ended = 3s;
    timeline.status = 200;
    for (const auto &[server, isPrefill] : {std::pair{&prefill, true}, {&decode, false}}) {
        trace::LegTimeline leg;
        leg.prefill = isPrefill;
        leg.serverId = server->id;
        leg.ready = leg.sent = 1s;
        leg.firstByte = leg.ended = 2s;
        leg.status = 200;
        if (!isPrefill)
            leg.gaps.add(20ms, 1);
        timeline.legs.push_back(leg);
    }
    return timeline;
}

} // namespace

int main()
{
    for (const int servers : {1, 8, 64}) {
        Config config;
        for (int i = 0; i < servers; ++i) {
            config.prefill.append({u"http://127.0.0.1:%1"_s.arg(1000 + i), BootstrapPort::none()});
            config.decode.append({u"http://127.0.0.1:%1"_s.arg(2000 + i)});
        }
        fleet::Fleet fleet;
        if (const auto applied = fleet.apply(config); !applied)
            return 1;
        metrics::Metrics metrics(fleet, SteadyClock::instance(), {}, [] { return metrics::Gauges(); });
        metrics::WorkerMetrics &worker = metrics.addWorker();
        std::vector<trace::Timeline> requests;
        for (const fleet::Server &prefill : fleet.snapshot()->prefill) {
            for (const fleet::Server &decode : fleet.snapshot()->decode)
                requests.push_back(request(prefill, decode));
        }
        const double record =
            nanoseconds(200'000, [&](int i) { worker.record(requests[size_t(i) * 7919 % requests.size()]); });
        qsizetype size = 0;
        const double read = nanoseconds(20, [&](int) { size = metrics.text().size(); });
        std::printf("%2d x %2d servers: %6.0f ns a request, %6.2f ms a reading of %lld KiB\n", servers, servers, record,
                    read / 1e6, static_cast<long long>(size / 1024));
    }
    trace::GapCounts gaps;
    const double gap =
        nanoseconds(5'000'000, [&](int i) { gaps.add(std::chrono::microseconds(i % 40'000), 1 + quint32(i) % 2); });
    std::printf("%.1f ns an event (%u)\n", gap, gaps.counts[0]); // used, so that it is not left out
    return 0;
}
