// SPDX-License-Identifier: Apache-2.0
#include "control/stuck_watch.h"

#include "control/engine_samples.h"
#include "trace/explanation_json.h"
#include "upstream/engine_credentials.h"
#include "util/escape.h"

#include <QLoggingCategory>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

Q_LOGGING_CATEGORY(lcStuck, "pdlb.stuck")

constexpr std::chrono::milliseconds lookInterval{500};
constexpr size_t mostLooks = 32; ///< pairs whose engines are asked at a time
constexpr int mostAtOnce = 500; ///< requests that are explained in one turn
constexpr int mostLogged = 10; ///< of those

} // namespace

StuckWatch::StuckWatch(upstream::UpstreamTransport &transport, fleet::Fleet &fleet, const trace::LiveTraces &live, EventFeed &events,
                       const Clock &clock, QObject *parent)
    : QObject(parent), m_transport(transport), m_fleet(fleet), m_live(live), m_events(events), m_clock(clock)
{
    m_timer.setInterval(lookInterval);
    connect(&m_timer, &QTimer::timeout, this, &StuckWatch::look);
}

void StuckWatch::configure()
{
    if (m_fleet.snapshot()->config->trace.explainAfter.count() == 0)
        m_timer.stop();
    else if (!m_timer.isActive())
        m_timer.start();
}

void StuckWatch::look()
{
    const Monotonic now = m_clock.now();
    const Monotonic after = m_fleet.snapshot()->config->trace.explainAfter;
    int left = mostAtOnce;
    for (const trace::TimelinePtr &timeline : m_live.all()) {
        const size_t looks = timeline->observations ? timeline->observations->explanations().size() : 0;
        constexpr size_t mostDoublings = 16; // of a day: more would overflow
        const bool isAnswered = timeline->ended.has_value(); // only prefill's rest is still read
        if (isAnswered || now - trace::silentSince(*timeline) < after * (qint64(1) << std::min(looks, mostDoublings)))
            continue;
        if (left-- == 0)
            break;
        add({timeline, {}, looks == 0});
    }
}

void StuckWatch::explain(trace::TimelinePtr timeline, Answer answer)
{
    add({std::move(timeline), std::move(answer), false});
}

void StuckWatch::add(Question question)
{
    const trace::LegTimeline *prefill = question.timeline->leg(true);
    const trace::LegTimeline *decode = question.timeline->leg(false);
    const Pair pair{prefill ? prefill->server : QByteArray(), decode ? decode->server : QByteArray()};
    const auto [it, isNew] = m_looks.try_emplace(pair);
    if (isNew && m_looks.size() > mostLooks && !question.answer) {
        m_looks.erase(it); // in its turn
        return;
    }
    const bool known = std::any_of(it->second.questions.begin(), it->second.questions.end(), [&](const Question &other) {
        return !question.answer && other.timeline->serial == question.timeline->serial;
    });
    if (!known)
        it->second.questions.push_back(std::move(question));
    if (isNew)
        begin(pair, it->second);
}

void StuckWatch::begin(const Pair &pair, Look &look)
{
    const fleet::SnapshotPtr snapshot = m_fleet.snapshot();
    const fleet::Server *prefill = snapshot->find(Role::Prefill, pair.first);
    const fleet::Server *decode = snapshot->find(Role::Decode, pair.second);
    look.pending = 1;
    if (prefill)
        askLoads(pair, Role::Prefill, *prefill);
    if (decode)
        askLoads(pair, Role::Decode, *decode);
    if (prefill && prefill->bootstrapPort)
        askBootstrap(pair, *prefill);
    // Never from within, also when there is nobody to ask.
    QMetaObject::invokeMethod(this, [this, pair] { answered(pair, [](trace::PairSamples &) {}); }, Qt::QueuedConnection);
}

void StuckWatch::askLoads(const Pair &pair, Role role, const fleet::Server &server)
{
    ++m_looks.at(pair).pending;
    EngineRequest request{.target = loadsTarget};
    upstream::setEngineCredentials(request.headers, *m_fleet.snapshot()->config, server.config);
    request.timeout = askTimeout;
    new EngineCall(m_transport, server.origin, std::move(request), [this, pair, role](const EngineReply &reply) {
        answered(pair, [&](trace::PairSamples &samples) {
            trace::LoadSample &sample = role == Role::Prefill ? samples.prefill : samples.decode;
            sample = readLoads(reply);
            sample.at = m_clock.now();
        });
    }, this);
}

void StuckWatch::askBootstrap(const Pair &pair, const fleet::Server &prefill)
{
    ++m_looks.at(pair).pending;
    upstream::Origin origin = prefill.origin;
    origin.tls = false;
    origin.port = *prefill.bootstrapPort;
    EngineRequest request{.target = routeTarget};
    request.timeout = askTimeout;
    const QString address = QString::fromUtf8(prefill.origin.bracketedHost() + ':' + QByteArray::number(origin.port));
    new EngineCall(m_transport, origin, std::move(request), [this, pair, address](const EngineReply &reply) {
        answered(pair, [&](trace::PairSamples &samples) { samples.bootstrap = readRoute(reply, address); });
    }, this);
}

void StuckWatch::answered(const Pair &pair, const std::function<void(trace::PairSamples &)> &take)
{
    const auto look = m_looks.find(pair);
    take(look->second.samples);
    if (--look->second.pending > 0)
        return;
    Look over = std::move(look->second);
    m_looks.erase(look);
    conclude(std::move(over));
}

void StuckWatch::conclude(Look look)
{
    int logged = 0;
    for (const Question &question : look.questions) {
        // While the engines were asked, it may have gone on.
        const trace::TimelinePtr newer = m_live.find(question.timeline->requestId);
        const trace::Timeline &timeline = newer && newer->serial == question.timeline->serial ? *newer : *question.timeline;
        const trace::Explanation explanation = trace::explain(timeline, look.samples, m_clock.now());
        if (timeline.observations)
            timeline.observations->addExplanation(explanation);
        if (question.answer)
            question.answer(explanation);
        if (!question.isFirst)
            continue;
        QJsonObject event = trace::explanationJson(explanation, timeline.received);
        event.insert(u"request_id"_s, QString::fromUtf8(timeline.requestId));
        m_events.publish("stuck", event);
        if (++logged <= mostLogged)
            qCInfo(lcStuck, "id=%s phase=%s: %s", qUtf8Printable(escapeControls(QString::fromUtf8(timeline.requestId.left(128)))),
                   trace::phaseName(explanation.phase), qUtf8Printable(escapeControls(explanation.sentence)));
    }
}

} // namespace pdlb::control
