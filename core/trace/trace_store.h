// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <deque>
#include <memory>
#include <mutex>

namespace pdlb::trace {

/// The newest finished timelines, bounded by their number and by the memory they take. Thread-safe.
class TraceStore final : public TraceSink
{
public:
    using TimelinePtr = std::shared_ptr<const Timeline>;

    explicit TraceStore(size_t maxCount = 1000, qint64 maxBytes = qint64(16) * 1024 * 1024)
        : m_maxCount(maxCount), m_maxBytes(maxBytes)
    {
    }

    void record(const Timeline &timeline) override;
    size_t size() const;
    /// At most so many, the newest first.
    std::vector<TimelinePtr> newest(size_t limit) const;
    /// The newest with that X-Request-Id; null when it is not there (any more).
    TimelinePtr find(const QByteArray &requestId) const;
    /// Memory of one, roughly, in bytes.
    static qint64 bytesOf(const Timeline &timeline);

private:
    const size_t m_maxCount;
    const qint64 m_maxBytes;
    mutable std::mutex m_mutex;
    std::deque<TimelinePtr> m_list; ///< the oldest first
    qint64 m_bytes = 0;
};

} // namespace pdlb::trace
