// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/engine_call.h"

namespace pdlb::control {

/// One engine's part of a fan-out.
struct FanOutResult {
    fleet::Server server;
    EngineReply reply;
};

/// The same request to every engine of the snapshot, all at once. Calls back when the last has answered or timed out
/// (prefills first, in fleet order), then deletes itself.
class FanOut final : public QObject
{
    Q_OBJECT

public:
    using Callback = std::function<void(const std::vector<FanOutResult> &)>;
    FanOut(upstream::UpstreamTransport &transport, const fleet::FleetSnapshot &fleet, const EngineRequest &request,
           const Callback &callback, QObject *parent);

private:
    std::vector<FanOutResult> m_results;
    size_t m_left = 0;
};

} // namespace pdlb::control
