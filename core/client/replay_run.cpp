// SPDX-License-Identifier: Apache-2.0
#include "client/replay_run.h"

#include "util/escape.h"

using namespace Qt::StringLiterals;

namespace pdlb::client {

namespace {

constexpr int mostRunning = 20'000;
constexpr std::chrono::milliseconds longestWait = std::chrono::hours(1); // a timer counts in 31 bits

QString milliseconds(const std::optional<double> &value)
{
    return value ? QString::number(*value, 'f', 1) : u"-"_s;
}

QString count(const std::optional<qint64> &value)
{
    return value ? QString::number(*value) : u"-"_s;
}

QString statusText(int status)
{
    return status > 0 ? QString::number(status) : u"-"_s;
}

QString column(const QString &text, int width)
{
    return text.rightJustified(width) + u' ';
}

} // namespace

ReplayRun::ReplayRun(upstream::UpstreamTransport &transport, const upstream::Origin &origin, const Recording &recording, ReplayOptions options,
                     const Clock &clock, QObject *parent)
    : QObject(parent), m_transport(transport), m_origin(origin), m_recording(recording), m_options(std::move(options)), m_clock(clock)
{
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &ReplayRun::startDue);
}

void ReplayRun::start()
{
    m_begin = m_clock.now();
    startDue();
}

void ReplayRun::stop()
{
    if (std::exchange(m_stopping, true))
        return;
    m_timer.stop();
    const auto running = m_running;
    for (RequestRun *run : running)
        run->abort();
    checkOver();
}

void ReplayRun::startDue()
{
    const int most = m_options.speed > 0 ? mostRunning : m_options.concurrency;
    while (mayStart() && int(m_running.size()) < most) {
        if (m_options.speed > 0) {
            const auto recorded = std::chrono::duration<double, std::nano>(m_recording.requests[m_next].at).count();
            const Monotonic due = m_begin + Monotonic(qint64(std::min(recorded / m_options.speed, 1e18)));
            if (const Monotonic now = m_clock.now(); due > now) {
                m_timer.start(std::min(longestWait, std::chrono::ceil<std::chrono::milliseconds>(due - now)));
                return;
            }
        }
        startOne();
    }
    checkOver();
}

void ReplayRun::startOne()
{
    const size_t index = m_next++;
    const RecordedRequest &recorded = m_recording.requests[index];
    RequestSpec spec;
    spec.endpoint = endpointOf(recorded.target.left(recorded.target.indexOf('?'))).value_or(pd::Endpoint::Generate);
    spec.rawBody = recorded.body;
    spec.headers = recorded.headers;
    spec.pair = m_options.pair;
    spec.apiKey = m_options.apiKey;
    RequestBytes bytes = spec.toBytes();
    bytes.target = recorded.target;
    auto *run = new RequestRun(m_transport, m_origin, std::move(bytes), m_clock, this, {.timeout = m_options.timeout});
    m_running.insert(run);
    connect(run, &RequestRun::finished, this, [this, run, index] {
        m_running.erase(run);
        Q_EMIT replayed({index, run->result()});
        run->deleteLater();
        if (!m_timer.isActive())
            startDue();
    });
    run->start();
}

void ReplayRun::checkOver()
{
    if (!m_over && m_running.empty() && !mayStart()) {
        m_over = true;
        Q_EMIT finished();
    }
}

QString replayHeader()
{
    return u"REQUEST ID                           STATUS THEN/NOW     TTFT ms THEN/NOW      TOTAL ms THEN/NOW   TOKENS   PAIR THEN/NOW\n"_s;
}

QString replayLine(const RecordedRequest &recorded, const RequestResult &result)
{
    const QString id = escapeControls(QString::fromUtf8(recorded.id.isEmpty() ? "-" : recorded.id.left(36))).leftJustified(36);
    QString line = id + u' ' + column(recorded.status == 200 && !recorded.good ? u"200!"_s : statusText(recorded.status), 7) + column(result.aborted ? u"abort"_s : result.status == 200 && !result.isGood() ? u"200!"_s : statusText(result.status), 7)
        + column(milliseconds(recorded.ttft), 12) + column(milliseconds(result.ttft()), 9) + column(milliseconds(recorded.duration), 12)
        + column(milliseconds(result.duration()), 9) + column(count(recorded.tokens) + u'/' + count(result.facts.completionTokens), 10)
        + u"  "_s + escapeControls(QString::fromUtf8((recorded.pair.isEmpty() ? "-" : recorded.pair) + " " + (result.pair().isEmpty() ? "-" : result.pair())));
    if (!result.error.isEmpty())
        line += u"  "_s + escapeControls(result.error.left(200));
    return line + u'\n';
}

void ReplaySummary::add(const RecordedRequest &recorded, const RequestResult &result)
{
    if (result.aborted) {
        ++aborted;
        return;
    }
    const bool good = result.isGood();
    ++(good ? (recorded.good ? goodAgain : betterNow) : (recorded.good ? worseNow : failedAgain));
    if (!good || !recorded.good)
        return;
    if (recorded.tokens && result.facts.completionTokens && recorded.tokens != result.facts.completionTokens)
        ++tokensDiffer;
    if (recorded.duration) {
        before.add(*recorded.duration);
        now.add(result.duration());
    }
}

QString ReplaySummary::text() const
{
    QString text = u"%1 good as before, %2 failed as before, %3 only failed before, %4 only failed now"_s.arg(goodAgain).arg(failedAgain).arg(betterNow).arg(worseNow);
    if (aborted > 0)
        text += u", %1 aborted"_s.arg(aborted);
    if (tokensDiffer > 0)
        text += u"; %1 with another number of tokens"_s.arg(tokensDiffer);
    if (!now.isEmpty())
        text += u"; total p50 %1 ms then, %2 ms now"_s.arg(before.quantile(0.5), 0, 'f', 1).arg(now.quantile(0.5), 0, 'f', 1);
    return text + u'\n';
}

} // namespace pdlb::client
