// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/json_edit.h"

namespace pdlb::pd {

/// The edits that make the usage object `base` in `text` count all samples of one prompt: prompt tokens once,
/// completion tokens of all (`completion_tokens`, `reasoning_tokens`, the numbers in `completion_tokens_details`), the
/// total accordingly. `all` holds every sample's usage, base's own too.
std::vector<json::Replacement> sumUsage(QByteArrayView text, json::Value base, const std::vector<json::Value> &all);

} // namespace pdlb::pd
