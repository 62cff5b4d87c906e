// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/dialect.h"
#include "trace/end_reason.h"
#include "upstream/upstream_transport.h"
#include "util/api_error.h"

#include <variant>
#include <vector>

namespace pdlb::relay {

/// What can happen to one attempt. `leg` is an index into the plan's legs.
struct LegReady { int leg; };
struct LegHead { int leg; int status; };
struct LegBody { int leg; }; ///< the first byte of the body
struct LegAborted { int leg; pd::InBandError error; }; ///< a failure told inside a 2xx stream
struct LegDone { int leg; }; ///< the stream's end marker was seen
/// `wrote`: some of the request may have left. `affordable`: the budget of retries allows another attempt.
struct LegEnded { int leg; upstream::LegEndKind kind; QString detail; bool wrote; bool affordable = false; };
struct MergeComplete {}; ///< nothing more of the answer depends on prefill's body
struct MergeFailed { QString detail; };
struct ClientGone {};
struct ClientStalled {};
struct TimedOut { trace::EndReason which; };
struct Forced { ApiError error; trace::EndReason reason; }; ///< the grace of a shutdown is over, or somebody wants it ended

using Event = std::variant<LegReady, LegHead, LegBody, LegAborted, LegDone, LegEnded, MergeComplete, MergeFailed,
                           ClientGone, ClientStalled, TimedOut, Forced>;

/// What to do, in this order.
struct SendAll { bool operator==(const SendAll &) const = default; }; ///< every leg has a connection: write them all
/// Begin the client's answer with decode's head and forward what comes.
struct CommitAnswer { int leg; bool operator==(const CommitAnswer &) const = default; };
/// Answer with that leg's own status, headers and body.
struct AnswerWithLeg { int leg; bool operator==(const AnswerWithLeg &) const = default; };
/// Close the leg; `tellEngine`: also POST /abort_request.
struct CancelLeg { int leg; bool tellEngine; bool operator==(const CancelLeg &) const = default; };
struct AnswerError { ApiError error; };
/// The answer has begun: an SSE error event, then close without the end of the body.
struct StreamError { ApiError error; };
struct CutClient { bool operator==(const CutClient &) const = default; };
struct FinishClient { bool operator==(const FinishClient &) const = default; };
/// Nothing was written anywhere: begin again with another pair and fresh rooms.
struct Retry { bool operator==(const Retry &) const = default; };
/// The client's part is over, for this reason. Legs not yet ended are only drained.
struct Conclude { trace::EndReason reason; QString detail; };

using Action = std::variant<SendAll, CommitAnswer, AnswerWithLeg, CancelLeg, AnswerError, StreamError, CutClient,
                            FinishClient, Retry, Conclude>;

/// The rules of design §5 and the failure table (HTTP reference §5.1) as a pure function: event in, actions out. No I/O,
/// no clock. Knows any number of legs; those with role Decode make the answer.
class AttemptMachine
{
public:
    struct Options {
        bool stream = false; ///< the client asked for server-sent events
        bool mayRetry = false; ///< another pair exists and there are attempts left
        bool needsPrefillBody = false; ///< the answer is merged: it is whole only when prefill's body is too
        bool buffered = false; ///< the answer is put together as a whole: nothing is committed before its end
        std::vector<QString> names; ///< per leg, for messages: "prefill p1 (http://…)"
    };

    AttemptMachine(const std::vector<pd::LegRole> &roles, Options options);

    std::vector<Action> step(const Event &event);
    /// A leg that ends now without having been connected can lead to another attempt.
    bool mayRetry() const { return m_options.mayRetry && !m_sent && !m_concluded; }
    /// After Conclude: the client has its answer (or is gone) and only draining is left.
    bool isConcluded() const { return m_concluded; }
    /// Every leg has ended or was cancelled.
    bool allLegsOver() const;

private:
    struct LegState {
        pd::LegRole role;
        bool ready = false;
        bool head = false;
        bool body = false;
        bool done = false; ///< end marker seen
        bool over = false; ///< ended or cancelled
        bool complete = false;
    };

    void on(const LegReady &event);
    void on(const LegHead &event);
    void on(const LegBody &event);
    void on(const LegAborted &event);
    void on(const LegDone &event);
    void on(const LegEnded &event);
    void on(const MergeComplete &event);
    void on(const MergeFailed &event);
    void on(const ClientGone &event);
    void on(const ClientStalled &event);
    void on(const TimedOut &event);
    void on(const Forced &event);

    void legCompleted(int leg);
    void connectFailed(const LegEnded &event);
    void transportFailed(const LegEnded &event);
    void cancelOthers(int except, bool tellEngine = true);
    /// The decode leg whose head begins the answer, -1 while one of them has none.
    int answeringDecode() const;
    /// The client has the stream's end marker: whatever happens from now on cannot hurt it.
    bool endMarkerIsOut() const;
    void endBehindMarker();
    void commitIfReady();
    void finishIfWhole();
    /// Cancels the rest and tells the client in the way that is still open.
    void fail(const ApiError &error, trace::EndReason reason, int failedLeg = -1);
    void conclude(trace::EndReason reason, const QString &detail = {});
    LegState &state(int leg) { return m_legs[size_t(leg)]; }
    const QString &name(int leg) const { return m_options.names[size_t(leg)]; }
    bool isPrefill(int leg) const { return m_legs[size_t(leg)].role == pd::LegRole::Prefill; }

    bool m_sent = false;
    bool m_committed = false;
    bool m_concluded = false;
    std::vector<LegState> m_legs;
    Options m_options;
    std::vector<Action> m_actions;
    int m_answering = -1; ///< leg whose own (error) answer is forwarded
    trace::EndReason m_reason = trace::EndReason::Ok; ///< of an answer under way
    QString m_detail;
};

} // namespace pdlb::relay
