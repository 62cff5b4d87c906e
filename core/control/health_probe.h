// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "upstream/upstream_transport.h"

#include <functional>

namespace pdlb::control {

/// One GET that asks whether a server is well: it is when the head says 200. Of the body a little is read, so that engines
/// see no broken connection, then the connection is closed. Knows no time: giveUp() ends it.
class HealthProbe final : public QObject
{
    Q_OBJECT

public:
    /// `problem` in words, empty when all is well.
    using Verdict = std::function<void(const QString &problem)>;

    /// Calls back exactly once, unless destroyed before, and never from within.
    HealthProbe(upstream::UpstreamTransport &transport, upstream::LegRequest request, Verdict verdict, QObject *parent);
    /// Closes it; for that reason, where it has not been judged yet.
    void giveUp(const QString &problem);
    /// Its connection is closed.
    bool isOver() const { return m_over; }

private:
    void judge(const QString &problem);
    void close();

    upstream::Leg *m_leg; ///< child
    Verdict m_verdict;
    qsizetype m_received = 0; ///< bytes of the body
    bool m_judged = false;
    bool m_over = false;
};

} // namespace pdlb::control
