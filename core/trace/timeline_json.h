// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <QJsonObject>

namespace pdlb::trace {

/// What a list of requests shows: id, endpoint, pair, status, end, durations in milliseconds.
QJsonObject summaryJson(const Timeline &timeline);
/// The same and all else that is known, with each leg. Moments are milliseconds from "received", absent where it did not
/// come to that; rooms are strings, since they are larger than what a double holds exactly.
QJsonObject timelineJson(const Timeline &timeline);

} // namespace pdlb::trace
