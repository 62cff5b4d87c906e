// SPDX-License-Identifier: Apache-2.0

// What records cost a worker: a request of small JSON, a chunk of a stream, a filter over many records; what they cost when
// they are written, and the memory of an export. Prints a table; passes and fails on nothing.
//     bench_traces [RECORDS]
#include "trace/export/exporter.h"
#include "trace/filter.h"
#include "trace/timeline_json.h"
#include "trace/trace_store.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <sys/resource.h>

using namespace pdlb;
using namespace pdlb::trace;
using namespace Qt::StringLiterals;

namespace {

const QByteArray requestBody = R"({"model":"llama","messages":[{"role":"user","content":")" + QByteArray(400, 'q') + R"("}],"max_tokens":16})";
const QByteArray answerBody = R"({"id":"x","model":"llama","choices":[{"index":0,"message":{"role":"assistant","content":")" + QByteArray(300, 'a')
    + R"("},"finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":16}})";
const QByteArray chunk = R"(data: {"id":"abcdef","object":"chat.completion.chunk","model":"llama","choices":[{"index":0,"delta":{"content":" word"}}]})" "\n\n";

// Shared in the relay too.
const QByteArray path = "/v1/chat/completions";
const QByteArray prefillName = "p1";
const QByteArray decodeName = "d1";
const QByteArray url = "http://10.0.0.1:30000";

template <typename Work> double nanoseconds(int times, Work work)
{
    const auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < times; ++i)
        work(i);
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count() / times;
}

http::HeaderList someHeaders()
{
    http::HeaderList headers;
    for (const char *name : {"Host", "User-Agent", "Accept", "Content-Type", "Authorization", "X-Request-Id"})
        headers.add(name, "some value of it");
    return headers;
}

/// What the relay does for the record beside forwarding, at the defaults.
Timeline makeRecord(const std::shared_ptr<BodyBudget> &budget, const http::HeaderList &headers, int i, bool bodies)
{
    Timeline timeline;
    timeline.serial = nextSerial();
    timeline.requestId = "0123456789abcdef" + QByteArray::number(i);
    timeline.requestHeaders = headers;
    timeline.target = timeline.endpoint = path;
    timeline.model = "llama";
    timeline.peer = "127.0.0.1";
    timeline.rid = "0123456789abcdef0123456789abcdef";
    timeline.rooms = {quint64(i) + 7'000'000'000'000};
    timeline.policy = "random";
    timeline.startedAt = QDateTime::currentDateTimeUtc();
    timeline.received = std::chrono::microseconds(i);
    timeline.status = 200;
    BodyRecorder recorder(budget, bodies ? 1024 * 1024 : 0);
    recorder.setRequest(requestBody);
    timeline.legs.reserve(2);
    for (const bool prefill : {true, false}) {
        LegTimeline leg;
        leg.prefill = prefill;
        leg.server = prefill ? prefillName : decodeName;
        leg.url = url;
        leg.status = 200;
        leg.opened = leg.ready = leg.sent = timeline.received;
        leg.head = leg.firstByte = leg.ended = timeline.received + std::chrono::milliseconds(1 + i % 1000);
        leg.headers = headers;
        timeline.legs.push_back(std::move(leg));
    }
    recorder.addPrefill(answerBody, std::chrono::milliseconds(1));
    recorder.addAnswer(answerBody, std::chrono::milliseconds(2));
    timeline.facts = pd::factsOfAnswer(recorder.answerTail(), false);
    timeline.ended = timeline.received + std::chrono::milliseconds(1 + i % 1000);
    timeline.bodies = recorder.take();
    timeline.searchText = searchTextOf(timeline);
    return timeline;
}

/// Of the process so far, in MiB.
double peakMemory()
{
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return double(usage.ru_maxrss) / 1024;
}

/// Every record once through each exporter, its output thrown away.
void exportAll(const std::vector<TimelinePtr> &list)
{
    for (const QString &format : exportFormats()) {
        const double before = peakMemory();
        const auto exporter = *makeExporter(format, {});
        qint64 bytes = exporter->begin().size();
        const double cost = nanoseconds(int(list.size()), [&](int i) { bytes += exporter->write(*list[size_t(i)]).size(); });
        for (QByteArray end = exporter->finish(); !end.isEmpty(); end = exporter->finish())
            bytes += end.size();
        std::printf("export as %-29s %8.0f ns a record, %.0f MB in all, %.1f MiB more memory\n", qPrintable(format), cost, double(bytes) / 1e6,
                    peakMemory() - before);
    }
}

} // namespace

int main(int argc, char **argv)
{
    const int records = argc > 1 ? std::max(1, std::atoi(argv[1])) : 100'000;
    const http::HeaderList headers = someHeaders();
    const auto budget = std::make_shared<BodyBudget>(qint64(256) * 1024 * 1024);
    for (const bool bodies : {false, true}) {
        TraceStore store(1000, 16 << 20, budget);
        const double cost = nanoseconds(200'000, [&](int i) { store.record(std::make_shared<const Timeline>(makeRecord(budget, headers, i, bodies))); });
        std::printf("a request of small JSON, %-14s %8.0f ns\n", bodies ? "with bodies" : "without bodies", cost);
    }
    {
        BodyRecorder recorder(budget, 1024 * 1024);
        EventTimes times;
        const double cost = nanoseconds(1'000'000, [&](int i) {
            if (i % 1000 == 0) {
                recorder = BodyRecorder(budget, 1024 * 1024);
                times = {};
            }
            const Monotonic at = std::chrono::microseconds(20) * (i % 1000 + 1);
            times.add(at);
            recorder.addAnswer(chunk, at);
        });
        std::printf("a chunk of a stream of 1,000            %8.0f ns\n", cost);
    }
    TraceStore store(size_t(records), qint64(1) << 40, nullptr);
    for (int i = 0; i < records; ++i)
        store.record(std::make_shared<const Timeline>(makeRecord(budget, headers, i, false)));
    const auto list = store.newest(size_t(records));
    qint64 written = 0;
    std::printf("an event for listeners                  %8.0f ns\n", nanoseconds(records, [&](int i) { written += summaryJson(*list[size_t(i)]).size(); }));
    std::printf("a line of the trace file                %8.0f ns\n", nanoseconds(records, [&](int i) { written += timelineJson(*list[size_t(i)], {}).size(); }));
    exportAll(list);
    for (const QString &text : {u"status:5xx"_s, u"ttft>500ms"_s, u"pair:p1/d2 model:llama -is:ok"_s, u"model:llama total>500ms"_s, u"\"nowhere\""_s}) {
        const Filter filter = *Filter::parse(text);
        size_t hits = 0;
        double best = 1e18;
        for (int round = 0; round < 5; ++round) {
            hits = 0;
            best = std::min(best, nanoseconds(1, [&](int) {
                for (const TimelinePtr &timeline : list)
                    hits += filter.matches(*timeline, Monotonic(0)) ? 1 : 0;
            }));
        }
        std::printf("%-32s over %d records %8.2f ms, %zu hits\n", qPrintable(text), records, best / 1e6, hits);
    }
}
