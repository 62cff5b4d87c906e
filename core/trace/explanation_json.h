// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/explanation.h"

#include <QJsonObject>

namespace pdlb::trace {

/// {"at_ms", "phase", "sentence", "advice", "prefill": {…}, "decode": {…}, "bootstrap": {…}}; `from` is time zero.
QJsonObject explanationJson(const Explanation &explanation, Monotonic from);
/// The other way round; what is missing stays as it is in a new Explanation.
Explanation explanationFromJson(const QJsonObject &object, Monotonic from);

} // namespace pdlb::trace
