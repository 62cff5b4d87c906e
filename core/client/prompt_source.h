// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/request_spec.h"
#include "util/random.h"

#include <QIODevice>

#include <memory>

namespace pdlb::client {

/// Where a benchmark's requests come from.
class PromptSource
{
public:
    virtual ~PromptSource() = default;
    virtual RequestSpec next() = 0;
};

/// Made-up prompts of words; a word is about a token. Repeatable.
struct GeneratorOptions {
    RequestSpec base; ///< endpoint, model, parameters; its messages and prompt are replaced
    int inputTokens = 128;
    int outputTokens = 32; ///< max_tokens
    double spread = 0; ///< lengths vary evenly by this share of them, 0 … 1
    double sharedPrefix = 0; ///< share of the prompt that all have in common, 0 … 1
    quint32 seed = 1;
};
std::unique_ptr<PromptSource> makeGenerator(const GeneratorOptions &options);

/// The same request again and again.
std::unique_ptr<PromptSource> makeRepeated(const RequestSpec &spec);

/// Requests of a file, one after another and over again.
struct LoadedPrompts {
    std::unique_ptr<PromptSource> source; ///< null when nothing could be used
    qsizetype used = 0;
    QStringList problems; ///< "line 7: …", the first 20 of them
    qsizetype skipped = 0; ///< so many in all
};
/// Reads JSON lines, each a request body ({"messages":…}, {"prompt":…}, {"text":…}, {"input_ids":…}), or a ShareGPT file: an array of
/// {"conversations":[{"from":"human","value":…},…]}, of which the first human turn is asked. Members of a body stay; model and
/// parameters of `base` are put where it has none.
LoadedPrompts loadPrompts(QIODevice &file, const RequestSpec &base);

} // namespace pdlb::client
