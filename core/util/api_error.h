// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QString>

#include <chrono>

namespace pdlb {

/// An error answer as OpenAI clients expect it: {"error":{"message","type","code","param"}} under `status`.
/// SDKs raise their typed exceptions from the status and show `message`.
struct ApiError {
    int status = 500;
    QByteArray code; ///< one stable token, e.g. "invalid_json"
    QString message; ///< what failed, whose fault, what to do
    QByteArray param = {}; ///< the member of the request at fault; empty → null
    /// When it is worth trying again, where that is known; 0: it is not.
    std::chrono::nanoseconds retryAfter{0};

    /// "invalid_request_error" for 4xx, "upstream_error" for 502/503/504, else "internal_error".
    QByteArray type() const;
    /// The JSON body, UTF-8, no trailing newline.
    QByteArray toJson() const;
    /// What Retry-After says: whole seconds, at least 1; empty for statuses that have none (all but 429 and 503).
    QByteArray retryAfterField() const;
};

} // namespace pdlb
