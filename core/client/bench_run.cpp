// SPDX-License-Identifier: Apache-2.0
#include "client/bench_run.h"

#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb::client {

BenchRun::BenchRun(upstream::UpstreamTransport &transport, const upstream::Origin &origin, std::unique_ptr<PromptSource> source, BenchOptions options,
                   const Clock &clock, QObject *parent)
    : QObject(parent), m_transport(transport), m_origin(origin), m_source(std::move(source)), m_options(options), m_clock(clock),
      m_random(options.seed)
{
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &BenchRun::startDue);
}

void BenchRun::start()
{
    m_due = m_clock.now();
    if (m_options.rate > 0)
        startDue();
    else
        fill();
    checkOver();
}

void BenchRun::stop()
{
    if (std::exchange(m_stopping, true))
        return;
    m_timer.stop();
    const auto running = m_running;
    for (RequestRun *run : running)
        run->abort();
    checkOver();
}

bool BenchRun::mayStart() const
{
    const auto end = deadline();
    return !m_stopping && m_started < m_options.requests + m_options.warmUp && (!end || m_clock.now() < *end);
}

std::optional<Monotonic> BenchRun::deadline() const
{
    return m_begin && m_options.duration.count() > 0 ? std::optional(*m_begin + m_options.duration) : std::nullopt;
}

void BenchRun::fill()
{
    while (int(m_running.size()) < m_options.concurrency && mayStart())
        startOne({});
}

Monotonic BenchRun::nextInterval()
{
    double seconds = 1 / m_options.rate;
    if (m_options.poisson) {
        // Uniform in (0, 1]: the logarithm of 0 is none.
        const double uniform = (double(m_random.next64() >> 11) + 1) / double(quint64(1) << 53);
        seconds *= -std::log(uniform);
    }
    return Monotonic(qint64(seconds * 1e9));
}

void BenchRun::startDue()
{
    while (mayStart() && int(m_running.size()) < mostRunning) {
        const Monotonic now = m_clock.now();
        if (m_due > now) {
            const Monotonic next = std::min(m_due, deadline().value_or(m_due));
            m_timer.start(std::chrono::ceil<std::chrono::milliseconds>(next - now));
            return;
        }
        const Monotonic intended = m_due;
        m_due += nextInterval();
        if (m_started >= m_options.warmUp)
            m_report.lag.add(double((now - intended).count()) / 1e6);
        startOne(intended);
    }
    checkOver();
}

void BenchRun::startOne(std::optional<Monotonic> intended)
{
    const bool measured = m_started++ >= m_options.warmUp;
    if (measured && !m_begin)
        m_begin = intended.value_or(m_clock.now());
    auto *run = new RequestRun(m_transport, m_origin, m_source->next().toBytes(), m_clock, this, {.timeout = m_options.timeout});
    m_running.insert(run);
    connect(run, &RequestRun::finished, this, [this, run, measured] { ended(run, measured); });
    run->start(intended);
}

void BenchRun::ended(RequestRun *run, bool measured)
{
    ++m_ended;
    m_running.erase(run);
    if (measured) {
        record(run->result());
        Q_EMIT this->measured(run->result());
    }
    run->deleteLater();
    if (m_options.rate > 0) {
        if (!m_timer.isActive())
            startDue();
    } else {
        fill();
    }
    checkOver();
}

/// Of the pair that served it; null: that is not known.
BenchGroup *BenchRun::groupOf(const RequestResult &result)
{
    const QByteArray pair = result.pair().left(200);
    if (pair.isEmpty())
        return nullptr;
    if (const auto known = m_report.pairs.find(pair); known != m_report.pairs.end())
        return &known->second;
    return &m_report.pairs[m_report.pairs.size() < mostPairs ? pair : QByteArray("others")];
}

void BenchRun::record(const RequestResult &result)
{
    const double ended = double((result.end - *m_begin).count()) / 1e9;
    m_report.seconds = std::max(m_report.seconds, ended);
    if (result.aborted) {
        ++m_report.aborted;
        return;
    }
    BenchGroup *group = groupOf(result);
    if (result.isGood()) {
        m_report.all.add(result);
        m_report.slices.add(ended, result);
        if (group)
            group->add(result);
        return;
    }
    ++m_report.all.failed;
    if (group)
        ++group->failed;
    const auto known = m_report.errors.find(result.error);
    if (known != m_report.errors.end())
        ++known->second;
    else
        ++m_report.errors[m_report.errors.size() < mostErrors ? result.error : u"other errors"_s];
}

void BenchRun::checkOver()
{
    if (!m_over && m_running.empty() && !mayStart()) {
        m_over = true;
        Q_EMIT finished();
    }
}

} // namespace pdlb::client
