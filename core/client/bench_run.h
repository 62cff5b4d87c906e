// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/bench_slices.h"
#include "client/prompt_source.h"
#include "client/request_run.h"

#include <QTimer>

#include <map>
#include <set>

namespace pdlb::client {

struct BenchOptions {
    qint64 requests = 100; ///< measured ones
    qint64 warmUp = 0; ///< requests before them that do not count
    int concurrency = 8; ///< closed loop: so many at a time
    double rate = 0; ///< above 0: open loop, requests a second; `concurrency` then is no limit
    bool poisson = true; ///< open loop: random intervals; else all the same
    std::chrono::milliseconds duration{0}; ///< above 0: no new request so long after the first measured one
    std::chrono::milliseconds timeout = std::chrono::seconds(600); ///< of one request
    quint32 seed = 1; ///< of the intervals
    QJsonObject prompts; ///< what else makes the load what it is; only reported and compared
};

struct BenchReport {
    BenchGroup all;
    std::map<QByteArray, BenchGroup> pairs; ///< by "p1/d2"; only where answers name their pair, and no more than mostPairs
    std::map<QString, qint64> errors; ///< how often which
    qint64 aborted = 0; ///< when the run was stopped
    double seconds = 0; ///< from the first measured request's start to the last one's end
    BenchSlices slices; ///< of all good ones
    Distribution lag; ///< open loop: how much later than meant a request was begun
};

/// Sends many requests: so many at a time (closed loop), or at given times whatever comes back (open loop; times count
/// from when a request should have begun, so that a slow server cannot hide its own delays). Lives in the transport's thread.
class BenchRun final : public QObject
{
    Q_OBJECT

public:
    BenchRun(upstream::UpstreamTransport &transport, const upstream::Origin &origin, std::unique_ptr<PromptSource> source, BenchOptions options,
             const Clock &clock, QObject *parent);

    void start();
    /// No further requests; those under way are aborted. finished() follows.
    void stop();
    const BenchReport &report() const { return m_report; }
    qint64 started() const { return m_started; }
    qint64 ended() const { return m_ended; }
    int running() const { return int(m_running.size()); }
    qint64 failed() const { return m_report.all.failed; }

    static constexpr size_t mostErrors = 50; ///< different ones that are told apart
    static constexpr size_t mostPairs = 4096; ///< likewise; a server may name whatever it likes
    static constexpr int mostRunning = 20'000; ///< of an open loop; what should begin beyond is begun when one has ended

Q_SIGNALS:
    /// A request that counts has ended.
    void measured(const pdlb::client::RequestResult &result);
    void finished();

private:
    bool mayStart() const;
    std::optional<Monotonic> deadline() const;
    void startOne(std::optional<Monotonic> intended);
    void startDue();
    void fill();
    void ended(RequestRun *run, bool measured);
    void record(const RequestResult &result);
    BenchGroup *groupOf(const RequestResult &result);
    void checkOver();
    Monotonic nextInterval();

    upstream::UpstreamTransport &m_transport;
    upstream::Origin m_origin;
    std::unique_ptr<PromptSource> m_source;
    BenchOptions m_options;
    const Clock &m_clock;
    SeededRandom m_random;
    std::set<RequestRun *> m_running; ///< children
    QTimer m_timer;
    BenchReport m_report;
    std::optional<Monotonic> m_begin; ///< of the first measured request
    Monotonic m_due{0}; ///< open loop: when the next one should begin
    qint64 m_started = 0;
    qint64 m_ended = 0;
    bool m_stopping = false;
    bool m_over = false;
};

} // namespace pdlb::client
