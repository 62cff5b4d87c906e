// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"
#include "util/result.h"

#include <QJsonObject>

namespace pdlb::trace {

/// The version of the form below, docs/records.md, which a record has as "v". Members may be added without a new number.
inline constexpr int recordVersion = 1;

/// What of a record is written.
struct RecordParts {
    bool times = true; ///< when each event and piece came
    bool bodies = true;
    bool secrets = false; ///< with keys and cookies
};

/// What a list of requests shows, as compact JSON: id, endpoint, pair, status, end, durations in milliseconds. Cheap: a
/// microsecond or two.
QByteArray summaryJson(const Timeline &timeline);
/// The same and all else that is known, with each leg, as compact JSON on one line. Moments are milliseconds from
/// "received", absent where it did not come to that; rooms are strings, since they are larger than what a double holds
/// exactly. docs/records.md has every member.
QByteArray timelineJson(const Timeline &timeline, const RecordParts &parts);
/// The other way round. `received` is set to `startedAt`, so that records of one balancer share an axis. Unknown members
/// are skipped, what is missing stays as in a new Timeline. Errors: another version, not a record, a member of another type.
Result<Timeline> timelineFromJson(const QJsonObject &object);

} // namespace pdlb::trace
