// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/fleet.h"
#include "util/random.h"

#include <QStringList>

namespace pdlb::fleet {

/// A prefill and a decode server of one snapshot, by index.
struct Pair {
    qsizetype prefill = 0;
    qsizetype decode = 0;
    bool operator==(const Pair &) const = default;
};

/// What a policy may know of a request.
struct RequestTraits {
    /// The pair that an earlier attempt failed with; avoided when there is another.
    std::optional<Pair> avoid;
};

/// Chooses the pair of a request. One object serves all workers: pick() must be thread-safe. Randomness is injected.
class Policy
{
public:
    virtual ~Policy() = default;
    /// The snapshot has at least one server of each role.
    virtual Pair pick(const FleetSnapshot &fleet, const RequestTraits &traits, Random &random) = 0;
    virtual QByteArray name() const = 0;
};

/// The names that makePolicy() knows.
QStringList policyNames();
/// Null for an unknown name.
std::unique_ptr<Policy> makePolicy(const QString &name);

/// Moves on to another pair when `pair` is the one to avoid and the fleet has another: the next prefill and the next
/// decode server, where there are several.
Pair avoiding(const FleetSnapshot &fleet, const RequestTraits &traits, Pair pair);

std::unique_ptr<Policy> makeRandomPolicy();
std::unique_ptr<Policy> makeRoundRobinPolicy();

} // namespace pdlb::fleet
