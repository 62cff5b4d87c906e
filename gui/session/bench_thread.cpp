// SPDX-License-Identifier: Apache-2.0
#include "session/bench_thread.h"

#include "upstream/direct_transport.h"
#include "upstream/qnam_transport.h"

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

constexpr std::chrono::milliseconds pause{100};

} // namespace

BenchThread::BenchThread(QObject *parent) : QObject(parent), m_thread(u"pdlb-bench"_s)
{
    m_thread.begin();
}

BenchThread::~BenchThread()
{
    m_thread.finish([this] {
        m_run.reset();
        m_transport.reset();
    });
}

void BenchThread::start(const upstream::Origin &origin, const client::RequestSpec &spec, const client::BenchOptions &options)
{
    if (m_running)
        return;
    m_running = true;
    m_thread.post([this, origin, spec, options] {
        if (origin.tls)
            m_transport = std::make_unique<upstream::QnamTransport>();
        else
            m_transport = std::make_unique<upstream::DirectTransport>();
        m_run = std::make_unique<client::BenchRun>(*m_transport, origin, client::makeRepeated(spec), options, SteadyClock::instance(), nullptr);
        m_samples.clear();
        m_begin = SteadyClock::instance().now();
        connect(m_run.get(), &client::BenchRun::measured, m_run.get(), [this](const client::RequestResult &result) {
            if (result.isGood() && m_samples.size() < mostSamples)
                m_samples.push_back({double((result.end - m_begin).count()) / 1e9, result.ttft().value_or(result.duration())});
        });
        connect(m_run.get(), &client::BenchRun::finished, m_run.get(), [this] { tell(true); }, Qt::QueuedConnection);
        auto *timer = new QTimer(m_run.get());
        connect(timer, &QTimer::timeout, m_run.get(), [this] { tell(false); });
        timer->start(pause);
        m_run->start();
    });
}

void BenchThread::stop()
{
    m_thread.post([this] {
        if (m_run)
            m_run->stop();
    });
}

/// In the thread.
void BenchThread::tell(bool isLast)
{
    if (!m_run)
        return; // it has told its last
    QMetaObject::invokeMethod(this, [this, isLast, report = m_run->report(), samples = std::exchange(m_samples, {}), ended = m_run->ended(), running = m_run->running()] {
        Q_EMIT progress(report, samples, ended, running);
        if (isLast) {
            m_running = false;
            Q_EMIT finished(report);
        }
    }, Qt::QueuedConnection);
    if (isLast)
        m_run.release()->deleteLater(); // we are in a slot of its own
}

} // namespace pdlb::gui
