// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"
#include "util/random.h"

namespace pdlb::test {

/// A record with something in every member, as far as the seed wants it: several legs, earlier attempts, streams, bodies with and
/// without text, explanations, names that must be escaped. Its moments are in the order of a real request's.
trace::Timeline randomTimeline(Random &random);

} // namespace pdlb::test
