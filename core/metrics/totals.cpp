// SPDX-License-Identifier: Apache-2.0
#include "metrics/totals.h"

namespace pdlb::metrics {

namespace {

constexpr std::array<int, 18> toldApart{200, 400, 401, 403, 404, 405, 408, 409, 411,
                                        413, 415, 422, 429, 500, 501, 502, 503, 504};

quint8 endpointIndex(QByteArrayView path)
{
    return quint8(std::find(endpointNames.begin(), endpointNames.end() - 1, path) - endpointNames.begin());
}

template <typename Map> void addMaps(Map &to, const Map &from)
{
    for (const auto &[key, value] : from) {
        if constexpr (std::is_arithmetic_v<typename Map::mapped_type>)
            to[key] += value;
        else
            to[key].add(value);
    }
}

template <size_t size> void addArrays(std::array<quint64, size> &to, const std::array<quint64, size> &from)
{
    std::transform(from.begin(), from.end(), to.begin(), to.begin(), std::plus<quint64>());
}

} // namespace

quint16 knownStatus(int status)
{
    if (std::binary_search(toldApart.begin(), toldApart.end(), status))
        return quint16(status);
    return status >= 100 && status <= 999 ? quint16(status / 100) : quint16(0);
}

QByteArray statusName(quint16 known)
{
    if (known == 0)
        return "none";
    return known < 10 ? QByteArray::number(known) + "xx" : QByteArray::number(known);
}

void Totals::count(const trace::Timeline &timeline, const Bounds &durations)
{
    const bool good = timeline.end == trace::EndReason::Ok;
    const trace::LegTimeline *prefill = timeline.leg(true);
    const trace::LegTimeline *decode = timeline.leg(false);
    const quint8 endpoint = endpointIndex(timeline.endpoint);
    ++requests[{prefill ? prefill->serverId : 0, decode ? decode->serverId : 0, knownStatus(timeline.status), endpoint,
                quint8(timeline.end)}];

    OfEndpoint &ofEndpoint = endpoints[endpoint];
    ofEndpoint.requestBytes += quint64(timeline.requestBytes);
    ofEndpoint.answerBytes += quint64(timeline.answerBytes);
    if (good && timeline.ended)
        ofEndpoint.total[timeline.stream].observe(durations, *timeline.ended - timeline.received);
    if (timeline.stream && timeline.status == 200) {
        if (const trace::Moment first = timeline.firstToken())
            ofEndpoint.firstToken.observe(durations, *first - timeline.received);
    }

    if (timeline.queued)
        queueWait.observe(durations,
                          timeline.admitted.value_or(timeline.ended.value_or(*timeline.queued)) - *timeline.queued);
    else if (timeline.picked)
        queueWait.observe(durations, Monotonic(0));
    attempts += quint64(timeline.attempts);
    retries += quint64(std::max(timeline.attempts - 1, 0));

    for (const auto *legs : {&timeline.earlierLegs, &timeline.legs}) {
        for (const trace::LegTimeline &leg : *legs) {
            aborts[leg.prefill] += leg.abortSent;
            connections[leg.reused] += leg.ready.has_value();
        }
    }
    for (const trace::LegTimeline &leg : timeline.legs) {
        if (!leg.prefill && leg.gaps.sum.count() > 0)
            gaps[leg.serverId].add(leg.gaps);
        if (leg.prefill && good && leg.sent && leg.ended && leg.status == 200 && !leg.abortSent)
            prefillTime[leg.serverId].observe(durations, *leg.ended - *leg.sent);
    }
}

void Totals::add(const Totals &other)
{
    addMaps(requests, other.requests);
    addMaps(prefillTime, other.prefillTime);
    addMaps(gaps, other.gaps);
    for (size_t i = 0; i < endpoints.size(); ++i) {
        endpoints[i].firstToken.add(other.endpoints[i].firstToken);
        endpoints[i].total[0].add(other.endpoints[i].total[0]);
        endpoints[i].total[1].add(other.endpoints[i].total[1]);
        endpoints[i].requestBytes += other.endpoints[i].requestBytes;
        endpoints[i].answerBytes += other.endpoints[i].answerBytes;
    }
    queueWait.add(other.queueWait);
    attempts += other.attempts;
    retries += other.retries;
    addArrays(aborts, other.aborts);
    addArrays(connections, other.connections);
}

void Totals::keepServers(const std::function<bool(bool, quint64)> &known)
{
    std::erase_if(requests, [&](const auto &entry) {
        const RequestKey &key = entry.first;
        return (key.prefill != 0 && !known(true, key.prefill)) || (key.decode != 0 && !known(false, key.decode));
    });
    std::erase_if(prefillTime, [&](const auto &entry) { return !known(true, entry.first); });
    std::erase_if(gaps, [&](const auto &entry) { return !known(false, entry.first); });
}

} // namespace pdlb::metrics
