// SPDX-License-Identifier: Apache-2.0
#include "session/remote_session.h"

#include "config/config_json.h"
#include "trace/filter.h"
#include "trace/timeline_json.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QNetworkProxy>
#include <QNetworkReply>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

constexpr std::chrono::milliseconds askTimeout = std::chrono::seconds(60); // a doctor's examination takes its time
constexpr std::chrono::milliseconds longestSilence = std::chrono::seconds(20); // there is a heartbeat every 5

trace::TimelinePtr timelineOf(const QJsonObject &object)
{
    auto timeline = trace::timelineFromJson(object);
    if (!timeline)
        return {};
    timeline->searchText = trace::searchTextOf(*timeline);
    return std::make_shared<const trace::Timeline>(std::move(*timeline));
}

QString explain(const QNetworkReply &reply, const QByteArray &body)
{
    const int status = reply.attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (status == 401 || status == 403)
        return RemoteSession::tr("the balancer wants another admin key (%1)").arg(status);
    const QString told = QJsonDocument::fromJson(body).object()["error"_L1].toObject()["message"_L1].toString();
    if (!told.isEmpty())
        return told;
    if (status == 404)
        return RemoteSession::tr("there is no admin API of pdlb (404)");
    if (status != 0)
        return RemoteSession::tr("it answered with status %1").arg(status);
    return reply.errorString();
}

} // namespace

RemoteSession::RemoteSession(const QUrl &url, const QByteArray &adminKey, QObject *parent) : Session(parent), m_url(url), m_key(adminKey)
{
    m_manager.setProxy(QNetworkProxy::NoProxy);
    m_retry.setSingleShot(true);
    m_retry.setInterval(pause);
    connect(&m_retry, &QTimer::timeout, this, &RemoteSession::connectNow);
    m_silence.setSingleShot(true);
    m_silence.setInterval(longestSilence);
    connect(&m_silence, &QTimer::timeout, this, [this] { lost(tr("nothing has come from it for %n seconds", nullptr, int(longestSilence.count() / 1000))); });
}

RemoteSession::~RemoteSession()
{
    if (m_events)
        m_events->disconnect(this);
}

QUrl RemoteSession::url() const
{
    if (state() != State::Running && state() != State::Draining)
        return {};
    QUrl url = m_url;
    if (config().adminPort)
        url.setPort(config().port); // what we know is its admin API's own listener
    return url;
}

QNetworkReply *RemoteSession::send(const QByteArray &method, const QByteArray &target, const QByteArray &body)
{
    QUrl url = m_url;
    const QUrl relative = QUrl::fromEncoded(target);
    url.setPath(m_url.path() + relative.path(QUrl::FullyEncoded), QUrl::TolerantMode);
    url.setQuery(relative.query(QUrl::FullyEncoded));
    QNetworkRequest request(url);
    if (!m_key.isEmpty())
        request.setRawHeader("Authorization", "Bearer " + m_key);
    if (!body.isEmpty())
        request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    return m_manager.sendCustomRequest(request, method, body);
}

void RemoteSession::ask(const QByteArray &method, const QByteArray &target, const QByteArray &body, QObject *context, Answer answer)
{
    QNetworkReply *reply = send(method, target, body);
    auto *timeout = new QTimer(reply);
    timeout->setSingleShot(true);
    connect(timeout, &QTimer::timeout, reply, &QNetworkReply::abort);
    timeout->start(askTimeout);
    connect(reply, &QNetworkReply::downloadProgress, reply, [reply](qint64 received, qint64) {
        if (received > longestAnswer)
            reply->abort();
    });
    connect(reply, &QNetworkReply::finished, this, [this, reply, context = QPointer(context), answer = std::move(answer)] {
        reply->deleteLater();
        AdminAnswer result;
        result.status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
        result.body = reply->readAll();
        if (reply->error() == QNetworkReply::OperationCanceledError)
            result.status = 0;
        if (!result.isGood())
            result.error = explain(*reply, result.body);
        const bool isConnection = result.status == 0 && reply->error() != QNetworkReply::OperationCanceledError;
        if (context)
            answer(result);
        if (isConnection)
            lost(result.error);
    });
}

void RemoteSession::connectNow()
{
    if (state() == State::Stopped)
        setState(State::Starting);
    ask("GET", "/admin/v1/stats", {}, this, [this](const AdminAnswer &answer) {
        if (!answer.isGood() || !answer.json().contains("fleet_version"_L1)) {
            lost(answer.isGood() ? tr("what answers there is not pdlb") : answer.error);
            return;
        }
        openEvents();
        setState(State::Running);
        Q_EMIT happened(tr("Attached to %1").arg(m_url.toString()), false);
        refresh();
        if (std::exchange(m_begun, true))
            return;
        ask("GET", "/admin/v1/traces?limit=1000&filter=not+is%3Arunning", {}, this, [this](const AdminAnswer &past) {
            const QJsonArray list = past.json()["traces"_L1].toArray();
            std::deque<trace::TimelinePtr> before;
            for (const QJsonValue &value : list) {
                // What ended meanwhile is told twice.
                if (trace::TimelinePtr timeline = timelineOf(value.toObject()); timeline && !m_told.contains(timeline->serial)) {
                    m_told.insert(timeline->serial);
                    before.push_front(std::move(timeline));
                }
            }
            m_waiting.insert(m_waiting.begin(), before.begin(), before.end());
        });
    });
}

void RemoteSession::openEvents()
{
    m_splitter = http::SseSplitter();
    m_events = send("GET", "/admin/v1/events?detail=record&heartbeat_secs=5", {});
    m_silence.start();
    connect(m_events, &QNetworkReply::readyRead, this, &RemoteSession::readEvents);
    connect(m_events, &QNetworkReply::finished, this, [this, reply = m_events.data()] {
        reply->deleteLater();
        if (reply == m_events)
            lost(reply->error() == QNetworkReply::NoError ? tr("it ended the connection") : explain(*reply, {}));
    });
}

void RemoteSession::readEvents()
{
    m_silence.start();
    if (m_events->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt() != 200)
        return;
    m_splitter.feed(m_events->readAll());
    QByteArray event;
    while (m_splitter.next(event))
        takeEvent(event);
}

void RemoteSession::takeEvent(const QByteArray &event)
{
    if (isCapturing() && event.contains("event: request\n"))
        keep(timelineOf(QJsonDocument::fromJson(http::SseSplitter::data(event)).object()));
    else if (event.contains("event: config\n") || event.contains("event: server\n"))
        refresh();
    else if (event.contains("event: lost\n"))
        Q_EMIT happened(tr("Some requests are not shown: they came faster than the connection takes them"), true);
}

void RemoteSession::keep(trace::TimelinePtr timeline)
{
    if (!timeline || m_told.contains(timeline->serial))
        return;
    constexpr qsizetype enough = 4000; // long behind what was there at the beginning
    if (m_told.size() < enough)
        m_told.insert(timeline->serial);
    m_waiting.push_back(std::move(timeline));
    if (m_waiting.size() > mostWaiting)
        m_waiting.pop_front();
}

std::vector<trace::TimelinePtr> RemoteSession::takeTraces()
{
    const std::deque<trace::TimelinePtr> taken = std::exchange(m_waiting, {});
    return {taken.begin(), taken.end()};
}

void RemoteSession::lost(const QString &why)
{
    m_told.clear(); // another process counts anew
    m_silence.stop();
    if (QPointer<QNetworkReply> events = std::exchange(m_events, nullptr)) {
        events->disconnect(this);
        events->abort();
        events->deleteLater();
    }
    if (!m_retry.isActive())
        m_retry.start();
    if (state() != State::Lost)
        Q_EMIT happened(tr("%1 cannot be reached: %2").arg(m_url.toString(), why), true);
    setState(State::Lost, why);
}

void RemoteSession::askConfig()
{
    ask("GET", "/admin/v1/config", {}, this, [this](const AdminAnswer &answer) {
        if (!answer.isGood())
            return;
        if (const auto loaded = configFromJson(answer.body, CheckConfig::Form))
            setConfig(loaded->config);
    });
}

void RemoteSession::askRunning()
{
    if (state() != State::Running || std::exchange(m_runningAsked, true))
        return;
    ask("GET", "/admin/v1/traces?limit=500&filter=is%3Arunning", {}, this, [this](const AdminAnswer &answer) {
        m_runningAsked = false;
        if (!answer.isGood())
            return;
        std::vector<trace::TimelinePtr> running;
        const QJsonArray list = answer.json()["traces"_L1].toArray();
        for (const QJsonValue &value : list) {
            if (trace::TimelinePtr timeline = timelineOf(value.toObject()))
                running.push_back(std::move(timeline));
        }
        Q_EMIT runningTold(running);
    });
}

void RemoteSession::apply(const Config &config, QObject *context, Applied applied)
{
    const QByteArray body = QJsonDocument(configToJson(config)).toJson(QJsonDocument::Compact);
    ask("PUT", "/admin/v1/config", body, context, [this, applied = std::move(applied)](const AdminAnswer &answer) {
        if (!answer.isGood()) {
            applied(failure(answer.error));
            return;
        }
        QStringList needRestart;
        const QJsonArray list = answer.json()["needs_restart"_L1].toArray();
        for (const QJsonValue &value : list)
            needRestart += value.toString();
        askConfig();
        applied(needRestart);
    });
}

} // namespace pdlb::gui
