// SPDX-License-Identifier: Apache-2.0
#include "cli/trace_tail.h"

#include "cli/signals.h"

#include <QCoreApplication>
#include <QJsonDocument>
#include <QNetworkReply>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

constexpr std::chrono::milliseconds pause = std::chrono::seconds(1);
constexpr std::chrono::milliseconds longestSilence = std::chrono::seconds(60); // there is a heartbeat every 15

QByteArray typeOf(const QByteArray &event)
{
    const qsizetype at = event.startsWith("event: ") ? 0 : event.indexOf("\nevent: ") + 1;
    if (at == 0 && !event.startsWith("event: "))
        return {};
    const qsizetype begin = at + 7;
    const qsizetype end = event.indexOf('\n', begin);
    return event.sliced(begin, (end < 0 ? event.size() : end) - begin);
}

} // namespace

TraceTail::TraceTail(Streams &streams, const AdminClient &admin, TraceColumns columns, Options options)
    : m_streams(streams), m_admin(admin), m_columns(std::move(columns)), m_options(std::move(options))
{
    m_pause.setSingleShot(true);
    m_pause.setInterval(pause);
    connect(&m_pause, &QTimer::timeout, this, &TraceTail::connectToBalancer);
    m_silence.setSingleShot(true);
    m_silence.setInterval(longestSilence);
    connect(&m_silence, &QTimer::timeout, this, [this] {
        if (m_reply)
            m_reply->abort();
    });
}

int TraceTail::run()
{
    TerminationSignals termination;
    connect(&termination, &TerminationSignals::requested, this, [this] { leave(ExitInterrupted); });
    if (!m_options.json) {
        m_streams.out << m_columns.header();
        m_streams.out.flush();
    }
    connectToBalancer();
    if (!m_over)
        QCoreApplication::exec();
    if (m_reply)
        m_reply->disconnect(this);
    return m_code;
}

void TraceTail::leave(int code)
{
    m_over = true;
    m_code = code;
    QCoreApplication::quit();
}

void TraceTail::connectToBalancer()
{
    QUrlQuery query;
    query.addQueryItem(u"filter"_s, QString::fromLatin1(QUrl::toPercentEncoding(m_options.filter)));
    const auto started = m_admin.start(m_manager, u"/admin/v1/events"_s, query);
    if (!started) {
        printError(m_streams, started.error().message);
        leave(started.error().code);
        return;
    }
    m_reply = *started;
    m_splitter = http::SseSplitter();
    m_errorBody.clear();
    m_silence.start();
    connect(m_reply, &QNetworkReply::readyRead, this, &TraceTail::read);
    connect(m_reply, &QNetworkReply::finished, this, &TraceTail::finished);
}

void TraceTail::read()
{
    const QByteArray bytes = m_reply->readAll();
    m_silence.start();
    if (AdminClient::statusOf(*m_reply) != 200) {
        m_errorBody += bytes.left(64 * 1024 - m_errorBody.size());
        return;
    }
    m_wasConnected = true;
    if (std::exchange(m_isGone, false))
        printError(m_streams, u"%1 is back; what ended in between is not shown"_s.arg(m_admin.url()));
    m_splitter.feed(bytes);
    QByteArray event;
    while (!m_over && m_splitter.next(event))
        handle(event);
    m_streams.out.flush();
    if (m_splitter.overflowed()) {
        printError(m_streams, u"%1: what it sends is no stream of events"_s.arg(m_admin.url()));
        leave(ExitFailed);
    }
}

void TraceTail::handle(const QByteArray &event)
{
    const QByteArray type = typeOf(event);
    const QByteArray data = http::SseSplitter::data(event);
    if (type == "lost") {
        printError(m_streams, u"%1 events were lost: they came faster than this could show them"_s
                                  .arg(QJsonDocument::fromJson(data)["events"_L1].toInteger()));
        return;
    }
    if (type != "request")
        return;
    if (m_options.json)
        m_streams.out << QString::fromUtf8(data) << '\n';
    else
        m_streams.out << m_columns.line(QJsonDocument::fromJson(data).object());
    if (m_options.count > 0 && ++m_seen >= m_options.count)
        leave(ExitOk);
}

void TraceTail::finished()
{
    QNetworkReply *reply = std::exchange(m_reply, nullptr);
    reply->deleteLater();
    m_silence.stop();
    if (m_over)
        return;
    const int status = AdminClient::statusOf(*reply);
    QString reason = AdminClient::failureOf(*reply, m_errorBody);
    // It refuses us, or it was never there: that will not change by itself.
    if (!m_wasConnected || (status >= 400 && status < 500 && status != 429)) {
        printError(m_streams, u"%1: %2%3"_s.arg(m_admin.url(), reason, status == 0 ? u"; is pdlb running there?"_s : QString()));
        leave(ExitFailed);
        return;
    }
    if (!std::exchange(m_isGone, true))
        printError(m_streams, u"%1 is gone (%2); waiting for it to come back"_s.arg(m_admin.url(), reason.isEmpty() ? u"it ended the stream"_s : reason));
    m_pause.start();
}

} // namespace pdlb::cli
