// SPDX-License-Identifier: Apache-2.0
#include "http/sse.h"

#include <algorithm>

namespace pdlb::http {

namespace {

bool isDataLine(QByteArrayView line)
{
    return line.startsWith("data:") || line == "data";
}

QByteArrayView dataOf(QByteArrayView line)
{
    QByteArrayView value = line.sliced(std::min<qsizetype>(5, line.size()));
    if (value.startsWith(' '))
        value = value.sliced(1);
    return value;
}

constexpr QByteArrayView doneMarker = "[DONE]";

} // namespace

void SseScanner::endLine()
{
    m_atBoundary = m_lineLength == 0;
    const auto kept = qsizetype(std::min<qint64>(m_lineLength, headSize));
    const QByteArrayView line(m_head, kept);
    if (m_lineLength == 0) {
        m_events += m_pending ? 1 : 0;
        m_pending = false;
    } else if (isDataLine(line)) {
        m_pending = true;
        if (m_lineLength <= headSize && dataOf(line) == doneMarker)
            m_done = true;
    }
    m_lineLength = 0;
}

void SseScanner::feed(QByteArrayView bytes)
{
    const char *p = bytes.data();
    const char *const end = p + bytes.size();
    while (p != end) {
        if (m_afterCr && *p == '\n') {
            m_afterCr = false;
            ++p;
            continue;
        }
        m_afterCr = false;
        const char *stop = p;
        while (stop != end && *stop != '\n' && *stop != '\r')
            ++stop;
        if (m_lineLength < headSize)
            std::copy_n(p, std::min<qint64>(stop - p, headSize - m_lineLength), m_head + m_lineLength);
        m_lineLength += stop - p;
        if (stop == end) {
            m_atBoundary = false;
            return;
        }
        m_afterCr = *stop == '\r';
        endLine();
        p = stop + 1;
    }
}

void SseSplitter::feed(QByteArrayView bytes)
{
    m_buffer.append(bytes);
}

bool SseSplitter::next(QByteArray &event)
{
    while (m_scan < m_buffer.size()) {
        const char c = m_buffer.at(m_scan);
        if (c != '\n' && c != '\r') {
            ++m_scan;
            continue;
        }
        // A CR at the very end may be half of a CRLF: wait for the next byte.
        if (c == '\r' && m_scan + 1 == m_buffer.size())
            break;
        const qsizetype after = m_scan + (c == '\r' && m_buffer.at(m_scan + 1) == '\n' ? 2 : 1);
        const bool empty = m_scan == m_lineStart;
        m_scan = m_lineStart = after;
        if (empty) {
            m_overflowed = m_overflowed || after > m_maxEvent;
            event = m_buffer.first(after);
            m_buffer.remove(0, after);
            m_scan = m_lineStart = 0;
            return true;
        }
    }
    if (m_buffer.size() > m_maxEvent)
        m_overflowed = true;
    return false;
}

QByteArray SseSplitter::takeRest()
{
    m_scan = m_lineStart = 0;
    return std::exchange(m_buffer, QByteArray());
}

QByteArray SseSplitter::data(QByteArrayView event)
{
    QByteArray joined;
    bool any = false;
    while (!event.isEmpty()) {
        const auto stop = std::find_if(event.begin(), event.end(), [](char c) { return c == '\n' || c == '\r'; });
        const QByteArrayView line = event.first(stop - event.begin());
        if (isDataLine(line)) {
            if (any)
                joined.append('\n');
            joined.append(dataOf(line));
            any = true;
        }
        event = event.sliced(std::min(line.size() + 1, event.size()));
    }
    return joined;
}

bool SseSplitter::isDone(QByteArrayView event)
{
    return event.contains(doneMarker) && data(event) == doneMarker;
}

} // namespace pdlb::http
