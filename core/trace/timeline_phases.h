// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

namespace pdlb::trace {

/// What goes on in a phase; what looks alike is drawn alike.
enum class PhaseKind { Queue, Connect, Send, Compute, Wait, Stream };

/// One stretch of a request's life, of the client's exchange or of a leg.
struct Phase {
    const LegTimeline *leg = nullptr; ///< of the timeline; null: the client's
    bool earlier = false; ///< of an attempt before the last
    const char *name = ""; ///< "queue", "compute + KV", "first token", …
    PhaseKind kind = PhaseKind::Wait;
    Monotonic from{0};
    Moment to; ///< none: it goes on

    /// "client", "prefill", "decode".
    const char *actor() const { return !leg ? "client" : leg->prefill ? "prefill" : "decode"; }
};

/// The phases of the client, of the legs of earlier attempts and of those of the last one, each in their order. What it did not
/// come to is left out. Points into the timeline.
std::vector<Phase> phasesOf(const Timeline &timeline);

} // namespace pdlb::trace
