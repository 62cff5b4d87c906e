// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <QStringView>

#include <span>

namespace pdlb::trace {

/// How a field's value is written and compared in a filter.
enum class FieldKind {
    Text, ///< contained, any case; with * the whole text must match
    Word, ///< the whole word, any case, * stands for anything
    Status, ///< 200, 5xx, 400..499, or compared with < <= > >=
    Number, ///< a plain number
    Duration, ///< a number with us, ms or s (none: ms)
    Bytes, ///< a number with k, M or G (of 1024; none: bytes)
    Flag, ///< of "is"
    Pair, ///< PREFILL/DECODE, either may be *
};

/// Calls back with each text that a field has in a record (rooms and servers may be several); true ends the search.
using TextVisitor = std::function<bool(QByteArrayView)>;

/// One key of the filter language. `now` stands for the end of what still runs.
struct Field {
    const char *key;
    FieldKind kind;
    const char *help;
    bool (*text)(const Timeline &, const TextVisitor &); ///< Text, Word
    std::optional<double> (*number)(const Timeline &, Monotonic now); ///< Status, Number; Duration in ns; none: not there
    std::span<const char *const> values; ///< known words, for completion
};

/// One word of "is:".
struct FlagWord {
    const char *word;
    const char *help;
    bool (*test)(const Timeline &);
};

std::span<const Field> filterFields();
/// Null when there is none of that name.
const Field *findField(QStringView key);
std::span<const FlagWord> flagWords();
/// The fields that a text without a key is looked for in.
bool containsText(const Timeline &timeline, const TextVisitor &visit);

} // namespace pdlb::trace
