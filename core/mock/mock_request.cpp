// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_request.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QRandomGenerator>

namespace pdlb::mock {

namespace {

using Kind = MockRequest::Kind;
constexpr qint64 firstTextToken = 1000;
constexpr qint64 firstImageToken = 151000;
constexpr int maxTokensCap = 1'000'000;
constexpr qsizetype maxPrompts = 10'000;

QJsonValue member(const QJsonObject &object, const char *name)
{
    return object.value(QLatin1String(name));
}

tl::unexpected<MockRefusal> refuse(const QString &message, bool validation = false)
{
    return tl::unexpected(MockRefusal{message, validation});
}

/// The exact value of a JSON integer: QJsonDocument keeps int64, everything else is a double.
std::optional<qint64> exactInteger(const QJsonValue &value)
{
    if (!value.isDouble())
        return std::nullopt;
    const qint64 a = value.toInteger(-1);
    return a == -1 && value.toInteger(-2) != -1 ? std::nullopt : std::optional(a);
}

QByteArray newRid()
{
    const auto generator = QRandomGenerator::global();
    return QByteArray::number(generator->generate64() | 1ull << 63, 16)
           + QByteArray::number(generator->generate64() | 1ull << 63, 16);
}

void addWords(const QString &text, QList<qint64> &tokens)
{
    bool inWord = false;
    for (const QChar c : text) {
        const bool space = c.isSpace();
        if (!space && !inWord)
            tokens.append(firstTextToken + tokens.size());
        inWord = !space;
    }
}

QList<qint64> idsOf(const QJsonArray &array)
{
    QList<qint64> ids;
    ids.reserve(array.size());
    for (const QJsonValue &id : array)
        ids.append(id.toInteger());
    return ids;
}

MockPrompt promptOf(const QJsonValue &value)
{
    MockPrompt prompt;
    if (value.isString())
        addWords(value.toString(), prompt.tokens);
    else
        prompt.tokens = idsOf(value.toArray());
    return prompt;
}

/// A string, a list of strings, a flat list of ids (one prompt) or a list of lists.
void readPrompts(const QJsonValue &value, MockRequest &request)
{
    const QJsonArray list = value.toArray();
    request.batch = value.isArray() && !list.isEmpty() && !list.first().isDouble();
    if (!request.batch) {
        request.prompts.push_back(promptOf(value));
        return;
    }
    for (const QJsonValue &item : list)
        request.prompts.push_back(promptOf(item));
}

/// input_embeds: a vector a token; three levels deep it is a batch.
void readEmbeds(const QJsonArray &embeds, MockRequest &request)
{
    request.batch = embeds.first().toArray().first().isArray();
    const auto add = [&](const QJsonArray &vectors) {
        MockPrompt prompt;
        for (qsizetype i = 0; i < vectors.size(); ++i)
            prompt.tokens.append(firstTextToken + i);
        request.prompts.push_back(std::move(prompt));
    };
    if (!request.batch) {
        add(embeds);
        return;
    }
    for (const QJsonValue &item : embeds)
        add(item.toArray());
}

void readMessages(const QJsonArray &messages, MockRequest &request)
{
    MockPrompt prompt;
    for (const QJsonValue &message : messages) {
        const QJsonValue content = member(message.toObject(), "content");
        if (content.isString()) {
            addWords(content.toString(), prompt.tokens);
            continue;
        }
        for (const QJsonValue &part : content.toArray()) {
            const QJsonObject object = part.toObject();
            if (member(object, "type").toString() == QLatin1String("text"))
                addWords(member(object, "text").toString(), prompt.tokens);
            else
                prompt.tokens.append(firstImageToken);
        }
    }
    request.prompts.push_back(std::move(prompt));
}

void readLimit(const QJsonValue &value, const MockOptions &options, MockRequest &request)
{
    request.limited = value.isDouble();
    request.maxTokens = qBound(0, int(value.toDouble(options.defaultMaxTokens)), maxTokensCap);
}

void readGenerate(const QJsonObject &body, const MockOptions &options, MockRequest &request)
{
    const QJsonValue params = member(body, "sampling_params");
    const QJsonObject sampling = params.isArray() ? params.toArray().first().toObject() : params.toObject();
    if (body.contains(QLatin1String("text")))
        readPrompts(member(body, "text"), request);
    else if (body.contains(QLatin1String("input_ids")))
        readPrompts(member(body, "input_ids"), request);
    else if (!member(body, "input_embeds").toArray().isEmpty())
        readEmbeds(member(body, "input_embeds").toArray(), request);
    readLimit(member(sampling, "max_new_tokens"), options, request);
    request.samples = member(sampling, "n").toInt(1);
    request.logprobs = member(body, "return_logprob").toBool();
    request.topLogprobs = member(body, "top_logprobs_num").toInt();
    request.tokenIdsLogprob = idsOf(member(body, "token_ids_logprob").toArray());
}

void readOpenAi(const QJsonObject &body, const MockOptions &options, MockRequest &request)
{
    if (request.kind == Kind::Chat) {
        if (!member(body, "messages").toArray().isEmpty())
            readMessages(member(body, "messages").toArray(), request);
        const QJsonValue limit = member(body, "max_completion_tokens");
        readLimit(limit.isDouble() ? limit : member(body, "max_tokens"), options, request);
        request.logprobs = member(body, "logprobs").toBool();
        request.topLogprobs = member(body, "top_logprobs").toInt();
    } else {
        if (body.contains(QLatin1String("prompt")))
            readPrompts(member(body, "prompt"), request);
        readLimit(member(body, "max_tokens"), options, request);
        request.logprobs = member(body, "logprobs").isDouble();
        request.topLogprobs = member(body, "logprobs").toInt();
    }
    request.samples = member(body, "n").toInt(1);
    request.includeUsage = member(member(body, "stream_options").toObject(), "include_usage").toBool();
}

/// Value i of a member that is a scalar for all or a list.
QJsonValue at(const QJsonValue &value, qsizetype i)
{
    return value.isArray() ? value.toArray().at(i) : value;
}

Result<void, MockRefusal> readBootstrap(const QJsonObject &body, bool needsRoom, MockRequest &request)
{
    const QJsonValue rooms = member(body, "bootstrap_room");
    const QJsonValue hosts = member(body, "bootstrap_host");
    const QJsonValue ports = member(body, "bootstrap_port");
    const QJsonValue rids = member(body, "rid");
    const qsizetype count = qsizetype(request.prompts.size());
    for (const QJsonValue &list : {rooms, hosts, ports, rids}) {
        if (list.isArray() && list.toArray().size() != count)
            return refuse(QStringLiteral("The length of bootstrap_room should be equal to the batch size."));
    }
    for (qsizetype i = 0; i < count; ++i) {
        MockPrompt &prompt = request.prompts[size_t(i)];
        const QByteArray rid = at(rids, i).toString().toUtf8();
        const bool shared = rids.isString() && request.batch;
        prompt.rid = rid.isEmpty() ? newRid() : shared ? QByteArray(rid + '_' + QByteArray::number(i)) : rid;
        prompt.bootstrapHost = at(hosts, i).toString().toUtf8();
        if (const auto port = exactInteger(at(ports, i)))
            prompt.bootstrapPort = quint16(*port);
        if (const auto room = exactInteger(at(rooms, i)); room && *room >= 0)
            prompt.room = quint64(*room) + quint64(rooms.isArray() ? 0 : i);
        if (needsRoom && !prompt.room)
            return refuse(QStringLiteral("Disaggregated request received without bootstrap room id"));
    }
    return {};
}

} // namespace

Result<MockRequest, MockRefusal> readMockRequest(Kind kind, const QByteArray &body, const MockOptions &options,
                                                 bool needsRoom)
{
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(body, &error);
    if (!document.isObject()) {
        const bool json = error.error == QJsonParseError::NoError;
        return refuse(json ? QStringLiteral("Input should be a valid dictionary") : QStringLiteral("JSON decode error"),
                      true);
    }
    const QJsonObject object = document.object();
    MockRequest request;
    request.kind = kind;
    request.stream = member(object, "stream").toBool();
    request.routedExperts = member(object, "return_routed_experts").toBool();
    request.model = member(object, "model").toString().toUtf8();
    if (kind == Kind::Generate)
        readGenerate(object, options, request);
    else
        readOpenAi(object, options, request);
    if (request.prompts.empty() || request.prompts.size() > size_t(maxPrompts)) {
        return refuse(kind == Kind::Generate
                          ? QStringLiteral("Either text, input_ids or input_embeds should be provided.")
                          : QStringLiteral("Field required"),
                      kind != Kind::Generate);
    }
    if (auto done = readBootstrap(object, needsRoom, request); !done)
        return tl::unexpected(done.error());
    return request;
}

QList<quint64> roomsOf(const QByteArray &body)
{
    QList<quint64> rooms;
    const QJsonValue value = member(QJsonDocument::fromJson(body).object(), "bootstrap_room");
    const QJsonArray list = value.isArray() ? value.toArray() : QJsonArray{value};
    for (const QJsonValue &item : list) {
        if (const auto room = exactInteger(item); room && *room >= 0)
            rooms.append(quint64(*room));
    }
    return rooms;
}

} // namespace pdlb::mock
