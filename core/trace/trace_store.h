// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/trace_sink.h"
#include "util/result.h"

#include <deque>
#include <memory>
#include <mutex>

namespace pdlb::trace {

/// The newest finished timelines, bounded by their number and by the memory they take. Pinned ones stay whatever comes.
/// When the bodies of all requests take up nearly all that is set aside for them, the oldest lose theirs. Thread-safe.
class TraceStore final : public TraceSink
{
public:
    static constexpr size_t maxPinned = 100;

    /// `bodies`: what the records' bodies count in; null: they are left alone.
    explicit TraceStore(size_t maxCount = 1000, qint64 maxBytes = qint64(16) * 1024 * 1024, std::shared_ptr<BodyBudget> bodies = {});

    void record(const TimelinePtr &timeline) override;
    size_t size() const;
    /// At most so many, the newest first.
    std::vector<TimelinePtr> newest(size_t limit) const;
    /// The newest with that X-Request-Id; null when it is not there (any more).
    TimelinePtr find(const QByteArray &requestId) const;
    /// Keeps the newest record with that X-Request-Id, or lets it go. Errors: there is none (any more), too many are pinned.
    Result<void> setPinned(const QByteArray &requestId, bool pinned);
    /// Memory of one beside its bodies, roughly, in bytes.
    static qint64 bytesOf(const Timeline &timeline);

private:
    using List = std::deque<TimelinePtr>;

    TimelinePtr *locate(const QByteArray &requestId);
    void makeRoom(std::vector<TimelinePtr> &dropped);
    void makeRoomForBodies(std::vector<TimelinePtr> &dropped);

    const size_t m_maxCount;
    const qint64 m_maxBytes;
    const std::shared_ptr<BodyBudget> m_bodies;
    mutable std::mutex m_mutex;
    List m_list; ///< the oldest first
    List m_pinned; ///< older than those, by age
    size_t m_pins = 0; ///< in both
    size_t m_bodiless = 0; ///< so many at the front of m_list have given up their bodies
    qint64 m_bytes = 0; ///< of m_list
};

} // namespace pdlb::trace
