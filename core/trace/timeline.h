// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/header_list.h"
#include "pd/answer_facts.h"
#include "trace/end_reason.h"
#include "trace/event_times.h"
#include "trace/gap_counts.h"
#include "trace/kept_bodies.h"
#include "trace/observations.h"
#include "trace/trace_context.h"
#include "util/clock.h"

#include <QByteArrayList>
#include <QDateTime>
#include <QList>
#include <QMetaType>
#include <QString>

#include <optional>
#include <vector>

namespace pdlb::trace {

/// A moment on a request's axis; none: it did not come to that.
using Moment = std::optional<Monotonic>;

/// What happened on one leg.
struct LegTimeline {
    Moment firstByte; ///< of the body
    qint64 bytes = 0; ///< of the body
    qint64 events = 0; ///< server-sent events
    EventTimes times; ///< of decode's stream, for each piece as it came
    GapCounts gaps; ///< of decode's stream, between its events but for [DONE]
    bool prefill = false;
    int sample = 0; ///< which of the fanned-out requests
    QByteArray server; ///< name in the fleet: "p1"
    quint64 serverId = 0; ///< of that name, the same in every process
    QByteArray url;
    Moment opened; ///< connecting began
    Moment ready; ///< connected, or an idle connection was taken
    Moment sent; ///< the last byte of the request was with the kernel
    Moment head;
    Moment ended; ///< for the prefill leg of a good request: prefill done and KV cache transferred
    bool reused = false; ///< a kept connection
    bool cancelled = false; ///< closed by us before its answer was whole
    bool abortSent = false; ///< POST /abort_request was sent
    int status = 0;
    /// Its answer's head tells of no failure.
    bool isGood() const { return status >= 200 && status < 300; }
    QString error;
    QByteArray spanId; ///< sent to the engine in traceparent, when the client sent one or spans are exported; 16 hexadecimal digits
    http::HeaderList headers; ///< of its answer
    pd::AnswerFacts facts; ///< of prefill's answer; decode's are the request's
};

/// One request from the client's last byte to its end. Times are monotonic; `startedAt` ties them to the calendar.
struct Timeline {
    Monotonic received{0};
    qint64 answerBytes = 0;
    quint64 serial = 0; ///< counts up through the process, from 1
    QByteArray requestId; ///< X-Request-Id
    TraceContext context;
    QByteArray rid; ///< the engines' name for it
    QList<quint64> rooms;
    QByteArray peer; ///< the client's address
    QByteArray endpoint;
    QByteArray target; ///< with the query
    http::HeaderList requestHeaders; ///< end-to-end, as the client sent them: hold secrets, see redact.h
    QByteArray model;
    bool stream = false;
    qsizetype batch = 1;
    int samples = 1;
    qint64 requestBytes = 0;
    QByteArray policy;
    int attempts = 0;

    QDateTime startedAt;
    Moment queued; ///< it began to wait for its turn
    Moment admitted; ///< and was done with that
    qint64 queuePosition = 0; ///< its place in the queue when it began to wait, from 1
    Moment picked;
    Moment clientHead; ///< the answer's head went to the client
    Moment ended;
    Moment stalled; ///< of a running one: since then the client has taken nothing

    int status = 0; ///< told to the client; 0: none
    EndReason end = EndReason::Ok;
    QString error; ///< in words, with whose fault; empty when Ok
    std::vector<LegTimeline> legs; ///< of the last attempt
    std::vector<LegTimeline> earlierLegs; ///< of the attempts before it, in their order
    pd::AnswerFacts facts; ///< of the client's answer
    std::shared_ptr<const KeptBodies> bodies; ///< null: none were kept, or not any more, or it still runs
    std::shared_ptr<Observations> observations; ///< null: there were none
    QByteArrayList faults; ///< rules of fault injection that were applied to it
    QByteArray searchText; ///< what a filter's bare words are looked for in, see searchTextOf(); empty: not made
    bool pinned = false; ///< kept by TraceStore until it is unpinned
    QString comment; ///< what somebody noted about it

    const LegTimeline *leg(bool prefill) const;
    /// The first byte of the body of decode's good answer: the first token.
    Moment firstToken() const;
    /// Whose answer the client got: decode, or the one that failed; null: the balancer's own answer, or none.
    const LegTimeline *answeringLeg() const;
};

using TimelinePtr = std::shared_ptr<const Timeline>;

/// A Timeline::serial that none had before. Thread-safe.
quint64 nextSerial();

/// The timeline as lines of text with offsets in milliseconds from `received`, for terminals.
QString describeTimeline(const Timeline &timeline);
/// One line "end=… status=… id=…" for the log; control characters are escaped.
QString summarizeTimeline(const Timeline &timeline);

} // namespace pdlb::trace

Q_DECLARE_METATYPE(pdlb::trace::TimelinePtr)
