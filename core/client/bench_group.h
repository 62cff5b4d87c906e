// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/request_result.h"

namespace pdlb::client {

/// What was measured of some requests. Failed ones are only counted.
struct BenchGroup {
    qint64 good = 0;
    qint64 failed = 0;
    Distribution ttft;
    Distribution ttfo;
    Distribution itl;
    Distribution icl;
    Distribution duration;
    qint64 promptTokens = 0;
    qint64 completionTokens = 0;
    qint64 cachedTokens = 0;
    qint64 bytes = 0;

    /// A good request.
    void add(const RequestResult &result);
    void add(const BenchGroup &other);
};

} // namespace pdlb::client
