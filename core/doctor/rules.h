// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "doctor/facts.h"
#include "doctor/finding.h"

namespace pdlb::doctor {

// What facts mean: pure functions. They leave Finding::where to the caller.

/// An engine alone: reachable, key, role, health, what it says of itself, a leg without a partner.
Findings checkServer(const ServerFacts &server);

/// A prefill's bootstrap server. Nothing when the prefill is not there at all, which checkServer() tells.
Findings checkBootstrap(const ServerFacts &prefill, const BootstrapFacts &bootstrap);

/// Two engines side by side, before any request: what differs, and how decode is to find prefill.
Findings checkPair(const ServerFacts &prefill, const BootstrapFacts &bootstrap, const ServerFacts &decode);

/// The request that was sent through the pair; nothing when it went well and quickly.
Findings checkRequest(const ServerFacts &prefill, const BootstrapFacts &bootstrap, const ServerFacts &decode, const RequestFacts &request);

} // namespace pdlb::doctor
