// SPDX-License-Identifier: Apache-2.0
#include "client/request_spec.h"

#include <QJsonArray>
#include <QJsonDocument>

using namespace Qt::StringLiterals;

namespace pdlb::client {

namespace {

template <typename T> void put(QJsonObject &object, const QString &name, const std::optional<T> &value)
{
    if (value)
        object.insert(name, QJsonValue(*value));
}

QJsonArray messagesJson(const QList<RequestSpec::Message> &messages)
{
    QJsonArray list;
    for (const RequestSpec::Message &message : messages)
        list.append(QJsonObject{{u"role"_s, message.role}, {u"content"_s, message.content}});
    return list;
}

void putStop(QJsonObject &object, const QStringList &stop)
{
    if (!stop.isEmpty())
        object.insert(u"stop"_s, QJsonArray::fromStringList(stop));
}

/// SGLang's own endpoint has the parameters in an object of their own.
QJsonObject generateJson(const RequestSpec &spec)
{
    QJsonObject parameters;
    put(parameters, u"max_new_tokens"_s, spec.maxTokens);
    put(parameters, u"temperature"_s, spec.temperature);
    put(parameters, u"top_p"_s, spec.topP);
    put(parameters, u"n"_s, spec.samples);
    put(parameters, u"sampling_seed"_s, spec.seed);
    putStop(parameters, spec.stop);
    QJsonObject object{{u"sampling_params"_s, parameters}};
    if (!spec.extra.contains("input_ids"_L1))
        object.insert(u"text"_s, spec.prompt);
    if (spec.stream)
        object.insert(u"stream"_s, true);
    return object;
}

QJsonObject openAiJson(const RequestSpec &spec)
{
    QJsonObject object;
    if (!spec.model.isEmpty())
        object.insert(u"model"_s, spec.model);
    if (spec.endpoint == pd::Endpoint::ChatCompletions)
        object.insert(u"messages"_s, messagesJson(spec.messages));
    else
        object.insert(u"prompt"_s, spec.prompt);
    put(object, u"max_tokens"_s, spec.maxTokens);
    put(object, u"temperature"_s, spec.temperature);
    put(object, u"top_p"_s, spec.topP);
    put(object, u"seed"_s, spec.seed);
    put(object, u"n"_s, spec.samples);
    putStop(object, spec.stop);
    if (spec.stream) {
        object.insert(u"stream"_s, true);
        if (spec.includeUsage)
            object.insert(u"stream_options"_s, QJsonObject{{u"include_usage"_s, true}});
    }
    return object;
}

} // namespace

RequestBytes RequestSpec::toBytes() const
{
    RequestBytes bytes;
    bytes.target = pd::endpointPath(endpoint);
    bytes.headers = headers;
    bytes.headers.set("Content-Type", "application/json");
    if (!apiKey.isEmpty())
        bytes.headers.set("Authorization", "Bearer " + apiKey);
    if (!pair.isEmpty())
        bytes.headers.set("X-Pdlb-Pair", pair);
    bytes.headers.set("X-Pdlb-Debug", "1"); // the answer names its pair
    if (!rawBody.isEmpty()) {
        bytes.body = rawBody;
        bytes.stream = QJsonDocument::fromJson(rawBody).object().value("stream"_L1).toBool();
        return bytes;
    }
    QJsonObject object = endpoint == pd::Endpoint::Generate ? generateJson(*this) : openAiJson(*this);
    for (auto it = extra.begin(); it != extra.end(); ++it)
        object.insert(it.key(), it.value());
    bytes.body = QJsonDocument(object).toJson(QJsonDocument::Compact);
    bytes.stream = object.value("stream"_L1).toBool();
    return bytes;
}

std::optional<pd::Endpoint> endpointOf(QByteArrayView path)
{
    for (const pd::Endpoint endpoint : {pd::Endpoint::ChatCompletions, pd::Endpoint::Completions, pd::Endpoint::Generate}) {
        if (path == pd::endpointPath(endpoint))
            return endpoint;
    }
    return {};
}

Result<pd::Endpoint> guessEndpoint(const QByteArray &body)
{
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(body, &error);
    if (!document.isObject())
        return failure(error.error == QJsonParseError::NoError ? u"the body is no JSON object"_s
                                                               : u"the body is no JSON: %1 at byte %2"_s.arg(error.errorString()).arg(error.offset));
    if (document["messages"_L1].isArray())
        return pd::Endpoint::ChatCompletions;
    if (!document["prompt"_L1].isUndefined())
        return pd::Endpoint::Completions;
    if (!document["text"_L1].isUndefined() || !document["input_ids"_L1].isUndefined())
        return pd::Endpoint::Generate;
    return failure(u"the body has neither \"messages\" nor \"prompt\" nor \"text\""_s);
}

} // namespace pdlb::client
