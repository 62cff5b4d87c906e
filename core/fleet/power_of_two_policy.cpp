// SPDX-License-Identifier: Apache-2.0
#include "fleet/pick_least.h"
#include "fleet/policy_registry.h"

#include <array>

namespace pdlb::fleet {

namespace {

/// The less busy of two servers drawn by chance: nearly as even as looking at all of them, and many balancers that know
/// only their own legs do not all run to the same server.
class PowerOfTwoPolicy final : public Policy
{
public:
    qsizetype pick(std::span<const Candidate> candidates, const RequestTraits &, Random &random) override
    {
        const quint64 count = candidates.size();
        if (count == 1)
            return 0;
        const quint64 drawn = random.below(count * (count - 1));
        const quint64 one = drawn % count;
        const quint64 other = (one + 1 + drawn / count) % count;
        const std::array two{candidates[one], candidates[other]};
        return qsizetype(pickLeastInFlight(two, random) == 0 ? one : other);
    }
    QByteArray name() const override { return QByteArrayLiteral("power_of_two"); }
};

} // namespace

Result<PolicyPtr> makePowerOfTwoPolicy(const PolicyRules &)
{
    return std::make_shared<PowerOfTwoPolicy>();
}

} // namespace pdlb::fleet
