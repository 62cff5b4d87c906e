// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/api_error.h"
#include "util/result.h"

#include <QByteArray>

#include <vector>

namespace pdlb::pd {

/// The request kinds that are split into a prefill and a decode leg.
enum class Endpoint { Generate, ChatCompletions, Completions };

/// The engine path of an endpoint: "/generate", "/v1/chat/completions", "/v1/completions".
QByteArray endpointPath(Endpoint endpoint);

/// A half-open range of bytes of the request body.
struct Span {
    qsizetype begin = 0;
    qsizetype end = 0;
    qsizetype size() const { return end - begin; }
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
    bool returnLogprob = false;
    bool returnRoutedExperts = false;
    QByteArray model; ///< decoded, at most 256 bytes; empty when absent
    /// The client's own rid when it is one string (decoded); it stays in the body.
    QByteArray clientRid;
    /// The body has a rid member that is not null (string or list).
    bool hasRid = false;

    /// Edits that every leg's body needs, in body order, not overlapping: client-supplied bootstrap members (with one
    /// adjoining comma) are cut out.
    std::vector<Span> cuts;
    Span samplesValue; ///< the number to replace by 1 in a fan-out; empty when samples is 1
    Span seedValue; ///< an integer seed (seed, sampling_params.sampling_seed) to be kept apart in a fan-out
    Span ridValue; ///< the rid's value when hasRid
    qsizetype insertAt = 0; ///< offset of the closing brace
    bool hasMembers = false; ///< a member is left before insertAt once the cuts are made: insert with a comma
};

} // namespace pdlb::pd
