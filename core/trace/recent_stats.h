// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "trace/timeline.h"

#include <array>
#include <deque>
#include <map>
#include <vector>

namespace pdlb::trace {

/// What requests of the last hour came to, by seconds and by pairs: for plots and matrices. Memory is bounded. One thread.
/// "Second" is any count of seconds that does not go back.
class RecentStats
{
public:
    static constexpr qint64 history = 3600; ///< seconds
    static constexpr size_t maxPairs = 4096;
    static constexpr size_t maxServers = 512;
    static constexpr size_t samplesASecond = 64; ///< times to first token that are kept of one second, evenly chosen
    static constexpr size_t samplesAPair = 128; ///< the newest ones

    /// A request that ended in that second. Those that only ran a mock or were refused count like all others.
    void add(const Timeline &timeline, qint64 second);
    void setInFlight(qint64 inFlight, qint64 second);
    void clear();

    /// Some seconds in a row. Durations in milliseconds; none where there was nothing to measure.
    struct Point {
        qint64 second = 0; ///< the first of them
        double requests = 0; ///< a second
        std::optional<double> inFlight; ///< the most
        std::optional<double> ttftP50;
        std::optional<double> ttftP99;
        std::array<double, endReasonCount> ends{}; ///< a second, by EndReason
        std::map<QByteArray, double> legs; ///< by server: mean time of a good leg
    };
    /// From `first` on (up to `last`, exclusive) in steps of `width` seconds; steps without requests have rate 0.
    std::vector<Point> points(qint64 first, qint64 last, qint64 width) const;

    /// Requests a second over the last `span` seconds before `now`, which is not over yet and does not count.
    double rate(qint64 now, qint64 span) const;
    /// Over all good requests of that time.
    std::optional<double> ttftP50(qint64 now, qint64 span) const;

    struct PairStats {
        qint64 good = 0;
        qint64 failed = 0;
        std::optional<double> ttftP50; ///< of the newest samplesAPair
    };
    /// Nothing was heard of it: all zero.
    PairStats pair(const QByteArray &prefill, const QByteArray &decode) const;

private:
    struct LegSum {
        quint32 server = 0; ///< index in m_servers
        quint32 count = 0;
        double sum = 0;
    };
    struct Second {
        qint64 at = 0;
        quint32 requests = 0;
        std::array<quint32, endReasonCount> ends{};
        std::optional<qint64> inFlight;
        std::vector<float> ttft;
        quint32 measured = 0; ///< of which ttft holds some
        std::vector<LegSum> legs;
    };
    struct OfPair {
        qint64 good = 0;
        qint64 failed = 0;
        std::vector<float> ttft; ///< a ring
        size_t next = 0;
    };

    Second &at(qint64 second);
    void addLeg(Second &second, const LegTimeline &leg);
    std::deque<Second>::const_iterator from(qint64 second) const;

    std::deque<Second> m_seconds; ///< by time; those without anything are missing
    std::map<std::pair<QByteArray, QByteArray>, OfPair> m_pairs;
    std::vector<QByteArray> m_servers;
    std::map<QByteArray, quint32> m_serverIndex;
};

} // namespace pdlb::trace
