// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/json_value.h"

namespace pdlb::pd::json {

/// Puts `bytes` in the place of `span` (an insertion when the span is empty).
struct Replacement {
    Span span;
    QByteArray bytes;
};

/// The text with the replacements made; all other bytes are kept. The spans must not overlap; any order.
QByteArray replaced(QByteArrayView text, std::vector<Replacement> replacements);

/// Sets a member of an object: its value is replaced, or the member put first when the object lacks it.
Replacement setMember(QByteArrayView text, Value object, QByteArrayView name, const QByteArray &value);

/// Appends the UTF-8 text as a JSON string.
void appendQuoted(QByteArray &out, QByteArrayView text);

} // namespace pdlb::pd::json
