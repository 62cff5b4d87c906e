// SPDX-License-Identifier: Apache-2.0
#include "cli/trace_command.h"

#include "cli/signals.h"
#include "config/secret_file.h"
#include "http/sse.h"
#include "trace/export/exporter.h"
#include "trace/filter.h"
#include "util/escape.h"

#include <QCoreApplication>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QNetworkAccessManager>
#include <QNetworkProxy>
#include <QNetworkReply>
#include <QSaveFile>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

QString cell(const QJsonValue &value, int width)
{
    return escapeControls(value.toString()).leftJustified(width, u' ', true) + u' ';
}

QString milliseconds(const QJsonValue &value)
{
    return (value.isDouble() ? QString::number(value.toDouble(), 'f', 1) : u"-"_s).rightJustified(10) + u' ';
}

QString header()
{
    return u"TIME         STATUS END                PAIR           TTFT ms   TOTAL ms REQUEST ID                           ENDPOINT\n"_s;
}

/// A request in one line: of a list or of an event.
QString line(const QJsonObject &request)
{
    const QString time = request["started_at"_L1].toString().section(u'T', 1).chopped(1);
    const int status = request["status"_L1].toInt();
    const QString pair = request["prefill"_L1].toString(u"-"_s) + u'/' + request["decode"_L1].toString(u"-"_s);
    return cell(time, 12) + (status > 0 ? QString::number(status) : u"-"_s).rightJustified(6) + u' ' + cell(request["end"_L1], 18) + cell(pair, 11)
        + milliseconds(request["first_token_ms"_L1]) + milliseconds(request["ended_ms"_L1]) + cell(request["request_id"_L1], 36)
        + escapeControls(request["endpoint"_L1].toString()) + u'\n';
}

/// What an error answer says, or how the transport failed.
QString reason(QNetworkReply &reply, const QByteArray &body)
{
    const QString message = QJsonDocument::fromJson(body)["error"_L1]["message"_L1].toString();
    const int status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (!message.isEmpty())
        return message;
    return status > 0 ? u"%1 answered with status %2"_s.arg(reply.url().host()).arg(status) : reply.errorString();
}

} // namespace

void TraceCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("trace", "See what became of the requests of a running balancer");
    m_app->require_subcommand(0, 1);
    const auto common = [this](CLI::App *command) {
        command->add_option("--url", m_url, "The balancer, or its --admin-port")->type_name("URL")->capture_default_str();
        command->add_option("--admin-key-file", m_keyFile, "Its admin key, where it has one (or PDLB_ADMIN_KEY)")->type_name("FILE");
    };
    const auto filter = [this](CLI::App *command) {
        command->add_option("--filter", m_filter, "Only these: status:5xx is:failed pair:p1/* ttft>500ms -is:ok \"text\" (or, not, parentheses)")
            ->type_name("FILTER");
    };
    m_list = m_app->add_subcommand("list", "The newest finished requests, a line each");
    m_show = m_app->add_subcommand("show", "One request, moment by moment");
    m_export = m_app->add_subcommand("export", "Finished requests as a file for other tools, the oldest first");
    m_tail = m_app->add_subcommand("tail", "A line for each request as it ends, until Ctrl-C");
    for (CLI::App *command : {m_list, m_show, m_export, m_tail})
        common(command);
    filter(m_list);
    filter(m_export);
    m_list->add_option("-n,--limit", m_limit, "At most so many")->capture_default_str()->check(CLI::Range(0, 1'000'000));
    m_list->add_flag("--json", m_json, "As the admin API says it");
    m_show->add_option("request_id", m_requestId, "Its X-Request-Id")->required()->type_name("ID");
    m_show->add_flag("--json", m_json, "As the admin API says it");
    m_export->add_option("--format", m_format, "One of " + trace::exportFormats().join(u", "_s).toStdString())->capture_default_str();
    m_export->add_option("-o,--output", m_output, "Where to; default: standard output")->type_name("FILE");
    m_tail->add_option("--count", m_count, "End after so many; 0: never")->capture_default_str()->check(CLI::Range(0, 1'000'000'000));
}

int TraceCommand::run(Streams &streams)
{
    if (const auto good = trace::Filter::parse(QString::fromStdString(m_filter)); !good) {
        printError(streams, u"--filter, column %1: %2"_s.arg(good.error().column + 1).arg(good.error().message));
        return ExitUsage;
    }
    if (m_show->parsed())
        return show(streams);
    if (m_export->parsed())
        return exportAll(streams);
    if (m_tail->parsed())
        return tail(streams);
    if (m_list->parsed())
        return list(streams);
    printError(streams, u"what to do is missing: list, show, export or tail; see pdlb trace --help"_s);
    return ExitUsage;
}

Result<QByteArray> TraceCommand::adminKey() const
{
    if (m_keyFile.empty())
        return qgetenv("PDLB_ADMIN_KEY");
    const auto keys = readSecretFile(QString::fromStdString(m_keyFile));
    if (!keys)
        return tl::unexpected(keys.error());
    return keys->first();
}

int TraceCommand::get(Streams &streams, const QString &path, const QUrlQuery &query, const std::function<void(QByteArrayView)> &take) const
{
    const auto key = adminKey();
    if (!key) {
        printError(streams, key.error().message);
        return ExitConfig;
    }
    QUrl url(QString::fromStdString(m_url), QUrl::StrictMode);
    if (!url.isValid() || url.host().isEmpty() || !url.scheme().startsWith("http"_L1)) {
        printError(streams, u"--url \"%1\": expected http(s)://HOST:PORT"_s.arg(QString::fromStdString(m_url).left(200)));
        return ExitUsage;
    }
    url.setPath(path);
    url.setQuery(query);
    TerminationSignals termination;
    QNetworkAccessManager manager;
    manager.setProxy(QNetworkProxy::NoProxy);
    QNetworkRequest request(url);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    if (!key->isEmpty())
        request.setRawHeader("Authorization", "Bearer " + *key);
    const std::unique_ptr<QNetworkReply> reply(manager.get(request));
    QByteArray errorBody;
    bool interrupted = false;
    QObject::connect(reply.get(), &QNetworkReply::readyRead, reply.get(), [&] {
        const QByteArray bytes = reply->readAll();
        if (reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt() == 200)
            take(bytes);
        else
            errorBody += bytes.left(64 * 1024 - errorBody.size());
    });
    QObject::connect(reply.get(), &QNetworkReply::finished, reply.get(), [] { QCoreApplication::quit(); });
    QObject::connect(&termination, &TerminationSignals::requested, reply.get(), [&] {
        interrupted = true;
        reply->abort();
    });
    if (!reply->isFinished())
        QCoreApplication::exec();
    if (interrupted)
        return ExitInterrupted;
    if (reply->error() != QNetworkReply::NoError) {
        printError(streams, u"%1: %2; is pdlb running there?"_s.arg(QString::fromStdString(m_url), reason(*reply, errorBody)));
        return ExitFailed;
    }
    return ExitOk;
}

int TraceCommand::list(Streams &streams) const
{
    QByteArray body;
    const int code = get(streams, u"/admin/v1/traces"_s, {{u"limit"_s, QString::number(m_limit)}, {u"filter"_s, QString::fromStdString(m_filter)}},
                         [&](QByteArrayView bytes) { body += bytes; });
    if (code != ExitOk)
        return code;
    if (m_json) {
        streams.out << body << '\n';
    } else {
        streams.out << header();
        const QJsonArray traces = QJsonDocument::fromJson(body)["traces"_L1].toArray();
        for (const QJsonValue &trace : traces)
            streams.out << line(trace.toObject());
    }
    streams.out.flush();
    return ExitOk;
}

int TraceCommand::show(Streams &streams) const
{
    const QUrlQuery query = m_json ? QUrlQuery() : QUrlQuery{{u"format"_s, u"text"_s}};
    const int code = get(streams, u"/admin/v1/traces/"_s + QString::fromStdString(m_requestId), query, [&](QByteArrayView bytes) { streams.out << bytes.toByteArray(); });
    if (m_json)
        streams.out << '\n';
    streams.out.flush();
    return code;
}

int TraceCommand::exportAll(Streams &streams) const
{
    const QUrlQuery query{{u"format"_s, QString::fromStdString(m_format)}, {u"limit"_s, u"1000000"_s}, {u"filter"_s, QString::fromStdString(m_filter)}};
    if (m_output.empty()) {
        const int code = get(streams, u"/admin/v1/traces"_s, query, [&](QByteArrayView bytes) { streams.out << bytes.toByteArray(); });
        streams.out.flush();
        return code;
    }
    QSaveFile file(QString::fromStdString(m_output));
    if (!file.open(QIODevice::WriteOnly)) {
        printError(streams, u"cannot write %1: %2"_s.arg(file.fileName(), file.errorString()));
        return ExitFailed;
    }
    file.setPermissions(QFile::ReadOwner | QFile::WriteOwner);
    const int code = get(streams, u"/admin/v1/traces"_s, query, [&](QByteArrayView bytes) { file.write(bytes.data(), bytes.size()); });
    if (code == ExitOk && !file.commit()) {
        printError(streams, u"cannot write %1: %2"_s.arg(file.fileName(), file.errorString()));
        return ExitFailed;
    }
    return code;
}

int TraceCommand::tail(Streams &streams) const
{
    http::SseSplitter splitter;
    int seen = 0;
    streams.out << header();
    streams.out.flush();
    return get(streams, u"/admin/v1/events"_s, {}, [&](QByteArrayView bytes) {
        splitter.feed(bytes);
        QByteArray event;
        while (splitter.next(event)) {
            if (!event.contains("event: request"))
                continue;
            streams.out << line(QJsonDocument::fromJson(http::SseSplitter::data(event)).object());
            streams.out.flush();
            if (m_count > 0 && ++seen >= m_count) {
                QCoreApplication::quit();
                return;
            }
        }
    });
}

} // namespace pdlb::cli
