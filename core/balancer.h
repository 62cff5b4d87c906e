// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "trace/trace_sink.h"
#include "util/clock.h"
#include "util/result.h"

#include <QObject>
#include <QUrl>

#include <functional>
#include <memory>

namespace pdlb {

namespace control {
class Resolver;
struct ControlReply;
struct ControlRequest;
}

namespace trace {
struct BodyBudget;
}

namespace fleet {
struct FleetSnapshot;
}

/// The load balancer as a whole. Lives in the caller's thread, which must run an event loop: control requests and
/// bootstrap discovery run there, PD requests in worker threads of its own. All methods are for that thread.
class Balancer final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(Balancer)

public:
    explicit Balancer(QObject *parent = nullptr);
    /// Stops at once when still running.
    ~Balancer() override;

    /// Binds the port and starts. Clients can connect when it returns; they are served from listening() on, which waits
    /// up to 2 s for the prefills to tell their bootstrap ports. Errors: invalid configuration, port in use.
    Result<void> start(const Config &config);
    /// Takes over another configuration while running: requests under way finish on what they started with. Returns
    /// the settings that differ but need a restart, by their flags' names; everything else is in force. On an error
    /// nothing has changed.
    Result<QStringList> apply(const Config &config);
    bool isRunning() const;
    /// What is in force, with a name for each server; with its secrets.
    Config config() const;
    /// The port in use; 0 when not running.
    quint16 port() const;
    QUrl url() const;
    /// The servers, their state and the configuration in force; null when not running.
    std::shared_ptr<const fleet::FleetSnapshot> snapshot() const;
    /// Of the metrics' own listener; empty when there is none.
    QUrl metricsUrl() const;
    /// The admin API's own listener, with Config::adminPort; else empty.
    QUrl adminUrl() const;
    /// PD requests under way.
    qint64 inFlight() const;

    /// Calls the admin API without a connection: for programs with a balancer inside. `request` needs method, path, query and
    /// body. `reply` is called exactly once, in this thread, perhaps at once; never once the balancer has stopped.
    void admin(control::ControlRequest request, const std::function<void(const control::ControlReply &)> &reply);
    /// Requests that run, the newest first, as their workers last told: complete once somebody has been asking for a moment.
    std::vector<trace::TimelinePtr> running() const;
    /// What the bodies in records count in; null when not running.
    std::shared_ptr<trace::BodyBudget> bodyBudget() const;

    /// Gets the timeline of each finished request, from any worker thread. Set before start(); must outlive the run.
    void setTraceSink(trace::TraceSink *sink);

    /// The trace file was moved away: go on in a new one. Nothing without a trace file.
    void reopenTraceFile();

    /// Writes the file that the configuration came from, for admin calls that ask for it. None: there is no file. Set before
    /// start().
    void setConfigSaver(std::function<Result<void>(const Config &)> saver) { m_saver = std::move(saver); }

    /// Looks up servers' names; the machine's name servers unless set before start(). Must outlive the run.
    void setResolver(control::Resolver *resolver) { m_resolver = resolver; }

    /// What deadlines are measured with; the monotonic clock unless set before start(). Must outlive the run.
    void setClock(const Clock *clock) { m_clock = clock; }

    /// Stops accepting and lets running requests end for up to Config::drainTimeout, then ends them with an error.
    /// stopped() follows. A second call ends them at once.
    void drain();
    /// Ends everything now.
    void stop();

Q_SIGNALS:
    void listening();
    /// After drain(); `clean`: every request ended by itself.
    void stopped(bool clean);

private:
    void startWorkers();
    void namesChanged();
    void tellFleetChanged();
    void forceEnd();
    void finishDrain();
    /// Ends, when the last spans are with the collector or that takes too long.
    void endDrain();

    class Private;
    std::unique_ptr<Private> d; ///< null when not running
    trace::TraceSink *m_sink = nullptr;
    control::Resolver *m_resolver = nullptr;
    std::function<Result<void>(const Config &)> m_saver;
    const Clock *m_clock = &SteadyClock::instance();
};

} // namespace pdlb
