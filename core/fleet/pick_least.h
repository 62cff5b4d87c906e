// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/policy.h"

namespace pdlb::fleet {

/// The candidate of which `amount(candidate)` per weight is least; among equals by chance, in proportion to their weights.
template <typename Amount> qsizetype pickLeast(std::span<const Candidate> candidates, Random &random, Amount amount)
{
    double least = std::numeric_limits<double>::infinity();
    qsizetype first = 0;
    quint64 weights = 0; // of all that have the least
    for (size_t i = 0; i < candidates.size(); ++i) {
        const double value = double(amount(candidates[i])) / candidates[i].weight;
        if (value < least) {
            least = value;
            first = qsizetype(i);
            weights = quint64(candidates[i].weight);
        } else if (value == least) {
            weights += quint64(candidates[i].weight);
        }
    }
    if (weights <= quint64(candidates[size_t(first)].weight))
        return first;
    quint64 drawn = random.below(weights);
    for (size_t i = size_t(first); i < candidates.size(); ++i) {
        if (double(amount(candidates[i])) / candidates[i].weight != least)
            continue;
        if (drawn < quint64(candidates[i].weight))
            return qsizetype(i);
        drawn -= quint64(candidates[i].weight);
    }
    return first;
}

/// The same by legs that run: what policies fall back to.
inline qsizetype pickLeastInFlight(std::span<const Candidate> candidates, Random &random)
{
    return pickLeast(candidates, random, [](const Candidate &candidate) { return candidate.inFlight; });
}

} // namespace pdlb::fleet
