// SPDX-License-Identifier: Apache-2.0
#include "fleet/policy.h"

namespace pdlb::fleet {

namespace {

/// Each server of a role with the same chance, as SGLang's mini load balancer does.
class RandomPolicy final : public Policy
{
public:
    Pair pick(const FleetSnapshot &fleet, const RequestTraits &traits, Random &random) override
    {
        const Pair pair{qsizetype(random.below(fleet.prefill.size())), qsizetype(random.below(fleet.decode.size()))};
        return avoiding(fleet, traits, pair);
    }
    QByteArray name() const override { return "random"; }
};

} // namespace

std::unique_ptr<Policy> makeRandomPolicy()
{
    return std::make_unique<RandomPolicy>();
}

} // namespace pdlb::fleet
