// SPDX-License-Identifier: Apache-2.0
#include "balancer.h"

#include "control/bootstrap_discovery.h"
#include "control/control_plane.h"
#include "control/health_monitor.h"
#include "edge/listen_socket.h"
#include "relay/worker.h"
#include "upstream/engine_credentials.h"
#include "util/epoll_dispatcher.h"
#include "util/tls_files.h"

#include <QLoggingCategory>
#include <QThread>

#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

Q_LOGGING_CATEGORY(lcBalancer, "pdlb.balancer")

/// Runs one worker, which is made, used and destroyed inside the thread.
class WorkerThread final : public QThread
{
    Q_OBJECT

public:
    WorkerThread(relay::SharedState &shared, int descriptor) : m_shared(shared), m_descriptor(descriptor)
    {
        setObjectName(u"pdlb-worker"_s);
    }
    ~WorkerThread() override
    {
        quit();
        wait();
        if (!m_started)
            ::close(m_descriptor);
    }
    void begin()
    {
        m_started = true;
        setEventDispatcher(new EpollDispatcher); // gone with the thread's end; of a thread that never ran it would leak
        start();
    }
    bool begun() const { return m_started; }
    void askConfigure() { Q_EMIT configureRequested(); }
    void askDrain()
    {
        m_drainAsked = true;
        Q_EMIT drainRequested();
    }
    void askForce()
    {
        m_forceAsked = true;
        Q_EMIT forceRequested();
    }
    bool isDrained() const { return m_drained; }

Q_SIGNALS:
    void configureRequested();
    void drainRequested();
    void forceRequested();
    void drained();

protected:
    void run() override
    {
        relay::Worker worker(m_shared, m_descriptor);
        connect(this, &WorkerThread::configureRequested, &worker, &relay::Worker::configure);
        connect(this, &WorkerThread::drainRequested, &worker, &relay::Worker::drain);
        connect(this, &WorkerThread::forceRequested, &worker, &relay::Worker::forceEnd);
        connect(&worker, &relay::Worker::drained, this, [this] {
            if (!std::exchange(m_drained, true))
                Q_EMIT drained();
        });
        if (const auto listening = worker.listen(); !listening)
            qCCritical(lcBalancer, "%s", qUtf8Printable(listening.error().message));
        worker.configure();
        // Asked before the connections above were made.
        if (m_drainAsked)
            worker.drain();
        if (m_forceAsked)
            worker.forceEnd();
        exec();
    }

private:
    relay::SharedState &m_shared;
    int m_descriptor;
    std::atomic<bool> m_drainAsked{false};
    std::atomic<bool> m_forceAsked{false};
    bool m_started = false;
    bool m_drained = false; ///< in the owner's thread
};

} // namespace

class Balancer::Private
{
public:
    Private(const Config &config, const QSslConfiguration &engineTls)
        : config(config), rooms(random),
          edge(config.effectiveBodyMemory()),
          admission(config.maxInFlight, config.maxQueue), transport(engineTls)
    {
    }

    Config config;
    SystemRandom random;
    fleet::Fleet fleet;
    pd::RoomSource rooms;
    edge::EdgeShared edge;
    relay::Admission admission;
    relay::RetryBudget retries;
    upstream::QnamTransport transport;
    std::unique_ptr<control::ControlPlane> control;
    std::unique_ptr<control::BootstrapDiscovery> discovery;
    std::unique_ptr<control::HealthMonitor> health;
    std::unique_ptr<relay::SharedState> shared;
    std::vector<std::unique_ptr<WorkerThread>> threads;
    QTimer grace;
    quint16 port = 0;
    bool draining = false;
    bool forced = false;
};

Balancer::Balancer(QObject *parent) : QObject(parent) {}

Balancer::~Balancer()
{
    stop();
}

void Balancer::setTraceSink(trace::TraceSink *sink)
{
    m_sink = sink;
}

bool Balancer::isRunning() const
{
    return d != nullptr;
}

quint16 Balancer::port() const
{
    return d ? d->port : 0;
}

QUrl Balancer::url() const
{
    if (!d)
        return {};
    QUrl url;
    url.setScheme(d->config.tlsCertFile.isEmpty() ? u"http"_s : u"https"_s);
    const QHostAddress address = edge::parseListenAddress(d->config.host).value_or(QHostAddress(QHostAddress::LocalHost));
    const bool any = address == QHostAddress(QHostAddress::AnyIPv4) || address == QHostAddress(QHostAddress::AnyIPv6);
    url.setHost(any ? u"127.0.0.1"_s : address.toString());
    url.setPort(d->port);
    return url;
}

std::shared_ptr<const fleet::FleetSnapshot> Balancer::snapshot() const
{
    return d ? d->fleet.snapshot() : nullptr;
}

qint64 Balancer::inFlight() const
{
    return d ? d->shared->inFlight.load(std::memory_order_relaxed) : 0;
}

Result<void> Balancer::start(const Config &config)
{
    if (d)
        return failure(u"the balancer is already running"_s);
    if (const auto valid = config.validate(); !valid)
        return valid;
    const auto address = edge::parseListenAddress(config.host);
    if (!address)
        return tl::unexpected(address.error());
    std::optional<QSslConfiguration> serverTls;
    if (!config.tlsCertFile.isEmpty()) {
        const auto loaded = loadServerTls(config.tlsCertFile, config.tlsKeyFile);
        if (!loaded)
            return tl::unexpected(loaded.error());
        serverTls = *loaded;
    }
    const auto engineTls = loadClientTls(config.caFile, !config.insecure);
    if (!engineTls)
        return tl::unexpected(engineTls.error());
    const auto sockets = edge::openListenSockets(*address, config.port, config.effectiveWorkers());
    if (!sockets)
        return tl::unexpected(sockets.error());

    d = std::make_unique<Private>(config, *engineTls);
    if (const auto applied = d->fleet.apply(config); !applied) {
        for (const int descriptor : *sockets)
            ::close(descriptor);
        d.reset();
        return applied;
    }
    d->port = edge::localPort(sockets->first());
    d->control = std::make_unique<control::ControlPlane>(d->transport, d->fleet, nullptr);
    http::HeaderList credentials;
    upstream::setEngineCredentials(credentials, config);
    d->discovery = std::make_unique<control::BootstrapDiscovery>(d->transport, d->fleet, std::move(credentials), nullptr);
    d->health = std::make_unique<control::HealthMonitor>(d->fleet, *engineTls, *m_clock, d->random);
    std::vector<trace::TraceSink *> sinks;
    if (m_sink)
        sinks.push_back(m_sink);
    control::BootstrapDiscovery *discovery = d->discovery.get();
    control::HealthMonitor *health = d->health.get();
    d->shared.reset(new relay::SharedState{d->config, d->fleet, d->rooms, d->random, *m_clock,
                                           d->edge, d->admission, d->retries, serverTls, *engineTls, std::move(sinks), d->control.get(), [discovery](const QByteArray &prefill) {
        QMetaObject::invokeMethod(discovery, [discovery, prefill] { discovery->recheck(prefill); }, Qt::QueuedConnection);
    }, [health](const std::shared_ptr<fleet::ServerState> &state, bool good) {
        QMetaObject::invokeMethod(health, [health, state, good] { health->heard(state, good); }, Qt::QueuedConnection);
    }});
    for (const int descriptor : *sockets)
        d->threads.push_back(std::make_unique<WorkerThread>(*d->shared, descriptor));
    connect(discovery, &control::BootstrapDiscovery::firstRoundOver, this, &Balancer::startWorkers);
    health->fleetChanged();
    discovery->start();
    return {};
}

Result<QStringList> Balancer::apply(const Config &config)
{
    if (!d)
        return failure(u"the balancer is not running"_s);
    if (const auto valid = config.validate(); !valid)
        return tl::unexpected(valid.error());
    Config changed = config;
    const QStringList needRestart = changed.keepStartSettings(d->config);
    if (const auto applied = d->fleet.apply(changed); !applied)
        return tl::unexpected(applied.error());
    d->admission.setLimits(changed.maxInFlight, changed.maxQueue);
    d->discovery->fleetChanged();
    d->health->fleetChanged();
    for (const auto &thread : d->threads)
        thread->askConfigure();
    return needRestart;
}

void Balancer::startWorkers()
{
    for (const auto &thread : d->threads) {
        connect(thread.get(), &WorkerThread::drained, this, [this] {
            const bool all = d && std::all_of(d->threads.begin(), d->threads.end(), [](const auto &t) { return t->isDrained(); });
            if (all && d->draining)
                finishDrain();
        });
        thread->begin();
    }
    Q_EMIT listening();
}

void Balancer::drain()
{
    if (!d)
        return;
    if (!d->threads.front()->begun()) { // nobody was served yet
        stop();
        Q_EMIT stopped(true);
        return;
    }
    if (d->draining) {
        forceEnd();
        return;
    }
    d->draining = true;
    for (const auto &thread : d->threads)
        thread->askDrain();
    d->grace.setSingleShot(true);
    connect(&d->grace, &QTimer::timeout, this, &Balancer::forceEnd);
    if (d->config.drainTimeout.count() > 0)
        d->grace.start(d->config.drainTimeout);
}

void Balancer::forceEnd()
{
    if (!d)
        return;
    if (d->forced) {
        stop();
        Q_EMIT stopped(false);
        return;
    }
    d->forced = true;
    for (const auto &thread : d->threads)
        thread->askForce();
    // Error events and aborts get a moment to leave; a client that does not read is not waited for.
    disconnect(&d->grace, nullptr, this, nullptr);
    connect(&d->grace, &QTimer::timeout, this, &Balancer::finishDrain);
    d->grace.start(500);
}

void Balancer::finishDrain()
{
    if (!d)
        return;
    const bool clean = !d->forced;
    stop();
    Q_EMIT stopped(clean);
}

void Balancer::stop()
{
    if (!d)
        return;
    for (const auto &thread : d->threads)
        thread->quit();
    d->threads.clear(); // waits for each; what they call in this thread is still there
    d.reset();
}

} // namespace pdlb

#include "balancer.moc"
