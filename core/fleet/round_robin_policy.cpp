// SPDX-License-Identifier: Apache-2.0
#include "fleet/policy_registry.h"

#include <atomic>
#include <numeric>

namespace pdlb::fleet {

namespace {

/// Each server in turn. After every full cycle of both roles decode is shifted by one, so that equally large roles meet
/// in all combinations instead of p1/d1, p2/d2 for ever.
class RoundRobinPolicy final : public Policy
{
public:
    qsizetype pick(std::span<const Candidate> candidates, const RequestTraits &traits, Random &) override
    {
        const quint64 turn = m_turn.fetch_add(1, std::memory_order_relaxed);
        const quint64 count = candidates.size();
        const quint64 cycle = std::lcm(count, quint64(traits.peers));
        Q_ASSERT(cycle > 0); // nobody is asked to pick from nothing
        const quint64 shift = traits.prefill ? 0 : turn / cycle;
        return qsizetype((turn + shift) % count);
    }
    QByteArray name() const override { return QByteArrayLiteral("round_robin"); }

private:
    std::atomic<quint64> m_turn{0};
};

} // namespace

Result<PolicyPtr> makeRoundRobinPolicy(const PolicyRules &)
{
    return std::make_shared<RoundRobinPolicy>();
}

} // namespace pdlb::fleet
