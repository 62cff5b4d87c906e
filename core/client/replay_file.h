// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/header_list.h"

#include <QByteArray>
#include <QStringList>

#include <chrono>
#include <optional>
#include <vector>

class QIODevice;

namespace pdlb::client {

/// A request of a recording, and what became of it then.
struct RecordedRequest {
    QByteArray id;
    QByteArray target; ///< path and query
    http::HeaderList headers; ///< those that mean something anew: neither credentials nor framing
    QByteArray body;
    std::chrono::microseconds at{0}; ///< after the recording's first request
    int status = 0; ///< 0: no answer
    bool good = false; ///< it was answered as a whole and without an error, as far as the recording tells
    std::optional<double> ttft; ///< milliseconds
    std::optional<double> duration;
    std::optional<qint64> tokens; ///< generated
    QByteArray pair; ///< "p1/d2"; empty: not told
};

struct Recording {
    std::vector<RecordedRequest> requests; ///< by time
    QStringList problems; ///< "line 7: …", "entry 3: …"; the first 20
    qsizetype skipped = 0; ///< so many in all, with those whose bodies were not kept
};

/// Reads records as JSON lines (`pdlb trace export --format jsonl`, --trace-file) or a HAR, also one of a browser or a proxy: of it the
/// POSTs to PD endpoints are taken. What cannot be used is named, and the rest is read. Never fails: a file that is neither gives
/// nothing but problems.
Recording readRecording(QIODevice &file);

} // namespace pdlb::client
