// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/fleet.h"
#include "http/header_list.h"
#include "pd/dialect.h"

namespace pdlb::relay {

/// The member that Dialect::analyse() is to look for; empty when no policy goes by one.
QByteArray keyMember(const fleet::FleetSnapshot &fleet);

/// What the policies want to know of a request, as views into its shape, body and headers. `body` is the one that `shape`
/// was read from.
fleet::RequestTraits requestTraits(const fleet::FleetSnapshot &fleet, const pd::RequestShape &shape, QByteArrayView body,
                                   const http::HeaderList &headers);

/// Where the rooms are to lead a prefill that follows them: to the rank that the client names (X-Data-Parallel-Rank, or
/// in the body), else to its ranks in turn.
pd::RoomSteering roomSteering(const fleet::Server &prefill, const pd::RequestShape &shape, const http::HeaderList &headers);

} // namespace pdlb::relay
