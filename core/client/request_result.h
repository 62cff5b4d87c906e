// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/distribution.h"
#include "pd/answer_facts.h"
#include "util/clock.h"

#include <QString>

#include <optional>

namespace pdlb::client {

/// What came of one request, as its client saw it. Definitions (GUI reference §2.2):
///
///     TTFT  start → first chunk with content or reasoning (a role alone does not count)
///     TTFO  start → first content that is no reasoning
///     ITL   (last content - first) / (completion tokens - 1); needs a usage block and two tokens
///     ICL   times between chunks with content; a chunk may hold several tokens
struct RequestResult {
    Monotonic start{0}; ///< when it was sent; in an open loop, when it should have been
    std::optional<Monotonic> firstByte; ///< of the body
    std::optional<Monotonic> firstContent; ///< or reasoning
    std::optional<Monotonic> firstOutput;
    std::optional<Monotonic> lastContent;
    Monotonic end{0};
    Distribution gaps; ///< ICL, milliseconds

    int status = 0; ///< 0: no answer
    bool aborted = false; ///< by us
    bool stream = false;
    QString error; ///< why it failed, in words; empty: it did not
    qint64 events = 0;
    qint64 chunks = 0; ///< with content
    qint64 bytes = 0; ///< of the body
    pd::AnswerFacts facts;
    QByteArray requestId;
    QByteArray prefill; ///< the pair that served it, where the answer says so
    QByteArray decode;
    QByteArray room;

    bool isGood() const { return error.isEmpty() && !aborted; }
    /// "p1/d2"; empty: not told.
    QByteArray pair() const { return prefill.isEmpty() ? QByteArray() : prefill + '/' + decode; }
    // In milliseconds; none: it did not come to that, or cannot be told.
    std::optional<double> ttft() const { return since(firstContent); }
    std::optional<double> ttfo() const { return since(firstOutput); }
    std::optional<double> itl() const;
    double duration() const { return double((end - start).count()) / 1e6; }
    /// Completion tokens per second from the first to the last content.
    std::optional<double> tokensPerSecond() const;

private:
    std::optional<double> since(const std::optional<Monotonic> &at) const
    {
        return at ? std::optional(double((*at - start).count()) / 1e6) : std::nullopt;
    }
};

} // namespace pdlb::client
