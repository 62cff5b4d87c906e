// SPDX-License-Identifier: Apache-2.0

// What the legs say and what the machine wants done: the moving of bytes.
#include "relay/relay.h"

#include "edge/access_rules.h"
#include "http/message_writer.h"

#include <QTimer>

using namespace Qt::StringLiterals;

namespace pdlb::relay {

void Relay::legReady(int index)
{
    LegRun &run = *m_legs[size_t(index)];
    run.trace.ready = now();
    run.trace.reused = run.leg->reusedConnection();
    apply(LegReady{index});
}

void Relay::legSent(int index)
{
    m_legs[size_t(index)]->trace.sent = now();
    releaseSentBodies();
}

void Relay::legHead(int index, const http::ResponseHead &head)
{
    LegRun &run = *m_legs[size_t(index)];
    run.head = head;
    run.trace.head = now();
    run.trace.status = head.status;
    run.trace.headers = head.headers;
    run.isSse = head.headers.value("content-type").toByteArray().trimmed().toLower().startsWith("text/event-stream");
    if (head.status < 500)
        tellHealth(run, true);
    apply(LegHead{index, head.status});
}

void Relay::legData(int index, QByteArrayView bytes)
{
    LegRun &run = *m_legs[size_t(index)];
    const Monotonic time = now();
    if (!run.trace.firstByte) {
        run.trace.firstByte = time;
        if (run.place->isTrial() && run.head.status < 300)
            run.place->succeeded(config().breaker); // the others need not wait for a long stream's end
    }
    run.trace.bytes += bytes.size();
    if (run.plan.role == pd::LegRole::Prefill && run.plan.sample == 0)
        m_recorder.addPrefill(bytes, time - m_trace.received);
    if (m_machine->isConcluded())
        return; // only drained
    if (index == m_answering) {
        m_lastByte = time;
        forward(bytes);
    } else if (run.plan.role == pd::LegRole::Prefill) {
        prefillData(run, index, bytes);
    } else {
        m_lastByte = time;
        decodeData(run, index, bytes);
    }
}

void Relay::prefillData(LegRun &run, int index, QByteArrayView bytes)
{
    if (run.isSse) {
        run.splitter.feed(bytes);
        QByteArray event;
        while (run.splitter.next(event)) {
            ++run.trace.events;
            if (const auto error = m_context.dialect.inBandError(event)) {
                run.trace.error = error->message;
                if (error->status < 400 || error->status >= 500)
                    run.place->failed(config().breaker, now());
                apply(LegAborted{index, *error});
                return;
            }
        }
        if (run.splitter.overflowed()) { // no event of an engine is that long: look no further
            run.isSse = false;
            run.splitter = http::SseSplitter();
        }
    }
    if (m_merger)
        merged(m_merger->feed(pd::LegRole::Prefill, run.plan.sample, bytes), index);
}

void Relay::decodeData(LegRun &run, int index, QByteArrayView bytes)
{
    if (run.isSse) {
        run.trace.times.add(m_lastByte);
        const bool atBoundary = run.scanner.atEventBoundary();
        const bool wasDone = run.scanner.done();
        run.scanner.feed(bytes);
        const qint64 events = run.scanner.events() - std::exchange(run.trace.events, run.scanner.events());
        countGaps(run, run.scanner.done() && !wasDone ? events - 1 : events, m_lastByte);
        lookForDecodeErrors(run, index, bytes, atBoundary);
        if (run.scanner.done() && !wasDone) {
            run.doneAt = m_lastByte;
            apply(LegDone{index});
        }
    }
    if (m_merger) {
        merged(m_merger->feed(pd::LegRole::Decode, run.plan.sample, bytes), index);
        return;
    }
    reportBody(index);
    forward(bytes);
}

void Relay::countGaps(LegRun &run, qint64 events, Monotonic now)
{
    if (events <= 0)
        return;
    if (const Monotonic before = std::exchange(run.lastEvent, now); before.count() > 0)
        run.trace.gaps.add(now - before, quint32(events));
}

void Relay::lookForDecodeErrors(LegRun &run, int index, QByteArrayView bytes, bool atBoundary)
{
    // Only names the end of the request: the bytes go to the client as they are. Engines write an event at once, so an
    // event split over packets is not looked for.
    if (!atBoundary || !m_context.dialect.mayHoldError(bytes))
        return;
    http::SseSplitter splitter;
    splitter.feed(bytes);
    QByteArray event;
    while (splitter.next(event)) {
        if (const auto error = m_context.dialect.inBandError(event)) {
            run.trace.error = error->message;
            apply(LegAborted{index, *error});
            return;
        }
    }
}

bool Relay::merged(const Result<QByteArray> &output, int index)
{
    if (!output) {
        apply(MergeFailed{output.error().message});
        return false;
    }
    if ((m_shape.returnLogprob || m_shape.returnRoutedExperts) && m_merger->isComplete())
        apply(MergeComplete{});
    if (output->isEmpty() || m_machine->isConcluded())
        return true;
    if (!m_shape.stream) {
        forward(*output);
        return true;
    }
    // Whichever leg's bytes set the output free, it is decode's answer.
    int decode = index;
    while (m_legs[size_t(decode)]->plan.role != pd::LegRole::Decode)
        ++decode;
    reportBody(decode);
    forward(*output);
    return true;
}

void Relay::reportBody(int index)
{
    if (std::exchange(m_legs[size_t(index)]->bodyReported, true))
        return;
    apply(LegBody{index});
}

void Relay::forward(QByteArrayView bytes)
{
    if (!m_exchange)
        return;
    if (!m_exchange->hasBegun()) {
        m_buffered.append(bytes);
        return;
    }
    m_trace.answerBytes += bytes.size();
    m_recorder.addAnswer(bytes, age());
    m_exchange->write(bytes);
    if (m_paused || !m_exchange || m_exchange->pendingBytes() <= edge::Exchange::highWater)
        return;
    m_paused = true;
    for (int i = 0; i < int(m_legs.size()); ++i) {
        const LegRun &run = *m_legs[size_t(i)];
        if (run.counted && (run.plan.role == pd::LegRole::Decode || i == m_answering))
            run.leg->pause();
    }
}

void Relay::legFinished(int index, const upstream::LegEnd &end)
{
    LegRun &run = *m_legs[size_t(index)];
    run.trace.error = end.detail.isEmpty() ? run.trace.error : end.detail;
    const bool failed = end.kind != upstream::LegEndKind::Complete && end.kind != upstream::LegEndKind::Unproven
        && end.kind != upstream::LegEndKind::Exhausted && !run.scanner.done();
    if (end.kind != upstream::LegEndKind::Exhausted)
        judgeServer(run, failed);
    legOver(run);
    if (run.plan.role == pd::LegRole::Prefill && failed && m_context.prefillUnreachable)
        m_context.prefillUnreachable(run.server->name);
    // A stream that only its close delimits is cut when its end marker did not come: what is left of it is no event.
    const bool cut = failed || (end.kind == upstream::LegEndKind::Unproven && run.plan.role == pd::LegRole::Decode
                                && m_shape.stream && !run.scanner.done());
    if (m_merger && !cut && index != m_answering && !m_machine->isConcluded() && run.head.status < 300) {
        if (!merged(m_merger->end(run.plan.role, run.plan.sample), index))
            return;
    }
    const bool wrote = run.leg->wroteAnything();
    const bool refused = end.kind == upstream::LegEndKind::ConnectFailed || end.kind == upstream::LegEndKind::ConnectTimeout;
    if (refused)
        m_failed.push_back(run.server->state.get());
    const bool affordable = refused && !wrote && m_machine->mayRetry() && m_context.retries.take(config().retry);
    apply(LegEnded{index, end.kind, end.detail, wrote, affordable});
}

void Relay::judgeServer(LegRun &run, bool failed)
{
    const int status = run.head.status;
    if (failed || status >= 500) {
        run.server->state->failures.fetch_add(1, std::memory_order_relaxed);
        run.place->failed(config().breaker, now());
    } else if (status < 400 || run.place->isTrial()) {
        run.place->succeeded(config().breaker); // a 4xx proves that the engine is alive, not that it works
    }
    if (failed)
        tellHealth(run, false);
}

void Relay::tellHealth(const LegRun &run, bool good)
{
    fleet::ServerState &state = *run.server->state;
    if (!config().health.enabled || !m_context.serverHeard)
        return;
    if (good ? state.health.health() == fleet::Health::Unknown : !state.probeAsked.exchange(true))
        m_context.serverHeard(run.server->state, good);
}

void Relay::apply(const Event &event)
{
    if (m_isOver)
        return;
    for (const Action &action : m_machine->step(event))
        std::visit([this](const auto &a) { perform(a); }, action);
    endIfOver();
}

void Relay::perform(const SendAll &)
{
    m_sentAt = now();
    m_body = {}; // the transports hold what is still to be written; nothing is ever sent again
    for (const auto &run : m_legs) {
        if (run->counted)
            run->leg->send();
    }
}

void Relay::beginAnswer(const LegRun &run, std::optional<qint64> length)
{
    if (!m_exchange)
        return;
    m_trace.clientHead = now();
    m_trace.status = run.head.status;
    http::HeaderList headers = http::endToEndHeaders(run.head.headers);
    edge::AccessRules::removeCorsHeaders(headers); // engines let every web page in
    if (m_tellsPair)
        addPairHeaders(headers);
    m_exchange->begin(run.head.status, run.head.reason, std::move(headers), length);
}

void Relay::addPairHeaders(http::HeaderList &headers) const
{
    if (!m_pair)
        return;
    headers.set("X-Pdlb-Prefill", m_snapshot->prefill[size_t(m_pair->prefill)].name);
    headers.set("X-Pdlb-Decode", m_snapshot->decode[size_t(m_pair->decode)].name);
    if (!m_trace.rooms.isEmpty())
        headers.set("X-Pdlb-Room", QByteArray::number(m_trace.rooms.first()));
}

void Relay::perform(const CommitAnswer &action)
{
    const LegRun &run = *m_legs[size_t(action.leg)];
    // Never for a stream: an error event put into a promised length could make a cut answer look whole.
    std::optional<qint64> length;
    if (m_merger && !m_shape.stream)
        length = m_buffered.size();
    else if (!m_merger && !m_shape.stream && run.head.framing == http::Framing::Length)
        length = run.head.contentLength;
    beginAnswer(run, length);
    if (!m_buffered.isEmpty())
        forward(std::exchange(m_buffered, QByteArray()));
}

void Relay::perform(const AnswerWithLeg &action)
{
    m_answering = action.leg;
    const LegRun &run = *m_legs[size_t(action.leg)];
    const bool known = run.head.framing == http::Framing::Length || run.head.framing == http::Framing::None;
    beginAnswer(run, known ? std::optional(run.head.framing == http::Framing::Length ? run.head.contentLength : 0) : std::nullopt);
}

void Relay::perform(const CancelLeg &action)
{
    LegRun &run = *m_legs[size_t(action.leg)];
    const bool wrote = run.leg->wroteAnything();
    run.trace.cancelled = action.tellEngine || !wrote; // else only its end is not waited for
    run.leg->abort();
    if (action.tellEngine && wrote && !run.plan.rid.isEmpty()) {
        run.trace.abortSent = true;
        observations();
        m_context.aborts.send(transportFor(run.server->origin), run.server->origin, run.plan.rid, legHeaders(*run.server),
                              [observed = m_trace.observations, server = run.server->name, &clock = m_context.clock](int status, const QString &error) {
            observed->addAbortAnswer({server, clock.now(), status, error});
        });
    }
    legOver(run);
}

void Relay::perform(const AnswerError &action)
{
    if (!m_exchange)
        return;
    m_trace.clientHead = now();
    m_trace.status = action.error.status;
    http::HeaderList headers;
    if (m_tellsPair)
        addPairHeaders(headers);
    m_recorder.addAnswer(action.error.toJson(), age());
    edge::Exchange *exchange = m_exchange;
    releaseExchange();
    exchange->respondError(action.error, std::move(headers));
}

void Relay::perform(const StreamError &action)
{
    if (!m_exchange)
        return;
    const bool atBoundary = m_merger || std::all_of(m_legs.begin(), m_legs.end(), [](const auto &run) {
        return run->plan.role == pd::LegRole::Prefill || run->scanner.atEventBoundary();
    });
    const QByteArray event = (atBoundary ? "data: " : "\n\ndata: ") + action.error.toJson() + "\n\n";
    m_recorder.addAnswer(event, age());
    m_exchange->write(event);
    cutClient(true);
}

void Relay::perform(const CutClient &)
{
    cutClient(false);
}

void Relay::cutClient(bool told)
{
    if (!m_exchange)
        return;
    edge::Exchange *exchange = m_exchange;
    releaseExchange();
    exchange->cut(told);
}

void Relay::perform(const FinishClient &)
{
    if (!m_exchange)
        return;
    edge::Exchange *exchange = m_exchange;
    releaseExchange();
    exchange->finish();
}

void Relay::perform(const Retry &)
{
    ++m_retries;
    for (const auto &run : m_legs) {
        legOver(*run);
        run->leg->abort();
        run->leg->setObserver(nullptr); // the run goes first
        run->leg->deleteLater();
        m_trace.earlierLegs.push_back(run->trace);
    }
    m_legs.clear();
    m_prefillPlace.reset(); // they may not outlive the snapshot, which the next attempt replaces
    m_decodePlace.reset();
    m_machine.reset();
    m_retryPause = true;
    // From the event loop in any case: this runs inside the failed leg's signal.
    QTimer::singleShot(retryPause(config().retry, m_retries, m_context.random), this, [this] {
        m_retryPause = false;
        if (m_exchange && !m_isOver)
            beginAttempt();
    });
}

void Relay::perform(const Conclude &action)
{
    m_concludedAt = now();
    m_trace.ended = m_concludedAt;
    m_trace.end = action.reason;
    m_trace.error = action.detail;
    m_body = {};
    m_buffered = {};
}

void Relay::releaseExchange()
{
    m_exchange->setObserver(nullptr);
    m_exchange = nullptr;
}

} // namespace pdlb::relay
