// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/engine_call.h"
#include "trace/explanation.h"

namespace pdlb::control {

/// What an engine's answer to `loadsTarget` says; its DP ranks added up. An engine that answers rubbish is named with it.
trace::LoadSample readLoads(const EngineReply &reply);
inline constexpr const char *loadsTarget = "/v1/loads?include=core,disagg,queues";

/// What a bootstrap server's answer to `routeTarget` says (PD reference §4.1).
trace::BootstrapSample readRoute(const EngineReply &reply, const QString &address);
inline constexpr const char *routeTarget = "/route?prefill_dp_rank=-1&prefill_cp_rank=-1&target_tp_rank=-1&target_pp_rank=-1";

} // namespace pdlb::control
