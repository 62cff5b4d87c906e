// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mock/mock_options.h"
#include "util/result.h"

#include <QJsonObject>
#include <QList>

#include <optional>
#include <vector>

namespace pdlb::mock {

/// One prompt of a generation request.
struct MockPrompt {
    QByteArray rid;
    QList<qint64> tokens; ///< ids; made up for text, one a word
    std::optional<quint64> room;
    QByteArray bootstrapHost;
    std::optional<quint16> bootstrapPort; ///< none: JSON null or absent
};

/// What a mock engine reads from the body of /generate, /v1/chat/completions or /v1/completions.
struct MockRequest {
    enum class Kind { Generate, Chat, Completions };
    Kind kind = Kind::Generate;
    bool stream = false;
    bool includeUsage = false;
    bool batch = false; ///< the answer of /generate is a list
    int samples = 1; ///< n
    int maxTokens = 0;
    bool limited = false; ///< the request named maxTokens
    bool logprobs = false;
    int topLogprobs = 0;
    QList<qint64> tokenIdsLogprob;
    bool routedExperts = false;
    QByteArray model;
    std::vector<MockPrompt> prompts;
};

/// Why a body was refused; the engine's words, status 400.
struct MockRefusal {
    QString message;
    bool validation = false; ///< refused by the schema, before the engine looked at it
};

/// Reads a body as SGLang does (batch rules, scalar or list bootstrap members, rid_0, rid_1 … for batches).
/// `needsRoom`: the engine runs in PD mode.
Result<MockRequest, MockRefusal> readMockRequest(MockRequest::Kind kind, const QByteArray &body,
                                                 const MockOptions &options, bool needsRoom);

/// The rooms that a body names, in order; empty when it is no JSON object or names none.
QList<quint64> roomsOf(const QByteArray &body);

} // namespace pdlb::mock
