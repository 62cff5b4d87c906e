// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "inject/fault_rule.h"
#include "util/random.h"

#include <QByteArrayList>
#include <QStringList>

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace pdlb::inject {

/// What is to be done to one leg.
struct Injection {
    QByteArrayList rules; ///< those that apply, as written
    std::chrono::milliseconds delay{0};
    std::optional<FaultRule> fault; ///< the first that is no delay and no wrong room
    bool wrongRoom = false;
};

/// The rules in force and how often each was applied. Thread-safe.
class Injector
{
public:
    struct Status {
        QString rule;
        qint64 applied = 0;
        std::optional<qint64> left; ///< absent: without end
    };

    /// Rules that stay keep their counts. All must be good: see parseFaultRule().
    void setRules(const QStringList &rules);
    bool isActive() const { return m_active.load(std::memory_order_relaxed); }
    /// For the leg of a request whose pair is picked. Counts what it says.
    Injection forLeg(const trace::Timeline &timeline, bool prefill, Monotonic now, Random &chance) const;
    std::vector<Status> status() const;

private:
    struct Active {
        FaultRule rule;
        std::atomic<qint64> applied{0};
        /// False when its count is used up.
        bool take();
    };
    using List = std::vector<std::shared_ptr<Active>>;
    List list() const;

    mutable std::mutex m_mutex;
    List m_list;
    std::atomic<bool> m_active{false};
};

} // namespace pdlb::inject
