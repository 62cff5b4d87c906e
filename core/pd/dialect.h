// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/request_shape.h"
#include "pd/room_source.h"
#include "util/byte_pieces.h"

#include <memory>
#include <optional>

namespace pdlb::pd {

enum class LegRole { Prefill, Decode };

/// Where decode finds the prefill's bootstrap server.
struct BootstrapAddress {
    QByteArray host; ///< IPv6 literals in brackets
    std::optional<quint16> port; ///< none → JSON null: each engine uses its own
    RoomSteering steering = {};
};

/// One leg of one request: what to send where.
struct LegPlan {
    LegRole role = LegRole::Prefill;
    int sample = 0; ///< which of the fanned-out requests; 0 without fan-out
    BytePieces body;
    QByteArray rid; ///< names the request at the engine for POST /abort_request; empty when it must not be used
};

struct RequestPlan {
    std::vector<LegPlan> legs; ///< prefill and decode of sample 0, of sample 1, …
    std::vector<quint64> rooms;
};

/// A failure told inside a 200 answer (SGLang reports aborts in-band once a stream has begun).
struct InBandError {
    int status = 0; ///< the status that the engine names, 0 when it names none
    QString message;
};

/// Joins the legs' bodies where the client's answer is not decode's bytes unchanged: log-probabilities, routed experts,
/// fan-out of n. One object per request, one thread.
class AnswerMerger
{
public:
    virtual ~AnswerMerger() = default;
    /// The next bytes of a leg's 2xx body. Returns what can go to the client now (may be empty).
    virtual Result<QByteArray> feed(LegRole role, int sample, QByteArrayView bytes) = 0;
    /// That leg's body is complete. When all legs are: the rest of the answer.
    virtual Result<QByteArray> end(LegRole role, int sample) = 0;
    /// True once the client's answer is whole (all that it needs has ended).
    virtual bool isComplete() const = 0;
};

/// What an engine family wants from a PD request. Stateless; thread-safe.
class Dialect
{
public:
    virtual ~Dialect() = default;
    /// Validates the body (exactly one JSON object, UTF-8) and finds what matters. Linear time, no recursion.
    /// `keyMember`: a member at the top whose place is to be told in RequestShape::key.
    virtual Result<RequestShape, ApiError> analyse(Endpoint endpoint, const QByteArray &body,
                                                   QByteArrayView keyMember = {}) const = 0;
    /// The legs' bodies for one attempt, with fresh rooms.
    virtual RequestPlan plan(const RequestShape &shape, const QByteArray &body, const BootstrapAddress &bootstrap,
                             RoomSource &rooms, Random &random) const = 0;
    /// One leg's body with which its engine needs no partner: the KV transfer is only feigned. For finding out whose fault
    /// it is.
    virtual LegPlan planAlone(LegRole role, const RequestShape &shape, const QByteArray &body, Random &random) const = 0;
    /// Null when decode's bytes go to the client unchanged and prefill's are only drained.
    virtual std::unique_ptr<AnswerMerger> merger(const RequestShape &shape) const = 0;
    /// A quick look at bytes of a 200 stream: false when inBandError() would find nothing in any event that is wholly in them.
    virtual bool mayHoldError(QByteArrayView bytes) const = 0;
    /// Judges one whole server-sent event of a 200 answer.
    virtual std::optional<InBandError> inBandError(QByteArrayView event) const = 0;
};

/// SGLang: both legs at once, bootstrap_host/port/room spliced into both bodies.
const Dialect &sglangDialect();

} // namespace pdlb::pd
