// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "trace/timeline.h"

#include <QJsonObject>
#include <QObject>
#include <QTimer>
#include <QUrl>

#include <functional>
#include <memory>

namespace pdlb::trace {
struct BodyBudget;
}

namespace pdlb::gui {

/// A server and how it stands, as the admin API tells.
struct ServerView {
    Role role = Role::Prefill;
    QString name;
    QString url;
    bool enabled = true;
    QString status; ///< see fleet::ServerStatus::name
    QString reason;
    qint64 inFlight = 0;
    qint64 requests = 0;
    qint64 failures = 0;
    std::optional<int> bootstrapPort; ///< in use
    std::optional<double> probeMs; ///< how long the last probe took, in milliseconds
    std::optional<double> probeAgo; ///< seconds since then

    bool operator==(const ServerView &) const = default;
};

/// What an admin call came to.
struct AdminAnswer {
    int status = 0; ///< 0: no answer
    QByteArray body;
    QString error; ///< in words, when status is not 2xx

    bool isGood() const { return status >= 200 && status < 300; }
    QJsonObject json() const;
};

/// The balancer that the window shows: the one in this program, or one that runs elsewhere. All methods are for the GUI
/// thread, none of them blocks.
class Session : public QObject
{
    Q_OBJECT

public:
    enum class State {
        Stopped, ///< a local one that does not run
        Starting, ///< or connecting
        Running,
        Draining, ///< no new requests; those under way end
        Lost, ///< a remote one that cannot be reached; tried again
    };
    using Answer = std::function<void(const AdminAnswer &)>;
    using Applied = std::function<void(const Result<QStringList> &)>;

    explicit Session(QObject *parent);
    ~Session() override;

    virtual bool isLocal() const = 0;
    /// Where clients send requests; empty when there is nobody.
    virtual QUrl url() const = 0;
    /// Calls the admin API; `target` is path and query. `answer` comes once, later, unless `context` is gone by then.
    virtual void ask(const QByteArray &method, const QByteArray &target, const QByteArray &body, QObject *context, Answer answer) = 0;
    /// Puts a configuration in force at once and as a whole, or keeps it until the balancer is started. Tells which settings
    /// need a restart.
    virtual void apply(const Config &config, QObject *context, Applied applied) = 0;
    virtual void start() {}
    /// Running requests may end by themselves when `drains`.
    virtual void stop(bool drains) { Q_UNUSED(drains) }
    /// Finished requests since the last call, the oldest first. Nothing is collected while isCapturing() is false.
    virtual std::vector<trace::TimelinePtr> takeTraces() = 0;
    /// runningTold() follows.
    virtual void askRunning() = 0;
    /// The records of takeTraces() have bodies and all times; else fetch() has them.
    virtual bool hasFullRecords() const = 0;
    /// What the records' bodies count in; null for a remote one.
    virtual std::shared_ptr<trace::BodyBudget> bodyBudget() const { return {}; }

    /// The record with everything; null: it is not there any more.
    void fetch(const QByteArray &requestId, QObject *context, const std::function<void(const trace::TimelinePtr &)> &take);

    State state() const { return m_state; }
    /// What went wrong last, in words; empty when nothing did.
    const QString &problem() const { return m_problem; }
    /// The servers in force, prefills first.
    const QList<ServerView> &servers() const { return m_servers; }
    /// How much the axis of its running requests is ahead of this program's clock: a remote one's is that of its calendar.
    Monotonic axisOffset() const { return m_axisOffset; }
    const ServerView *server(const QString &name) const;
    qint64 inFlight() const { return m_inFlight; }
    /// What is in force, or what a local one will be started with. A remote one's has no secrets.
    const Config &config() const { return m_config; }
    bool isCapturing() const { return m_capturing; }
    virtual void setCapturing(bool capturing) { m_capturing = capturing; }
    /// Nobody looks: the state is asked for once in a while only.
    void setHidden(bool hidden);

Q_SIGNALS:
    void stateChanged();
    /// servers() or inFlight().
    void fleetChanged();
    void configChanged();
    void runningTold(const std::vector<pdlb::trace::TimelinePtr> &running);
    /// For the log page: something happened that people want to know of later.
    void happened(const QString &what, bool isProblem);

protected:
    /// What is in force may have changed: setConfig() follows.
    virtual void askConfig() = 0;
    void setState(State state, const QString &problem = {});
    void setConfig(const Config &config);
    void clearFleet();
    /// Asks for servers and counts now, and while it runs again and again.
    void refresh();

private:
    void takeServers(const QJsonObject &object);

    State m_state = State::Stopped;
    QString m_problem;
    QList<ServerView> m_servers;
    qint64 m_inFlight = 0;
    Monotonic m_axisOffset{0};
    qint64 m_fleetVersion = -1;
    Config m_config;
    QTimer m_refresh;
    bool m_capturing = true;
};

} // namespace pdlb::gui
