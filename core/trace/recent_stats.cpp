// SPDX-License-Identifier: Apache-2.0
#include "trace/recent_stats.h"

#include <algorithm>

namespace pdlb::trace {

namespace {

double milliseconds(Monotonic time)
{
    return double(time.count()) / 1e6;
}

/// Reorders the values.
std::optional<double> quantile(std::vector<float> &values, double share)
{
    if (values.empty())
        return {};
    const auto rank = std::ptrdiff_t(share * double(values.size() - 1) + 0.5);
    std::nth_element(values.begin(), values.begin() + rank, values.end());
    return double(values[size_t(rank)]);
}

} // namespace

RecentStats::Second &RecentStats::at(qint64 second)
{
    if (m_seconds.empty() || m_seconds.back().at < second) {
        m_seconds.emplace_back().at = second;
        while (m_seconds.front().at <= second - history)
            m_seconds.pop_front();
    }
    return m_seconds.back(); // what is told late counts now
}

void RecentStats::add(const Timeline &timeline, qint64 second)
{
    Second &now = at(second);
    ++now.requests;
    ++now.ends[size_t(timeline.end)];
    for (const LegTimeline &leg : timeline.legs)
        addLeg(now, leg);
    const LegTimeline *prefill = timeline.leg(true);
    const LegTimeline *decode = timeline.leg(false);
    const bool isGood = timeline.end == EndReason::Ok && timeline.status < 400;
    const Moment first = isGood ? timeline.firstToken() : Moment();
    const float ttft = first ? float(milliseconds(*first - timeline.received)) : -1;
    if (first) {
        ++now.measured;
        if (now.ttft.size() < samplesASecond)
            now.ttft.push_back(ttft);
        else if (const quint32 step = now.measured / samplesASecond; now.measured % step == 0)
            now.ttft[(now.measured / step) % samplesASecond] = ttft;
    }
    if (!prefill || !decode)
        return;
    const std::pair key(prefill->server, decode->server);
    if (m_pairs.size() >= maxPairs && !m_pairs.contains(key))
        return;
    OfPair &pair = m_pairs[key];
    ++(isGood ? pair.good : pair.failed);
    if (!first)
        return;
    if (pair.ttft.size() < samplesAPair)
        pair.ttft.push_back(ttft);
    else
        pair.ttft[pair.next++ % samplesAPair] = ttft;
}

void RecentStats::addLeg(Second &second, const LegTimeline &leg)
{
    if (!leg.isGood() || leg.cancelled || !leg.sent || !leg.ended)
        return;
    auto known = m_serverIndex.find(leg.server);
    if (known == m_serverIndex.end()) {
        if (m_servers.size() >= maxServers)
            return;
        known = m_serverIndex.emplace(leg.server, quint32(m_servers.size())).first;
        m_servers.push_back(leg.server);
    }
    auto sum = std::find_if(second.legs.begin(), second.legs.end(), [&](const LegSum &s) { return s.server == known->second; });
    if (sum == second.legs.end())
        sum = second.legs.insert(sum, LegSum{.server = known->second});
    ++sum->count;
    sum->sum += milliseconds(*leg.ended - *leg.sent);
}

void RecentStats::setInFlight(qint64 inFlight, qint64 second)
{
    Second &now = at(second);
    now.inFlight = std::max(now.inFlight.value_or(0), inFlight);
}

void RecentStats::clear()
{
    m_seconds.clear();
    m_pairs.clear();
    m_servers.clear();
    m_serverIndex.clear();
}

std::deque<RecentStats::Second>::const_iterator RecentStats::from(qint64 second) const
{
    return std::lower_bound(m_seconds.begin(), m_seconds.end(), second, [](const Second &s, qint64 value) { return s.at < value; });
}

std::vector<RecentStats::Point> RecentStats::points(qint64 first, qint64 last, qint64 width) const
{
    std::vector<Point> points;
    auto it = from(first);
    std::vector<float> ttft;
    for (qint64 begin = first; begin < last; begin += width) {
        Point point{.second = begin};
        ttft.clear();
        std::map<quint32, LegSum> legs;
        for (; it != m_seconds.end() && it->at < std::min(begin + width, last); ++it) {
            point.requests += double(it->requests) / double(width);
            for (size_t i = 0; i < endReasonCount; ++i)
                point.ends[i] += double(it->ends[i]) / double(width);
            if (it->inFlight)
                point.inFlight = std::max(point.inFlight.value_or(0), double(*it->inFlight));
            ttft.insert(ttft.end(), it->ttft.begin(), it->ttft.end());
            for (const LegSum &sum : it->legs) {
                legs[sum.server].count += sum.count;
                legs[sum.server].sum += sum.sum;
            }
        }
        point.ttftP50 = quantile(ttft, 0.5);
        point.ttftP99 = quantile(ttft, 0.99);
        for (const auto &[server, sum] : legs)
            point.legs.emplace(m_servers[server], sum.sum / sum.count);
        points.push_back(std::move(point));
    }
    return points;
}

double RecentStats::rate(qint64 now, qint64 span) const
{
    quint64 requests = 0;
    for (auto it = from(now - span); it != m_seconds.end() && it->at < now; ++it)
        requests += it->requests;
    return double(requests) / double(span);
}

std::optional<double> RecentStats::ttftP50(qint64 now, qint64 span) const
{
    std::vector<float> ttft;
    for (auto it = from(now - span); it != m_seconds.end(); ++it)
        ttft.insert(ttft.end(), it->ttft.begin(), it->ttft.end());
    return quantile(ttft, 0.5);
}

RecentStats::PairStats RecentStats::pair(const QByteArray &prefill, const QByteArray &decode) const
{
    const auto found = m_pairs.find({prefill, decode});
    if (found == m_pairs.end())
        return {};
    std::vector<float> ttft = found->second.ttft;
    return {found->second.good, found->second.failed, quantile(ttft, 0.5)};
}

} // namespace pdlb::trace
