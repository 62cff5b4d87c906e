// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

namespace pdlb {

/// "$.health" and "interval" → "$.health.interval"; other keys than plain words as ["…"], shortened.
QString memberPath(const QString &path, const QString &key);

} // namespace pdlb
