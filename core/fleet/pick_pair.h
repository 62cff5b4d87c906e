// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/fleet.h"
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
    /// The pair that an earlier attempt failed with; both its servers are avoided where there are others.
    std::optional<Pair> avoid = {};
    /// "PREFILL/DECODE" by names, either may be "*"; empty: the policies are free. Goes before health and before the
    /// pairs' table, not before `enabled`.
    QByteArrayView pin = {};
};

struct Picked {
    Pair pair;
    /// How it came to that, for the trace: a policy's name, "pinned", "no healthy server: tried all the same".
    QByteArray reason;
};

/// Chooses the pair of a request by the snapshot's policies among the servers that may be used now. Thread-safe.
/// Errors: 400 for a pin that names nothing, 503 when no pair is left, with whose fault it is.
Result<Picked, ApiError> pickPair(const FleetSnapshot &fleet, const PickRequest &request, Random &random);

} // namespace pdlb::fleet
