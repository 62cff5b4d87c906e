// SPDX-License-Identifier: Apache-2.0
#include "fleet/pick_least.h"
#include "fleet/policy_registry.h"
#include "util/stable_hash.h"

#include <algorithm>
#include <cmath>
#include <utility>

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

    /// The least of -ln(1 - h) / weight, with each server's hash h in (0, 1), is a server's as often as its weight says.
    static qsizetype pickWeighted(std::span<const Candidate> candidates, quint64 key)
    {
        // -ln(1 - h) is between h and h / (1 - h): the logarithm is hardly ever needed.
        const auto lowerBound = [&](size_t i) { return hashOf(candidates[i], key) / candidates[i].weight; };
        size_t best = 0;
        double lowest = std::numeric_limits<double>::infinity();
        double second = lowest;
        for (size_t i = 0; i < candidates.size(); ++i) {
            const double bound = lowerBound(i);
            if (bound < lowest) {
                second = std::exchange(lowest, bound);
                best = i;
            } else if (bound < second) {
                second = bound;
            }
        }
        const double upperBound = lowest / (1 - hashOf(candidates[best], key));
        if (upperBound <= second)
            return qsizetype(best);
        const auto exact = [&](size_t i) { return -std::log1p(-hashOf(candidates[i], key)) / candidates[i].weight; };
        size_t least = best;
        for (size_t i = 0; i < candidates.size(); ++i) {
            if (i != best && lowerBound(i) < upperBound && exact(i) < exact(least))
                least = i;
        }
        return qsizetype(least);
    }

    static double hashOf(const Candidate &candidate, quint64 key)
    {
        return (double(qint64(mix64(key ^ candidate.id) >> 11)) + 0.5) * 0x1p-53;
    }
};

} // namespace

Result<PolicyPtr> makeConsistentHashPolicy(const PolicyRules &)
{
    return std::make_shared<ConsistentHashPolicy>();
}

} // namespace pdlb::fleet
