// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/span.h"
#include "util/result.h"

#include <QByteArray>

#include <vector>

namespace pdlb::pd::json {

enum class Type : quint8 { Absent, Null, False, True, Number, String, Array, Object };

/// Brackets nested deeper than this are refused, as QJsonDocument and orjson do.
inline constexpr int maxDepth = 1024;
/// An object at the top with more members than this is refused: it bounds what a hostile body can make us remember.
inline constexpr qsizetype maxMembers = 16384;

/// What is wrong with a text and where: "there is a comma before the closing brace", byte 17.
struct ScanError {
    qsizetype offset = 0;
    const char *what = "";
};

/// A member of the object at the top.
struct Member {
    Span key; ///< with its quotes
    Span value;
    Type type = Type::Absent;
    qsizetype count = 0;     ///< elements of an array, members of an object
    QByteArray unescapedKey; ///< the key's text, only when `key` is written with escapes

    QByteArrayView name(QByteArrayView text) const
    {
        return unescapedKey.isNull() ? text.sliced(key.begin + 1, key.size() - 2) : QByteArrayView(unescapedKey);
    }
};

/// What is known of a valid text.
struct Document {
    Type type = Type::Absent;
    Span value;                  ///< without surrounding white space
    std::vector<Member> members; ///< in text order, duplicates kept; empty when the top is no object
};

/// Python engines may write NaN, Infinity and -Infinity into log-probabilities; RFC 8259 has no such numbers.
enum class NonFinite { Refuse, Accept };

/// Validates one JSON text (RFC 8259) and collects the members at its top, in one pass: linear time, no recursion, no
/// memory but the members. Refused beyond the grammar: invalid UTF-8 (also overlong forms, surrogates, values above
/// U+10FFFF), a byte order mark, nesting deeper than maxDepth.
Result<Document, ScanError> scan(QByteArrayView text, NonFinite nonFinite = NonFinite::Refuse);

/// The type that a value's first byte tells; Absent for a byte that begins no value.
Type typeAt(char first);

} // namespace pdlb::pd::json
