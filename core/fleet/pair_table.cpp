// SPDX-License-Identifier: Apache-2.0
#include "fleet/pair_table.h"

#include <algorithm>
#include <numeric>

namespace pdlb::fleet {

PairTable::PairTable(const Config &config)
    : m_decodes(config.decode.size()), m_weights(size_t(config.prefill.size() * m_decodes), 0),
      m_prefillWeights(size_t(config.prefill.size()), 1)
{
    QHash<QString, qsizetype> prefills, decodes;
    for (qsizetype i = 0; i < config.prefill.size(); ++i)
        prefills.insert(config.prefill[i].name, i);
    for (qsizetype i = 0; i < config.decode.size(); ++i)
        decodes.insert(config.decode[i].name, i);
    if (config.pairing != Pairing::Listed) {
        for (qsizetype p = 0; p < config.prefill.size(); ++p) {
            for (qsizetype d = 0; d < m_decodes; ++d) {
                const bool together = config.pairing == Pairing::Any || config.prefill[p].group == config.decode[d].group;
                m_weights[size_t(p * m_decodes + d)] = together ? 1 : 0;
            }
        }
    }
    for (const PairConfig &pair : config.pairs) {
        const qsizetype p = prefills.value(pair.prefill, -1);
        const qsizetype d = decodes.value(pair.decode, -1);
        if (p >= 0 && d >= 0)
            m_weights[size_t(p * m_decodes + d)] = pair.enabled ? pair.weight : 0;
    }
    if (config.pairing == Pairing::Listed) {
        for (size_t p = 0; p < m_prefillWeights.size(); ++p) {
            const auto row = m_weights.begin() + qsizetype(p) * m_decodes;
            m_prefillWeights[p] = std::accumulate(row, row + m_decodes, 0);
        }
    }
    m_uniform = std::all_of(m_weights.begin(), m_weights.end(), [](int weight) { return weight == 1; });
}

} // namespace pdlb::fleet
