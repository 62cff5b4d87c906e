// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/replay_file.h"
#include "client/request_run.h"

#include <QTimer>

#include <set>

namespace pdlb::client {

struct ReplayOptions {
    double speed = 1; ///< 2: twice as fast as recorded; 0: without pauses, `concurrency` at a time
    int concurrency = 8; ///< with speed 0
    QByteArray pair; ///< pins every request
    QByteArray apiKey; ///< in place of the recorded one
    std::chrono::milliseconds timeout = std::chrono::seconds(600); ///< of one request
};

/// Sends recorded requests again, the same bodies at the same distances in time. Lives in the transport's thread.
class ReplayRun final : public QObject
{
    Q_OBJECT

public:
    struct Replayed {
        size_t index = 0; ///< in the recording
        RequestResult result;
    };

    /// `recording` must outlive it.
    ReplayRun(upstream::UpstreamTransport &transport, const upstream::Origin &origin, const Recording &recording, ReplayOptions options,
              const Clock &clock, QObject *parent);

    void start();
    /// Aborts what runs; finished() follows.
    void stop();
    int running() const { return int(m_running.size()); }

Q_SIGNALS:
    /// One has ended.
    void replayed(const pdlb::client::ReplayRun::Replayed &replayed);
    void finished();

private:
    bool mayStart() const { return !m_stopping && m_next < m_recording.requests.size(); }
    void startDue();
    void startOne();
    void checkOver();

    upstream::UpstreamTransport &m_transport;
    upstream::Origin m_origin;
    const Recording &m_recording;
    ReplayOptions m_options;
    const Clock &m_clock;
    std::set<RequestRun *> m_running; ///< children
    QTimer m_timer;
    Monotonic m_begin{0};
    size_t m_next = 0;
    bool m_stopping = false;
    bool m_over = false;
};

/// One request then and now, on a line; and a line for all of them.
QString replayHeader();
QString replayLine(const RecordedRequest &recorded, const RequestResult &result);

/// What the comparisons add up to.
struct ReplaySummary {
    qint64 goodAgain = 0;
    qint64 failedAgain = 0;
    qint64 betterNow = 0; ///< failed then, good now
    qint64 worseNow = 0;
    qint64 aborted = 0; ///< by us; says nothing
    qint64 tokensDiffer = 0;
    Distribution before; ///< durations of those that were good both times
    Distribution now;

    void add(const RecordedRequest &recorded, const RequestResult &result);
    QString text() const;
};

} // namespace pdlb::client

Q_DECLARE_METATYPE(pdlb::client::ReplayRun::Replayed)
