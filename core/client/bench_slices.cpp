// SPDX-License-Identifier: Apache-2.0
#include "client/bench_slices.h"

#include <algorithm>
#include <cmath>

namespace pdlb::client {

namespace {

constexpr size_t mostSlices = 40;
constexpr double certainty = 2.26; // Student's t for 95 % and 9 degrees of freedom

} // namespace

void BenchSlices::add(double seconds, const RequestResult &result)
{
    seconds = std::clamp(seconds, 0.0, 1e9);
    while (seconds >= m_width * double(mostSlices)) {
        for (size_t i = 0; i + 1 < m_slices.size(); i += 2)
            m_slices[i].add(m_slices[i + 1]);
        for (size_t i = 2; i < m_slices.size(); i += 2)
            m_slices[i / 2] = std::move(m_slices[i]);
        m_slices.resize((m_slices.size() + 1) / 2);
        m_width *= 2;
    }
    const auto slice = size_t(seconds / m_width);
    if (m_slices.size() <= slice)
        m_slices.resize(slice + 1);
    m_slices[slice].ended.add(result);

    const double begin = std::clamp(seconds - result.duration() / 1000, 0.0, seconds);
    const auto tokens = double(result.facts.completionTokens.value_or(0));
    for (auto i = size_t(begin / m_width); i <= slice; ++i) {
        const double within = std::min(seconds, m_width * double(i + 1)) - std::max(begin, m_width * double(i));
        const double share = seconds > begin ? std::max(0.0, within) / (seconds - begin) : 1;
        m_slices[i].requests += share;
        m_slices[i].completionTokens += share * tokens;
    }
}

void BenchSlices::Slice::add(const Slice &other)
{
    ended.add(other.ended);
    requests += other.requests;
    completionTokens += other.completionTokens;
}

size_t BenchSlices::slicesAPart(double seconds) const
{
    return std::min(m_slices.size(), size_t(seconds / m_width)) / count; // the last slice is not whole
}

std::vector<BenchGroup> BenchSlices::parts(double seconds) const
{
    const size_t each = slicesAPart(seconds);
    if (each == 0)
        return {};
    std::vector<BenchGroup> parts(count);
    for (size_t i = 0; i < count * each; ++i)
        parts[i / each].add(m_slices[i].ended);
    return parts;
}

BenchSlices::Rates BenchSlices::rates(double seconds) const
{
    const size_t each = slicesAPart(seconds);
    if (each == 0)
        return {};
    Rates rates{std::vector<double>(count), std::vector<double>(count)};
    const double length = m_width * double(each);
    for (size_t i = 0; i < count * each; ++i) {
        rates.requests[i / each] += m_slices[i].requests / length;
        rates.completionTokens[i / each] += m_slices[i].completionTokens / length;
    }
    return rates;
}

double spreadOfMean(const std::vector<double> &values)
{
    const double n = double(values.size());
    double mean = 0;
    for (const double value : values)
        mean += value / n;
    double squares = 0;
    for (const double value : values)
        squares += (value - mean) * (value - mean);
    return n > 1 ? certainty * std::sqrt(squares / (n - 1) / n) : 0;
}

} // namespace pdlb::client
