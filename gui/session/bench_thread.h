// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/bench_run.h"
#include "util/work_thread.h"

#include <QObject>

namespace pdlb::gui {

/// A benchmark in a thread of its own; tells how it goes some times a second.
class BenchThread final : public QObject
{
    Q_OBJECT

public:
    explicit BenchThread(QObject *parent);
    ~BenchThread() override;

    struct Sample {
        double seconds = 0; ///< since the begin, when it ended
        double ttft = 0; ///< milliseconds
    };

    void start(const upstream::Origin &origin, const client::RequestSpec &spec, const client::BenchOptions &options);
    /// What runs is aborted; finished() follows.
    void stop();
    bool isRunning() const { return m_running; }

Q_SIGNALS:
    /// So far; `samples`: what came since the last time, at most `mostSamples`.
    void progress(const pdlb::client::BenchReport &report, const std::vector<pdlb::gui::BenchThread::Sample> &samples, qint64 ended, int running);
    void finished(const pdlb::client::BenchReport &report);

private:
    void tell(bool isLast);

    static constexpr size_t mostSamples = 2000;

    bool m_running = false;
    // Made and used in the thread.
    std::unique_ptr<upstream::UpstreamTransport> m_transport;
    std::unique_ptr<client::BenchRun> m_run;
    std::vector<Sample> m_samples;
    Monotonic m_begin{0};
    WorkThread m_thread;
};

} // namespace pdlb::gui
