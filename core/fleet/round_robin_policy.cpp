// SPDX-License-Identifier: Apache-2.0
#include "fleet/policy.h"

#include <numeric>

namespace pdlb::fleet {

namespace {

/// Each server of a role in turn. After every full cycle of both roles decode is shifted by one, so that equally large
/// roles meet in all combinations instead of p1/d1, p2/d2 for ever.
class RoundRobinPolicy final : public Policy
{
public:
    Pair pick(const FleetSnapshot &fleet, const RequestTraits &traits, Random &) override
    {
        const quint64 turn = m_turn.fetch_add(1, std::memory_order_relaxed);
        const quint64 prefills = fleet.prefill.size();
        const quint64 decodes = fleet.decode.size();
        const quint64 shift = turn / std::lcm(prefills, decodes);
        return avoiding(fleet, traits, {qsizetype(turn % prefills), qsizetype((turn + shift) % decodes)});
    }
    QByteArray name() const override { return "round_robin"; }

private:
    std::atomic<quint64> m_turn{0};
};

} // namespace

std::unique_ptr<Policy> makeRoundRobinPolicy()
{
    return std::make_unique<RoundRobinPolicy>();
}

} // namespace pdlb::fleet
