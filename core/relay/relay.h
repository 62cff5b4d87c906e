// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/exchange.h"
#include "fleet/pick_pair.h"
#include "http/sse.h"
#include "inject/injector.h"
#include "metrics/worker_metrics.h"
#include "relay/abort_sender.h"
#include "relay/admission.h"
#include "relay/attempt_machine.h"
#include "relay/retry_budget.h"
#include "trace/timeline.h"

#include <functional>

namespace pdlb::relay {

class Relay;

/// What the relays of one worker share. Everything outlives them.
struct RelayContext {
    const pd::Dialect &dialect;
    fleet::Fleet &fleet;
    pd::RoomSource &rooms;
    Random &random; ///< for ids
    Random &chance; ///< for the choice of servers
    const Clock &clock;
    upstream::UpstreamTransport &direct;
    upstream::UpstreamTransport &qnam;
    AbortSender &aborts;
    Admission &admission;
    metrics::WorkerMetrics &metrics;
    RetryBudget &retries;
    const std::shared_ptr<trace::BodyBudget> &keptBodies;
    const inject::Injector &faults;
    /// A prefill could not be reached: it may come back with another bootstrap port. Called in the worker's thread.
    std::function<void(const QByteArray &prefill)> prefillUnreachable;
    /// What a leg's end says of a server's health: see control::HealthMonitor::heard(). Called in the worker's thread.
    std::function<void(const std::shared_ptr<fleet::ServerState> &state, bool good)> serverHeard;
    /// A relay has ended: its record is to be taken, and it is to be deleted from the event loop.
    std::function<void(Relay &relay)> over;
    bool isSearched = false; ///< records get their searchText
};

/// One client request from pick to end: feeds what happens to the AttemptMachine and does what it says, then tells
/// RelayContext::over.
class Relay final : public QObject, private edge::Exchange::Observer
{
    Q_OBJECT

public:
    Relay(RelayContext &context, edge::Exchange &exchange, pd::Endpoint endpoint, QObject *parent);
    ~Relay() override;

    void start();
    /// Looks at the deadlines; called about ten times a second.
    void tick(Monotonic time);
    /// Ends it with that error: the grace of a shutdown is over, or somebody wants it.
    void forceEnd(const ApiError &error, trace::EndReason reason);
    /// Its record so far, without bodies.
    trace::Timeline snapshot();
    /// Since the newest byte of the answer, or since it came.
    Monotonic silentFor(Monotonic time) const { return time - std::max(m_trace.received, m_lastByte); }
    quint64 serial() const { return m_trace.serial; }
    const QByteArray &requestId() const { return m_trace.requestId; }
    /// When somebody was last told of it; zero: never, or it was taken back.
    Monotonic publishedAt() const { return m_publishedAt; }
    void setPublishedAt(Monotonic time) { m_publishedAt = time; }
    /// Its record; to be called once, when it is over.
    trace::Timeline takeTimeline();

private:
    /// One leg and what its bytes go through.
    struct LegRun final : upstream::LegObserver {
        LegRun(Relay &relay, int index) : relay(relay), index(index) {}
        void legReady() override { relay.legReady(index); }
        void legSent() override { relay.legSent(index); }
        void legHead(const http::ResponseHead &answer) override { relay.legHead(index, answer); }
        void legData(QByteArrayView bytes) override { relay.legData(index, bytes); }
        void legFinished(const upstream::LegEnd &end) override { relay.legFinished(index, end); }

        Relay &relay; // what each piece of an answer needs comes first
        const int index;
        bool isSse = false;
        bool counted = false;
        bool bodyReported = false;
        Monotonic lastEvent{0};
        Monotonic doneAt{0}; ///< the end marker came
        http::SseScanner scanner;
        pd::LegPlan plan;
        upstream::Leg *leg = nullptr;
        const fleet::Server *server = nullptr; ///< of m_snapshot
        fleet::Place *place = nullptr; ///< on it
        http::ResponseHead head;
        http::SseSplitter splitter; ///< prefill's stream, searched for in-band errors
        trace::LegTimeline trace;
    };

    // Exchange::Observer
    void clientGone() override;
    void clientDrained() override;

    void analysed(const Result<pd::RequestShape, ApiError> &shape);
    /// Begins, waits for a place, or is refused.
    void enter();
    /// Its turn in the queue.
    void admitted();
    void beginToWait();
    /// Takes a pair; nothing: the request waits for one, or was refused.
    std::optional<fleet::Picked> pick();
    void refuse(const ApiError &error, trace::EndReason reason = trace::EndReason::Overload);
    /// The body's memory is free once every leg has written its own.
    void releaseSentBodies();
    void countRooms(qint64 rooms);
    void beginAttempt();
    void openLeg(int index, const pd::LegPlan &plan);
    /// What fault injection wants done to that leg.
    inject::Injection injectionFor(const LegRun &run);
    http::HeaderList legHeaders(const fleet::Server &server) const;
    void abandonLegs();
    TimedOut silence(trace::EndReason which);

    void legReady(int index);
    void legSent(int index);
    void legHead(int index, const http::ResponseHead &head);
    void legData(int index, QByteArrayView bytes);
    void legFinished(int index, const upstream::LegEnd &end);
    void prefillData(LegRun &run, int index, QByteArrayView bytes);
    void decodeData(LegRun &run, int index, QByteArrayView bytes);
    static void countGaps(LegRun &run, qint64 events, Monotonic now);
    void lookForDecodeErrors(LegRun &run, int index, QByteArrayView bytes, bool atBoundary);
    /// Hands bytes to the merger; what comes out goes to the client.
    bool merged(const Result<QByteArray> &output, int index);
    void reportBody(int index);
    void forward(QByteArrayView bytes);
    void legOver(LegRun &run);
    /// What the leg's end says of its server: for the breaker, and for the health.
    void judgeServer(LegRun &run, bool failed);
    void tellHealth(const LegRun &run, bool good);

    void apply(const Event &event);
    void perform(const SendAll &);
    void perform(const CommitAnswer &action);
    void perform(const AnswerWithLeg &action);
    void perform(const CancelLeg &action);
    void perform(const AnswerError &action);
    void perform(const StreamError &action);
    void perform(const CutClient &);
    void perform(const FinishClient &);
    void perform(const Retry &);
    void perform(const Conclude &action);
    void beginAnswer(const LegRun &run, std::optional<qint64> length);
    void addPairHeaders(http::HeaderList &headers) const;
    void releaseExchange();
    trace::Observations &observations();
    /// What the answers say of themselves.
    void readFacts();
    Monotonic age() const { return now() - m_trace.received; }
    void cutClient(bool told);
    void endIfOver();
    void end();
    void endWithoutLegs(trace::EndReason reason, const QString &detail);
    const Config &config() const { return *m_snapshot->config; }
    upstream::UpstreamTransport &transportFor(const upstream::Origin &origin) const;
    Monotonic now() const { return m_context.clock.now(); }

    // What each piece of an answer needs comes first.
    RelayContext &m_context;
    edge::Exchange *m_exchange; ///< null once answered or gone
    std::vector<std::unique_ptr<LegRun>> m_legs;
    std::unique_ptr<pd::AnswerMerger> m_merger;
    Monotonic m_lastByte{0};
    int m_answering = -1;
    bool m_paused = false;
    bool m_isOver = false;
    std::optional<AttemptMachine> m_machine;
    fleet::SnapshotPtr m_snapshot; ///< taken anew by each attempt
    trace::BodyRecorder m_recorder;
    trace::Timeline m_trace;

    pd::Endpoint m_endpoint;
    http::HeaderList m_clientHeaders; ///< end-to-end, with X-Request-Id
    QByteArray m_pin; ///< X-Pdlb-Pair
    QByteArray m_body;
    ByteBudget::Charge m_charge; ///< for m_body and the legs' copies
    pd::RequestShape m_shape;
    Admission::Ticket m_ticket;
    Monotonic m_waitingSince{0}; ///< for a place
    std::optional<fleet::Pair> m_pair;
    std::optional<fleet::Place> m_prefillPlace; ///< of m_snapshot, like the next
    std::optional<fleet::Place> m_decodePlace;
    std::vector<const fleet::ServerState *> m_failed; ///< could not be connected to; only compared
    QByteArray m_buffered; ///< merged output, until the answer has begun
    Monotonic m_sentAt{0};
    Monotonic m_concludedAt{0};
    Monotonic m_stalledSince{0}; ///< paused, and the client has taken nothing since
    qint64 m_stalledBytes = 0; ///< waiting for the client at that time
    Monotonic m_publishedAt{0};
    int m_retries = 0;
    qint64 m_rooms = 0; ///< that count as live
    bool m_retryPause = false; ///< between two attempts
    bool m_propagates = false; ///< the engines get a traceparent
    bool m_tellsPair = false; ///< the answer names its pair and room
};

} // namespace pdlb::relay
