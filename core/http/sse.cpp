// SPDX-License-Identifier: Apache-2.0
#include "http/sse.h"

#include <algorithm>
#include <cstring>

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

const char *lineEnd(const char *p, const char *end)
{
    const auto find = [&](char c, const char *to) { return static_cast<const char *>(std::memchr(p, c, size_t(to - p))); };
    const char *lf = find('\n', end);
    const char *cr = find('\r', lf ? lf : end);
    return cr ? cr : lf ? lf : end;
}

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

bool SseScanner::isOneEvent(QByteArrayView bytes)
{
    // As engines write it: one data line, ended by LF.
    const qsizetype size = bytes.size();
    return size > 8 && bytes.startsWith("data:") && bytes.back() == '\n' && bytes[size - 2] == '\n'
        && std::memchr(bytes.data(), '\n', size_t(size - 2)) == nullptr && std::memchr(bytes.data(), '\r', size_t(size)) == nullptr;
}

void SseScanner::feed(QByteArrayView bytes)
{
    if (m_atBoundary && !m_afterCr && !m_pending && isOneEvent(bytes)) {
        m_done = m_done || dataOf(bytes.chopped(2)) == doneMarker;
        ++m_events;
        return;
    }
    const char *p = bytes.data();
    const char *const end = p + bytes.size();
    while (p != end) {
        if (m_afterCr && *p == '\n') {
            m_afterCr = false;
            ++p;
            continue;
        }
        m_afterCr = false;
        const char *stop = lineEnd(p, end);
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
    for (;;) {
        const char *begin = m_buffer.constData(), *end = begin + m_buffer.size();
        const char *stop = lineEnd(begin + m_scan, end);
        m_scan = stop - begin;
        if (stop == end)
            break;
        const char c = *stop;
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
        const char *stop = lineEnd(event.begin(), event.end());
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
    // Line by line: an event may be long, and its lines are few.
    bool done = false;
    while (!event.isEmpty()) {
        const QByteArrayView line = event.first(lineEnd(event.begin(), event.end()) - event.begin());
        if (isDataLine(line)) {
            if (done || dataOf(line) != doneMarker)
                return false;
            done = true;
        }
        event = event.sliced(std::min(line.size() + 1, event.size()));
    }
    return done;
}

} // namespace pdlb::http
