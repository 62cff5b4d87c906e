// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

namespace pdlb::cli {

/// Sends Qt's log to stderr, one line each: "2026-01-31T12:00:00.000Z warning pdlb.request …", or as JSON with `json`.
/// `level`: debug, info, warn or error. Control characters are escaped. A stderr that cannot be written or is full is not
/// waited for.
Result<void> setUpLogging(const QString &level, bool json);

} // namespace pdlb::cli
