// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <optional>

namespace pdlb::trace {

/// How a request ended; exactly one for each. `*_http` are statuses of engines, `*_conn` transport failures before the
/// answer began, `decode_cut` one in its middle, `*_abort` failures told inside a 200 answer.
enum class EndReason {
    Ok,
    ClientGone,
    PrefillHttp,
    PrefillConn,
    PrefillAbort,
    DecodeHttp,
    DecodeConn,
    DecodeCut,
    DecodeAbort,
    TimeoutConnect,
    TimeoutFirstByte,
    TimeoutIdle,
    TimeoutTotal,
    StalledClient,
    Overload,
    Drain,
    BadRequest,
    Aborted, ///< by somebody who may use the admin API
};

inline constexpr size_t endReasonCount = size_t(EndReason::Aborted) + 1;

/// The one-token name used in logs, traces and filters: "ok", "client_gone", …
const char *endReasonName(EndReason reason);
/// Nothing for another word.
std::optional<EndReason> endReasonFromName(QByteArrayView name);

} // namespace pdlb::trace
