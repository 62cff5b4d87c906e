// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/hash_key.h"
#include "fleet/pair_table.h"
#include "fleet/policy_registry.h"
#include "fleet/server_state.h"
#include "upstream/origin.h"

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace pdlb::fleet {

/// One engine as a snapshot sees it.
struct Server {
    // What each choice of a pair looks at comes first and fits in a cache line.
    std::shared_ptr<ServerState> state;
    quint64 id = 0; ///< see Candidate::id
    QByteArray name; ///< "p1", "d2"
    qint64 maxInFlight = 0; ///< above 0: so many legs may run on it
    int weight = 1; ///< as configured
    bool enabled = true;
    /// Joined a running fleet and its port is still being asked for: until then it is used only when there is nothing better,
    /// since with null each engine would go by its own setting, and wait in vain.
    bool portPending = false;

    Role role = Role::Prefill;
    ServerConfig config; ///< with its name
    QByteArray url; ///< of the origin
    QString label; ///< for messages: "prefill p1 (http://…)"
    upstream::Origin origin;
    QByteArray authority; ///< of the origin
    QByteArray bracketedHost; ///< of the origin
    /// What goes into bootstrap_port; none → JSON null.
    std::optional<quint16> bootstrapPort;
    /// Above 1: the prefill's DP rank is room % dpSize (SGLang's follow_bootstrap_room, told by its bootstrap server).
    int steeredRanks = 0;
};

/// The fleet and its rules at one moment; never changes. A request finishes on the snapshot that it started with.
struct FleetSnapshot {
    std::shared_ptr<const Config> config;
    std::vector<Server> prefill;
    std::vector<Server> decode;
    PairTable pairs;
    PolicyPtr prefillPolicy;
    PolicyPtr decodePolicy;
    int wants = Policy::Nothing; ///< of both policies
    HashKey hashKey;
    quint64 version = 0;

    const std::vector<Server> &servers(Role role) const { return role == Role::Prefill ? prefill : decode; }
    const PolicyPtr &policy(Role role) const { return role == Role::Prefill ? prefillPolicy : decodePolicy; }
    /// Null when there is none of that name.
    const Server *find(Role role, QByteArrayView name) const;
};

using SnapshotPtr = std::shared_ptr<const FleetSnapshot>;

/// Holds the current snapshot. Thread-safe; writers replace the whole.
class Fleet
{
public:
    /// Null before the first apply().
    SnapshotPtr snapshot() const;
    /// A new snapshot from a config that has passed validate(). A server that keeps role, name and URL keeps its state;
    /// policies whose rules did not change keep what they learnt. Requests under way finish on their own snapshot.
    /// On an error (a policy's plugin cannot be loaded) the fleet stays as it was.
    Result<void> apply(const Config &config);
    /// Publishes what a prefill's bootstrap port was found to be, or that it does not tell; ignored when its setting does not ask for discovery or
    /// when it is gone.
    void setDiscoveredPort(const QByteArray &prefill, std::optional<quint16> port);
    void setSteeredRanks(const QByteArray &prefill, int ranks);

private:
    /// `change` says whether it changed anything.
    void changePrefill(const QByteArray &name, const std::function<bool(Server &)> &change);

    mutable std::mutex m_mutex;
    SnapshotPtr m_snapshot;
};

} // namespace pdlb::fleet
