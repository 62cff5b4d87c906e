// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/replay_run.h"
#include "trace/timeline.h"
#include "upstream/direct_transport.h"
#include "upstream/qnam_transport.h"

#include <QList>
#include <QObject>
#include <QUrl>

namespace pdlb::gui {

/// Sends recorded requests again, as they were, one after another. over() comes once.
class ReplayJob final : public QObject
{
    Q_OBJECT

public:
    ReplayJob(const QUrl &balancer, const QList<trace::TimelinePtr> &requests, QObject *parent);
    void start();

Q_SIGNALS:
    void over(const QString &what, bool isProblem);

private:
    upstream::DirectTransport m_direct;
    upstream::QnamTransport m_qnam;
    QUrl m_balancer;
    QList<trace::TimelinePtr> m_requests;
    client::Recording m_recording;
    client::ReplayRun *m_run = nullptr; ///< child
    int m_good = 0;
    int m_failed = 0;
    QString m_problem;
};

} // namespace pdlb::gui
