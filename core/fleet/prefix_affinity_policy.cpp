// SPDX-License-Identifier: Apache-2.0
#include "fleet/pick_least.h"
#include "fleet/policy_registry.h"
#include "fleet/prefix_table.h"
#include "util/stable_hash.h"

#include <algorithm>
#include <atomic>
#include <vector>

namespace pdlb::fleet {

namespace {

/// Prompts are compared in blocks. Their size doubles after each 16, so that a prefix of any length is known to about a
/// sixteenth, and a prompt of a megabyte has no more than 150 of them.
constexpr qsizetype firstBlock = 128;
constexpr int blocksOfASize = 16;
constexpr qsizetype longestPrompt = 1024 * 1024; ///< what follows is not looked at

struct Prefix {
    quint64 hash;
    qsizetype length;
};

/// Every prefix of the prompt that ends with a block.
void findPrefixes(const RequestTraits &traits, std::vector<Prefix> &prefixes)
{
    prefixes.clear();
    quint64 hash = stableHash(traits.model);
    qsizetype block = firstBlock;
    const QByteArrayView prompt = traits.prompt.first(std::min(traits.prompt.size(), longestPrompt));
    for (qsizetype at = 0; at + block <= prompt.size();) {
        hash = stableHash(prompt.sliced(at, block), hash);
        at += block;
        prefixes.push_back({hash, at});
        if (prefixes.size() % blocksOfASize == 0)
            block *= 2;
    }
}

/// Candidates by their labels. Most labels that are looked for belong to none.
class Labels
{
public:
    explicit Labels(std::span<const Candidate> candidates) : m_candidates(candidates)
    {
        for (const Candidate &candidate : candidates)
            m_present[slot(PrefixTable::label(candidate.id))] |= bit(PrefixTable::label(candidate.id));
    }
    /// The one of them with the fewest legs per weight; -1: they are no candidates.
    qsizetype leastOf(const PrefixTable::Owners &owners) const
    {
        const auto mayBeHere = [this](quint32 label) { return (m_present[slot(label)] & bit(label)) != 0; };
        if (std::none_of(owners.begin(), owners.end(), mayBeHere))
            return -1;
        qsizetype best = -1;
        for (size_t i = 0; i < m_candidates.size(); ++i) {
            const quint32 label = PrefixTable::label(m_candidates[i].id);
            const bool owns = label == owners[0] || label == owners[1] || label == owners[2];
            if (owns && (best < 0 || isLess(m_candidates[i], m_candidates[size_t(best)])))
                best = qsizetype(i);
        }
        return best;
    }

private:
    static size_t slot(quint32 label) { return label / 64 % 8; }
    static quint64 bit(quint32 label) { return quint64(1) << label % 64; }
    static bool isLess(const Candidate &a, const Candidate &b) { return a.inFlight * b.weight < b.inFlight * a.weight; }

    std::span<const Candidate> m_candidates;
    std::array<quint64, 8> m_present{};
};

/// The server that was sent the longest beginning of this prompt before: its KV cache may still hold it. As SGLang's
/// router does with cache_aware: only when that is a good part of the prompt, and not when the fleet is out of balance;
/// otherwise the server with the fewest legs.
class PrefixAffinityPolicy final : public Policy
{
public:
    PrefixAffinityPolicy(PrefixTable table, const PolicyRules &rules)
        : m_table(std::move(table)), m_threshold(rules.cacheThreshold), m_balanceAbs(rules.balanceAbs), m_balanceRel(rules.balanceRel)
    {
    }

    qsizetype pick(std::span<const Candidate> candidates, const RequestTraits &traits, Random &random) override
    {
        static thread_local std::vector<Prefix> prefixes;
        findPrefixes(traits, prefixes);
        for (const Prefix &prefix : prefixes)
            m_table.prefetch(prefix.hash);
        qsizetype picked = isImbalanced(candidates) ? -1 : longestMatch(candidates, prefixes, std::min(traits.prompt.size(), longestPrompt));
        if (picked < 0)
            picked = pickLeastInFlight(candidates, random);
        const quint32 server = PrefixTable::label(candidates[size_t(picked)].id);
        const quint32 now = m_turn.fetch_add(1, std::memory_order_relaxed);
        for (const Prefix &prefix : prefixes)
            m_table.remember(prefix.hash, server, now);
        return picked;
    }
    QByteArray name() const override { return QByteArrayLiteral("prefix_affinity"); }
    int wants() const override { return Prompt; }

private:
    bool isImbalanced(std::span<const Candidate> candidates) const
    {
        const auto [least, most] = std::minmax_element(candidates.begin(), candidates.end(),
            [](const Candidate &a, const Candidate &b) { return a.inFlight < b.inFlight; });
        return most->inFlight - least->inFlight > m_balanceAbs && double(most->inFlight) > m_balanceRel * double(least->inFlight);
    }

    qsizetype longestMatch(std::span<const Candidate> candidates, const std::vector<Prefix> &prefixes, qsizetype length) const
    {
        static thread_local std::vector<PrefixTable::Owners> known;
        known.clear();
        for (const Prefix &prefix : prefixes) {
            const PrefixTable::Owners owners = m_table.owners(prefix.hash);
            if (owners[0] == 0)
                break;
            known.push_back(owners);
        }
        const Labels labels(candidates);
        for (size_t i = known.size(); i-- > 0 && double(prefixes[i].length) >= m_threshold * double(length);) {
            if (const qsizetype found = labels.leastOf(known[i]); found >= 0)
                return found;
        }
        return -1;
    }

    PrefixTable m_table;
    double m_threshold;
    qint64 m_balanceAbs;
    double m_balanceRel;
    std::atomic<quint32> m_turn{0};
};

} // namespace

Result<PolicyPtr> makePrefixAffinityPolicy(const PolicyRules &rules)
{
    auto table = PrefixTable::create(rules.maxTreeBytes);
    if (!table)
        return tl::unexpected(table.error());
    return std::make_shared<PrefixAffinityPolicy>(std::move(*table), rules);
}

} // namespace pdlb::fleet
