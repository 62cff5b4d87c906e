// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/sse.h"

#include <QNetworkAccessManager>
#include <QObject>
#include <QPointer>
#include <QUrl>

class QNetworkReply;

namespace pdlb::client {

/// Sends one streaming request to an OpenAI-like endpoint and tells what comes: the way an SDK sees it.
class ChatClient final : public QObject
{
    Q_OBJECT

public:
    explicit ChatClient(QObject *parent = nullptr);

    /// POST {base}/v1/chat/completions with stream:true. One at a time; a second call cancels the first.
    void send(const QUrl &base, const QString &model, const QString &prompt, int maxTokens);
    void cancel();

Q_SIGNALS:
    /// A piece of generated text.
    void token(const QString &text);
    /// After the last token. `error` is empty when the stream ended with its end marker.
    void finished(const QString &error);

private:
    void readEvents();
    void handle(const QByteArray &event);
    void end();

    QNetworkAccessManager m_manager;
    QPointer<QNetworkReply> m_reply;
    http::SseSplitter m_splitter;
    QString m_error;
    bool m_done = false;
};

} // namespace pdlb::client
