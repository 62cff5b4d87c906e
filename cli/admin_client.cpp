// SPDX-License-Identifier: Apache-2.0
#include "cli/admin_client.h"

#include "cli/signals.h"
#include "config/secret_file.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkProxy>
#include <QNetworkReply>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

void AdminClient::addTo(CLI::App &app)
{
    app.add_option("--url", m_url, "The balancer, or its --admin-port")->type_name("URL")->capture_default_str();
    app.add_option("--admin-key-file", m_keyFile, "Its admin key, where it has one (or PDLB_ADMIN_KEY)")->type_name("FILE");
}

Result<QByteArray> AdminClient::key() const
{
    if (m_keyFile.empty())
        return qgetenv("PDLB_ADMIN_KEY");
    const auto keys = readSecretFile(QString::fromStdString(m_keyFile));
    if (!keys)
        return tl::unexpected(keys.error());
    return keys->first();
}

Result<QNetworkReply *, AdminClient::Refusal> AdminClient::start(QNetworkAccessManager &manager, const QString &path, const QUrlQuery &query) const
{
    const auto adminKey = key();
    if (!adminKey)
        return tl::unexpected(Refusal{ExitConfig, adminKey.error().message});
    QUrl url(this->url(), QUrl::StrictMode);
    if (!url.isValid() || url.host().isEmpty() || !url.scheme().startsWith("http"_L1))
        return tl::unexpected(Refusal{ExitUsage, u"--url \"%1\": expected http(s)://HOST:PORT"_s.arg(this->url().left(200))});
    url.setPath(path);
    url.setQuery(query);
    manager.setProxy(QNetworkProxy::NoProxy);
    QNetworkRequest request(url);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    if (!adminKey->isEmpty())
        request.setRawHeader("Authorization", "Bearer " + *adminKey);
    return manager.get(request);
}

int AdminClient::statusOf(const QNetworkReply &reply)
{
    return reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
}

QString AdminClient::failureOf(QNetworkReply &reply, const QByteArray &body)
{
    if (reply.error() == QNetworkReply::NoError && statusOf(reply) == 200)
        return {};
    const QString message = QJsonDocument::fromJson(body)["error"_L1]["message"_L1].toString();
    if (!message.isEmpty())
        return message;
    const int status = statusOf(reply);
    return status > 0 && status != 200 ? u"%1 answered with status %2"_s.arg(reply.url().host()).arg(status) : reply.errorString();
}

int AdminClient::get(Streams &streams, const QString &path, const QUrlQuery &query, const std::function<bool(QByteArrayView)> &take) const
{
    TerminationSignals termination;
    QNetworkAccessManager manager;
    const auto started = start(manager, path, query);
    if (!started) {
        printError(streams, started.error().message);
        return started.error().code;
    }
    const std::unique_ptr<QNetworkReply> reply(*started);
    reply->setReadBufferSize(1024 * 1024); // what is not yet taken stays with the balancer
    QByteArray errorBody;
    bool interrupted = false, enough = false;
    const auto read = [&] {
        const QByteArray bytes = reply->readAll();
        if (enough || bytes.isEmpty())
            return;
        if (statusOf(*reply) != 200)
            errorBody += bytes.left(64 * 1024 - errorBody.size());
        else if (!take(bytes))
            enough = true;
        if (enough)
            reply->abort();
    };
    QObject::connect(reply.get(), &QNetworkReply::readyRead, reply.get(), read);
    QObject::connect(reply.get(), &QNetworkReply::finished, reply.get(), [&] {
        if (!enough && !interrupted && reply->isOpen())
            read();
        QCoreApplication::quit();
    });
    QObject::connect(&termination, &TerminationSignals::requested, reply.get(), [&] {
        interrupted = true;
        reply->abort();
    });
    if (!reply->isFinished())
        QCoreApplication::exec();
    if (interrupted)
        return ExitInterrupted;
    if (enough)
        return ExitOk;
    if (const QString failure = failureOf(*reply, errorBody); !failure.isEmpty()) {
        printError(streams, u"%1: %2%3"_s.arg(url(), failure, statusOf(*reply) == 0 ? u"; is pdlb running there?"_s : QString()));
        return ExitFailed;
    }
    return ExitOk;
}

} // namespace pdlb::cli
