// SPDX-License-Identifier: Apache-2.0
#include "trace/kept_bodies.h"

#include <algorithm>
#include <cstring>
#include <limits>

namespace pdlb::trace {

namespace {

constexpr qsizetype tailSize = 8 * 1024;
constexpr qsizetype leastRoom = 1000; ///< for more, whenever there is too little

quint32 microsOf(Monotonic time)
{
    const qint64 micros = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    return quint32(std::clamp<qint64>(micros, 0, std::numeric_limits<quint32>::max()));
}

} // namespace

Monotonic KeptBody::timeAt(qsizetype offset) const
{
    if (pieces.empty())
        return Monotonic(0);
    auto piece = std::upper_bound(pieces.begin(), pieces.end(), offset, [](qsizetype at, const Piece &p) { return at < qsizetype(p.end); });
    if (piece == pieces.end())
        --piece;
    return std::chrono::microseconds(piece->micros);
}

qint64 KeptBodies::bytes() const
{
    qint64 sum = qint64(sizeof(KeptBodies));
    for (const KeptBody *body : {&request, &answer, &prefill})
        sum += body->bytes.capacity() + qint64(body->pieces.capacity() * sizeof(KeptBody::Piece));
    return sum;
}

BodyRecorder::BodyRecorder(std::shared_ptr<BodyBudget> budget, qint64 limit)
    : m_bodies(std::make_shared<KeptBodies>()), m_limit(limit)
{
    m_bodies->m_budget = std::move(budget);
    m_bodies->m_charge = ByteBudget::Charge(m_bodies->m_budget->memory);
}

void BodyRecorder::setRequest(const QByteArray &body)
{
    KeptBody &kept = m_bodies->request;
    kept.size = body.size();
    if (body.size() <= m_limit && body.capacity() <= 2 * body.size() + 1024) {
        if (m_bodies->m_charge.grow(body.capacity()))
            kept.bytes = body; // shared, not copied
    } else if (const qsizetype size = std::min<qsizetype>(body.size(), m_limit); makeRoom(kept, size)) {
        kept.bytes.append(body.constData(), size);
    }
}

bool BodyRecorder::makeRoom(KeptBody &body, qsizetype size) const
{
    if (size <= body.bytes.capacity())
        return true;
    // By a quarter, not to twice as much: with thousands of streams what is not used yet is most of their memory.
    const qsizetype more = body.bytes.isEmpty() ? 0 : std::max<qsizetype>(body.bytes.capacity() / 4, leastRoom);
    const qsizetype capacity = std::max(size, std::min<qsizetype>(body.bytes.capacity() + more, m_limit));
    if (!m_bodies->m_charge.grow(capacity - body.bytes.capacity()))
        return false;
    body.bytes.reserve(capacity);
    return true;
}

void BodyRecorder::add(KeptBody &body, QByteArrayView bytes, Monotonic at, QByteArray *tail)
{
    const bool whole = body.isWhole();
    body.size += bytes.size();
    if (whole) {
        qsizetype taken = std::max<qsizetype>(std::min<qsizetype>(bytes.size(), m_limit - body.bytes.size()), 0);
        if (!makeRoom(body, body.bytes.size() + taken))
            taken = 0;
        if (taken > 0) {
            // Its room is there; append() would look for it once more.
            const qsizetype size = body.bytes.size();
            body.bytes.resize(size + taken);
            std::memcpy(body.bytes.data() + size, bytes.data(), size_t(taken));
            if (body.pieces.size() < KeptBody::maxPieces)
                body.pieces.push_back({quint32(body.bytes.size()), microsOf(at)});
            else
                body.pieces.back().end = quint32(body.bytes.size());
        }
        if (tail && !body.isWhole())
            *tail = body.bytes.last(std::min(body.bytes.size(), tailSize)) + bytes.sliced(taken).toByteArray();
    } else if (tail) {
        tail->append(bytes);
    }
    if (tail && tail->size() > 2 * tailSize)
        *tail = tail->last(tailSize);
}

QByteArrayView BodyRecorder::answerTail() const
{
    return m_bodies->answer.isWhole() ? QByteArrayView(m_bodies->answer.bytes) : QByteArrayView(m_tail);
}

std::shared_ptr<const KeptBodies> BodyRecorder::take()
{
    if (m_limit <= 0)
        return nullptr;
    for (KeptBody *body : {&m_bodies->request, &m_bodies->answer, &m_bodies->prefill}) {
        if (!body->isWhole())
            m_bodies->m_budget->cut.fetch_add(1, std::memory_order_relaxed);
    }
    return std::move(m_bodies);
}

} // namespace pdlb::trace
