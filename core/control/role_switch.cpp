// SPDX-License-Identifier: Apache-2.0
#include "control/role_switch.h"

#include <QJsonDocument>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

constexpr std::chrono::milliseconds lookInterval{50};
constexpr std::chrono::milliseconds askInterval{1000};
/// Tearing down one role and building the other (CUDA graphs, KV pools) takes minutes.
constexpr std::chrono::milliseconds engineTimeout = std::chrono::seconds(600);
constexpr double longestDrain = 86'400; // seconds

/// Two looks in a row: a leg counts from its pick on, and a request that picked by the snapshot before is counted by then.
constexpr int quietLooksNeeded = 2;

ControlReply badOrder(const char *member, const QString &message)
{
    return errorReply({400, "invalid_request", message, member});
}

std::optional<Role> roleNamed(const QString &name)
{
    if (name == "prefill"_L1)
        return Role::Prefill;
    if (name == "decode"_L1)
        return Role::Decode;
    return {};
}

OrReply<RoleSwitch::Order> readOrder(const QJsonObject &body, const Config &config)
{
    RoleSwitch::Order order;
    const QString url = body.value("worker_url"_L1).toString();
    if (url.isEmpty())
        return tl::unexpected(badOrder("worker_url", u"worker_url: expected the URL of a server"_s));
    const auto role = roleNamed(body.value("new_role"_L1).toString());
    if (!role)
        return tl::unexpected(badOrder("new_role", u"new_role: expected \"prefill\" or \"decode\""_s));
    order.to = *role;
    if (const QJsonValue port = body.value("bootstrap_port"_L1); !port.isUndefined() && !port.isNull()) {
        const auto parsed = BootstrapPort::parse(port.isString() ? port.toString() : QString::number(port.toDouble(-1)));
        if (!parsed)
            return tl::unexpected(badOrder("bootstrap_port", parsed.error().message));
        order.bootstrapPort = *parsed;
    }
    const QJsonValue drain = body.value("drain"_L1);
    if (!drain.isUndefined() && !drain.isBool())
        return tl::unexpected(badOrder("drain", u"drain: expected true or false"_s));
    order.drain = drain.toBool(true);
    const QJsonValue timeout = body.value("drain_timeout_secs"_L1);
    const double seconds = timeout.isUndefined() ? 300 : timeout.toDouble(-1);
    if (!(seconds >= 0 && seconds <= longestDrain))
        return tl::unexpected(badOrder("drain_timeout_secs", u"drain_timeout_secs: expected a number from 0 to %1"_s.arg(longestDrain)));
    order.drainTimeout = std::chrono::milliseconds(qint64(seconds * 1000));
    const auto place = findServerByUrl(config, url);
    if (!place)
        return tl::unexpected(errorReply({404, "unknown_server", u"there is no server %1"_s.arg(url.left(200)), "worker_url"}));
    order.name = (place->role == Role::Prefill ? config.prefill : config.decode)[place->index].name;
    order.from = place->role;
    QJsonObject engine{{u"new_role"_s, QString::fromLatin1(roleName(order.to))}};
    for (const QString &member : {u"decode_cuda_graph_bs"_s, u"decode_cuda_graph_memory_gb"_s}) {
        if (body.contains(member))
            engine.insert(member, body.value(member));
    }
    order.engineBody = QJsonDocument(engine).toJson(QJsonDocument::Compact);
    return order;
}

} // namespace

Endpoints RoleSwitchApi::endpoints()
{
    return {{"/pd_role_switch", {"POST"}, [this](const ControlRequest &request, const Reply &reply) { handle(request, reply); }, true}};
}

void RoleSwitchApi::handle(const ControlRequest &request, const Reply &reply)
{
    const auto body = bodyObject(request);
    if (!body) {
        reply(body.error());
        return;
    }
    const Config config = m_context.config();
    const auto order = readOrder(*body, config);
    if (!order) {
        reply(order.error());
        return;
    }
    if (order->from == order->to) {
        reply(jsonReply(200, QJsonObject{{u"success"_s, true}, {u"message"_s, u"it is a %1 server already"_s.arg(QLatin1StringView(roleName(order->to)))}}));
        return;
    }
    if ((order->from == Role::Prefill ? config.prefill : config.decode).size() == 1) {
        reply(errorReply({409, "last_server", u"it is the last %1 server, and without one no request can be served"_s.arg(QLatin1StringView(roleName(order->from)))}));
        return;
    }
    if (m_running.contains(order->name)) {
        reply(errorReply({409, "switch_running", u"server \"%1\" is being switched already"_s.arg(order->name)}));
        return;
    }
    m_running.insert(order->name);
    auto *run = new RoleSwitch(m_context, request, *order, [this, reply, name = order->name](const ControlReply &answer) {
        m_running.remove(name);
        reply(answer);
    }, this);
    run->start();
}

RoleSwitch::RoleSwitch(ControlContext &context, ControlRequest request, Order order, Reply done, QObject *parent)
    : QObject(parent), m_context(context), m_request(std::move(request)), m_order(std::move(order)), m_done(std::move(done)),
      m_deadline(context.clock.now() + m_order.drainTimeout)
{
    m_timer.setSingleShot(true);
}

OrReply<QStringList> RoleSwitch::setEnabled(bool enabled)
{
    Config config = m_context.config();
    const auto place = findServer(config, m_order.name);
    if (!place || place->role != m_order.from)
        return tl::unexpected(errorReply({409, "server_changed", u"server \"%1\" was removed or changed meanwhile"_s.arg(m_order.name)}));
    const bool before = std::exchange(serverAt(config, *place).enabled, enabled);
    if (!enabled)
        m_wasEnabled = before;
    return applyConfig(m_context, m_request, config);
}

void RoleSwitch::start()
{
    if (const auto applied = setEnabled(false); !applied) {
        finish(applied.error());
        return;
    }
    if (m_order.drain)
        lookAtLegs();
    else
        askEngine();
}

void RoleSwitch::lookAtLegs()
{
    const fleet::SnapshotPtr snapshot = m_context.fleet.snapshot();
    const fleet::Server *server = snapshot->find(m_order.from, m_order.name.toUtf8());
    const qint64 legs = server ? server->state->inFlight.load() : 0;
    m_quietLooks = legs == 0 ? m_quietLooks + 1 : 0;
    if (m_quietLooks >= quietLooksNeeded) {
        askEngine();
        return;
    }
    if (legs > 0 && timeIsUp()) {
        fail(504, {}, u"%1 requests still ran on it when drain_timeout_secs were over"_s.arg(legs), true);
        return;
    }
    m_timer.disconnect();
    connect(&m_timer, &QTimer::timeout, this, &RoleSwitch::lookAtLegs);
    m_timer.start(lookInterval);
}

void RoleSwitch::askEngine()
{
    const fleet::SnapshotPtr snapshot = m_context.fleet.snapshot();
    const fleet::Server *server = snapshot->find(m_order.from, m_order.name.toUtf8());
    if (!server) {
        finish(errorReply({409, "server_changed", u"server \"%1\" was removed meanwhile"_s.arg(m_order.name)}));
        return;
    }
    EngineRequest question{.method = "POST", .target = "/pd_role_switch", .body = m_order.engineBody, .timeout = engineTimeout};
    question.headers.add("Content-Type", "application/json");
    question.headers.add("X-Request-Id", m_request.headers.value("x-request-id").toByteArray());
    // Not the caller's credentials: they are for the balancer's admin API.
    if (const QByteArray key = server->config.apiKey.isEmpty() ? snapshot->config->engineApiKey : server->config.apiKey; !key.isEmpty())
        question.headers.add("Authorization", "Bearer " + key);
    new EngineCall(m_context.transport, server->origin, question, [this](const EngineReply &reply) { answered(reply); }, this);
}

void RoleSwitch::answered(const EngineReply &reply)
{
    const QJsonObject answer = QJsonDocument::fromJson(reply.body).object();
    const QString message = answer.value("message"_L1).toString();
    if (reply.ok() && answer.value("success"_L1).toBool()) {
        registerAgain(answer);
    } else if (m_order.drain && message.contains("not idle"_L1) && !timeIsUp()) {
        m_timer.disconnect();
        connect(&m_timer, &QTimer::timeout, this, &RoleSwitch::askEngine);
        m_timer.start(askInterval);
    } else {
        const int status = reply.status >= 400 && reply.status < 500 ? reply.status : reply.status == 0 ? 502 : 400;
        fail(status, answer, message.isEmpty() ? reply.describe() : message, answer.value("safe_to_restore"_L1).toBool());
    }
}

void RoleSwitch::registerAgain(const QJsonObject &answer)
{
    Config config = m_context.config();
    const auto place = findServer(config, m_order.name);
    if (!place || place->role != m_order.from) {
        finish(errorReply({409, "server_changed", u"the engine switched, but server \"%1\" was removed or changed meanwhile"_s.arg(m_order.name)}));
        return;
    }
    ServerConfig server = serverAt(config, *place);
    server.enabled = m_wasEnabled;
    server.bootstrapPort = m_order.bootstrapPort.value_or(BootstrapPort{});
    const QStringList pairs = removeServer(config, *place);
    serversOf(config, m_order.to).append(server);
    if (const auto applied = applyConfig(m_context, m_request, config); !applied) {
        fail(409, answer, u"the engine switched, but the new configuration is refused: %1"_s.arg(QString::fromUtf8(applied.error().body)), false);
        return;
    }
    QJsonObject body = answer;
    body.insert(u"name"_s, server.name);
    body.insert(u"role"_s, QString::fromLatin1(roleName(m_order.to)));
    if (!pairs.isEmpty())
        body.insert(u"removed_pairs"_s, pairs.join(u", "_s));
    finish(jsonReply(200, body));
}

void RoleSwitch::fail(int status, QJsonObject answer, const QString &message, bool restore)
{
    const bool restored = restore && (!m_wasEnabled || setEnabled(true).has_value());
    const QString next = restored ? u"it serves as before"_s
                                  : u"it stays disabled, since it is not known to be usable: check it, then POST /admin/v1/servers/%1/enable"_s.arg(m_order.name);
    answer.insert(u"success"_s, false);
    answer.insert(u"message"_s, u"%1; %2"_s.arg(message, next));
    answer.insert(u"restored"_s, restored);
    finish(jsonReply(status, answer));
}

void RoleSwitch::finish(const ControlReply &reply)
{
    m_timer.stop();
    deleteLater();
    m_done(reply);
}

} // namespace pdlb::control
