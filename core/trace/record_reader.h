// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"
#include "util/result.h"

#include <functional>

class QIODevice;

namespace pdlb::trace {

/// What is wrong with one line of a trace file.
struct BrokenRecord {
    qint64 line = 0; ///< from 1
    QString reason;
};

/// Reads records as JSON lines (docs/records.md) from bytes as they come, one at a time. A broken line is told and the next
/// one is read; empty lines are skipped. Holds one line at most.
class RecordReader
{
public:
    static constexpr qsizetype maxLine = 256 * 1024 * 1024;

    /// Lines longer than `longest` bytes are broken.
    explicit RecordReader(qsizetype longest = maxLine) : m_longest(longest) {}

    void feed(QByteArrayView bytes);
    /// The next whole line's record, or what is wrong with it; nothing when more bytes are needed.
    std::optional<Result<Timeline, BrokenRecord>> next();
    /// After the last byte: what stands behind the last line end. A record without its line end was cut off in writing,
    /// unless it can be read.
    std::optional<Result<Timeline, BrokenRecord>> finish();

private:
    std::optional<Result<Timeline, BrokenRecord>> read(QByteArrayView line, bool ended);

    QByteArray m_buffer;
    qsizetype m_start = 0; ///< of the line
    qsizetype m_scan = 0; ///< searched for its end up to here
    qsizetype m_longest;
    qint64 m_line = 0; ///< lines that are over
    bool m_skipping = false; ///< the rest of a line that is too long
};

/// All records of a device, in its order. `take` returns false to end early. Errors of the device come back; broken lines go to
/// `broken`, and reading goes on.
Result<void> readRecords(QIODevice &device, const std::function<bool(Timeline)> &take, const std::function<void(const BrokenRecord &)> &broken);

} // namespace pdlb::trace
