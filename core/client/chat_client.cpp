// SPDX-License-Identifier: Apache-2.0
#include "client/chat_client.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkProxy>
#include <QNetworkReply>

using namespace Qt::StringLiterals;

namespace pdlb::client {

ChatClient::ChatClient(QObject *parent) : QObject(parent)
{
    m_manager.setProxy(QNetworkProxy::NoProxy);
}

void ChatClient::send(const QUrl &base, const QString &model, const QString &prompt, int maxTokens)
{
    cancel();
    m_splitter = http::SseSplitter();
    m_error.clear();
    m_done = false;
    const QJsonObject body{
        {u"model"_s, model},
        {u"messages"_s, QJsonArray{QJsonObject{{u"role"_s, u"user"_s}, {u"content"_s, prompt}}}},
        {u"max_tokens"_s, maxTokens},
        {u"stream"_s, true},
    };
    QUrl url = base;
    url.setPath(base.path() + u"/v1/chat/completions"_s);
    QNetworkRequest request(url);
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    m_reply = m_manager.post(request, QJsonDocument(body).toJson(QJsonDocument::Compact));
    connect(m_reply, &QNetworkReply::readyRead, this, &ChatClient::readEvents);
    connect(m_reply, &QNetworkReply::finished, this, &ChatClient::end);
}

void ChatClient::cancel()
{
    if (!m_reply)
        return;
    m_reply->disconnect(this);
    m_reply->abort();
    m_reply->deleteLater();
    m_reply = nullptr;
}

void ChatClient::readEvents()
{
    if (m_reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt() != 200)
        return; // the error body is read as a whole at the end
    m_splitter.feed(m_reply->readAll());
    QByteArray event;
    while (m_splitter.next(event))
        handle(event);
}

void ChatClient::handle(const QByteArray &event)
{
    if (http::SseSplitter::isDone(event)) {
        m_done = true;
        return;
    }
    const QJsonObject object = QJsonDocument::fromJson(http::SseSplitter::data(event)).object();
    if (object.contains("error"_L1)) {
        m_error = object["error"_L1].toObject()["message"_L1].toString(u"the stream reports an error"_s);
        return;
    }
    const QString text = object["choices"_L1].toArray().at(0).toObject()["delta"_L1].toObject()["content"_L1].toString();
    if (!text.isEmpty())
        Q_EMIT token(text);
}

void ChatClient::end()
{
    QNetworkReply *reply = m_reply;
    m_reply = nullptr;
    reply->deleteLater();
    const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (m_error.isEmpty() && status == 0)
        m_error = reply->errorString();
    else if (m_error.isEmpty() && status != 200)
        m_error = u"status %1: %2"_s.arg(status).arg(QString::fromUtf8(reply->readAll().left(500)));
    else if (m_error.isEmpty() && !m_done)
        m_error = u"the stream was cut before its end"_s;
    Q_EMIT finished(m_error);
}

} // namespace pdlb::client
