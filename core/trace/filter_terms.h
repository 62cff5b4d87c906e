// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/filter.h"
#include "trace/filter_fields.h"

namespace pdlb::trace {

enum class Compare { Is, Less, LessEqual, Greater, GreaterEqual, Equal, NotEqual };

/// The condition "field compare value" for one value. The error's columns are relative to the value.
Result<Filter::NodePtr, FilterError> makeTerm(const Field &field, Compare compare, const QString &value);
/// A text without a key.
Filter::NodePtr makeTextTerm(const QString &text);

} // namespace pdlb::trace
