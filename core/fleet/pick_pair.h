// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/place.h"
#include "util/api_error.h"

namespace pdlb::fleet {

/// A prefill and a decode server of one snapshot, by index.
struct Pair {
    qsizetype prefill = 0;
    qsizetype decode = 0;
    bool operator==(const Pair &) const = default;
};

struct PickRequest {
    RequestTraits traits; ///< but for `prefill` and `peers`, which are filled in
    int legs = 1; ///< on each of the two servers
    Monotonic now{0}; ///< for the breakers
    /// Servers that earlier attempts failed with, avoided where there are others.
    std::span<const ServerState *const> avoid = {};
    /// "PREFILL/DECODE" by names, either may be "*"; empty: the policies are free. Goes before health and before the
    /// pairs' table, not before `enabled`.
    QByteArrayView pin = {};
};

struct Picked {
    Pair pair;
    Place prefill; ///< taken already
    Place decode;
    /// How it came to that, for the trace: a policy's name, "pinned", "no healthy server: tried all the same".
    QByteArray reason;
};

/// Why there is no pair.
struct PickError : ApiError {
    enum class Wait {
        InVain, ///< the request is to be refused
        ForServer, ///< those that it may have run as many legs as they may; another request may find a pair
        ForAnyServer, ///< nobody finds a pair until a leg ends
    };
    Wait wait = Wait::InVain;
};

/// Chooses the pair of a request by the snapshot's policies among the servers that may be used now, and takes a place on
/// both. A server may be used when it is enabled, its breaker lets a request pass, it runs fewer legs than its limit and
/// health probes do not call it down; OnNoHealthy says what happens when those alone leave no pair. Thread-safe.
/// Errors: 400 for a pin that names nothing, 503 when no pair is left, with whose fault it is.
Result<Picked, PickError> pickPair(const FleetSnapshot &fleet, const PickRequest &request, Random &random);

/// How many servers of a role new requests may go to, their limits aside: for readiness. A server not probed yet counts,
/// one that fails its probes while it starts does not.
qsizetype usableServers(const FleetSnapshot &fleet, Role role, Monotonic now);

} // namespace pdlb::fleet
