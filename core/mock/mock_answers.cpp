// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_answers.h"

#include <QJsonDocument>

namespace pdlb::mock {

namespace {

constexpr const char *friendlySentence =
    "Hello from the mock engine: prefill has read your prompt, its KV cache has arrived, and decode now answers "
    "one word at a time.";
constexpr qint64 firstOutputToken = 2000;

QByteArray jsonString(const QByteArray &utf8)
{
    const QByteArray list = toJson(QJsonArray{QString::fromUtf8(utf8)});
    return list.sliced(1, list.size() - 2);
}

} // namespace

std::unique_ptr<MockAnswers> createGenerateAnswers(const MockRequest &, const MockOptions &, const MockText &, Role);
std::unique_ptr<MockAnswers> createOpenAiAnswers(const MockRequest &, const MockOptions &, const MockText &, Role);

std::unique_ptr<MockAnswers> MockAnswers::create(const MockRequest &request, const MockOptions &options,
                                                 const MockText &text, Role role)
{
    return request.kind == MockRequest::Kind::Generate ? createGenerateAnswers(request, options, text, role)
                                                       : createOpenAiAnswers(request, options, text, role);
}

QByteArray MockAnswers::routedExperts(int item, int generated) const
{
    constexpr qsizetype bytesPerToken = 4;
    const bool decode = m_role == Role::Decode;
    const qsizetype tokens = promptTokens(item) + (m_role == Role::Prefill ? 0 : generated);
    return QByteArray(tokens * bytesPerToken, decode ? 'D' : 'P').toBase64();
}

MockText::MockText(const QByteArray &text)
{
    for (const QByteArray &word : (text.isEmpty() ? QByteArray(friendlySentence) : text).split(' ')) {
        if (word.isEmpty())
            continue;
        m_words.append(' ' + word);
        m_json.append(jsonString(m_words.last()));
    }
    if (m_words.isEmpty()) {
        m_words.append(" ");
        m_json.append("\" \"");
    }
    m_first = jsonString(m_words.first().sliced(1));
}

QByteArray MockText::token(int k) const
{
    return k == 0 ? m_words.first().sliced(1) : m_words[k % m_words.size()];
}

QByteArray MockText::jsonToken(int k) const
{
    return k == 0 ? m_first : m_json[k % m_json.size()];
}

qint64 outputTokenId(int k)
{
    return firstOutputToken + k;
}

QByteArray sseEvent(const QByteArray &json)
{
    return "data: " + json + "\n\n";
}

QString errorType(int status)
{
    return status < 500 ? QStringLiteral("BadRequestError") : QStringLiteral("InternalServerError");
}

QByteArray errorBody(int status, const QString &message)
{
    return toJson(QJsonObject{{QStringLiteral("object"), QStringLiteral("error")},
                              {QStringLiteral("message"), message},
                              {QStringLiteral("type"), errorType(status)},
                              {QStringLiteral("param"), QJsonValue::Null},
                              {QStringLiteral("code"), status}});
}

QByteArray toJson(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

QByteArray toJson(const QJsonArray &array)
{
    return QJsonDocument(array).toJson(QJsonDocument::Compact);
}

} // namespace pdlb::mock
