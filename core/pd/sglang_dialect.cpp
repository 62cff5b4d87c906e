// SPDX-License-Identifier: Apache-2.0
#include "pd/answer_joiner.h"
#include "pd/sglang_request.h"

namespace pdlb::pd {

namespace {

class SglangDialect final : public Dialect
{
public:
    Result<RequestShape, ApiError> analyse(Endpoint endpoint, const QByteArray &body, QByteArrayView keyMember) const override
    {
        return sglang::analyse(endpoint, body, keyMember);
    }
    RequestPlan plan(const RequestShape &shape, const QByteArray &body, const BootstrapAddress &bootstrap,
                     RoomSource &rooms, Random &random) const override
    {
        return sglang::plan(shape, body, bootstrap, rooms, random);
    }
    LegPlan planAlone(LegRole role, const RequestShape &shape, const QByteArray &body, Random &random) const override
    {
        return sglang::planAlone(role, shape, body, random);
    }
    std::unique_ptr<AnswerMerger> merger(const RequestShape &shape) const override
    {
        return AnswerJoiner::isNeeded(shape) ? std::make_unique<AnswerJoiner>(shape) : nullptr;
    }
    bool mayHoldError(QByteArrayView bytes) const override { return sglang::mayHoldError(bytes); }
    std::optional<InBandError> inBandError(QByteArrayView event) const override { return sglang::inBandError(event); }
};

} // namespace

const Dialect &sglangDialect()
{
    static const SglangDialect dialect;
    return dialect;
}

} // namespace pdlb::pd
