// SPDX-License-Identifier: Apache-2.0
#include "doctor/probe_request.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::doctor {

namespace {

constexpr qsizetype mostBody = 1024 * 1024;
constexpr std::chrono::milliseconds graceForOthers{300};
constexpr std::chrono::milliseconds callTimeout{800};

} // namespace

ProbeRequest::ProbeRequest(Transports &transports, const Quoter &quote, const std::vector<Leg> &legs,
                           std::chrono::milliseconds timeout, QObject *parent)
    : QObject(parent), m_transports(transports), m_quote(quote), m_timeout(timeout)
{
    m_legs.reserve(legs.size()); // they are referred to
    for (const Leg &leg : legs)
        m_legs.push_back({.spec = leg});
    m_timer.setSingleShot(true);
}

ProbeRequest::~ProbeRequest()
{
    for (const State &state : m_legs) {
        if (state.leg)
            state.leg->abort();
    }
}

void ProbeRequest::start()
{
    connect(&m_timer, &QTimer::timeout, this, &ProbeRequest::timedOut);
    m_timer.start(m_timeout);
    m_sentAt.start();
    for (State &state : m_legs) {
        upstream::LegRequest request;
        request.origin = state.spec.origin;
        request.target = pd::endpointPath(pd::Endpoint::Generate);
        request.headers = state.spec.headers;
        request.headers.set("Content-Type", "application/json");
        request.body = state.spec.plan.body;
        request.connectTimeout = std::chrono::milliseconds(0); // the whole request's ends it
        state.leg = m_transports.of(request.origin).open(std::move(request), this);
        auto *told = new upstream::LegSignals(state.leg);
        connect(told, &upstream::LegSignals::ready, this, &ProbeRequest::ready);
        connect(told, &upstream::LegSignals::head, this,
                [&state](const http::ResponseHead &head) { state.facts.status = head.status; });
        connect(told, &upstream::LegSignals::data, this, [&state](QByteArrayView bytes) {
            if (state.body.size() < mostBody)
                state.body.append(bytes);
        });
        connect(told, &upstream::LegSignals::finished, this,
                [this, &state](const upstream::LegEnd &end) { ended(state, end); });
    }
    ready();
}

void ProbeRequest::ready()
{
    if (m_ending || !std::all_of(m_legs.begin(), m_legs.end(),
                                 [](const State &state) { return state.sent || state.leg->isReady(); }))
        return;
    m_sentAt.restart();
    for (State &state : m_legs) {
        if (!std::exchange(state.sent, true))
            state.leg->send();
    }
}

void ProbeRequest::ended(State &state, const upstream::LegEnd &end)
{
    if (state.over)
        return;
    state.over = true;
    state.facts.milliseconds = double(m_sentAt.nsecsElapsed()) / 1e6;
    if (end.kind == upstream::LegEndKind::Complete || end.kind == upstream::LegEndKind::Unproven) {
        judge(state);
    } else {
        state.facts.end = LegFacts::End::Failed;
        state.facts.status = 0;
        state.facts.message = m_quote(end.detail);
    }
    if (std::all_of(m_legs.begin(), m_legs.end(), [](const State &s) { return s.over; })) {
        endAll(LegFacts::End::Cancelled);
    } else if (state.facts.end == LegFacts::End::Failed && !m_ending) {
        m_timer.disconnect(this);
        connect(&m_timer, &QTimer::timeout, this, [this] { endAll(LegFacts::End::Cancelled); });
        m_timer.start(graceForOthers);
    }
}

void ProbeRequest::judge(State &state) const
{
    state.facts.end = LegFacts::End::Failed;
    const auto object = QJsonDocument::fromJson(state.body).object();
    // The dialect judges events; a whole answer has the same form as one.
    const auto inBand = pd::sglangDialect().inBandError("data: " + QByteArray(state.body).replace('\n', ' ') + "\n\n");
    if (inBand)
        state.facts.message = m_quote(inBand->message);
    else if (state.facts.status < 200 || state.facts.status > 299)
        state.facts.message = m_quote(state.body);
    else if (object.isEmpty())
        state.facts.message = u"the answer is no JSON object: "_s + m_quote(state.body.left(60));
    else
        state.facts.end = LegFacts::End::Ok;
}

void ProbeRequest::timedOut()
{
    if (m_ending)
        return;
    if (m_legs.size() < 2) {
        endAll(LegFacts::End::Unanswered);
        return;
    }
    m_ending = true;
    for (State &state : m_legs) {
        call(state, {.method = "GET", .target = control::loadsTarget},
             [this, &state](const control::EngineReply &reply) {
                 if (const trace::LoadSample sample = control::readLoads(reply); sample.error.isEmpty())
                     state.queues = sample;
                 if (m_calls == 1) // the last
                     endAll(LegFacts::End::Unanswered);
             });
    }
}

void ProbeRequest::endAll(LegFacts::End how)
{
    m_ending = true;
    m_timer.stop();
    ++m_calls; // so that none ends it from within
    for (State &state : m_legs) {
        if (std::exchange(state.over, true))
            continue;
        state.facts.end = how;
        state.facts.status = 0;
        state.facts.milliseconds = double(m_sentAt.nsecsElapsed()) / 1e6;
        state.leg->abort();
        if (!state.sent || state.spec.plan.rid.isEmpty())
            continue;
        control::EngineRequest forget{.method = "POST", .target = "/abort_request"};
        forget.headers.set("Content-Type", "application/json");
        forget.body = QJsonDocument(QJsonObject{{u"rid"_s, QString::fromUtf8(state.spec.plan.rid)}})
                          .toJson(QJsonDocument::Compact);
        call(state, std::move(forget), [](const control::EngineReply &) {});
    }
    QMetaObject::invokeMethod(this, &ProbeRequest::callEnded, Qt::QueuedConnection);
}

void ProbeRequest::call(State &state, control::EngineRequest request,
                        const std::function<void(const control::EngineReply &)> &then)
{
    ++m_calls;
    for (const http::Header &header : state.spec.headers)
        request.headers.set(header.name, header.value);
    request.timeout = callTimeout;
    new control::EngineCall(
        m_transports.of(state.spec.origin), state.spec.origin, std::move(request),
        [this, then](const control::EngineReply &reply) {
            then(reply);
            callEnded();
        },
        this);
}

void ProbeRequest::callEnded()
{
    if (--m_calls == 0)
        Q_EMIT finished();
}

} // namespace pdlb::doctor
