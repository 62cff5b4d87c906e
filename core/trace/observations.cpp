// SPDX-License-Identifier: Apache-2.0
#include "trace/observations.h"

namespace pdlb::trace {

void Observations::addAbortAnswer(AbortAnswer answer)
{
    constexpr size_t most = 256; // legs of one request
    const std::scoped_lock lock(m_mutex);
    if (m_aborts.size() < most)
        m_aborts.push_back(std::move(answer));
}

void Observations::addExplanation(Explanation explanation)
{
    const std::scoped_lock lock(m_mutex);
    if (m_explanations.size() >= maxExplanations)
        m_explanations.erase(m_explanations.begin() + 1);
    m_explanations.push_back(std::move(explanation));
}

std::vector<AbortAnswer> Observations::abortAnswers() const
{
    const std::scoped_lock lock(m_mutex);
    return m_aborts;
}

bool Observations::isExplained() const
{
    const std::scoped_lock lock(m_mutex);
    return !m_explanations.empty();
}

std::vector<Explanation> Observations::explanations() const
{
    const std::scoped_lock lock(m_mutex);
    return m_explanations;
}

} // namespace pdlb::trace
