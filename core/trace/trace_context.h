// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/random.h"

#include <QByteArray>

#include <optional>

namespace pdlb::trace {

/// W3C Trace Context: which distributed trace a request belongs to. Ids are lower-case hexadecimal.
struct TraceContext {
    QByteArray traceId; ///< 32 digits
    QByteArray parentId; ///< the caller's span, 16 digits; empty when the trace begins here
    QByteArray spanId; ///< of this request, 16 digits
    bool sampled = true;

    /// Reads a traceparent field (W3C Trace Context §3.2); nothing when it is invalid, which means to begin a new trace.
    static std::optional<TraceContext> parse(QByteArrayView traceparent);
    /// Continues `traceparent` where it is valid, else begins a trace, which is sampled with the probability `sampling`. Has a
    /// fresh spanId either way.
    static TraceContext continued(QByteArrayView traceparent, Random &random, double sampling = 1);
    /// The field for a request to an engine whose span is `spanId`.
    QByteArray traceparent(const QByteArray &spanId) const;
};

/// 16 hexadecimal digits, never all zero.
QByteArray makeSpanId(Random &random);

} // namespace pdlb::trace
