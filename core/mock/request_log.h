// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message.h"
#include "util/clock.h"

#include <QHash>

#include <deque>

namespace pdlb::mock {

/// One request as it arrived.
struct RecordedRequest {
    http::RequestHead head;
    QByteArray body;
    Monotonic time{0}; ///< SteadyClock

    QByteArray path() const { return head.path(); }
    QByteArray header(QByteArrayView name) const { return head.headers.value(name).toByteArray(); }
    /// The bootstrap rooms that the body names, in order.
    QList<quint64> rooms() const;
};

/// The newest requests of an engine, at most 1,000 and so many bytes of bodies.
class RequestLog
{
public:
    explicit RequestLog(qint64 maxBytes) : m_maxBytes(maxBytes) {}
    void countPost(const QByteArray &path);
    void add(const http::RequestHead &head, const QByteArray &body);
    void addAbort(const QByteArray &rid);

    qint64 posts(const QByteArray &path) const { return m_posts.value(path); }
    QList<RecordedRequest> requests() const { return {m_requests.begin(), m_requests.end()}; }
    QList<QByteArray> aborts() const { return {m_aborts.begin(), m_aborts.end()}; }

private:
    std::deque<RecordedRequest> m_requests;
    std::deque<QByteArray> m_aborts;
    QHash<QByteArray, qint64> m_posts;
    qint64 m_bytes = 0;
    qint64 m_maxBytes;
};

} // namespace pdlb::mock
