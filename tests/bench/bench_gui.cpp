// SPDX-License-Identifier: Apache-2.0

// What the window costs: figures for people, never a pass or a failure. Run it offscreen: QT_QPA_PLATFORM=offscreen bench_gui
#include "mainwindow.h"

#include "models/trace_model.h"
#include "mock/mock_fleet.h"
#include "pages/tester_page.h"
#include "pages/traces_page.h"
#include "session/bench_thread.h"
#include "session/session.h"
#include "session/trace_feed.h"
#include "theme/theme.h"
#include "trace/kept_bodies.h"
#include "rig.h"
#include "widgets/answer_view.h"
#include "widgets/filter_edit.h"
#include "widgets/request_form.h"

#include <QElapsedTimer>
#include <QFile>
#include <QLineEdit>
#include <QPlainTextEdit>

#include <algorithm>
#include <cstdio>

#include <malloc.h>
#include <time.h>

using namespace Qt::StringLiterals;
using namespace pdlb;

namespace {

double threadSeconds()
{
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) / 1e9;
}

double processSeconds()
{
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return double(time.tv_sec) + double(time.tv_nsec) / 1e9;
}

qint64 residentKiB()
{
    QFile status(u"/proc/self/status"_s);
    if (!status.open(QIODevice::ReadOnly))
        return 0;
    for (const QByteArray &line : status.readAll().split('\n')) {
        if (line.startsWith("VmRSS:"))
            return line.simplified().split(' ').value(1).toLongLong();
    }
    return 0;
}

/// How late a timer of 5 ms comes, in milliseconds.
class Latency final : public QObject
{
public:
    Latency()
    {
        m_timer.setTimerType(Qt::PreciseTimer);
        m_timer.setInterval(5);
        connect(&m_timer, &QTimer::timeout, this, [this] { m_late.push_back(std::max(0.0, double(m_since.nsecsElapsed()) / 1e6 - 5)); m_since.restart(); });
        m_since.start();
        m_timer.start();
    }
    void clear() { m_late.clear(); m_since.restart(); }
    double quantile(double share)
    {
        std::sort(m_late.begin(), m_late.end());
        return m_late.empty() ? 0 : m_late[size_t(share * double(m_late.size() - 1))];
    }

private:
    QTimer m_timer;
    QElapsedTimer m_since;
    std::vector<double> m_late;
};

void wait(std::chrono::milliseconds time)
{
    QTest::qWait(int(time.count()));
}

} // namespace

int main(int argc, char **argv)
{
    QElapsedTimer start;
    start.start();
    QApplication app(argc, argv);
    QApplication::setStyle(u"Fusion"_s);
    const int seconds = argc > 1 ? std::max(2, atoi(argv[1])) : 10;
    guitest::Rig rig;
    std::printf("start to a window that is shown: %lld ms\n", static_cast<long long>(start.elapsed()));
    rig.startMocks();
    auto &window = rig.window();
    window.showPage(gui::MainWindow::Traces);

    // A full table, then 1,000 finished requests a second into it.
    auto &model = window.feed().model();
    quint64 serial = 10'000'000;
    std::vector<trace::TimelinePtr> made;
    for (int i = 0; i < 5000; ++i)
        made.push_back(guitest::madeUp(serial++, gui::TraceModel::now()));
    model.add(made);
    wait(std::chrono::milliseconds(300));
    std::vector<trace::TimelinePtr> ready; // made before they are measured
    for (int i = 0; i < 1000 * seconds; ++i)
        ready.push_back(guitest::madeUp(serial++, gui::TraceModel::now()));
    Latency latency;
    QTimer feeder;
    size_t next = 0;
    QElapsedTimer elapsed;
    QObject::connect(&feeder, &QTimer::timeout, &feeder, [&] { // as often as the feed
        const size_t until = std::min(ready.size(), size_t(double(elapsed.elapsed())));
        if (until > next)
            model.add({ready.begin() + qsizetype(next), ready.begin() + qsizetype(until)});
        next = until;
    });
    wait(std::chrono::milliseconds(500));
    elapsed.start();
    feeder.start(66);
    latency.clear();
    double cpu = threadSeconds();
    wait(std::chrono::seconds(seconds));
    std::printf("1,000 requests/s into 5,000 rows: GUI thread %.1f %% of a core, event loop late by p50 %.1f ms, p99 %.1f ms, most %.1f ms\n",
                (threadSeconds() - cpu) / seconds * 100, latency.quantile(0.5), latency.quantile(0.99), latency.quantile(1));
    feeder.stop();

    // Live requests through the embedded balancer.
    gui::BenchThread bench(nullptr);
    client::RequestSpec spec;
    spec.endpoint = pd::Endpoint::ChatCompletions;
    spec.messages = {{u"user"_s, u"hi"_s}};
    spec.maxTokens = 1;
    spec.stream = false;
    bool over = false;
    QObject::connect(&bench, &gui::BenchThread::finished, &bench, [&](const client::BenchReport &report) {
        over = true;
        std::printf("through the embedded balancer with the table open: %.0f requests/s, %lld failed\n", double(report.all.good) / report.seconds, static_cast<long long>(report.all.failed));
    });
    client::BenchOptions options{.requests = 1000 * seconds, .rate = 500, .poisson = false};
    const auto origin = upstream::parseOrigin(window.session().url().toString());
    latency.clear();
    cpu = threadSeconds();
    elapsed.restart();
    bench.start(*origin, spec, options);
    if (!QTest::qWaitFor([&] { return over; }, 120'000))
        return 1;
    std::printf("  GUI thread %.1f %% of a core, late by p99 %.1f ms; table %zu rows\n", (threadSeconds() - cpu) / double(elapsed.elapsed()) * 1e5, latency.quantile(0.99), model.total());

    // Full budgets: 5,000 rows whose bodies use what there is.
    spec.messages = {{u"user"_s, QString(250'000, u'm') }};
    over = false;
    bench.start(*origin, spec, {.requests = 3000, .concurrency = 4});
    if (!QTest::qWaitFor([&] { return over; }, 180'000))
        return 1;
    wait(std::chrono::seconds(1));
    const auto budget = window.session().bodyBudget();
    std::printf("memory with %zu rows and %.0f of %.0f MiB of bodies: %.0f MiB\n", model.total(), double(budget->memory.used()) / 1048576,
                double(budget->memory.limit()) / 1048576, double(residentKiB()) / 1024);
    const auto heap = mallinfo2();
    std::printf("  heap: %.0f MiB in use, %.0f MiB free in it, %.0f MiB mapped\n", double(heap.uordblks) / 1048576, double(heap.fordblks) / 1048576, double(heap.hblkhd) / 1048576);

    model.clear();

    // 100,000 records, a filter typed key by key.
    model.setLimits({.rows = 110'000, .bytes = qint64(2) * 1024 * 1024 * 1024});
    made.clear();
    for (int i = 0; i < 100'000; ++i) {
        auto timeline = std::make_shared<trace::Timeline>(*guitest::madeUp(serial++, gui::TraceModel::now()));
        timeline->searchText = trace::searchTextOf(*timeline);
        timeline->legs[1].times = {};
        made.push_back(std::shared_ptr<const trace::Timeline>(std::move(timeline)));
    }
    model.add(made);
    made.clear();
    wait(std::chrono::milliseconds(300));
    auto *filter = rig.find<gui::FilterEdit>("filterEdit");
    double worst = 0;
    double sum = 0;
    QString worstText;
    const QString typed = u"status:502 or ttft>300ms pair:p1/* llama"_s;
    for (qsizetype i = 1; i <= typed.size(); ++i) {
        QElapsedTimer key;
        key.start();
        filter->setFilterText(typed.left(i));
        const double ms = double(key.nsecsElapsed()) / 1e6;
        sum += ms;
        if (ms > worst) {
            worst = ms;
            worstText = typed.left(i);
        }
        wait(std::chrono::milliseconds(20));
    }
    std::printf("filter over %zu records, key by key: mean %.1f ms, most %.1f ms (at \"%s\")\n", model.total(), sum / double(typed.size()), worst, qPrintable(worstText));
    filter->clear();
    model.clear();
    model.setLimits({});

    // A stream of 500 events a second in the tester, while somebody types.
    mock::FleetOptions fleet{.prefills = 1, .decodes = 1};
    fleet.engine.decodeMs = 2;
    mock::MockFleet engines(fleet);
    if (!engines.start())
        return 1;
    window.showPage(gui::MainWindow::Tester);
    auto request = window.tester().form().request();
    request->target = {gui::TesterTarget::Kind::Decode, u"d1"_s};
    request->spec.maxTokens = 1000;
    window.tester().form().setRequest(*request);
    client::RequestSpec alone = request->spec;
    alone.extra = {{u"bootstrap_host"_s, u"2.2.2.2"_s}, {u"bootstrap_room"_s, 0}};
    latency.clear();
    cpu = threadSeconds();
    elapsed.restart();
    auto &answer = window.tester().answer();
    answer.send(*upstream::parseOrigin(engines.decodeUrls().first().toString()), alone.toBytes());
    auto *extra = rig.find<QPlainTextEdit>("extraJson");
    double slowestKey = 0;
    while (answer.isRunning() && elapsed.elapsed() < 20'000) {
        QElapsedTimer key;
        key.start();
        QTest::keyClick(extra, Qt::Key_Space);
        slowestKey = std::max(slowestKey, double(key.nsecsElapsed()) / 1e6);
        QTest::qWait(10);
    }
    std::printf("a stream in the tester: %lld events in %.1f s, GUI thread %.0f %% of a core (the engine is in it), late by p99 %.1f ms, a key took at most %.1f ms\n",
                static_cast<long long>(answer.events()), double(elapsed.elapsed()) / 1000, (threadSeconds() - cpu) / double(elapsed.elapsed()) * 1e5, latency.quantile(0.99), slowestKey);
    window.showPage(gui::MainWindow::Traces);

    window.hide();
    wait(std::chrono::seconds(1));
    double idle = processSeconds();
    wait(std::chrono::seconds(seconds));
    std::printf("idle with the window hidden, two mock engines inside: %.2f %% of a core\n", (processSeconds() - idle) / seconds * 100);
    return 0;
}
