// SPDX-License-Identifier: Apache-2.0
#include "client/bench_group.h"

namespace pdlb::client {

void BenchGroup::add(const RequestResult &result)
{
    ++good;
    const auto put = [](Distribution &to, const std::optional<double> &value) {
        if (value)
            to.add(*value);
    };
    put(ttft, result.ttft());
    put(ttfo, result.ttfo());
    put(itl, result.itl());
    icl.add(result.gaps);
    duration.add(result.duration());
    promptTokens += result.facts.promptTokens.value_or(0);
    completionTokens += result.facts.completionTokens.value_or(0);
    cachedTokens += result.facts.cachedTokens.value_or(0);
    bytes += result.bytes;
}

void BenchGroup::add(const BenchGroup &other)
{
    good += other.good;
    failed += other.failed;
    ttft.add(other.ttft);
    ttfo.add(other.ttfo);
    itl.add(other.itl);
    icl.add(other.icl);
    duration.add(other.duration);
    promptTokens += other.promptTokens;
    completionTokens += other.completionTokens;
    cachedTokens += other.cachedTokens;
    bytes += other.bytes;
}

} // namespace pdlb::client
