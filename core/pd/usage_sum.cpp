// SPDX-License-Identifier: Apache-2.0
#include "pd/usage_sum.h"

namespace pdlb::pd {

using json::Value;

namespace {

/// A count of tokens; none for what is no integer or too large to be one, so that sums cannot overflow.
std::optional<qint64> countOf(Value number)
{
    constexpr qint64 largest = qint64(1) << 53;
    const auto count = number.integer();
    return count && *count >= 0 && *count <= largest ? count : std::nullopt;
}

qint64 sum(const std::vector<Value> &all, QByteArrayView name)
{
    qint64 total = 0;
    for (const Value &usage : all)
        total += countOf(usage.member(name)).value_or(0);
    return total;
}

} // namespace

std::vector<json::Replacement> sumUsage(QByteArrayView text, Value base, const std::vector<Value> &all)
{
    std::vector<json::Replacement> replacements;
    const auto replace = [&](Value number, qint64 by) {
        replacements.push_back({number.spanIn(text), QByteArray::number(by)});
    };
    const Value completion = base.member("completion_tokens");
    const qint64 completions = sum(all, "completion_tokens");
    if (countOf(completion))
        replace(completion, completions);
    const Value total = base.member("total_tokens");
    if (const auto own = countOf(total))
        replace(total, *own - countOf(completion).value_or(0) + completions);
    const Value reasoning = base.member("reasoning_tokens");
    if (countOf(reasoning))
        replace(reasoning, sum(all, "reasoning_tokens"));

    std::vector<Value> details;
    details.reserve(all.size());
    for (const Value &usage : all)
        details.push_back(usage.member("completion_tokens_details"));
    for (json::Members members(base.member("completion_tokens_details")); members.next();) {
        if (countOf(members.value()))
            replace(members.value(), sum(details, members.name()));
    }
    return replacements;
}

} // namespace pdlb::pd
