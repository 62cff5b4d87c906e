// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/byte_budget.h"
#include "util/clock.h"

#include <QByteArray>

#include <memory>
#include <vector>

namespace pdlb::trace {

/// The first bytes of a body, and when they came. Holds whatever secrets the body holds: see redactBody().
struct KeptBody {
    /// What came at once.
    struct Piece {
        quint32 end = 0; ///< offset behind it, in bytes
        quint32 micros = 0; ///< since Timeline::received
    };
    static constexpr size_t maxPieces = 4096; ///< what comes later is added to the last one

    QByteArray bytes;
    qint64 size = 0; ///< of the whole body
    std::vector<Piece> pieces; ///< of an answer, in their order

    bool isWhole() const { return bytes.size() == size; }
    /// When the byte at that offset came; the last known time behind the last piece, 0 without pieces.
    Monotonic timeAt(qsizetype offset) const;
};

/// How much of all bodies may be kept. Thread-safe; shared by the records, which may outlive the balancer.
struct BodyBudget {
    explicit BodyBudget(qint64 limit) : memory(limit) {}
    ByteBudget memory;
    std::atomic<qint64> cut{0}; ///< bodies of which not all was kept
    std::atomic<qint64> dropped{0}; ///< requests whose bodies were given up later, for those of newer ones
};

/// The bodies of one request.
struct KeptBodies {
    KeptBody request; ///< the client's
    KeptBody answer; ///< what the client got
    KeptBody prefill; ///< what prefill answered

    /// Memory, in bytes.
    qint64 bytes() const;

private:
    friend class BodyRecorder;
    std::shared_ptr<BodyBudget> m_budget; ///< outlives the charge
    ByteBudget::Charge m_charge;
};

/// Keeps the bodies of one running request, each up to `limit` bytes and as long as the budget has room. For one thread.
class BodyRecorder
{
public:
    /// limit 0: nothing is kept, but answerTail() is.
    BodyRecorder(std::shared_ptr<BodyBudget> budget, qint64 limit);

    void setRequest(const QByteArray &body);
    /// `at`: since Timeline::received.
    void addAnswer(QByteArrayView bytes, Monotonic at) { add(m_bodies->answer, bytes, at, &m_tail); }
    void addPrefill(QByteArrayView bytes, Monotonic at) { add(m_bodies->prefill, bytes, at, nullptr); }
    /// The last bytes of the answer: all of it when it was kept whole, else at least the last 8 KiB.
    QByteArrayView answerTail() const;
    const KeptBody &prefill() const { return m_bodies->prefill; }
    /// The bodies, which nothing changes any more; null when none are to be kept. The recorder is of no more use.
    std::shared_ptr<const KeptBodies> take();

private:
    void add(KeptBody &body, QByteArrayView bytes, Monotonic at, QByteArray *tail);
    bool makeRoom(KeptBody &body, qsizetype size) const;

    std::shared_ptr<KeptBodies> m_bodies;
    QByteArray m_tail; ///< of an answer that is not kept whole
    qint64 m_limit;
};

} // namespace pdlb::trace
