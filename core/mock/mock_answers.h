// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mock/mock_request.h"

#include <QJsonArray>
#include <QJsonObject>

#include <memory>

namespace pdlb::mock {

/// What engines of this module say, a word a token, over and over again.
class MockText
{
public:
    /// Empty: a friendly sentence.
    explicit MockText(const QByteArray &text);
    /// Token k with the space before it, UTF-8.
    QByteArray token(int k) const;
    /// Likewise as a JSON string, quotes included.
    QByteArray jsonToken(int k) const;

private:
    QList<QByteArray> m_words;
    QList<QByteArray> m_json; ///< " word"
    QByteArray m_first; ///< the first word without its space
};

/// Why an answer ended before its time.
struct MockAbort {
    int status = 0; ///< 0: the client asked for it
    QString message;
};

/// How far one prompt's answer is.
struct Progress {
    int tokens = 0;
    bool finished = false;
    std::optional<MockAbort> abort;
    double seconds = 0; ///< since the request arrived
    QByteArray text; ///< of all tokens so far
};

/// Words one request's answer as SGLang does. Item i is prompt i / samples, sample i % samples.
/// Prefill and decode say what each of them knows, so that a wrong merge shows:
///
///                           prefill                          decode
///     input_token_logprobs  one per prompt token, -0.25      one entry, -9.5
///     cached_tokens         half of the prompt               0
///     routed_experts        4 bytes 'P' per prompt token     4 bytes 'D' per prompt and generated token
class MockAnswers
{
public:
    static std::unique_ptr<MockAnswers> create(const MockRequest &request, const MockOptions &options,
                                               const MockText &text, Role role);
    MockAnswers(const MockRequest &request, const MockOptions &options, const MockText &text, Role role)
        : m_request(request), m_options(options), m_text(text), m_role(role)
    {
    }
    virtual ~MockAnswers() = default;

    /// The server-sent events for the token just counted in `progress`.
    virtual QList<QByteArray> tokenEvents(int item, const Progress &progress) const = 0;
    /// What follows once progress.finished.
    virtual QList<QByteArray> finishEvents(int item, const Progress &progress) const = 0;
    /// What ends the stream: usage if wanted, [DONE].
    virtual QList<QByteArray> endEvents(const std::vector<Progress> &items) const = 0;
    /// The whole answer of a request without stream.
    virtual QByteArray body(const std::vector<Progress> &items) const = 0;

protected:
    Q_DISABLE_COPY_MOVE(MockAnswers)

    const MockPrompt &prompt(int item) const { return m_request.prompts[size_t(item / m_request.samples)]; }
    int promptTokens(int item) const { return int(prompt(item).tokens.size()); }
    int cachedTokens(int item) const { return m_role == Role::Decode ? 0 : promptTokens(item) / 2; }
    QByteArray routedExperts(int item, int generated) const;
    double outputLogprob(int k) const { return (m_role == Role::Prefill ? -0.125 : -0.5) - (k % 4) * 0.25; }

    const MockRequest &m_request;
    const MockOptions &m_options;
    const MockText &m_text;
    Role m_role;
};

/// A token's made-up id.
qint64 outputTokenId(int k);
/// One event with that JSON as its data.
QByteArray sseEvent(const QByteArray &json);
/// SGLang's error body: {"object":"error","message",…,"code"}.
QByteArray errorBody(int status, const QString &message);
/// "BadRequestError", "InternalServerError", ….
QString errorType(int status);

QByteArray toJson(const QJsonObject &object);
QByteArray toJson(const QJsonArray &array);

} // namespace pdlb::mock
