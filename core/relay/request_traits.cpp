// SPDX-License-Identifier: Apache-2.0
#include "relay/request_traits.h"

namespace pdlb::relay {

using fleet::HashKey;
using fleet::Policy;

QByteArray keyMember(const fleet::FleetSnapshot &fleet)
{
    const bool asked = (fleet.wants & Policy::HashKey) != 0 && fleet.hashKey.place == HashKey::Place::Body;
    return asked ? fleet.hashKey.name : QByteArray();
}

fleet::RequestTraits requestTraits(const fleet::FleetSnapshot &fleet, const pd::RequestShape &shape, QByteArrayView body,
                                   const http::HeaderList &headers)
{
    fleet::RequestTraits traits;
    traits.model = shape.model;
    if ((fleet.wants & Policy::HashKey) != 0)
        traits.hashKey = fleet.hashKey.place == HashKey::Place::Body ? shape.key.in(body) : headers.value(fleet.hashKey.name);
    if ((fleet.wants & Policy::Prompt) != 0)
        traits.prompt = shape.prompt.in(body);
    return traits;
}

pd::RoomSteering roomSteering(const fleet::Server &prefill, const pd::RequestShape &shape, const http::HeaderList &headers)
{
    const int ranks = prefill.steeredRanks;
    if (ranks < 2)
        return {};
    bool isNumber = false;
    int rank = headers.value("x-data-parallel-rank").toInt(&isNumber); // goes before the body, as at the engines
    if (!isNumber)
        rank = shape.prefillRank.value_or(-1);
    if (rank >= 0 && rank < ranks) // another one is the engine's to refuse
        return {ranks, quint64(rank), true};
    const quint64 rooms = quint64(shape.samples) * quint64(shape.batchSize);
    return {ranks, prefill.state->steered.fetch_add(rooms, std::memory_order_relaxed), false};
}

} // namespace pdlb::relay
