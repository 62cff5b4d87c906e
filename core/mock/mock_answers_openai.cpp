// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_answers.h"

#include <QDateTime>

namespace pdlb::mock {

namespace {

QString key(const char *name)
{
    return QString::fromLatin1(name);
}

/// POST /v1/chat/completions and /v1/completions.
class OpenAiAnswers final : public MockAnswers
{
public:
    OpenAiAnswers(const MockRequest &request, const MockOptions &options, const MockText &text, Role role)
        : MockAnswers(request, options, text, role), m_chat(request.kind == MockRequest::Kind::Chat),
          m_created(QDateTime::currentSecsSinceEpoch())
    {
        QJsonObject head = envelope(m_chat ? "chat.completion.chunk" : "text_completion");
        head.remove(key("choices"));
        m_chunkHead = toJson(head);
        m_chunkHead.chop(1);
        m_chunkHead += ",\"choices\":[";
    }

    QList<QByteArray> tokenEvents(int item, const Progress &progress) const override;
    QList<QByteArray> finishEvents(int item, const Progress &progress) const override;
    QList<QByteArray> endEvents(const std::vector<Progress> &items) const override;
    QByteArray body(const std::vector<Progress> &items) const override;

private:
    QJsonObject envelope(const char *object) const;
    QByteArray chunk(int item, const QByteArray &payload, const QByteArray &logprobs, const QByteArray &finish) const;
    QByteArray finishReason(const Progress &progress) const;
    QJsonObject usage(const std::vector<Progress> &items) const;
    QJsonObject logprobs(int first, int count) const;
    QJsonObject sglext(const std::vector<Progress> &items) const;

    bool m_chat;
    qint64 m_created;
    QByteArray m_chunkHead;
};

QJsonObject OpenAiAnswers::envelope(const char *object) const
{
    const QByteArray &model = m_request.model.isEmpty() ? m_options.model : m_request.model;
    return {{key("id"), QString::fromUtf8(m_request.prompts.front().rid)},
            {key("object"), key(object)},
            {key("created"), m_created},
            {key("model"), QString::fromUtf8(model)},
            {key("choices"), QJsonArray()}};
}

QByteArray OpenAiAnswers::chunk(int item, const QByteArray &payload, const QByteArray &logprobs,
                                const QByteArray &finish) const
{
    return sseEvent(m_chunkHead + "{\"index\":" + QByteArray::number(item) + ',' + payload + ",\"logprobs\":" + logprobs
                    + ",\"finish_reason\":" + finish + ",\"matched_stop\":null}],\"usage\":null}");
}

QList<QByteArray> OpenAiAnswers::tokenEvents(int item, const Progress &progress) const
{
    const int k = progress.tokens - 1;
    const QByteArray scores = m_request.logprobs ? toJson(logprobs(k, 1)) : QByteArray("null");
    if (!m_chat)
        return {chunk(item, "\"text\":" + m_text.jsonToken(k), scores, "null")};
    QList<QByteArray> events;
    if (k == 0)
        events.append(chunk(item, R"("delta":{"role":"assistant","content":""})", "null", "null"));
    events.append(chunk(item, "\"delta\":{\"content\":" + m_text.jsonToken(k) + '}', scores, "null"));
    return events;
}

QList<QByteArray> OpenAiAnswers::finishEvents(int item, const Progress &progress) const
{
    if (progress.abort && progress.abort->status > 0) {
        const QByteArray error = errorBody(progress.abort->status, progress.abort->message);
        return {sseEvent("{\"error\":" + error + '}')};
    }
    const QByteArray payload = m_chat ? QByteArray(R"("delta":{})") : QByteArray(R"("text":"")");
    return {chunk(item, payload, "null", '"' + finishReason(progress) + '"')};
}

QList<QByteArray> OpenAiAnswers::endEvents(const std::vector<Progress> &items) const
{
    QList<QByteArray> events;
    const bool failed = items.front().abort && items.front().abort->status > 0;
    if (m_request.routedExperts && !failed) {
        QJsonObject last = envelope(m_chat ? "chat.completion.chunk" : "text_completion");
        last.insert(key("sglext"), sglext(items));
        events.append(sseEvent(toJson(last)));
    }
    if (m_request.includeUsage && !failed) {
        QJsonObject last = envelope(m_chat ? "chat.completion.chunk" : "text_completion");
        last.insert(key("usage"), usage(items));
        events.append(sseEvent(toJson(last)));
    }
    events.append("data: [DONE]\n\n");
    return events;
}

QByteArray OpenAiAnswers::body(const std::vector<Progress> &items) const
{
    QJsonArray choices;
    for (size_t i = 0; i < items.size(); ++i) {
        const QString text = QString::fromUtf8(items[i].text);
        QJsonObject choice{{key("index"), qint64(i)},
                           {key("logprobs"), QJsonValue::Null},
                           {key("finish_reason"), QString::fromLatin1(finishReason(items[i]))},
                           {key("matched_stop"), QJsonValue::Null}};
        if (m_chat) {
            choice.insert(key("message"), QJsonObject{{key("role"), key("assistant")},
                                                      {key("content"), text},
                                                      {key("reasoning_content"), QJsonValue::Null},
                                                      {key("tool_calls"), QJsonValue::Null}});
        } else {
            choice.insert(key("text"), text);
        }
        if (m_request.logprobs)
            choice.insert(key("logprobs"), logprobs(0, items[i].tokens));
        choices.append(choice);
    }
    QJsonObject answer = envelope(m_chat ? "chat.completion" : "text_completion");
    answer.insert(key("choices"), choices);
    answer.insert(key("usage"), usage(items));
    answer.insert(key("metadata"), QJsonObject{{key("weight_version"), key("default")}});
    if (m_request.routedExperts)
        answer.insert(key("sglext"), sglext(items));
    return toJson(answer);
}

QByteArray OpenAiAnswers::finishReason(const Progress &progress) const
{
    if (progress.abort)
        return "abort";
    return m_role == Role::Prefill || m_request.limited ? "length" : "stop";
}

QJsonObject OpenAiAnswers::usage(const std::vector<Progress> &items) const
{
    int prompts = 0;
    int cached = 0;
    int completion = 0;
    for (size_t i = 0; i < items.size(); ++i) {
        completion += items[i].tokens;
        // A prompt counts once, however many samples it has.
        if (i % size_t(m_request.samples) == 0) {
            prompts += promptTokens(int(i));
            cached += cachedTokens(int(i));
        }
    }
    return {{key("prompt_tokens"), prompts},
            {key("completion_tokens"), completion},
            {key("total_tokens"), prompts + completion},
            {key("prompt_tokens_details"), QJsonObject{{key("cached_tokens"), cached}}},
            {key("reasoning_tokens"), 0}};
}

QJsonObject OpenAiAnswers::logprobs(int first, int count) const
{
    QJsonArray content;
    QJsonArray tokens;
    QJsonArray scores;
    QJsonArray tops;
    for (int k = first; k < first + count; ++k) {
        const QByteArray word = m_text.token(k);
        const QString text = QString::fromUtf8(word);
        QJsonArray bytes;
        for (const char c : word)
            bytes.append(int(uchar(c)));
        QJsonArray top;
        QJsonObject topByText;
        for (int i = 0; i < m_request.topLogprobs; ++i) {
            const QString other = i == 0 ? text : QStringLiteral("%1~%2").arg(text).arg(i);
            const double score = outputLogprob(k) - i;
            top.append(QJsonObject{{key("token"), other}, {key("logprob"), score}, {key("bytes"), bytes}});
            topByText.insert(other, score);
        }
        content.append(QJsonObject{{key("token"), text},
                                   {key("logprob"), outputLogprob(k)},
                                   {key("bytes"), bytes},
                                   {key("top_logprobs"), top}});
        tokens.append(text);
        scores.append(outputLogprob(k));
        tops.append(topByText);
    }
    if (m_chat)
        return {{key("content"), content}};
    return {{key("text_offset"), QJsonArray()},
            {key("tokens"), tokens},
            {key("token_logprobs"), scores},
            {key("top_logprobs"), tops}};
}

QJsonObject OpenAiAnswers::sglext(const std::vector<Progress> &items) const
{
    return {{key("routed_experts"), QString::fromLatin1(routedExperts(0, items.front().tokens))}};
}

} // namespace

std::unique_ptr<MockAnswers> createOpenAiAnswers(const MockRequest &request, const MockOptions &options,
                                                 const MockText &text, Role role)
{
    return std::make_unique<OpenAiAnswers>(request, options, text, role);
}

} // namespace pdlb::mock
