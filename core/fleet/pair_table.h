// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"

#include <vector>

namespace pdlb::fleet {

/// Which prefills and decodes of one snapshot may serve a request together, and with which weight. Immutable.
class PairTable
{
public:
    PairTable() = default;
    /// Names must be complete and the config valid.
    explicit PairTable(const Config &config);

    /// 0: not allowed.
    int weight(qsizetype prefill, qsizetype decode) const { return m_weights[size_t(prefill * m_decodes + decode)]; }
    /// What a prefill's own weight is multiplied with: where the pairs are listed, the sum of its pairs' weights.
    int prefillWeight(qsizetype prefill) const { return m_prefillWeights[size_t(prefill)]; }
    /// Every pair is allowed, with weight 1: the choice of decode does not depend on that of prefill.
    bool isUniform() const { return m_uniform; }

private:
    qsizetype m_decodes = 0;
    std::vector<int> m_weights;
    std::vector<int> m_prefillWeights;
    bool m_uniform = true;
};

} // namespace pdlb::fleet
