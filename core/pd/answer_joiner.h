// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/fanout_events.h"
#include "pd/sample_join.h"

namespace pdlb::pd {

/// The AnswerMerger of SGLang: joins each sample's legs, then the samples.
class AnswerJoiner final : public AnswerMerger
{
public:
    static constexpr qsizetype defaultHoldLimit = 256 * 1024 * 1024;

    /// True when the request's answer is not simply decode's.
    static bool isNeeded(const RequestShape &shape);
    /// `holdLimit`: bytes that may be held of all prefill answers, and as many of all decode answers.
    explicit AnswerJoiner(const RequestShape &shape, qsizetype holdLimit = defaultHoldLimit);
    Q_DISABLE_COPY_MOVE(AnswerJoiner)

    Result<QByteArray> feed(LegRole role, int sample, QByteArrayView bytes) override;
    Result<QByteArray> end(LegRole role, int sample) override;
    bool isComplete() const override;

private:
    Result<QByteArray> handOut(int sample, Result<SampleJoin::Parts> parts);

    HoldLimit m_limit;
    const Endpoint m_endpoint;
    std::deque<SampleJoin> m_samples;
    std::unique_ptr<FanOutEvents> m_events; ///< of a streamed fan-out
    std::vector<QByteArray> m_bodies;       ///< by sample, of another fan-out
    bool m_finished = false;
};

} // namespace pdlb::pd
