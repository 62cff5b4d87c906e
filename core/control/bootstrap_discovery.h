// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/prefill_inquiry.h"

namespace pdlb::control {

/// Asks each prefill whose bootstrap port is to be discovered for /server_info.disaggregation_bootstrap_port and
/// publishes the answer to the fleet.
class BootstrapDiscovery final : public PrefillInquiry
{
    Q_OBJECT

public:
    BootstrapDiscovery(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, QObject *parent);
    void start();

Q_SIGNALS:
    /// Every prefill has answered or failed once, or the first round took too long.
    void firstRoundOver();
    void portChanged();

private:
    std::optional<Question> question(const fleet::Server &prefill) const override;
    bool settles(const fleet::Server &prefill, const EngineReply &reply) override;
    void progressed() override;
    void endFirstRound();

    bool m_firstRound = true;
};

} // namespace pdlb::control
