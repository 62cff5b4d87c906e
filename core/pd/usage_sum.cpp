// SPDX-License-Identifier: Apache-2.0
#include "pd/usage_sum.h"

namespace pdlb::pd {

using json::Value;

namespace {

qint64 sum(const std::vector<Value> &all, QByteArrayView name)
{
    qint64 total = 0;
    for (const Value &usage : all)
        total += usage.member(name).integer().value_or(0);
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
    if (completion.integer())
        replace(completion, completions);
    const Value total = base.member("total_tokens");
    if (const auto own = total.integer())
        replace(total, *own - completion.integer().value_or(0) + completions);
    const Value reasoning = base.member("reasoning_tokens");
    if (reasoning.integer())
        replace(reasoning, sum(all, "reasoning_tokens"));

    std::vector<Value> details;
    for (const Value &usage : all)
        details.push_back(usage.member("completion_tokens_details"));
    for (json::Members members(base.member("completion_tokens_details")); members.next();) {
        if (members.value().integer())
            replace(members.value(), sum(details, members.name()));
    }
    return replacements;
}

} // namespace pdlb::pd
