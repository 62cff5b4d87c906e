// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/json_value.h"
#include "pd/request_shape.h"

namespace pdlb::pd {

/// The number that an answer of sample `sample` of n gets among all. `index`: its member of that name; `place` counts
/// instead when that is no index.
qint64 answerNumber(json::Value index, qint64 place, qint64 sample, qint64 n);

/// Joins the JSON answers of a fanned-out request, one body for each sample, to the answer that one engine would have
/// given. Answer j of sample i is number j * n + i. OpenAI endpoints: sample 0's object with all choices and the summed
/// usage; /generate: a list.
Result<QByteArray> joinSamples(Endpoint endpoint, const std::vector<QByteArray> &bodies);

} // namespace pdlb::pd
