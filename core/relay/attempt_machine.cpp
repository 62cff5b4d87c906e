// SPDX-License-Identifier: Apache-2.0
#include "relay/attempt_machine.h"

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::relay {

using trace::EndReason;
using upstream::LegEndKind;

AttemptMachine::AttemptMachine(const std::vector<pd::LegRole> &roles, Options options) : m_options(std::move(options))
{
    for (const pd::LegRole role : roles)
        m_legs.push_back({.role = role});
    m_options.names.resize(m_legs.size());
}

std::vector<Action> AttemptMachine::step(const Event &event)
{
    m_actions.clear();
    std::visit([this](const auto &e) { on(e); }, event);
    return std::move(m_actions);
}

bool AttemptMachine::allLegsOver() const
{
    return std::all_of(m_legs.begin(), m_legs.end(), [](const LegState &leg) { return leg.over; });
}

void AttemptMachine::on(const LegReady &event)
{
    state(event.leg).ready = true;
    const bool all = std::all_of(m_legs.begin(), m_legs.end(), [](const LegState &leg) { return leg.ready; });
    if (!all || m_sent || m_concluded)
        return;
    m_sent = true;
    m_actions.push_back(SendAll{});
}

void AttemptMachine::on(const LegHead &event)
{
    LegState &leg = state(event.leg);
    leg.head = true;
    if (m_concluded || m_answering >= 0 || (event.status >= 200 && event.status < 300))
        return;
    if (isPrefill(event.leg) && endMarkerIsOut())
        return;
    m_reason = isPrefill(event.leg) ? EndReason::PrefillHttp : EndReason::DecodeHttp;
    m_detail = u"%1 answered with status %2"_s.arg(name(event.leg)).arg(event.status);
    if (m_committed) {
        fail({event.status, isPrefill(event.leg) ? "prefill_error" : "decode_error", m_detail}, m_reason);
        return;
    }
    cancelOthers(event.leg);
    m_answering = event.leg;
    m_committed = true;
    m_actions.push_back(AnswerWithLeg{event.leg});
}

void AttemptMachine::on(const LegBody &event)
{
    state(event.leg).body = true;
    commitIfReady();
}

bool AttemptMachine::endMarkerIsOut() const
{
    return m_options.stream && m_committed && m_answering < 0 && !m_options.needsPrefillBody
        && std::all_of(m_legs.begin(), m_legs.end(), [](const LegState &leg) {
               return leg.role == pd::LegRole::Prefill || leg.done;
           });
}

void AttemptMachine::endBehindMarker()
{
    m_actions.push_back(FinishClient{});
    cancelOthers(-1, false); // only their ends are missing: there is nothing to abort
    conclude(m_reason, m_detail);
}

int AttemptMachine::answeringDecode() const
{
    int first = -1;
    for (size_t i = 0; i < m_legs.size(); ++i) {
        if (m_legs[i].role != pd::LegRole::Decode)
            continue;
        if (!m_legs[i].head)
            return -1;
        if (first < 0 && (m_legs[i].body || m_legs[i].complete))
            first = int(i);
    }
    return first;
}

void AttemptMachine::commitIfReady()
{
    // Decode's head alone commits to nothing: engines send it before they know of prefill's failure (/generate streams).
    // Its first byte of content is the proof, and no client can use the head before.
    if (m_committed || m_concluded || m_options.buffered)
        return;
    const int leg = answeringDecode();
    if (leg < 0)
        return;
    m_committed = true;
    m_actions.push_back(CommitAnswer{leg});
}

void AttemptMachine::on(const LegAborted &event)
{
    if (m_concluded || m_answering >= 0 || (isPrefill(event.leg) && endMarkerIsOut()))
        return;
    const QString said = u"%1 aborted the request: %2"_s.arg(name(event.leg), event.error.message.left(1000));
    if (!isPrefill(event.leg)) {
        // Decode's own words reach the client as they are.
        m_reason = EndReason::DecodeAbort;
        m_detail = said;
        return;
    }
    const bool clientsFault = event.error.status >= 400 && event.error.status < 500;
    fail({clientsFault ? event.error.status : 502, "prefill_abort", said}, EndReason::PrefillAbort);
}

void AttemptMachine::on(const LegDone &event)
{
    state(event.leg).done = true;
}

void AttemptMachine::on(const LegEnded &event)
{
    LegState &leg = state(event.leg);
    leg.over = true;
    if (m_concluded)
        return;
    if (isPrefill(event.leg) && endMarkerIsOut()) {
        legCompleted(event.leg);
        return;
    }
    const bool provenByMarker = m_options.stream && leg.done;
    switch (event.kind) {
    case LegEndKind::Complete:
        legCompleted(event.leg);
        return;
    case LegEndKind::Unproven:
        // A stream that only the close delimits is whole when its end marker came; other bodies cannot prove it.
        if (provenByMarker || !m_options.stream || isPrefill(event.leg) || event.leg == m_answering) {
            legCompleted(event.leg);
            return;
        }
        break;
    case LegEndKind::ConnectFailed:
    case LegEndKind::ConnectTimeout:
        connectFailed(event);
        return;
    case LegEndKind::Exhausted:
        fail({503, "overloaded", u"the balancer has no means left for a connection to %1: %2"_s.arg(name(event.leg), event.detail)},
             EndReason::Overload, event.leg);
        return;
    case LegEndKind::Cut:
    case LegEndKind::ProtocolError:
        if (provenByMarker) {
            legCompleted(event.leg);
            return;
        }
        break;
    }
    transportFailed(event);
}

void AttemptMachine::legCompleted(int leg)
{
    state(leg).complete = true;
    if (leg == m_answering) {
        m_actions.push_back(FinishClient{});
        conclude(m_reason, m_detail);
        return;
    }
    commitIfReady();
    finishIfWhole();
}

void AttemptMachine::finishIfWhole()
{
    if (m_answering >= 0 || (!m_committed && !m_options.buffered))
        return;
    const bool whole = std::all_of(m_legs.begin(), m_legs.end(), [this](const LegState &leg) {
        return leg.complete || (leg.role == pd::LegRole::Prefill && !m_options.needsPrefillBody);
    });
    if (!whole)
        return;
    if (m_options.buffered)
        m_actions.push_back(CommitAnswer{answeringDecode()});
    m_actions.push_back(FinishClient{});
    if (m_reason != EndReason::Ok)
        cancelOthers(-1); // decode gave up: nobody fetches prefill's KV cache
    conclude(m_reason, m_detail);
}

void AttemptMachine::connectFailed(const LegEnded &event)
{
    const bool timeout = event.kind == LegEndKind::ConnectTimeout;
    if (!event.wrote && mayRetry() && event.affordable) {
        cancelOthers(event.leg);
        m_actions.push_back(Retry{});
        m_concluded = true;
        return;
    }
    const EndReason reason = timeout ? EndReason::TimeoutConnect
        : isPrefill(event.leg)       ? EndReason::PrefillConn
                                     : EndReason::DecodeConn;
    fail({timeout ? 504 : 502, isPrefill(event.leg) ? "prefill_unreachable" : "decode_unreachable",
          u"cannot connect to %1: %2; is it running, and is its URL right?"_s.arg(name(event.leg), event.detail)},
         reason, event.leg);
}

void AttemptMachine::transportFailed(const LegEnded &event)
{
    if (event.leg == m_answering) {
        m_actions.push_back(CutClient{});
        conclude(m_reason, m_detail + u"; its answer was cut: "_s + event.detail);
        return;
    }
    const bool prefill = isPrefill(event.leg);
    const bool began = state(event.leg).head;
    const EndReason reason = prefill ? EndReason::PrefillConn : began ? EndReason::DecodeCut : EndReason::DecodeConn;
    const QString detail = event.detail.isEmpty() ? u"the stream ended without its end marker"_s : event.detail;
    const QString what = event.kind == LegEndKind::ProtocolError ? u"%1 sent bytes that are %2"_s : u"%1 failed: %2"_s;
    fail({502, prefill ? "prefill_failed" : "decode_failed", what.arg(name(event.leg), detail)}, reason, event.leg);
}

void AttemptMachine::on(const MergeComplete &)
{
    m_options.needsPrefillBody = false;
}

void AttemptMachine::on(const MergeFailed &event)
{
    if (!m_concluded)
        fail({502, "merge_failed", u"the engines' answers cannot be merged: %1"_s.arg(event.detail)}, EndReason::DecodeHttp);
}

void AttemptMachine::on(const ClientGone &)
{
    if (m_concluded)
        return;
    if (endMarkerIsOut()) {
        endBehindMarker();
        return;
    }
    cancelOthers(-1);
    conclude(EndReason::ClientGone, u"the client closed the connection before the answer was whole"_s);
}

void AttemptMachine::on(const ClientStalled &)
{
    if (m_concluded)
        return;
    cancelOthers(-1);
    m_actions.push_back(CutClient{});
    conclude(EndReason::StalledClient, u"the client stopped reading"_s);
}

void AttemptMachine::on(const TimedOut &event)
{
    if (m_concluded)
        return;
    if (endMarkerIsOut()) {
        endBehindMarker();
        return;
    }
    QString what;
    switch (event.which) {
    case EndReason::TimeoutFirstByte: what = u"decode sent nothing within the first-byte timeout"_s; break;
    case EndReason::TimeoutIdle: what = u"decode sent nothing for the stream-idle timeout"_s; break;
    default: what = u"the request did not end within the request timeout"_s; break;
    }
    fail({504, trace::endReasonName(event.which), what}, event.which);
}

void AttemptMachine::on(const Forced &event)
{
    if (m_concluded)
        return;
    if (endMarkerIsOut())
        endBehindMarker();
    else
        fail(event.error, event.reason);
}

void AttemptMachine::cancelOthers(int except, bool tellEngine)
{
    for (int i = 0; i < int(m_legs.size()); ++i) {
        LegState &leg = state(i);
        if (i == except || leg.over)
            continue;
        leg.over = true;
        m_actions.push_back(CancelLeg{i, tellEngine && m_sent});
    }
}

void AttemptMachine::fail(const ApiError &error, EndReason reason, int failedLeg)
{
    cancelOthers(failedLeg);
    if (!m_committed)
        m_actions.push_back(AnswerError{error});
    else if (m_options.stream && m_answering < 0)
        m_actions.push_back(StreamError{error});
    else
        m_actions.push_back(CutClient{});
    conclude(reason, error.message);
}

void AttemptMachine::conclude(EndReason reason, const QString &detail)
{
    m_concluded = true;
    m_actions.push_back(Conclude{reason, detail});
}

} // namespace pdlb::relay
