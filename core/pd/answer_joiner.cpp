// SPDX-License-Identifier: Apache-2.0
#include "pd/answer_joiner.h"

#include "pd/fanout_body.h"

#include <algorithm>

namespace pdlb::pd {

bool AnswerJoiner::isNeeded(const RequestShape &shape)
{
    return shape.samples > 1 || !PrefillFields(shape).isEmpty();
}

AnswerJoiner::AnswerJoiner(const RequestShape &shape, qsizetype holdLimit)
    : m_limit(holdLimit), m_endpoint(shape.endpoint)
{
    for (int sample = 0; sample < shape.samples; ++sample)
        m_samples.emplace_back(shape, m_limit);
    if (shape.samples > 1 && shape.stream)
        m_events = std::make_unique<FanOutEvents>(shape.endpoint, shape.samples);
    else if (shape.samples > 1)
        m_bodies.resize(size_t(shape.samples));
}

Result<QByteArray> AnswerJoiner::feed(LegRole role, int sample, QByteArrayView bytes)
{
    return handOut(sample, m_samples[size_t(sample)].feed(role, bytes));
}

Result<QByteArray> AnswerJoiner::end(LegRole role, int sample)
{
    auto out = handOut(sample, m_samples[size_t(sample)].end(role));
    if (!out || m_finished || !isComplete())
        return out;
    m_finished = true;
    if (m_events)
        return *out + m_events->finish();
    if (!m_bodies.empty())
        return joinSamples(m_endpoint, std::exchange(m_bodies, {}));
    return out;
}

bool AnswerJoiner::isComplete() const
{
    return std::all_of(m_samples.begin(), m_samples.end(),
                       [](const SampleJoin &sample) { return sample.isComplete(); });
}

Result<QByteArray> AnswerJoiner::handOut(int sample, Result<SampleJoin::Parts> parts)
{
    if (!parts)
        return tl::unexpected(parts.error());
    QByteArray out;
    for (QByteArray &part : *parts) {
        if (m_events) {
            auto event = m_events->take(sample, part);
            if (!event)
                return event;
            out += *event;
        } else if (!m_bodies.empty()) {
            m_bodies[size_t(sample)] = std::move(part);
        } else {
            out += part;
        }
    }
    return out;
}

} // namespace pdlb::pd
