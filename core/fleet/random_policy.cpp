// SPDX-License-Identifier: Apache-2.0
#include "fleet/policy_registry.h"

namespace pdlb::fleet {

namespace {

/// Each server with the same chance, as SGLang's mini load balancer does.
class RandomPolicy final : public Policy
{
public:
    qsizetype pick(std::span<const Candidate> candidates, const RequestTraits &, Random &random) override
    {
        return qsizetype(random.below(candidates.size()));
    }
    QByteArray name() const override { return QByteArrayLiteral("random"); }
};

} // namespace

Result<PolicyPtr> makeRandomPolicy(const PolicyRules &)
{
    return std::make_shared<RandomPolicy>();
}

} // namespace pdlb::fleet
