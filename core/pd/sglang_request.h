// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/dialect.h"

namespace pdlb::pd::sglang {

/// How many prompts times samples one request may have: each needs a room of its own in both bodies.
inline constexpr qsizetype maxRooms = 65536;
inline constexpr int maxSamples = 128;

/// Dialect::analyse for SGLang.
Result<RequestShape, ApiError> analyse(Endpoint endpoint, const QByteArray &body, QByteArrayView keyMember);

/// Dialect::plan for SGLang.
RequestPlan plan(const RequestShape &shape, const QByteArray &body, const BootstrapAddress &bootstrap,
                 RoomSource &rooms, Random &random);

/// Dialect::planAlone for SGLang: its fake bootstrap host 2.2.2.2 with room 0.
LegPlan planAlone(LegRole role, const RequestShape &shape, const QByteArray &body, Random &random);

/// Dialect::mayHoldError for SGLang.
bool mayHoldError(QByteArrayView bytes);
/// Dialect::inBandError for SGLang.
std::optional<InBandError> inBandError(QByteArrayView event);

} // namespace pdlb::pd::sglang
