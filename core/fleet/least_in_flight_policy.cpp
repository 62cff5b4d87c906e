// SPDX-License-Identifier: Apache-2.0
#include "fleet/pick_least.h"
#include "fleet/policy_registry.h"

namespace pdlb::fleet {

namespace {

/// The server with the fewest legs per weight.
class LeastInFlightPolicy final : public Policy
{
public:
    qsizetype pick(std::span<const Candidate> candidates, const RequestTraits &, Random &random) override
    {
        return pickLeastInFlight(candidates, random);
    }
    QByteArray name() const override { return QByteArrayLiteral("least_in_flight"); }
};

} // namespace

Result<PolicyPtr> makeLeastInFlightPolicy(const PolicyRules &)
{
    return std::make_shared<LeastInFlightPolicy>();
}

} // namespace pdlb::fleet
