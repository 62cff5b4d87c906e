// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

namespace pdlb::http {

/// The first LF or CR from p on, or end.
const char *lineEnd(const char *p, const char *end);

/// Watches a server-sent event stream go by without holding it: counts events and recognises the end marker
/// "data: [DONE]" as a whole line only, never inside a longer one. O(1) memory; lines may end in LF, CRLF or CR and be
/// split anywhere (WHATWG HTML §9.2.6).
class SseScanner
{
public:
    void feed(QByteArrayView bytes);
    /// Events (blocks with at least one data line, ended by an empty line) seen so far.
    qint64 events() const { return m_events; }
    /// True once a whole line was the end marker.
    bool done() const { return m_done; }
    /// True when the last byte fed ended a line that was empty, or nothing was fed: the place to add an event.
    bool atEventBoundary() const { return m_atBoundary; }

private:
    void endLine();
    static bool isOneEvent(QByteArrayView bytes);

    static constexpr int headSize = 16;
    char m_head[headSize] = {}; ///< the first bytes of the current line
    qint64 m_lineLength = 0;
    qint64 m_events = 0;
    bool m_pending = false; ///< a data line since the last empty line
    bool m_afterCr = false;
    bool m_done = false;
    bool m_atBoundary = true;
};

/// Cuts a server-sent event stream into whole events for those who must read or rewrite them.
class SseSplitter
{
public:
    /// An event longer than `maxEvent` bytes sets overflowed().
    explicit SseSplitter(qsizetype maxEvent = 64 * 1024 * 1024) : m_maxEvent(maxEvent) {}
    void feed(QByteArrayView bytes);
    /// Moves the next whole event, its ending empty line included, to `event`. False when there is none yet.
    bool next(QByteArray &event);
    /// What is left behind the last whole event.
    QByteArray takeRest();
    bool overflowed() const { return m_overflowed; }

    /// The event's data lines joined by LF, without the "data:" prefix and one space.
    static QByteArray data(QByteArrayView event);
    /// True when the event's data is exactly "[DONE]".
    static bool isDone(QByteArrayView event);

private:
    QByteArray m_buffer;
    qsizetype m_scan = 0; ///< bytes of m_buffer already searched for the end of an event
    qsizetype m_lineStart = 0;
    qsizetype m_maxEvent;
    bool m_overflowed = false;
};

} // namespace pdlb::http
