// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/fleet.h"

namespace pdlb::fleet {

/// How a server stands, in one word and with the reason, for people and tools. What requests do is pickPair()'s matter.
struct ServerStatus {
    /// "disabled", "draining" (disabled with requests still running), "down" (also while its breaker is open),
    /// "degraded" (also while it is half open), "up", "starting" (it fails its probes and has never been up), "unknown".
    QByteArray name;
    QString reason; ///< in words; may be empty when it is up
    Monotonic since{0}; ///< of the clock that the balancer runs with; 0: from the start
};

/// Thread-safe.
ServerStatus serverStatus(const Server &server, Monotonic now);

} // namespace pdlb::fleet
