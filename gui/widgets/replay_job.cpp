// SPDX-License-Identifier: Apache-2.0
#include "widgets/replay_job.h"

#include "trace/export/exporter.h"

#include <QBuffer>
#include <QTimer>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

ReplayJob::ReplayJob(const QUrl &balancer, const QList<trace::TimelinePtr> &requests, QObject *parent)
    : QObject(parent), m_balancer(balancer), m_requests(requests)
{
}

void ReplayJob::start()
{
    // Through the form of a file, so that it is exactly what `pdlb replay` would send.
    const auto exporter = trace::makeExporter(u"jsonl"_s, {});
    QByteArray lines = (*exporter)->begin();
    for (const trace::TimelinePtr &timeline : std::as_const(m_requests))
        lines += (*exporter)->write(*timeline);
    lines += (*exporter)->finish();
    QBuffer file(&lines);
    file.open(QIODevice::ReadOnly);
    m_recording = client::readRecording(file);
    const auto origin = upstream::parseOrigin(m_balancer.toString());
    if (m_recording.requests.empty() || !origin) {
        const QString why = m_recording.problems.isEmpty() ? tr("nothing of it was kept") : m_recording.problems.first();
        QTimer::singleShot(0, this, [this, why] { Q_EMIT over(tr("It cannot be sent again: %1").arg(why), true); });
        return;
    }
    upstream::UpstreamTransport &transport = origin->tls ? static_cast<upstream::UpstreamTransport &>(m_qnam) : m_direct;
    m_run = new client::ReplayRun(transport, *origin, m_recording, {.speed = 0, .concurrency = 4}, SteadyClock::instance(), this);
    connect(m_run, &client::ReplayRun::replayed, this, [this](const client::ReplayRun::Replayed &replayed) {
        ++(replayed.result.isGood() ? m_good : m_failed);
        if (!replayed.result.error.isEmpty())
            m_problem = replayed.result.error;
    });
    connect(m_run, &client::ReplayRun::finished, this, [this] {
        if (m_failed == 0)
            Q_EMIT over(tr("%n requests were sent again.", nullptr, m_good), false);
        else
            Q_EMIT over(tr("%n requests were sent again, %1 of them failed: %2", nullptr, m_good + m_failed).arg(m_failed).arg(m_problem), true);
    });
    m_run->start();
}

} // namespace pdlb::gui
