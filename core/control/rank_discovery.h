// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/prefill_inquiry.h"

namespace pdlb::control {

/// Asks each prefill's bootstrap server, once its port is known, whether the room decides about the DP rank
/// (GET /route: follow_bootstrap_room and dp_size, as of SGLang's disaggregation/common/conn.py) and publishes the number of
/// ranks to the fleet. An answer holds for half a minute.
class RankDiscovery final : public PrefillInquiry
{
    Q_OBJECT

public:
    using PrefillInquiry::PrefillInquiry;

private:
    std::optional<Question> question(const fleet::Server &prefill) const override;
    bool settles(const fleet::Server &prefill, const EngineReply &reply) override;
    std::chrono::milliseconds validity() const override { return std::chrono::seconds(30); }
};

} // namespace pdlb::control
