// SPDX-License-Identifier: Apache-2.0
#include "balancer.h"

#include "control/bootstrap_discovery.h"
#include "control/control_plane.h"
#include "control/dns_discovery.h"
#include "control/health_monitor.h"
#include "control/load_poller.h"
#include "control/rank_discovery.h"
#include "control/stuck_watch.h"
#include "edge/listen_socket.h"
#include "http/path_pattern.h"
#include "relay/admin_listener.h"
#include "relay/metrics_listener.h"
#include "relay/worker_thread.h"
#include "trace/otlp_sender.h"
#include "trace/trace_file.h"
#include "util/tls_files.h"

#include <QJsonArray>
#include <QLoggingCategory>

#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb {

namespace {

Q_LOGGING_CATEGORY(lcBalancer, "pdlb.balancer")

/// Where clients on this machine reach a listener.
QUrl urlOf(bool tls, const QString &host, quint16 port)
{
    QUrl url;
    url.setScheme(tls ? u"https"_s : u"http"_s);
    const QHostAddress address = edge::parseListenAddress(host).value_or(QHostAddress(QHostAddress::LocalHost));
    const bool any = address == QHostAddress(QHostAddress::AnyIPv4) || address == QHostAddress(QHostAddress::AnyIPv6);
    url.setHost(any ? u"127.0.0.1"_s : address.toString());
    url.setPort(port);
    return url;
}

/// One, or none without a port.
Result<QList<int>> openSideSocket(const QString &host, std::optional<qint64> port)
{
    if (!port)
        return QList<int>();
    const auto address = edge::parseListenAddress(host);
    if (!address)
        return tl::unexpected(address.error());
    return edge::openListenSockets(*address, quint16(*port), 1);
}

/// Descriptors that are closed unless they are given on.
class Descriptors final
{
    Q_DISABLE_COPY_MOVE(Descriptors)

public:
    explicit Descriptors(QList<int> list) : m_list(std::move(list)) {}
    ~Descriptors()
    {
        for (const int descriptor : std::as_const(m_list))
            ::close(descriptor);
    }
    int first() const { return m_list.first(); }
    QList<int> giveOn() { return std::exchange(m_list, {}); }

private:
    QList<int> m_list;
};

} // namespace

class Balancer::Private
{
public:
    Private(const Config &config, const ClientTls &engineTls, const Clock &clock)
        : config(config), keptBodies(std::make_shared<trace::BodyBudget>(config.trace.bodyMemory)), rooms(random),
          edge(config.effectiveBodyMemory()),
          admission(config.maxInFlight, config.maxQueue), transport(engineTls),
          metrics(fleet, clock, config.metricsBuckets, [this] { return gauges(); }),
          traces(size_t(config.trace.records), config.trace.records * bytesOfRecord, keptBodies)
    {
    }
    metrics::Gauges gauges() const;

    void setCurrent(const Config &config)
    {
        current = config;
        current.nameServers();
        const QStringList rules = config.faults.allow ? config.faults.rules : QStringList();
        faults.setRules(rules);
        if (!rules.isEmpty())
            qCWarning(lcBalancer, "fault injection is active: %s", qUtf8Printable(rules.join(u"; "_s)));
    }

    /// The trace file, and the way to the collector.
    Result<void> openTraceOutputs(const ClientTls &tls)
    {
        if (!config.trace.file.isEmpty()) {
            traceFile = std::make_unique<trace::TraceFile>(trace::TraceFile::Options{
                .path = config.trace.file, .size = config.trace.fileSize, .count = config.trace.fileCount, .parts = {.bodies = config.trace.fileBodies}});
            if (auto opened = traceFile->open(); !opened)
                return opened;
        }
        if (!config.otlp.endpoint.isEmpty()) {
            const auto headers = trace::OtlpSender::parseHeaders(config.otlp.headers);
            if (!headers)
                return tl::unexpected(headers.error());
            otlp = std::make_unique<trace::OtlpSender>(trace::OtlpSender::Options{.endpoint = QUrl(config.otlp.endpoint), .headers = *headers, .tls = tls});
        }
        return {};
    }

    /// What a record may take on average, beside its bodies.
    static constexpr qint64 bytesOfRecord = 16 * 1024;

    Config config; ///< what it was started with
    Config current; ///< what is in force, with names that are looked up as such
    control::DnsResolver resolver;
    std::unique_ptr<control::DnsDiscovery> names;
    std::shared_ptr<trace::BodyBudget> keptBodies;
    SystemRandom random;
    fleet::Fleet fleet;
    pd::RoomSource rooms;
    edge::EdgeShared edge;
    relay::Admission admission;
    relay::RetryBudget retries;
    upstream::QnamTransport transport;
    metrics::Metrics metrics;
    trace::TraceStore traces;
    trace::LiveTraces live;
    inject::Injector faults;
    std::unique_ptr<trace::TraceFile> traceFile;
    std::unique_ptr<trace::OtlpSender> otlp;
    control::EventFeed events;
    std::unique_ptr<control::StuckWatch> stuck;
    std::unique_ptr<control::ControlPlane> control;
    std::unique_ptr<control::BootstrapDiscovery> discovery;
    std::unique_ptr<control::HealthMonitor> health;
    std::unique_ptr<control::RankDiscovery> ranks;
    std::unique_ptr<control::LoadPoller> loads;
    std::unique_ptr<relay::SharedState> shared;
    std::unique_ptr<relay::AdminListener> admin;
    std::unique_ptr<relay::MetricsListener> metricsListener;
    std::vector<std::unique_ptr<relay::WorkerThread>> threads;
    QTimer grace;
    quint16 port = 0;
    quint16 adminPort = 0; ///< of `admin`
    quint16 metricsPort = 0; ///< of `metricsListener`
    bool draining = false;
    bool forced = false;
};

metrics::Gauges Balancer::Private::gauges() const
{
    const std::shared_ptr<const Config> current = fleet.snapshot()->config;
    const qint64 queued = admission.waiting();
    return {
        .running = std::max<qint64>(shared->inFlight.load(std::memory_order_relaxed) - queued, 0),
        .queued = queued,
        .clientConnections = edge.connections.load(std::memory_order_relaxed),
        .clientRefusals = edge.refusals.load(std::memory_order_relaxed),
        .bodyBytes = edge.bodies.used(),
        .bodyLimit = edge.bodies.limit(),
        .runningLimit = current->maxInFlight,
        .queueLimit = current->maxQueue,
        .workers = int(threads.size()),
        .draining = draining,
        .keptBodyBytes = keptBodies->memory.used(),
        .keptBodiesCut = keptBodies->cut.load(std::memory_order_relaxed),
        .keptBodiesDropped = keptBodies->dropped.load(std::memory_order_relaxed),
        .fileRecords = traceFile ? traceFile->written() : 0,
        .fileRecordsDropped = traceFile ? traceFile->dropped() : 0,
        .otlpRequests = otlp ? otlp->sent() : 0,
        .otlpRequestsDropped = otlp ? otlp->dropped() : 0,
    };
}

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

Config Balancer::config() const
{
    return d ? d->current : Config();
}

quint16 Balancer::port() const
{
    return d ? d->port : 0;
}

QUrl Balancer::url() const
{
    return d ? urlOf(!d->config.tlsCertFile.isEmpty(), d->config.host, d->port) : QUrl();
}

QUrl Balancer::adminUrl() const
{
    return d && d->admin ? urlOf(!d->config.tlsCertFile.isEmpty(), d->config.adminHost, d->adminPort) : QUrl();
}

QUrl Balancer::metricsUrl() const
{
    return d && d->metricsListener ? urlOf(false, d->config.metricsHost, d->metricsPort) : QUrl();
}

std::shared_ptr<const fleet::FleetSnapshot> Balancer::snapshot() const
{
    return d ? d->fleet.snapshot() : nullptr;
}

qint64 Balancer::inFlight() const
{
    return d ? d->shared->inFlight.load(std::memory_order_relaxed) : 0;
}

void Balancer::admin(control::ControlRequest request, const std::function<void(const control::ControlReply &)> &reply)
{
    if (!d) {
        reply(control::errorReply({503, "not_running", u"the balancer is not running"_s}));
        return;
    }
    for (const control::Endpoint &endpoint : d->control->endpoints()) {
        const auto parameters = endpoint.admin ? http::matchPath(endpoint.path, request.path) : std::nullopt;
        if (parameters && endpoint.methods.contains(request.method)) {
            request.parameters = *parameters;
            endpoint.handler(request, reply);
            return;
        }
    }
    reply(control::errorReply({404, "not_found", u"the admin API has no %1 %2"_s.arg(QString::fromUtf8(request.method), QString::fromUtf8(request.path))}));
}

std::vector<trace::TimelinePtr> Balancer::running() const
{
    if (!d)
        return {};
    d->live.watch(m_clock->now());
    return d->live.all();
}

std::shared_ptr<trace::BodyBudget> Balancer::bodyBudget() const
{
    return d ? d->keptBodies : nullptr;
}

Result<void> Balancer::start(const Config &config)
{
    if (d)
        return failure(u"the balancer is already running"_s);
    if (auto valid = config.validate(); !valid)
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
    Descriptors listeners(*sockets);
    const auto adminSockets = openSideSocket(config.adminHost, config.adminPort);
    if (!adminSockets)
        return tl::unexpected(adminSockets.error());
    Descriptors adminListener(*adminSockets);
    const auto metricsSockets = openSideSocket(config.metricsHost, config.metricsPort);
    if (!metricsSockets)
        return failure(u"metrics: %1"_s.arg(metricsSockets.error().message));
    Descriptors metricsListener(*metricsSockets);

    d = std::make_unique<Private>(config, *engineTls, *m_clock);
    d->names = std::make_unique<control::DnsDiscovery>(m_resolver ? *m_resolver : d->resolver, nullptr);
    if (auto applied = d->fleet.apply(d->names->expand(config)); !applied) {
        d.reset();
        return applied;
    }
    if (auto opened = d->openTraceOutputs(*engineTls); !opened) {
        d.reset();
        return opened;
    }
    d->setCurrent(config);
    d->port = edge::localPort(listeners.first());
    d->stuck = std::make_unique<control::StuckWatch>(d->transport, d->fleet, d->live, d->events, *m_clock, nullptr);
    d->control = std::make_unique<control::ControlPlane>(control::ControlContext{
        d->transport, d->fleet, d->metrics, d->traces, d->live, *d->stuck, d->faults, d->events, *m_clock,
        [this] { return this->config(); }, [this](const Config &changed) { return apply(changed); }, m_saver,
        [this] { return inFlight(); }, [this] { return d->edge.connections.load(); }, [this](const QByteArray &requestId) {
            for (const auto &thread : d->threads)
                thread->askAbort(requestId);
        }}, nullptr);
    d->discovery = std::make_unique<control::BootstrapDiscovery>(d->transport, d->fleet, nullptr);
    d->ranks = std::make_unique<control::RankDiscovery>(d->transport, d->fleet, nullptr);
    d->loads = std::make_unique<control::LoadPoller>(d->transport, d->fleet, nullptr);
    std::vector<trace::TraceSink *> sinks{&d->traces, &d->events}; // an event's trace can be found at once
    d->health = std::make_unique<control::HealthMonitor>(d->fleet, *engineTls, *m_clock, d->random);
    if (d->traceFile)
        sinks.push_back(d->traceFile.get());
    if (d->otlp)
        sinks.push_back(d->otlp.get());
    if (m_sink)
        sinks.push_back(m_sink);
    control::BootstrapDiscovery *discovery = d->discovery.get();
    control::RankDiscovery *ranks = d->ranks.get();
    control::HealthMonitor *health = d->health.get();
    d->shared.reset(new relay::SharedState{d->config, d->fleet, d->rooms, d->random, *m_clock,
                                           d->edge, d->admission, d->metrics, d->retries, d->keptBodies, d->live, d->faults, serverTls, *engineTls, std::move(sinks), d->control.get(), [discovery, ranks](const QByteArray &prefill) {
        QMetaObject::invokeMethod(discovery, [discovery, prefill] { discovery->recheck(prefill); }, Qt::QueuedConnection);
        QMetaObject::invokeMethod(ranks, [ranks, prefill] { ranks->recheck(prefill); }, Qt::QueuedConnection);
    }, [health](const std::shared_ptr<fleet::ServerState> &state, bool good) {
        QMetaObject::invokeMethod(health, [health, state, good] { health->heard(state, good); }, Qt::QueuedConnection);
    }});
    for (const int descriptor : adminListener.giveOn()) {
        d->adminPort = edge::localPort(descriptor);
        d->admin = std::make_unique<relay::AdminListener>(*d->control, d->fleet, *m_clock, serverTls);
        if (auto listening = d->admin->listen(descriptor); !listening) {
            d.reset();
            return listening;
        }
    }
    for (const int descriptor : metricsListener.giveOn()) {
        d->metricsPort = edge::localPort(descriptor);
        d->metricsListener = std::make_unique<relay::MetricsListener>(d->metrics, *m_clock);
        if (auto listening = d->metricsListener->listen(descriptor); !listening) {
            d.reset();
            return listening;
        }
    }
    for (const int descriptor : listeners.giveOn())
        d->threads.push_back(std::make_unique<relay::WorkerThread>(*d->shared, descriptor));
    connect(discovery, &control::BootstrapDiscovery::firstRoundOver, this, &Balancer::startWorkers);
    health->fleetChanged();
    connect(discovery, &control::BootstrapDiscovery::portChanged, ranks, &control::RankDiscovery::fleetChanged);
    connect(d->names.get(), &control::DnsDiscovery::changed, this, &Balancer::namesChanged);
    d->names->configure(config);
    discovery->start();
    ranks->fleetChanged();
    d->loads->fleetChanged();
    d->stuck->configure();
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
    if (auto applied = d->fleet.apply(d->names->expand(changed)); !applied)
        return tl::unexpected(applied.error());
    d->setCurrent(changed);
    d->names->configure(changed);
    d->admission.setLimits(changed.maxInFlight, changed.maxQueue);
    tellFleetChanged();
    for (const auto &thread : d->threads)
        thread->askConfigure();
    if (d->admin)
        d->admin->configure();
    d->events.publish("config", {{u"fleet_version"_s, qint64(d->fleet.snapshot()->version)}, {u"needs_restart"_s, QJsonArray::fromStringList(needRestart)}});
    return needRestart;
}

void Balancer::namesChanged()
{
    if (const auto applied = d->fleet.apply(d->names->expand(d->current)); !applied) {
        qCWarning(lcBalancer, "the servers stay as they were: %s", qUtf8Printable(applied.error().message));
        return;
    }
    tellFleetChanged();
    d->events.publish("config", {{u"fleet_version"_s, qint64(d->fleet.snapshot()->version)}});
}

void Balancer::tellFleetChanged()
{
    d->discovery->fleetChanged();
    d->metrics.gather();
    d->health->fleetChanged();
    d->ranks->fleetChanged();
    d->loads->fleetChanged();
    d->stuck->configure();
}

void Balancer::startWorkers()
{
    for (const auto &thread : d->threads) {
        connect(thread.get(), &relay::WorkerThread::drained, this, [this] {
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
    if (d->admin)
        d->admin->drain();
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
    disconnect(&d->grace, nullptr, this, nullptr);
    d->grace.stop();
    if (!d->otlp || d->otlp->isIdle()) {
        endDrain();
        return;
    }
    constexpr std::chrono::milliseconds lastChance = std::chrono::seconds(2);
    connect(d->otlp.get(), &trace::OtlpSender::idle, this, &Balancer::endDrain, Qt::QueuedConnection);
    connect(&d->grace, &QTimer::timeout, this, &Balancer::endDrain);
    d->grace.start(lastChance);
    d->otlp->flush();
}

void Balancer::endDrain()
{
    if (!d)
        return;
    const bool clean = !d->forced;
    stop();
    Q_EMIT stopped(clean);
}

void Balancer::reopenTraceFile()
{
    if (d && d->traceFile)
        d->traceFile->reopen();
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
