// SPDX-License-Identifier: Apache-2.0
#include "mock/request_log.h"

#include "mock/mock_request.h"

namespace pdlb::mock {

namespace {
constexpr size_t maxEntries = 1000;
constexpr qsizetype maxPaths = 1000;
} // namespace

QList<quint64> RecordedRequest::rooms() const
{
    return roomsOf(body);
}

void RequestLog::countPost(const QByteArray &path)
{
    if (m_posts.size() < maxPaths || m_posts.contains(path))
        ++m_posts[path];
}

void RequestLog::add(const http::RequestHead &head, const QByteArray &body)
{
    m_requests.push_back({head, body, SteadyClock::instance().now()});
    m_bytes += body.size();
    while (m_requests.size() > maxEntries || (m_bytes > m_maxBytes && m_requests.size() > 1)) {
        m_bytes -= m_requests.front().body.size();
        m_requests.pop_front();
    }
}

void RequestLog::addAbort(const QByteArray &rid)
{
    m_aborts.push_back(rid);
    if (m_aborts.size() > maxEntries)
        m_aborts.pop_front();
}

} // namespace pdlb::mock
