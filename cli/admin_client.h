// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"
#include "util/result.h"

#include <QNetworkAccessManager>
#include <QUrlQuery>

#include <functional>

class QNetworkReply;

namespace pdlb::cli {

/// Asks a running balancer by its admin API. Errors are told with what to do.
class AdminClient
{
public:
    /// --url and --admin-key-file.
    void addTo(CLI::App &app);
    QString url() const { return QString::fromStdString(m_url); }

    /// Starts a GET of an admin path; the reply belongs to `manager`. Errors: the URL or the key cannot be used (see code).
    struct Refusal {
        int code;
        QString message;
    };
    Result<QNetworkReply *, Refusal> start(QNetworkAccessManager &manager, const QString &path, const QUrlQuery &query) const;
    /// What an error answer says, or how the transport failed. Empty: the answer is good.
    static QString failureOf(QNetworkReply &reply, const QByteArray &body);
    static int statusOf(const QNetworkReply &reply);

    /// GET of an admin path to its end; what comes goes to `take` as it comes, until that returns false. Returns the exit code, with
    /// the error told. Runs the event loop.
    int get(Streams &streams, const QString &path, const QUrlQuery &query, const std::function<bool(QByteArrayView)> &take) const;

private:
    Result<QByteArray> key() const;

    std::string m_url = "http://127.0.0.1:30000";
    std::string m_keyFile;
};

} // namespace pdlb::cli
