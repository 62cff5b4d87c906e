// SPDX-License-Identifier: Apache-2.0
#include "fleet/pick_least.h"
#include "fleet/policy_registry.h"

#include <cmath>

namespace pdlb::fleet {

namespace {

/// The server that says itself that it has the least to do, per weight: unlike legs in flight that counts what other
/// balancers send to it. One that does not say so is judged by its legs.
class LeastLoadPolicy final : public Policy
{
public:
    qsizetype pick(std::span<const Candidate> candidates, const RequestTraits &, Random &random) override
    {
        return pickLeast(candidates, random, [](const Candidate &candidate) {
            return std::isnan(candidate.load) ? double(candidate.inFlight) : candidate.load;
        });
    }
    QByteArray name() const override { return QByteArrayLiteral("least_load"); }
    int wants() const override { return Load; }
};

} // namespace

Result<PolicyPtr> makeLeastLoadPolicy(const PolicyRules &)
{
    return std::make_shared<LeastLoadPolicy>();
}

} // namespace pdlb::fleet
