// SPDX-License-Identifier: Apache-2.0
#include "control/health_monitor.h"

#include "fleet/pick_pair.h"
#include "upstream/engine_credentials.h"

#include <QLoggingCategory>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

Q_LOGGING_CATEGORY(lcHealth, "pdlb.health")

constexpr std::chrono::milliseconds longestSweep{100};
constexpr std::chrono::milliseconds shortestSweep{5};
/// Of the interval: traffic that fails can bring a probe forward, not make a storm of them.
constexpr int mostProbesPerInterval = 5;

} // namespace

struct HealthMonitor::Target {
    Target(const fleet::Server &server, Monotonic now)
        : state(server.state), role(server.role), label(server.label), tracker(server.state->health, now)
    {
    }

    bool isRunning() const { return (probe && !probe->isOver()) || (bootstrap && !bootstrap->isOver()); }

    std::shared_ptr<fleet::ServerState> state;
    Role role;
    QString label;
    fleet::HealthTracker tracker;
    Monotonic startedAt{0};
    Monotonic nextAt{0};
    std::unique_ptr<HealthProbe> probe;
    std::unique_ptr<HealthProbe> bootstrap; ///< with the same round's probe; null: there is nothing to ask
    std::optional<QString> said; ///< what they found; none: still to come
    std::optional<QString> bootstrapSaid;
    bool seen = true; ///< in the newest snapshot
};

HealthMonitor::HealthMonitor(fleet::Fleet &fleet, const ClientTls &engineTls, const Clock &clock, Random &random, QObject *parent)
    : QObject(parent), m_fleet(fleet), m_clock(clock), m_random(random), m_qnam(engineTls)
{
    connect(&m_sweeper, &QTimer::timeout, this, &HealthMonitor::sweep);
}

HealthMonitor::~HealthMonitor() = default;

void HealthMonitor::fleetChanged()
{
    const HealthRules &rules = m_fleet.snapshot()->config->health;
    const bool probes = rules.enabled && rules.interval.count() > 0;
    // Often enough that neither interval nor timeout is overrun by more than an eighth.
    const auto shortest = rules.timeout.count() > 0 ? std::min(rules.interval, rules.timeout) : rules.interval;
    m_sweeper.setInterval(std::clamp(shortest / 8, shortestSweep, longestSweep));
    if (probes)
        m_sweeper.start();
    else
        m_sweeper.stop();
    sweep();
}

void HealthMonitor::heard(const std::shared_ptr<fleet::ServerState> &state, bool good)
{
    const auto found = m_targets.find(state.get());
    if (found == m_targets.end())
        return;
    if (good)
        tell(*found->second, found->second->tracker.answered(m_clock.now()));
    else
        sweep(); // probeAsked is set
}

void HealthMonitor::sweep()
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    const Config &config = *snapshot->config;
    const Monotonic now = m_clock.now();
    for (auto &entry : m_targets)
        entry.second->seen = false;
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const fleet::Server &server : snapshot->servers(role)) {
            std::unique_ptr<Target> &target = m_targets[server.state.get()];
            if (!target)
                target = std::make_unique<Target>(server, now);
            target->seen = true;
            if (!server.config.enabled) {
                Monotonic::rep never = 0;
                server.state->disabledSince.compare_exchange_strong(never, now.count());
                stop(*target, u"disabled"_s, now);
            } else if (server.state->disabledSince.store(0); !config.health.enabled || config.health.interval.count() <= 0) {
                stop(*target, u"health probes are off"_s, now);
            } else {
                look(*target, server, config.health, now);
                if (!target->isRunning() && target->nextAt <= now)
                    start(*target, server, config, now);
            }
        }
    }
    std::erase_if(m_targets, [](const auto &entry) { return !entry.second->seen; });
}

void HealthMonitor::look(Target &target, const fleet::Server &server, const HealthRules &rules, Monotonic now)
{
    if (target.isRunning()) {
        if (rules.timeout.count() > 0 && now - target.startedAt >= rules.timeout) {
            const QString late = u"no answer within %1 s"_s.arg(double(rules.timeout.count()) / 1000);
            for (const auto &probe : {target.probe.get(), target.bootstrap.get()}) {
                if (probe)
                    probe->giveUp(late);
            }
        }
    } else if (server.state->probeAsked.load(std::memory_order_relaxed) && now - target.startedAt >= rules.interval / mostProbesPerInterval) {
        target.nextAt = now;
    }
}

void HealthMonitor::start(Target &target, const fleet::Server &server, const Config &config, Monotonic now)
{
    target.startedAt = now;
    target.nextAt = now + pause(config.health);
    target.state->probeAsked.store(false, std::memory_order_relaxed);
    target.said.reset();
    target.bootstrapSaid.reset();
    target.bootstrap.reset();

    upstream::LegRequest request;
    request.origin = server.origin;
    request.method = "GET";
    request.target = config.health.path.toUtf8();
    upstream::setEngineCredentials(request.headers, config, server.config);
    request.headers.set("Connection", "close"); // each looks anew whether it can be connected to
    request.connectTimeout = std::chrono::milliseconds(0); // the probe's own timeout ends it
    upstream::UpstreamTransport &transport = server.origin.tls ? static_cast<upstream::UpstreamTransport &>(m_qnam) : m_direct;
    if (config.health.probeBootstrap && server.bootstrapPort) {
        upstream::LegRequest ask;
        ask.origin.host = server.origin.host;
        ask.origin.port = *server.bootstrapPort;
        ask.method = "GET";
        ask.target = "/health";
        ask.headers.set("Connection", "close");
        ask.connectTimeout = std::chrono::milliseconds(0);
        target.bootstrap = std::make_unique<HealthProbe>(m_direct, std::move(ask), [this, &target, port = *server.bootstrapPort](const QString &problem) {
            target.bootstrapSaid = problem.isEmpty() ? problem
                : u"its bootstrap server (port %1) does not answer: %2; decode engines get no KV cache from it"_s.arg(port).arg(problem);
            ended(target);
        }, nullptr);
    } else {
        target.bootstrapSaid = QString();
    }
    target.probe = std::make_unique<HealthProbe>(transport, std::move(request), [this, &target](const QString &problem) {
        target.said = problem;
        const Monotonic at = m_clock.now();
        target.state->probeMicros.store((at - target.startedAt).count() / 1000, std::memory_order_relaxed);
        target.state->probedAt.store(at.count(), std::memory_order_relaxed);
        ended(target);
    }, nullptr);
}

void HealthMonitor::ended(Target &target)
{
    if (!target.said || !target.bootstrapSaid)
        return;
    target.state->probes.fetch_add(1, std::memory_order_relaxed);
    if (!target.said->isEmpty())
        target.state->probeFailures.fetch_add(1, std::memory_order_relaxed);
    target.tracker.setPartProblem(*target.bootstrapSaid);
    const auto result = target.tracker.probed(*target.said, m_fleet.snapshot()->config->health, m_clock.now());
    if (result.cameBack)
        target.state->breaker.halfOpen();
    tell(target, result);
}

void HealthMonitor::tell(Target &target, const fleet::HealthTracker::Result &result)
{
    if (!result.changed)
        return;
    const fleet::HealthRecord::Report report = target.state->health.report();
    const QString line = target.label + u" is "_s + QLatin1StringView(fleet::healthName(report.health))
        + (report.reason.isEmpty() ? QString() : u": "_s + report.reason);
    if (report.health != fleet::Health::Down) {
        qCInfo(lcHealth, "%s", qUtf8Printable(line));
        return;
    }
    qCWarning(lcHealth, "%s", qUtf8Printable(line));
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    if (fleet::usableServers(*snapshot, target.role, m_clock.now()) == 0) {
        qCWarning(lcHealth, "no %s server is healthy any more; requests %s (--on-no-healthy)", roleName(target.role),
                  snapshot->config->onNoHealthy == OnNoHealthy::Try ? "are sent to them all the same" : "get 503");
    }
}

void HealthMonitor::stop(Target &target, const QString &reason, Monotonic now)
{
    target.probe.reset();
    target.bootstrap.reset();
    target.nextAt = now;
    target.tracker.forget(reason, now);
}

Monotonic HealthMonitor::pause(const HealthRules &rules)
{
    // Servers that were started together are not probed together for ever.
    const Monotonic interval = rules.interval;
    return interval * 9 / 10 + Monotonic(qint64(m_random.below(quint64(std::max<qint64>(interval.count() / 5, 1)))));
}

} // namespace pdlb::control
