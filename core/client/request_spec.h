// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/header_list.h"
#include "pd/request_shape.h"
#include "util/result.h"

#include <QJsonObject>
#include <QString>
#include <QStringList>

#include <optional>

namespace pdlb::client {

/// What is sent, byte by byte.
struct RequestBytes {
    QByteArray target; ///< path and query
    http::HeaderList headers;
    QByteArray body;
    bool stream = false; ///< server-sent events are asked for
};

/// A request as people describe it. toBytes() makes an OpenAI or SGLang request of it.
struct RequestSpec {
    struct Message {
        QString role; ///< "system", "user", "assistant"
        QString content;
    };

    pd::Endpoint endpoint = pd::Endpoint::ChatCompletions;
    QString model; ///< empty: left out
    QList<Message> messages; ///< of a chat
    QString prompt; ///< of the other endpoints
    bool stream = true;
    bool includeUsage = true; ///< stream_options.include_usage of OpenAI streams
    std::optional<int> maxTokens;
    std::optional<double> temperature;
    std::optional<double> topP;
    std::optional<qint64> seed;
    std::optional<int> samples; ///< n
    QStringList stop;
    QJsonObject extra; ///< merged last: its members replace the ones above
    QByteArray rawBody; ///< not empty: sent as it is, and nothing of the above but the endpoint counts
    QByteArray pair; ///< "p1/d2": pins the pair
    QByteArray apiKey; ///< sent as bearer token
    http::HeaderList headers; ///< further ones

    RequestBytes toBytes() const;
};

/// Of a path: "/v1/chat/completions", "/v1/completions", "/generate".
std::optional<pd::Endpoint> endpointOf(QByteArrayView path);
/// What a raw body is for: "messages" → chat, "prompt" → completions, "text" or "input_ids" → generate. Errors: it is no JSON
/// object, or has none of these.
Result<pd::Endpoint> guessEndpoint(const QByteArray &body);

} // namespace pdlb::client
