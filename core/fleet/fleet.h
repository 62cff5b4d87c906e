// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "upstream/origin.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace pdlb::fleet {

enum class Role { Prefill, Decode };

/// Counters of one server, shared by all workers and all snapshots. Each is updated by any thread.
struct ServerCounters {
    std::atomic<qint64> inFlight{0};
    std::atomic<quint64> requests{0};
    std::atomic<quint64> failures{0};
};

/// One engine as a snapshot sees it.
struct Server {
    QByteArray name; ///< "p1", "d2"
    QByteArray url; ///< of the origin
    QString label; ///< for messages: "prefill p1 (http://…)"
    Role role = Role::Prefill;
    upstream::Origin origin;
    BootstrapPort bootstrapSetting;
    /// What goes into bootstrap_port; none → JSON null.
    std::optional<quint16> bootstrapPort;
    std::shared_ptr<ServerCounters> counters;
};

/// The servers at one moment; never changes. A request finishes on the snapshot that it started with.
struct FleetSnapshot {
    std::vector<Server> prefill;
    std::vector<Server> decode;
    quint64 version = 0;
};

using SnapshotPtr = std::shared_ptr<const FleetSnapshot>;

/// Holds the current snapshot. Thread-safe; writers replace the whole.
class Fleet
{
public:
    /// The config must have passed validate().
    explicit Fleet(const Config &config);
    SnapshotPtr snapshot() const;
    /// Publishes a prefill's discovered bootstrap port; ignored when its setting does not ask for discovery.
    void setDiscoveredPort(qsizetype prefillIndex, std::optional<quint16> port);

private:
    mutable std::mutex m_mutex;
    SnapshotPtr m_snapshot;
};

} // namespace pdlb::fleet
