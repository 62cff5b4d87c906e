// SPDX-License-Identifier: Apache-2.0

// An attempt's legs: how they are planned, opened and given back.
#include "relay/relay.h"

#include "inject/faulty_leg.h"
#include "relay/request_traits.h"
#include "upstream/engine_credentials.h"

using namespace Qt::StringLiterals;

namespace pdlb::relay {

upstream::UpstreamTransport &Relay::transportFor(const upstream::Origin &origin) const
{
    return origin.tls || config().transport == TransportKind::Qnam ? m_context.qnam : m_context.direct;
}

void Relay::beginAttempt()
{
    auto picked = pick();
    if (!picked)
        return;
    if (std::exchange(m_waitingSince, Monotonic(0)).count() > 0)
        m_trace.admitted = now();
    m_pair = picked->pair;
    m_prefillPlace.emplace(std::move(picked->prefill));
    m_decodePlace.emplace(std::move(picked->decode));
    m_trace.policy = picked->reason;
    const fleet::Server &prefill = m_snapshot->prefill[size_t(m_pair->prefill)];
    const fleet::Server &decode = m_snapshot->decode[size_t(m_pair->decode)];
    m_trace.picked = now();
    ++m_trace.attempts;

    const pd::BootstrapAddress bootstrap{prefill.bracketedHost, prefill.bootstrapPort,
                                         roomSteering(prefill, m_shape, m_exchange->head().headers)};
    pd::RequestPlan plan = m_context.dialect.plan(m_shape, m_body, bootstrap, m_context.rooms, m_context.random);
    m_trace.rooms = QList<quint64>(plan.rooms.begin(), plan.rooms.end());
    m_trace.rid = plan.legs.front().rid;
    countRooms(m_trace.rooms.size());
    m_merger = m_context.dialect.merger(m_shape);

    AttemptMachine::Options options;
    options.stream = m_shape.stream;
    options.mayRetry = m_retries < config().retry.retries && (m_snapshot->prefill.size() > 1 || m_snapshot->decode.size() > 1);
    options.needsPrefillBody = m_merger && (m_shape.returnLogprob || m_shape.returnRoutedExperts);
    options.buffered = m_merger && !m_shape.stream;
    std::vector<pd::LegRole> roles;
    roles.reserve(plan.legs.size());
    options.names.reserve(plan.legs.size());
    m_legs.clear();
    m_legs.reserve(plan.legs.size());
    for (pd::LegPlan &leg : plan.legs) {
        const bool isPrefill = leg.role == pd::LegRole::Prefill;
        auto run = std::make_unique<LegRun>(*this, int(m_legs.size()));
        run->server = isPrefill ? &prefill : &decode;
        run->place = isPrefill ? &*m_prefillPlace : &*m_decodePlace;
        run->counted = true;
        run->trace.prefill = isPrefill;
        run->trace.sample = leg.sample;
        run->trace.server = run->server->name;
        run->trace.serverId = run->server->id;
        run->trace.url = run->server->url;
        run->trace.spanId = trace::makeSpanId(m_context.chance);
        options.names.push_back(run->server->label);
        roles.push_back(leg.role);
        run->plan = std::move(leg);
        m_legs.push_back(std::move(run));
    }
    m_machine.emplace(roles, std::move(options));
    for (int i = 0; i < int(m_legs.size()); ++i)
        openLeg(i, m_legs[size_t(i)]->plan);
    // Not while opening: the first ready connection must not write before the others are even tried.
    for (int i = 0; i < int(m_legs.size()) && !m_isOver; ++i) {
        if (m_legs[size_t(i)]->leg->isReady())
            legReady(i);
    }
}

http::HeaderList Relay::legHeaders(const fleet::Server &server) const
{
    http::HeaderList headers = m_clientHeaders;
    upstream::setEngineCredentials(headers, config(), server.config);
    if (!headers.contains("content-type"))
        headers.add("Content-Type"_ba, "application/json"_ba);
    if (m_merger)
        headers.set("Accept-Encoding", "identity");
    return headers;
}

void Relay::openLeg(int index, const pd::LegPlan &plan)
{
    LegRun &run = *m_legs[size_t(index)];
    upstream::LegRequest request;
    request.origin = run.server->origin;
    request.authority = run.server->authority;
    request.target = m_exchange->head().target;
    request.headers = legHeaders(*run.server);
    if (m_propagates)
        request.headers.set("traceparent", m_trace.context.traceparent(run.trace.spanId));
    request.body = plan.body;
    request.connectTimeout = config().connectTimeout;
    inject::Injection injection;
    if (m_context.faults.isActive())
        injection = injectionFor(run);
    if (injection.wrongRoom)
        request.body = inject::withWrongRooms(request.body, m_trace.rooms);
    run.trace.opened = now();
    run.server->state->requests.fetch_add(1, std::memory_order_relaxed);
    run.leg = transportFor(run.server->origin).open(std::move(request), this);
    if (injection.fault || injection.delay.count() > 0)
        run.leg = new inject::FaultyLeg(run.leg, injection, this);
    run.plan.body = {};
    run.leg->setObserver(&run);
}

inject::Injection Relay::injectionFor(const LegRun &run)
{
    const inject::Injection injection = m_context.faults.forLeg(snapshot(), run.plan.role == pd::LegRole::Prefill, now(), m_context.chance);
    m_trace.faults += injection.rules;
    return injection;
}

void Relay::releaseSentBodies()
{
    if (std::all_of(m_legs.begin(), m_legs.end(), [](const auto &run) { return run->trace.sent || !run->counted; }))
        m_charge.release();
}

void Relay::countRooms(qint64 rooms)
{
    m_context.metrics.rooms.fetch_add(rooms - std::exchange(m_rooms, rooms), std::memory_order_relaxed);
}

void Relay::legOver(LegRun &run)
{
    if (!run.counted)
        return;
    run.counted = false;
    run.place->legOver();
    if (run.server->maxInFlight > 0)
        m_context.admission.placeFreed();
    if (!run.trace.ended)
        run.trace.ended = now();
}

} // namespace pdlb::relay
