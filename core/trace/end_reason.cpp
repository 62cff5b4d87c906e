// SPDX-License-Identifier: Apache-2.0
#include "trace/end_reason.h"

namespace pdlb::trace {

const char *endReasonName(EndReason reason)
{
    switch (reason) {
    case EndReason::Ok: return "ok";
    case EndReason::ClientGone: return "client_gone";
    case EndReason::PrefillHttp: return "prefill_http";
    case EndReason::PrefillConn: return "prefill_conn";
    case EndReason::PrefillAbort: return "prefill_abort";
    case EndReason::DecodeHttp: return "decode_http";
    case EndReason::DecodeConn: return "decode_conn";
    case EndReason::DecodeCut: return "decode_cut";
    case EndReason::DecodeAbort: return "decode_abort";
    case EndReason::TimeoutConnect: return "timeout_connect";
    case EndReason::TimeoutFirstByte: return "timeout_first_byte";
    case EndReason::TimeoutIdle: return "timeout_idle";
    case EndReason::TimeoutTotal: return "timeout_total";
    case EndReason::StalledClient: return "stalled_client";
    case EndReason::Overload: return "overload";
    case EndReason::Drain: return "drain";
    case EndReason::BadRequest: return "bad_request";
    case EndReason::Aborted: return "aborted";
    }
    return "ok";
}

std::optional<EndReason> endReasonFromName(QByteArrayView name)
{
    for (int i = 0; i < int(endReasonCount); ++i) {
        if (name == endReasonName(EndReason(i)))
            return EndReason(i);
    }
    return {};
}

} // namespace pdlb::trace
