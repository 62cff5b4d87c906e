// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "pd/span.h"
#include "util/api_error.h"
#include "util/result.h"

#include <QByteArray>

#include <optional>
#include <vector>

namespace pdlb::pd {

/// The request kinds that are split into a prefill and a decode leg.
enum class Endpoint { Generate, ChatCompletions, Completions };

/// The engine path of an endpoint: "/generate", "/v1/chat/completions", "/v1/completions".
QByteArray endpointPath(Endpoint endpoint);

/// A change of the request body's bytes.
struct BodyEdit {
    enum class Kind {
        Cut, ///< left out
        One, ///< replaced by 1: n and its like, each sample is a request of its own
        Seed, ///< replaced by `seed` + the sample's number, so that the samples differ
        Rid, ///< replaced by the sample's own rid, as engines want them unique
    };
    Kind kind = Kind::Cut;
    Span span;
    qint64 seed = 0;
};

/// What the balancer must know of a request body; everything else stays opaque bytes.
struct RequestShape {
    Endpoint endpoint = Endpoint::Generate;
    bool stream = false;
    /// A list of prompts (text[], input_ids[[…]], input_embeds[[[…]]], prompt[] of strings or of token lists): the
    /// bootstrap members become lists of `batchSize`. A list of one prompt is still a batch.
    bool batch = false;
    qsizetype batchSize = 1;
    /// n (chat, completions) or sampling_params.n (generate). Above 1 the request is fanned out.
    int samples = 1;
    bool returnLogprob = false; ///< generate only: the other endpoints know no such member
    bool returnRoutedExperts = false;
    QByteArray model; ///< decoded, at most 256 bytes; empty when absent
    /// The client's own rid when it is one string (decoded, at most 1024 bytes); it stays in the body.
    QByteArray clientRid;
    /// The body has a rid member that is not null (string or list).
    bool hasRid = false;
    /// The prefill's DP rank that the client names (routed_dp_rank, disagg_prefill_dp_rank).
    std::optional<int> prefillRank;
    Span prompt; ///< the value of messages, prompt, text or input_ids; empty when there is none
    Span key; ///< the value of the member that was asked for; empty when absent or null

    /// In body order, not overlapping. Cuts: client-supplied bootstrap members and a null rid, each with one adjoining
    /// comma. The other kinds only when the request is fanned out.
    std::vector<BodyEdit> edits;
    qsizetype insertAt = 0; ///< offset of the closing brace
    bool hasMembers = false; ///< a member is left before insertAt once the cuts are made: insert with a comma
};

} // namespace pdlb::pd
