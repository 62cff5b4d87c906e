// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <optional>

namespace pdlb::pd {

/// What an answer says of itself: OpenAI's `usage` and `finish_reason`, SGLang's `meta_info` (PD reference §4.8). Later
/// events replace what earlier ones said.
struct AnswerFacts {
    std::optional<qint64> promptTokens;
    std::optional<qint64> completionTokens;
    std::optional<qint64> cachedTokens; ///< of the prompt, found in the engine's prefix cache
    QByteArray finishReason; ///< "stop", "length", "abort", …; at most 64 bytes
    QByteArray model; ///< as the engine names it, at most 256 bytes
    /// The engine's wall clock in seconds since 1970: when it got the request, when it had finished it.
    std::optional<double> serverReceived;
    std::optional<double> serverFinished;
    std::optional<double> serverQueueTime; ///< seconds

    bool operator==(const AnswerFacts &) const = default;
};

/// Takes over what one JSON text (a whole answer, or one event's data) says. Anything else than a JSON object changes
/// nothing. Token counts of a list of answers (SGLang's batches) are added up.
void readFacts(QByteArrayView json, AnswerFacts &facts);

/// The facts of an answer of which the last bytes are given: of a stream, what its last events say; else the JSON text,
/// which must be whole. Nothing when they are not to be read.
AnswerFacts factsOfAnswer(QByteArrayView tail, bool isStream);

/// What one event of a stream adds to the generated text.
struct TextDelta {
    QByteArray content;
    QByteArray reasoning; ///< reasoning_content of models that think aloud
    int index = 0; ///< which choice or prompt
    bool accumulated = false; ///< `content` is all the text so far (/generate without incremental output)
    bool isEmpty() const { return content.isEmpty() && reasoning.isEmpty(); }
};

/// Of the first choice in the event; nothing for events without text (role, usage, [DONE]).
TextDelta readDelta(QByteArrayView json);

} // namespace pdlb::pd
