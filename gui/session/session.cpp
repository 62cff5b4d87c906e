// SPDX-License-Identifier: Apache-2.0
#include "session/session.h"

#include "config/config_json.h"
#include "trace/timeline_json.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>
#include <QPointer>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

constexpr std::chrono::milliseconds seenInterval{500};
constexpr std::chrono::milliseconds hiddenInterval{5000};

std::optional<double> number(const QJsonValue &value)
{
    return value.isDouble() ? std::optional(value.toDouble()) : std::nullopt;
}

ServerView serverView(const QJsonObject &object)
{
    const QJsonObject state = object["state"_L1].toObject();
    ServerView view;
    view.role = object["role"_L1].toString() == "decode"_L1 ? Role::Decode : Role::Prefill;
    view.name = object["name"_L1].toString();
    view.url = object["url"_L1].toString();
    view.enabled = object["enabled"_L1].toBool(true);
    view.status = state["status"_L1].toString();
    view.reason = state["reason"_L1].toString();
    view.inFlight = state["in_flight"_L1].toInteger();
    view.requests = state["requests"_L1].toInteger();
    view.failures = state["failures"_L1].toInteger();
    if (state["bootstrap_port"_L1].isDouble())
        view.bootstrapPort = state["bootstrap_port"_L1].toInt();
    const QJsonObject probe = state["probe"_L1].toObject();
    view.probeMs = number(probe["ms"_L1]);
    view.probeAgo = number(probe["secs_ago"_L1]);
    return view;
}

} // namespace

QJsonObject AdminAnswer::json() const
{
    return QJsonDocument::fromJson(body).object();
}

Session::Session(QObject *parent) : QObject(parent)
{
    m_refresh.setInterval(seenInterval);
    connect(&m_refresh, &QTimer::timeout, this, &Session::refresh);
}

Session::~Session() = default;

const ServerView *Session::server(const QString &name) const
{
    const auto found = std::find_if(m_servers.begin(), m_servers.end(), [&](const ServerView &server) { return server.name == name; });
    return found == m_servers.end() ? nullptr : &*found;
}

void Session::setHidden(bool hidden)
{
    m_refresh.setInterval(hidden ? hiddenInterval : seenInterval);
}

void Session::setState(State state, const QString &problem)
{
    if (m_state == state && m_problem == problem)
        return;
    m_state = state;
    m_problem = problem;
    if (state == State::Running || state == State::Draining)
        m_refresh.start();
    else
        m_refresh.stop();
    if (state == State::Stopped || state == State::Lost)
        clearFleet();
    Q_EMIT stateChanged();
}

void Session::setConfig(const Config &config)
{
    const QJsonObject before = configToJson(m_config);
    m_config = config;
    m_config.nameServers();
    if (configToJson(m_config) != before)
        Q_EMIT configChanged();
}

void Session::clearFleet()
{
    m_fleetVersion = -1;
    m_inFlight = 0;
    if (!m_servers.isEmpty())
        m_servers.clear();
    Q_EMIT fleetChanged();
}

void Session::refresh()
{
    ask("GET", "/admin/v1/stats", {}, this, [this](const AdminAnswer &answer) {
        if (!answer.isGood())
            return;
        const QJsonObject stats = answer.json();
        m_inFlight = stats["in_flight"_L1].toInteger();
        if (!isLocal()) {
            // Records from elsewhere count from 1970 (trace::timelineFromJson()).
            const QDateTime told = QDateTime::fromString(stats["time"_L1].toString(), Qt::ISODateWithMs);
            const QDateTime now = told.isValid() ? told : QDateTime::currentDateTimeUtc();
            m_axisOffset = std::chrono::milliseconds(now.toMSecsSinceEpoch()) - SteadyClock::instance().now();
        }
        const qint64 version = stats["fleet_version"_L1].toInteger();
        if (version != std::exchange(m_fleetVersion, version))
            askConfig();
    });
    ask("GET", "/admin/v1/servers", {}, this, [this](const AdminAnswer &answer) {
        if (answer.isGood() && (m_state == State::Running || m_state == State::Draining))
            takeServers(answer.json());
    });
}

void Session::takeServers(const QJsonObject &object)
{
    QList<ServerView> servers;
    const QJsonArray list = object["servers"_L1].toArray();
    for (const QJsonValue &value : list)
        servers += serverView(value.toObject());
    for (const ServerView &now : std::as_const(servers)) {
        const ServerView *before = server(now.name);
        if (before && before->status != now.status) {
            const bool bad = now.status == "down"_L1 || now.status == "degraded"_L1;
            Q_EMIT happened(now.reason.isEmpty() ? tr("%1 is %2").arg(now.name, now.status) : tr("%1 is %2: %3").arg(now.name, now.status, now.reason), bad);
        }
    }
    m_servers = std::move(servers);
    Q_EMIT fleetChanged();
}

void Session::fetch(const QByteArray &requestId, QObject *context, const std::function<void(const trace::TimelinePtr &)> &take)
{
    ask("GET", "/admin/v1/traces/" + requestId.toPercentEncoding() + "?bodies=true", {}, context, [take](const AdminAnswer &answer) {
        auto timeline = answer.isGood() ? trace::timelineFromJson(answer.json()) : failure(answer.error);
        take(timeline ? std::make_shared<const trace::Timeline>(std::move(*timeline)) : nullptr);
    });
}

} // namespace pdlb::gui
