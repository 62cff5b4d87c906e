// SPDX-License-Identifier: Apache-2.0
#include "fleet/policy_registry.h"

#include <atomic>

namespace pdlb::fleet {

namespace {

/// Each server as often as its weight says, and as regularly as that can be: the turns walk over the sum of the weights
/// in steps that never come back to the same point, so that each stretch of it is met at even distances. No server has
/// a state, so servers may come and go. The steps are shares that fractions approach worst, the golden ratio for prefill
/// and the square root of 2 for decode; as these have nothing to do with one another, pairs too are met as often as their
/// weights say.
class WeightedPolicy final : public Policy
{
public:
    qsizetype pick(std::span<const Candidate> candidates, const RequestTraits &traits, Random &) override
    {
        qint64 total = 0;
        for (const Candidate &candidate : candidates)
            total += candidate.weight;
        const quint64 turn = m_turn.fetch_add(1, std::memory_order_relaxed);
        const quint64 point = turn * (traits.prefill ? prefillStep : decodeStep); // fraction of 2^64
        double left = double(point >> 11) * 0x1p-53 * double(total);
        size_t i = 0;
        for (; i + 1 < candidates.size(); ++i) {
            left -= candidates[i].weight;
            if (left < 0)
                break;
        }
        return qsizetype(i);
    }
    QByteArray name() const override { return QByteArrayLiteral("weighted"); }

private:
    static constexpr quint64 prefillStep = 0x9e3779b97f4a7c15; // (√5 - 1) / 2 · 2^64
    static constexpr quint64 decodeStep = 0x6a09e667f3bcc909; // (√2 - 1) · 2^64

    std::atomic<quint64> m_turn{0};
};

} // namespace

Result<PolicyPtr> makeWeightedPolicy(const PolicyRules &)
{
    return std::make_shared<WeightedPolicy>();
}

} // namespace pdlb::fleet
