// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

#include <atomic>
#include <utility>

namespace pdlb {

/// How many bytes all who share the budget may hold at a time. Thread-safe.
class ByteBudget
{
    Q_DISABLE_COPY_MOVE(ByteBudget)

public:
    /// `limit` in bytes; 0: none.
    explicit ByteBudget(qint64 limit) : m_limit(limit) {}

    qint64 limit() const { return m_limit; }
    qint64 used() const { return m_used.load(std::memory_order_relaxed); }
    /// Whether so many would fit if nobody else held any.
    bool canEverHold(qint64 bytes) const { return m_limit == 0 || bytes <= m_limit; }
    /// Whether so many more would fit now. Promises nothing.
    bool hasRoomFor(qint64 bytes) const { return m_limit == 0 || used() + bytes <= m_limit; }

    /// One holder's share; given back when it is destroyed. Not thread-safe itself.
    class Charge
    {
    public:
        Charge() = default;
        explicit Charge(ByteBudget &budget) : m_budget(&budget) {}
        Charge(Charge &&other) noexcept : m_budget(other.m_budget), m_bytes(std::exchange(other.m_bytes, 0)) {}
        Charge &operator=(Charge &&other) noexcept;
        ~Charge() { release(); }

        /// False when the budget has no room for so many more; the share stays as it was.
        bool grow(qint64 bytes);
        /// Whether so many more would fit if nobody else held any.
        bool canEverGrow(qint64 bytes) const { return !m_budget || m_budget->canEverHold(m_bytes + bytes); }
        void release();
        qint64 bytes() const { return m_bytes; }

    private:
        ByteBudget *m_budget = nullptr; ///< null: everything fits
        qint64 m_bytes = 0;
    };

private:
    qint64 m_limit;
    std::atomic<qint64> m_used{0};
};

} // namespace pdlb
