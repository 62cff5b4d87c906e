// SPDX-License-Identifier: Apache-2.0
#include "session/trace_feed.h"

#include "session/session.h"

namespace pdlb::gui {

namespace {

constexpr std::chrono::milliseconds often{66};
constexpr std::chrono::milliseconds sometimes{250};
constexpr std::chrono::milliseconds seldom{1000};
constexpr double tooFast = 2000; ///< requests a second that nobody can read: then the table costs less than what it shows
constexpr int turnsAQuestion = 3; ///< what runs is asked for at every third turn

} // namespace

TraceFeed::TraceFeed(QObject *parent) : QObject(parent)
{
    connect(&m_timer, &QTimer::timeout, this, &TraceFeed::tick);
    m_timer.start(often);
}

void TraceFeed::setSession(Session *session)
{
    if (m_session)
        m_session->disconnect(this);
    m_session = session;
    if (!session)
        return;
    TraceModel::setAxisOffset(session->axisOffset());
    connect(session, &Session::fleetChanged, this, [this] { TraceModel::setAxisOffset(m_session ? m_session->axisOffset() : Monotonic(0)); });
    connect(session, &Session::runningTold, this, [this](const std::vector<trace::TimelinePtr> &running) {
        if (m_session && m_session->isCapturing())
            m_model.setRunning(running);
    });
    connect(session, &Session::stateChanged, this, [this] { m_model.setBodyBudget(m_session ? m_session->bodyBudget() : nullptr); });
    m_model.setBodyBudget(session->bodyBudget());
}

qint64 TraceFeed::second()
{
    return SteadyClock::instance().now() / std::chrono::seconds(1);
}

void TraceFeed::setAttention(Attention attention)
{
    m_attention = attention;
    m_timer.setInterval(attention == Attention::Full ? often : attention == Attention::Some ? sometimes : seldom);
}

void TraceFeed::tick()
{
    if (!m_session)
        return;
    const std::vector<trace::TimelinePtr> finished = m_session->takeTraces();
    const qint64 now = second();
    for (const trace::TimelinePtr &timeline : finished)
        m_stats.add(*timeline, now);
    m_stats.setInFlight(m_session->inFlight(), now);
    if (m_attention == Attention::Full) {
        const bool isFast = double(finished.size()) * 1000 / double(m_timer.interval()) > tooFast;
        if (const auto interval = isFast ? sometimes : often; m_timer.intervalAsDuration() != interval)
            m_timer.setInterval(interval);
    }
    if (!finished.empty())
        m_model.add(finished);
    const bool runs = m_session->state() == Session::State::Running || m_session->state() == Session::State::Draining;
    if (m_attention == Attention::Full && runs && m_session->isCapturing() && ++m_turn % turnsAQuestion == 0)
        m_session->askRunning();
    else if (!runs)
        m_model.setRunning({});
    Q_EMIT ticked();
}

} // namespace pdlb::gui
