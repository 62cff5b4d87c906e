// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/json_scan.h"

namespace pdlb::pd::sglang {

/// The members of a request that matter to the balancer, null when absent; of duplicates the last, as Python's json
/// takes it. Which of them mean something depends on the endpoint.
struct KnownMembers {
    const json::Member *stream = nullptr;
    const json::Member *model = nullptr;
    const json::Member *rid = nullptr;
    const json::Member *n = nullptr;
    const json::Member *bestOf = nullptr;
    const json::Member *beamSearch = nullptr;
    const json::Member *seed = nullptr;
    const json::Member *prompt = nullptr;
    const json::Member *text = nullptr;
    const json::Member *inputIds = nullptr;
    const json::Member *inputEmbeds = nullptr;
    const json::Member *samplingParams = nullptr;
    const json::Member *returnLogprob = nullptr;
    const json::Member *returnRoutedExperts = nullptr;
    const json::Member *messages = nullptr;
    const json::Member *routedDpRank = nullptr;
    const json::Member *dataParallelRank = nullptr; ///< the old name of routed_dp_rank
    const json::Member *prefillDpRank = nullptr;
    bool hasBootstrap = false; ///< some member isBootstrapName()
};

KnownMembers findMembers(const json::Document &document, QByteArrayView body);

/// One of the members that only the balancer may set.
bool isBootstrapName(QByteArrayView name);

} // namespace pdlb::pd::sglang
