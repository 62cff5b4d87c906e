// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/fan_out.h"

namespace pdlb::control {

/// SGLang mini_lb's aggregate of every engine's /server_info, which bench_serving and one_batch_server read:
/// {"internal_states":[all of decode's], "prefill":[…], "decode":[…]}. An engine that did not answer is in its list as
/// {"url":…,"error":…}. Engines' own objects are kept byte for byte.
QByteArray aggregateServerInfo(const std::vector<FanOutResult> &results);

/// Every engine's /v1/loads: {"prefill":[…],"decode":[…]}, each {"name":…,"url":…,"loads":…} with the engine's own answer
/// byte for byte (as a string when it is no JSON: ?format=prometheus), or "error" instead of "loads".
QByteArray aggregateLoads(const std::vector<FanOutResult> &results);

} // namespace pdlb::control
