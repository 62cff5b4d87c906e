// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/rules.h"
#include "fleet/server_state.h"

namespace pdlb::fleet {

/// The rules by which probes make a server's health; it writes the HealthRecord. No I/O. One thread.
///
/// A server comes up with its first good probe or good answer. It is down after `fall` bad probes in a row and up again
/// after `rise` good ones; so is one that was never seen up, once its start-up grace is over. A bad probe of a server
/// that is up makes it degraded. To and fro between up and degraded it changes at most once in rise + fall probes.
class HealthTracker
{
public:
    HealthTracker(HealthRecord &record, Monotonic now) : m_record(record), m_started(now) {}

    struct Result {
        bool changed = false; ///< the health did
        bool cameBack = false; ///< enough good probes in a row behind a bad one
    };
    /// A probe ended; `problem` in words, empty when it was good.
    Result probed(const QString &problem, const HealthRules &rules, Monotonic now);
    /// What is wrong with a part of it, in words; empty: nothing. Counts from the next probed() on.
    void setPartProblem(const QString &problem) { m_partProblem = problem; }
    /// It answered a client's request.
    Result answered(Monotonic now);
    /// Nothing is known of it any more, for that reason.
    void forget(const QString &reason, Monotonic now);

private:
    Result judge(const QString &problem, const HealthRules &rules, Monotonic now);
    bool set(Health health, const QString &reason, Monotonic now);

    HealthRecord &m_record;
    Monotonic m_started;
    QString m_partProblem;
    int m_bad = 0; ///< in a row
    int m_good = 0; ///< likewise
    int m_sinceChange = 1'000'000; ///< probes since the health changed
    bool m_everUp = false;
    bool m_fell = false; ///< a probe was bad, and no Result said yet that it came back
};

} // namespace pdlb::fleet
