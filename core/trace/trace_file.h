// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline_json.h"
#include "trace/trace_sink.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace pdlb::trace {

/// Writes each finished request to a file as a JSON line (docs/records.md), in a thread of its own. When the file grows beyond its
/// size it becomes PATH.1, the one before PATH.2, and so on. Whatever the disk does, requests are not held up: what cannot be written
/// is dropped and counted, told once a minute, and writing goes on once it works again. Thread-safe.
class TraceFile final : public TraceSink
{
    Q_DISABLE_COPY_MOVE(TraceFile)

public:
    static constexpr size_t maxWaiting = 1024; ///< records

    struct Options {
        QString path;
        qint64 size = qint64(100) * 1024 * 1024; ///< bytes of one file; a longer record has a file for itself
        int count = 5; ///< files, the one that is written included
        RecordParts parts;
        std::chrono::milliseconds retryPause = std::chrono::seconds(1); ///< after a failure
    };

    explicit TraceFile(Options options);
    /// Writes what waits.
    ~TraceFile() override;

    /// Begins. Errors: the file cannot be opened for writing.
    Result<void> open();
    void record(const TimelinePtr &timeline) override;
    /// The file was moved away: go on in a new one of the same name.
    void reopen();

    qint64 written() const { return m_written.load(std::memory_order_relaxed); }
    qint64 dropped() const { return m_dropped.load(std::memory_order_relaxed); }

private:
    void run();
    void write(const Timeline &timeline);
    Result<void> openFile();
    Result<void> append(const QByteArray &line);
    void rotate();
    void closeFile();
    void failed(const QString &reason);

    const Options m_options;
    std::atomic<qint64> m_written{0};
    std::atomic<qint64> m_dropped{0};
    std::atomic<bool> m_reopen{false};
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::deque<TimelinePtr> m_waiting; ///< under the mutex, as the next
    bool m_over = false;
    std::thread m_thread;
    // Of the thread.
    int m_descriptor = -1;
    qint64 m_size = 0; ///< of the file
    bool m_isFile = true; ///< no device, no pipe: can be rotated and cut
    bool m_lineOpen = false; ///< the file ends in the middle of a line
    Monotonic m_tryAt{0};
    Monotonic m_toldAt{0};
};

} // namespace pdlb::trace
