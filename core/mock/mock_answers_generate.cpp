// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_answers.h"

#include <QDateTime>

namespace pdlb::mock {

namespace {

QString key(const char *name)
{
    return QString::fromLatin1(name);
}

QJsonArray entry(double logprob, qint64 token)
{
    return {logprob, token, QJsonValue::Null};
}

/// The `count` likeliest tokens at one place.
QJsonArray topEntries(double logprob, qint64 token, int count)
{
    QJsonArray list;
    for (int i = 0; i < count; ++i)
        list.append(entry(logprob - i, token + 10 * i));
    return list;
}

/// POST /generate: every event carries the text so far and the whole meta_info.
class GenerateAnswers final : public MockAnswers
{
public:
    using MockAnswers::MockAnswers;

    QList<QByteArray> tokenEvents(int item, const Progress &progress) const override
    {
        return {sseEvent(toJson(answer(item, progress)))};
    }

    QList<QByteArray> finishEvents(int item, const Progress &progress) const override
    {
        // The last token's event already says why the answer ends.
        if (!progress.abort && progress.tokens > 0)
            return {};
        return tokenEvents(item, progress);
    }

    QList<QByteArray> endEvents(const std::vector<Progress> &) const override { return {"data: [DONE]\n\n"}; }

    QByteArray body(const std::vector<Progress> &items) const override
    {
        if (items.size() == 1 && !m_request.batch)
            return toJson(answer(0, items.front()));
        QJsonArray list;
        for (size_t i = 0; i < items.size(); ++i)
            list.append(answer(int(i), items[i]));
        return toJson(list);
    }

private:
    QJsonObject answer(int item, const Progress &progress) const;
    QJsonValue finishReason(const Progress &progress) const;
    void addLogprobs(QJsonObject &meta, int item, const Progress &progress) const;
    bool isList() const { return m_request.batch || m_request.samples > 1; }
};

QJsonValue GenerateAnswers::finishReason(const Progress &progress) const
{
    if (!progress.finished)
        return QJsonValue::Null;
    if (progress.abort) {
        QJsonObject reason{{key("type"), key("abort")}, {key("message"), progress.abort->message}};
        if (progress.abort->status > 0) {
            reason.insert(key("status_code"), progress.abort->status);
            reason.insert(key("err_type"), errorType(progress.abort->status));
        }
        return reason;
    }
    if (m_role == Role::Prefill || m_request.limited)
        return QJsonObject{{key("type"), key("length")}, {key("length"), progress.tokens}};
    return QJsonObject{{key("type"), key("stop")}, {key("matched"), 151645}};
}

QJsonObject GenerateAnswers::answer(int item, const Progress &progress) const
{
    QJsonObject meta{{key("id"), QString::fromUtf8(prompt(item).rid)},
                     {key("finish_reason"), finishReason(progress)},
                     {key("prompt_tokens"), promptTokens(item)},
                     {key("weight_version"), key("default")},
                     {key("num_retractions"), 0},
                     {key("completion_tokens"), progress.tokens},
                     {key("cached_tokens"), cachedTokens(item)},
                     {key("dp_rank"), QJsonValue::Null},
                     {key("e2e_latency"), progress.seconds}};
    const double now = double(QDateTime::currentMSecsSinceEpoch()) / 1000;
    meta.insert(key("request_received_ts"), now - progress.seconds);
    if (progress.finished)
        meta.insert(key("request_finished_ts"), now);
    if (m_request.logprobs)
        addLogprobs(meta, item, progress);
    if (m_request.routedExperts && progress.finished)
        meta.insert(key("routed_experts"), QString::fromLatin1(routedExperts(item, progress.tokens)));
    QJsonArray ids;
    for (int k = 0; k < progress.tokens; ++k)
        ids.append(outputTokenId(k));
    QJsonObject answer{{key("text"), QString::fromUtf8(progress.text)},
                       {key("output_ids"), ids},
                       {key("meta_info"), meta}};
    if (m_request.stream && isList())
        answer.insert(key("index"), item);
    return answer;
}

void GenerateAnswers::addLogprobs(QJsonObject &meta, int item, const Progress &progress) const
{
    const QList<qint64> &tokens = prompt(item).tokens;
    // Decode has not computed the prompt: it knows one place at most.
    const bool decode = m_role == Role::Decode;
    const qsizetype known = decode ? qMin<qsizetype>(1, tokens.size()) : tokens.size();
    QJsonArray input;
    QJsonArray top;
    QJsonArray chosen;
    for (qsizetype i = tokens.size() - known; i < tokens.size(); ++i) {
        const double logprob = decode ? -9.5 : -0.25;
        if (i == 0 && !decode) {
            input.append(QJsonArray{QJsonValue::Null, tokens[0], QJsonValue::Null});
            top.append(QJsonValue::Null);
            chosen.append(QJsonValue::Null);
            continue;
        }
        input.append(entry(logprob, tokens[i]));
        top.append(topEntries(logprob, tokens[i], m_request.topLogprobs));
        QJsonArray here;
        for (const qint64 id : m_request.tokenIdsLogprob)
            here.append(entry(logprob - 2, id));
        chosen.append(here);
    }
    QJsonArray output;
    QJsonArray outputTop;
    for (int k = 0; k < progress.tokens; ++k) {
        output.append(entry(outputLogprob(k), outputTokenId(k)));
        outputTop.append(topEntries(outputLogprob(k), outputTokenId(k), m_request.topLogprobs));
    }
    meta.insert(key("input_token_logprobs"), input);
    meta.insert(key("output_token_logprobs"), output);
    if (m_request.topLogprobs > 0) {
        meta.insert(key("input_top_logprobs"), top);
        meta.insert(key("output_top_logprobs"), outputTop);
    }
    if (!m_request.tokenIdsLogprob.isEmpty())
        meta.insert(key("input_token_ids_logprobs"), chosen);
}

} // namespace

std::unique_ptr<MockAnswers> createGenerateAnswers(const MockRequest &request, const MockOptions &options,
                                                   const MockText &text, Role role)
{
    return std::make_unique<GenerateAnswers>(request, options, text, role);
}

} // namespace pdlb::mock
