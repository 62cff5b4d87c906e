// SPDX-License-Identifier: Apache-2.0
#include "fleet/pick_least.h"
#include "fleet/policy_registry.h"
#include "util/stable_hash.h"

#include <algorithm>
#include <cmath>

namespace pdlb::fleet {

namespace {

/// The same server for the same key: weighted rendezvous hashing on the servers' names. Every balancer comes to the
/// same choice, and when a server goes only its own keys move, to all others in proportion to their weights. A request
/// without a key goes to the server with the fewest legs.
class ConsistentHashPolicy final : public Policy
{
public:
    qsizetype pick(std::span<const Candidate> candidates, const RequestTraits &traits, Random &random) override
    {
        if (traits.hashKey.isEmpty())
            return pickLeastInFlight(candidates, random);
        const quint64 key = stableHash(traits.hashKey);
        const int weight = candidates.front().weight;
        const bool even = std::all_of(candidates.begin(), candidates.end(), [=](const Candidate &c) { return c.weight == weight; });
        return even ? pickEven(candidates, key) : pickWeighted(candidates, key);
    }
    QByteArray name() const override { return QByteArrayLiteral("consistent_hash"); }
    int wants() const override { return HashKey; }

private:
    /// What pickWeighted() comes to when all weights are the same.
    static qsizetype pickEven(std::span<const Candidate> candidates, quint64 key)
    {
        size_t best = 0;
        quint64 lowest = std::numeric_limits<quint64>::max();
        for (size_t i = 0; i < candidates.size(); ++i) {
            const quint64 hash = mix64(key ^ candidates[i].id);
            if (hash < lowest) {
                lowest = hash;
                best = i;
            }
        }
        return qsizetype(best);
    }

    /// score = weight / -ln u with u uniform in (0, 1): the highest is each server's as often as its weight says.
    static qsizetype pickWeighted(std::span<const Candidate> candidates, quint64 key)
    {
        size_t best = 0;
        double highest = 0;
        for (size_t i = 0; i < candidates.size(); ++i) {
            const double rest = (double(mix64(key ^ candidates[i].id) >> 11) + 0.5) * 0x1p-53; // 1 - u
            const double weight = candidates[i].weight;
            // -ln(1 - rest) is at least rest: most candidates are beaten without the logarithm.
            if (weight <= highest * rest)
                continue;
            const double score = weight / -std::log1p(-rest);
            if (score > highest) {
                highest = score;
                best = i;
            }
        }
        return qsizetype(best);
    }
};

} // namespace

Result<PolicyPtr> makeConsistentHashPolicy(const PolicyRules &)
{
    return std::make_shared<ConsistentHashPolicy>();
}

} // namespace pdlb::fleet
