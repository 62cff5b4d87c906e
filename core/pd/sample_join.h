// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/sse.h"
#include "pd/dialect.h"
#include "pd/prefill_fields.h"

#include <deque>

namespace pdlb::pd {

/// What one request may hold back of its prefill and of its decode answers, all samples together.
class HoldLimit
{
public:
    explicit HoldLimit(qsizetype bytes) : m_left{bytes, bytes} {}
    /// Books `bytes` (negative: gives back). An error when they are more than is left.
    Result<void> take(LegRole role, qsizetype bytes);

private:
    qsizetype m_left[2];
};

/// Joins the prefill and the decode answer of one sample. What comes out are whole events (a streamed answer) or the
/// one JSON body at the end.
class SampleJoin
{
public:
    using Parts = std::vector<QByteArray>;

    SampleJoin(const RequestShape &shape, HoldLimit &limit);
    Result<Parts> feed(LegRole role, QByteArrayView bytes);
    Result<Parts> end(LegRole role);
    /// Nothing more will come out.
    bool isComplete() const { return (m_decodeEnded || m_doneOut) && m_held.empty() && (m_stream || m_bodyDone); }

private:
    Result<void> readPrefillEvents();
    Result<void> readPrefillEvent(const QByteArray &event);
    Result<Parts> readDecodeEvents();
    Result<void> readDecodeEvent(const QByteArray &event, Parts &out);
    Result<QByteArray> joinEvent(const QByteArray &event, bool &needsPrefill) const;
    Result<Parts> releaseHeld();
    void handOut(Parts &out, QByteArray event);
    Result<Parts> joinBodies();

    PrefillFields m_fields;
    HoldLimit &m_limit;
    const bool m_stream;
    http::SseSplitter m_prefillEvents;
    http::SseSplitter m_decodeEvents;
    std::deque<QByteArray> m_held; ///< decode's events that wait for prefill's end, or for such ones before them
    QByteArray m_prefillBody;
    QByteArray m_decodeBody;
    bool m_prefillEnded = false;
    bool m_decodeEnded = false;
    bool m_doneOut = false; ///< the stream's end marker was handed out
    bool m_bodyDone = false;
};

} // namespace pdlb::pd
