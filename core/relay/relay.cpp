// SPDX-License-Identifier: Apache-2.0
#include "relay/relay.h"

#include "relay/request_traits.h"
#include "upstream/engine_credentials.h"

#include <QFutureWatcher>
#include <QPromise>
#include <QThreadPool>

using namespace Qt::StringLiterals;

namespace pdlb::relay {

namespace {

/// Scanning a larger body would hold up the worker's other streams: it is done in a pool thread.
constexpr qsizetype largeBody = 1024 * 1024;
constexpr Monotonic doneGrace = std::chrono::seconds(1); ///< from the end marker to the end of decode's body
constexpr Monotonic drainLimit = std::chrono::seconds(30); ///< for a prefill answer that outlives decode's

using ShapeResult = Result<pd::RequestShape, ApiError>;

/// Who asked, for the engines' logs: appended to what the client says itself, which proves nothing.
void addForwardedFields(http::HeaderList &headers, const edge::Exchange &exchange, bool tls)
{
    QList<QByteArray> hops = headers.values("x-forwarded-for");
    hops.append(exchange.peerName());
    headers.set("X-Forwarded-For"_ba, hops.size() == 1 ? hops.first() : hops.join(", "));
    headers.set("X-Forwarded-Proto"_ba, tls ? "https"_ba : "http"_ba);
    headers.remove("x-forwarded-host");
    if (const QByteArrayView host = exchange.head().headers.value("host"); !host.isEmpty())
        headers.add("X-Forwarded-Host"_ba, host.toByteArray());
}

} // namespace

Relay::Relay(RelayContext &context, edge::Exchange &exchange, pd::Endpoint endpoint, QObject *parent)
    : QObject(parent), m_context(context), m_exchange(&exchange),
      m_snapshot(context.fleet.snapshot()),
      m_recorder(context.keptBodies, context.keptBodies->memory.limit() > 0 ? config().trace.bodyLimit : 0),
      m_endpoint(endpoint),
      m_ticket(context.admission, [this] { QMetaObject::invokeMethod(this, &Relay::admitted, Qt::QueuedConnection); })
{
    m_exchange->setObserver(this);
    m_clientHeaders = http::endToEndHeaders(exchange.head().headers);
    m_trace.requestHeaders = m_clientHeaders;
    m_trace.context = trace::TraceContext::continued(m_clientHeaders.value("traceparent"), context.chance, config().otlp.sampling);
    m_propagates = !config().otlp.endpoint.isEmpty() || m_clientHeaders.contains("traceparent");
    if (m_trace.context.parentId.isEmpty())
        m_clientHeaders.remove("tracestate"); // of a trace that is not continued
    m_trace.peer = exchange.peerName();
    m_trace.target = exchange.head().target;
    m_clientHeaders.remove("host");
    upstream::setEngineCredentials(m_clientHeaders, config());
    addForwardedFields(m_clientHeaders, exchange, !config().tlsCertFile.isEmpty());
    m_clientHeaders.set("X-Request-Id"_ba, exchange.requestId());
    m_pin = m_clientHeaders.value("x-pdlb-pair").toByteArray();
    m_tellsPair = config().debugHeaders || m_clientHeaders.contains("x-pdlb-debug");
    m_clientHeaders.remove("x-pdlb-pair");
    m_clientHeaders.remove("x-pdlb-debug");
    m_body = exchange.takeBody();
    m_charge = exchange.takeCharge();
    m_trace.requestId = exchange.requestId();
    m_trace.endpoint = pd::endpointPath(endpoint);
    m_trace.requestBytes = m_body.size();
    m_trace.serial = trace::nextSerial();
    m_recorder.setRequest(m_body);
    m_trace.received = exchange.received();
    m_trace.startedAt = QDateTime::currentDateTimeUtc();
}

Relay::~Relay()
{
    if (m_exchange)
        m_exchange->setObserver(nullptr);
    for (const auto &run : m_legs)
        legOver(*run);
    countRooms(0);
}

void Relay::start()
{
    const QByteArrayView coding = m_clientHeaders.value("content-encoding");
    if (!coding.isEmpty() && !http::equalsIgnoreCase(coding, "identity")) {
        analysed(tl::unexpected(ApiError{415, "unsupported_content_encoding",
            u"Content-Encoding %1 is not supported; send the body uncompressed"_s.arg(QString::fromUtf8(coding.toByteArray().left(64)))}));
        return;
    }
    if (m_body.size() <= largeBody) {
        analysed(m_context.dialect.analyse(m_endpoint, m_body, keyMember(*m_snapshot)));
        return;
    }
    auto *watcher = new QFutureWatcher<std::shared_ptr<ShapeResult>>(this);
    connect(watcher, &QFutureWatcherBase::finished, this, [this, watcher] {
        watcher->deleteLater();
        if (m_exchange)
            analysed(*watcher->result());
    });
    auto promise = std::make_shared<QPromise<std::shared_ptr<ShapeResult>>>();
    watcher->setFuture(promise->future());
    promise->start();
    QThreadPool::globalInstance()->start([promise, body = m_body, endpoint = m_endpoint, key = keyMember(*m_snapshot), &dialect = m_context.dialect] {
        promise->addResult(std::make_shared<ShapeResult>(dialect.analyse(endpoint, body, key)));
        promise->finish();
    });
}

void Relay::analysed(const ShapeResult &shape)
{
    if (!shape) {
        refuse(shape.error(), trace::EndReason::BadRequest);
        return;
    }
    m_shape = *shape;
    m_trace.model = m_shape.model;
    m_trace.stream = m_shape.stream;
    m_trace.batch = m_shape.batchSize;
    m_trace.samples = m_shape.samples;
    // Counted so far: the body and one copy with the legs' members. Each further sample has a copy of its own.
    const qint64 copies = (m_shape.samples - 1) * m_body.size();
    if (!m_charge.canEverGrow(copies)) {
        refuse({413, "body_too_large", u"%1 samples need a copy of the body each, %2 bytes in all, more than the memory set aside for "
            "bodies; ask for fewer at a time"_s.arg(m_shape.samples).arg(m_charge.bytes() + copies)}, trace::EndReason::BadRequest);
    } else if (!m_charge.grow(copies)) {
        refuse({503, "overloaded", u"the bodies of other requests take up the memory set aside for them; try again"_s});
    } else {
        enter();
    }
}

void Relay::enter()
{
    m_context.retries.earn(config().retry);
    switch (m_context.admission.enter(m_ticket)) {
    case Admission::Verdict::Run:
        beginAttempt();
        break;
    case Admission::Verdict::Wait:
        beginToWait();
        break;
    case Admission::Verdict::Refuse:
        refuse({429, "too_many_requests", u"%1 requests are running and the queue is full; try again later"_s
                    .arg(config().maxInFlight)});
        break;
    }
}

void Relay::beginToWait()
{
    if (m_waitingSince.count() > 0)
        return; // its turn came and there was no server for it
    m_waitingSince = now();
    m_trace.queued = m_waitingSince;
    m_trace.admitted.reset();
    m_trace.queuePosition = m_ticket.position();
}

void Relay::admitted()
{
    if (!m_isOver && m_exchange)
        beginAttempt();
}

void Relay::refuse(const ApiError &error, trace::EndReason reason)
{
    perform(AnswerError{error});
    endWithoutLegs(reason, error.message);
}

std::optional<fleet::Picked> Relay::pick()
{
    for (;;) {
        const quint64 seen = m_context.admission.placesFreed();
        m_snapshot = m_context.fleet.snapshot();
        fleet::PickRequest wanted;
        wanted.legs = m_shape.samples;
        wanted.now = now();
        wanted.avoid = m_failed;
        wanted.pin = m_pin;
        wanted.traits = requestTraits(*m_snapshot, m_shape, m_body, m_exchange->head().headers);
        auto picked = fleet::pickPair(*m_snapshot, wanted, m_context.chance);
        if (picked) {
            m_context.admission.started(m_ticket);
            return std::move(*picked);
        }
        const fleet::PickError &error = picked.error();
        if (error.wait == fleet::PickError::Wait::InVain) {
            refuse(error, error.status < 500 ? trace::EndReason::BadRequest : trace::EndReason::Overload);
            return {};
        }
        switch (m_context.admission.park(m_ticket, error.wait == fleet::PickError::Wait::ForAnyServer, seen)) {
        case Admission::Verdict::Run:
            break; // a leg ended meanwhile
        case Admission::Verdict::Wait:
            beginToWait();
            return {};
        case Admission::Verdict::Refuse:
            refuse({429, "too_many_requests", error.message + u" and the queue is full; try again later"_s});
            return {};
        }
    }
}

void Relay::tick(Monotonic time)
{
    const Config &config = this->config();
    const auto expired = [&](Monotonic since, std::chrono::milliseconds limit) {
        return limit.count() > 0 && since.count() > 0 && time - since > limit;
    };
    if (!m_isOver && !m_machine && expired(m_waitingSince, config.queueTimeout)) {
        refuse({503, "queue_timeout", u"the request waited %1 s and no place became free; try again later"_s
                    .arg(double(config.queueTimeout.count()) / 1000)});
    }
    if (!m_isOver && !m_machine && (m_waitingSince.count() > 0 || m_retryPause) && expired(m_trace.received, config.requestTimeout)) {
        refuse({504, "timeout_total", u"the request was not begun within the request timeout"_s}, trace::EndReason::TimeoutTotal);
    }
    if (m_isOver || !m_machine)
        return;
    if (m_machine->isConcluded()) {
        if (time - m_concludedAt > drainLimit)
            abandonLegs();
        return;
    }
    for (int i = 0; i < int(m_legs.size()); ++i) {
        LegRun &run = *m_legs[size_t(i)];
        if (run.doneAt.count() > 0 && run.counted && time - run.doneAt > doneGrace) {
            run.leg->abort();
            legFinished(i, {upstream::LegEndKind::Complete, {}});
            return;
        }
    }
    if (!m_paused || !m_exchange || m_exchange->pendingBytes() != m_stalledBytes) {
        m_stalledSince = time;
        m_stalledBytes = m_exchange ? m_exchange->pendingBytes() : 0;
    }
    if (expired(m_stalledSince, config.writeStallTimeout))
        apply(ClientStalled{});
    else if (expired(m_trace.received, config.requestTimeout))
        apply(TimedOut{trace::EndReason::TimeoutTotal});
    else if (m_lastByte.count() == 0 && expired(m_sentAt, config.firstByteTimeout))
        apply(silence(trace::EndReason::TimeoutFirstByte));
    else if (!m_paused && expired(m_lastByte, config.streamIdleTimeout))
        apply(silence(trace::EndReason::TimeoutIdle));
}

TimedOut Relay::silence(trace::EndReason which)
{
    // Slow or hanging: no failure yet, but worth a look.
    for (const auto &run : m_legs) {
        if (run->counted)
            tellHealth(*run, false);
    }
    return {which};
}

void Relay::abandonLegs()
{
    for (int i = 0; i < int(m_legs.size()); ++i) {
        if (m_legs[size_t(i)]->counted)
            perform(CancelLeg{i, true});
    }
    end();
}

void Relay::clientGone()
{
    m_exchange = nullptr;
    if (m_machine) // otherwise nothing was sent anywhere: the body is being analysed, or another pair is to be tried
        apply(ClientGone{});
    else
        endWithoutLegs(trace::EndReason::ClientGone, u"the client closed the connection"_s);
}

void Relay::endWithoutLegs(trace::EndReason reason, const QString &detail)
{
    perform(Conclude{reason, detail});
    end();
}

void Relay::forceEnd(const ApiError &error, trace::EndReason reason)
{
    if (m_machine)
        apply(Forced{error, reason});
    else
        refuse(error, reason);
}

void Relay::clientDrained()
{
    if (!std::exchange(m_paused, false))
        return; // what drained was the connection's previous answer
    if (m_lastByte.count() > 0)
        m_lastByte = now();
    for (const auto &run : m_legs) {
        if (run->counted)
            run->leg->resume();
    }
}

void Relay::endIfOver()
{
    if (m_isOver || !m_machine || !m_machine->isConcluded() || !m_machine->allLegsOver())
        return;
    end();
}

void Relay::end()
{
    m_isOver = true;
    m_trace.legs.reserve(m_legs.size());
    for (const auto &run : m_legs)
        m_trace.legs.push_back(std::move(run->trace));
    readFacts();
    m_trace.bodies = m_recorder.take();
    countRooms(0);
    m_context.over(*this);
}

} // namespace pdlb::relay
