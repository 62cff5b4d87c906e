// SPDX-License-Identifier: Apache-2.0
#include "trace/trace_file.h"

#include "util/clock.h"

#include <QFile>
#include <QLoggingCategory>

#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

Q_LOGGING_CATEGORY(lcFile, "pdlb.trace")

constexpr Monotonic tellEvery = std::chrono::minutes(1);

QString systemError()
{
    return qt_error_string(errno);
}

} // namespace

TraceFile::TraceFile(Options options) : m_options(std::move(options)) {}

TraceFile::~TraceFile()
{
    {
        const std::scoped_lock lock(m_mutex);
        m_over = true;
    }
    m_changed.notify_all();
    if (m_thread.joinable())
        m_thread.join();
    closeFile();
}

Result<void> TraceFile::open()
{
    if (auto opened = openFile(); !opened)
        return failure(u"cannot write traces to %1: %2"_s.arg(m_options.path, opened.error().message));
    m_thread = std::thread([this] {
        // A file beyond RLIMIT_FSIZE is an error like any other.
        sigset_t signalSet;
        sigfillset(&signalSet);
        pthread_sigmask(SIG_BLOCK, &signalSet, nullptr);
        run();
    });
    return {};
}

void TraceFile::record(const TimelinePtr &timeline)
{
    {
        const std::scoped_lock lock(m_mutex);
        if (m_waiting.size() >= maxWaiting) {
            m_dropped.fetch_add(1, std::memory_order_relaxed);
            return;
        }
        m_waiting.push_back(timeline);
        if (m_waiting.size() > 1)
            return; // the thread has been told
    }
    m_changed.notify_one();
}

void TraceFile::reopen()
{
    m_reopen = true;
}

void TraceFile::run()
{
    for (;;) {
        std::deque<TimelinePtr> waiting;
        {
            std::unique_lock lock(m_mutex);
            m_changed.wait(lock, [this] { return m_over || !m_waiting.empty(); });
            if (m_waiting.empty())
                return;
            waiting.swap(m_waiting);
        }
        for (TimelinePtr &timeline : waiting) {
            write(*timeline);
            timeline.reset();
        }
    }
}

void TraceFile::write(const Timeline &timeline)
{
    const Monotonic now = SteadyClock::instance().now();
    if (m_reopen.exchange(false))
        closeFile();
    if (now < m_tryAt) {
        m_dropped.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    const QByteArray line = timelineJson(timeline, m_options.parts) + '\n';
    if (m_descriptor >= 0 && m_isFile && m_size > 0 && m_size + line.size() > m_options.size)
        rotate();
    if (const auto opened = m_descriptor >= 0 ? Result<void>() : openFile(); !opened)
        failed(opened.error().message);
    else if (const auto appended = append(line); !appended)
        failed(appended.error().message);
    else
        m_written.fetch_add(1, std::memory_order_relaxed);
}

Result<void> TraceFile::openFile()
{
    // Never waits for a pipe's reader; read as well, to look at the end.
    m_descriptor = ::open(QFile::encodeName(m_options.path).constData(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    struct stat status {};
    if (m_descriptor < 0 || ::fstat(m_descriptor, &status) != 0) {
        const auto error = failure(systemError());
        closeFile();
        return error;
    }
    m_isFile = S_ISREG(status.st_mode);
    m_size = m_isFile ? status.st_size : 0;
    char last = '\n';
    if (m_size > 0 && ::pread(m_descriptor, &last, 1, m_size - 1) != 1)
        last = '\n';
    m_lineOpen = last != '\n'; // a record that was being written when the power went
    return {};
}

Result<void> TraceFile::append(const QByteArray &line)
{
    const QByteArray bytes = std::exchange(m_lineOpen, false) ? '\n' + line : line;
    qsizetype done = 0;
    while (done < bytes.size()) {
        const ssize_t size = ::write(m_descriptor, bytes.constData() + done, size_t(bytes.size() - done));
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0) {
            const QString reason = size < 0 ? systemError() : u"nothing was written"_s;
            // Half a record would spoil the file for its readers.
            if (done > 0 && (!m_isFile || ::ftruncate(m_descriptor, m_size) != 0))
                m_lineOpen = true;
            return failure(reason);
        }
        done += size;
    }
    m_size += bytes.size();
    return {};
}

void TraceFile::rotate()
{
    closeFile();
    const auto name = [this](int number) { return QFile::encodeName(number == 0 ? m_options.path : u"%1.%2"_s.arg(m_options.path).arg(number)); };
    if (m_options.count <= 1) {
        ::unlink(name(0).constData());
        return;
    }
    for (int number = m_options.count - 1; number > 0; --number)
        ::rename(name(number - 1).constData(), name(number).constData()); // one that is not there is none to be moved
}

void TraceFile::closeFile()
{
    if (m_descriptor >= 0)
        ::close(m_descriptor);
    m_descriptor = -1;
}

void TraceFile::failed(const QString &reason)
{
    const Monotonic now = SteadyClock::instance().now();
    const bool open = m_lineOpen;
    closeFile(); // another file system may be mounted there when it is opened again
    m_lineOpen = open;
    m_tryAt = now + m_options.retryPause;
    const qint64 dropped = m_dropped.fetch_add(1, std::memory_order_relaxed) + 1;
    if (m_toldAt.count() > 0 && now - m_toldAt < tellEvery)
        return;
    m_toldAt = now;
    qCWarning(lcFile, "cannot write to the trace file %s: %s; %lld records were dropped so far, requests go on", qUtf8Printable(m_options.path),
              qUtf8Printable(reason), static_cast<long long>(dropped));
}

} // namespace pdlb::trace
