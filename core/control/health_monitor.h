// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/health_probe.h"
#include "fleet/fleet.h"
#include "fleet/health_tracker.h"
#include "upstream/direct_transport.h"
#include "upstream/qnam_transport.h"

#include <QTimer>

#include <unordered_map>

namespace pdlb::control {

/// Probes every enabled server of the fleet, and the bootstrap server of each prefill whose port is known, and writes their
/// health (see fleet::HealthTracker). Its connections are its own: neither long streams nor slow fan-outs hold it up. A
/// server has one probe at a time. Lives in the control thread; needs its event loop, but measures time by `clock`.
class HealthMonitor final : public QObject
{
    Q_OBJECT

public:
    HealthMonitor(fleet::Fleet &fleet, const ClientTls &engineTls, const Clock &clock, Random &random,
                  QObject *parent = nullptr);
    ~HealthMonitor() override;

    /// At the start and whenever servers or rules changed: new servers are probed at once, those that are gone forgotten.
    void fleetChanged();
    /// Traffic said something of a server: a good answer (it is up if nothing was known of it), or else a transport error
    /// (it is probed now, unless that was done a moment ago).
    void heard(const std::shared_ptr<fleet::ServerState> &state, bool good);

private:
    struct Target;
    void sweep();
    void look(Target &target, const fleet::Server &server, const HealthRules &rules, Monotonic now);
    void start(Target &target, const fleet::Server &server, const Config &config, Monotonic now);
    void stop(Target &target, const QString &reason, Monotonic now);
    void ended(Target &target);
    void tell(Target &target, const fleet::HealthTracker::Result &result);
    Monotonic pause(const HealthRules &rules);

    fleet::Fleet &m_fleet;
    const Clock &m_clock;
    Random &m_random;
    upstream::DirectTransport m_direct;
    upstream::QnamTransport m_qnam;
    std::unordered_map<const fleet::ServerState *, std::unique_ptr<Target>> m_targets;
    QTimer m_sweeper;
};

} // namespace pdlb::control
