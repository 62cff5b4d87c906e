// SPDX-License-Identifier: Apache-2.0
#include "doctor/server_exam.h"

#include "doctor/rules.h"
#include "upstream/engine_credentials.h"

#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace pdlb::doctor {

http::HeaderList ExamContext::credentials(const ServerConfig &server) const
{
    http::HeaderList headers;
    for (const char *name : {"authorization", "x-api-key"}) {
        if (options.headers.contains(name))
            headers.add(name, options.headers.value(name).toByteArray());
    }
    upstream::setEngineCredentials(headers, config, server);
    return headers;
}

QByteArray ExamContext::requestBody(const ServerFacts &server)
{
    const QByteArray prompt =
        server.engine && server.engine->withoutTokenizer ? R"("input_ids":[1,2,3])" : R"("text":"Hello")";
    return '{' + prompt + R"(,"sampling_params":{"temperature":0,"max_new_tokens":1,"ignore_eos":true}})";
}

ServerExam::ServerExam(ExamContext &context, const upstream::Origin &origin, const ServerConfig &config,
                       ServerReport report, QObject *parent)
    : QObject(parent), m_context(context), m_origin(origin), m_config(config), m_report(std::move(report))
{
    ServerFacts &facts = m_report.facts;
    facts.timeout = context.options.timeout;
    facts.slow = context.options.slow;
    facts.keyGiven = !context.credentials(config).isEmpty();
    if (facts.role == Role::Prefill) {
        m_report.bootstrap = BootstrapFacts{.prefill = facts.name,
                                            .host = QString::fromUtf8(origin.bracketedHost()),
                                            .source = config.bootstrapPort.kind};
        if (config.bootstrapPort.kind == BootstrapPort::Kind::Fixed)
            m_report.bootstrap->sent = config.bootstrapPort.port;
    }
}

void ServerExam::start()
{
    m_engineQuestions = 3;
    m_questions = 1; // this one
    askInfo("/server_info");
    ask(m_origin, "/health", true, [this](const control::EngineReply &reply) {
        m_report.facts.health = readAnswer(reply, m_context.quote);
        engineKnown();
    });
    const QDateTime askedAt = QDateTime::currentDateTimeUtc();
    ask(m_origin, control::loadsTarget, true, [this, askedAt](const control::EngineReply &reply) {
        if (const trace::LoadSample sample = control::readLoads(reply); sample.error.isEmpty())
            m_report.facts.queues = sample;
        if (reply.status > 0)
            m_report.facts.clock = readClock(reply, askedAt, QDateTime::currentDateTimeUtc());
        engineKnown();
    });
    if (m_report.bootstrap && m_report.bootstrap->sent)
        askBootstrap(*m_report.bootstrap->sent);
    stepEnded();
}

void ServerExam::ask(const upstream::Origin &origin, const QByteArray &target, bool withKey, const Then &then)
{
    ++m_questions;
    control::EngineRequest request{.target = target};
    if (withKey)
        request.headers = m_context.credentials(m_config);
    request.timeout = m_context.options.timeout;
    new control::EngineCall(
        m_context.transports.of(origin), origin, std::move(request),
        [this, then](const control::EngineReply &reply) {
            then(reply);
            stepEnded();
        },
        this);
}

void ServerExam::askInfo(const QByteArray &target)
{
    ask(m_origin, target, true, [this, target](const control::EngineReply &reply) {
        if (reply.status == 404 && target == "/server_info")
            askInfo("/get_server_info"); // its name until April 2026 (sglang#21463)
        else
            infoAnswered(reply);
    });
}

void ServerExam::infoAnswered(const control::EngineReply &reply)
{
    ServerFacts &facts = m_report.facts;
    facts.info = readAnswer(reply, m_context.quote);
    if (reply.ok()) {
        if (const auto object = readObject(reply, m_context.quote))
            facts.engine = readEngineInfo(*object, m_context.quote);
        else
            facts.infoProblem = object.error().message;
    }
    if (m_report.bootstrap && !m_report.bootstrap->sent && facts.engine && facts.engine->bootstrapPort) {
        const auto port = quint16(*facts.engine->bootstrapPort);
        if (m_report.bootstrap->source == BootstrapPort::Kind::Discover)
            m_report.bootstrap->sent = port;
        askBootstrap(port);
    }
    engineKnown();
}

void ServerExam::askBootstrap(quint16 port)
{
    BootstrapFacts &facts = *m_report.bootstrap;
    facts.asked = port;
    upstream::Origin origin;
    origin.host = m_origin.host;
    origin.port = port;
    ask(origin, "/health", false,
        [this, &facts](const control::EngineReply &reply) { facts.health = readAnswer(reply, m_context.quote); });
    ask(origin, control::routeTarget, false,
        [this, origin](const control::EngineReply &reply) { routeAnswered(origin, reply); });
}

void ServerExam::routeAnswered(const upstream::Origin &origin, const control::EngineReply &reply)
{
    BootstrapFacts &facts = *m_report.bootstrap;
    facts.route = readAnswer(reply, m_context.quote);
    if (!reply.ok())
        return;
    const auto object = readObject(reply, m_context.quote);
    if (!object) {
        facts.routeProblem = object.error().message;
        return;
    }
    facts.info = readRouteInfo(*object, m_context.quote);
    ask(origin, "/route?prefill_dp_rank=0&prefill_cp_rank=0&target_tp_rank=0&target_pp_rank=0", false,
        [this, &facts](const control::EngineReply &rank) {
            if (const auto place = readObject(rank, m_context.quote); rank.ok() && place)
                facts.rankIp = m_context.quote(place->value("rank_ip"_L1).toString());
        });
}

void ServerExam::engineKnown()
{
    if (--m_engineQuestions > 0)
        return;
    if (!hasErrors(checkServer(m_report.facts)))
        askAlone();
}

void ServerExam::askAlone()
{
    const pd::Dialect &dialect = pd::sglangDialect();
    const QByteArray body = ExamContext::requestBody(m_report.facts);
    const auto shape = dialect.analyse(pd::Endpoint::Generate, body);
    if (!shape)
        return;
    const pd::LegRole role = m_report.facts.role == Role::Prefill ? pd::LegRole::Prefill : pd::LegRole::Decode;
    const ProbeRequest::Leg leg{m_origin, m_context.credentials(m_config),
                                dialect.planAlone(role, *shape, body, m_context.random)};
    m_alone = std::make_unique<ProbeRequest>(m_context.transports, m_context.quote, std::vector{leg},
                                             m_context.options.timeout, nullptr);
    connect(m_alone.get(), &ProbeRequest::finished, this, [this] {
        m_report.facts.alone = m_alone->facts(0);
        stepEnded();
    });
    ++m_questions;
    m_alone->start();
}

void ServerExam::stepEnded()
{
    if (--m_questions > 0)
        return;
    judge();
    Q_EMIT finished();
}

void ServerExam::judge()
{
    m_report.findings += checkServer(m_report.facts);
    if (m_report.bootstrap) {
        // Another prefill of that machine that a port can belong to.
        for (const ServerConfig &other : m_context.config.prefill) {
            const auto origin = upstream::parseOrigin(other.url);
            const std::optional<qint64> tells =
                m_report.bootstrap->info ? m_report.bootstrap->info->prefillHttpPort : std::nullopt;
            if (origin && tells == std::optional<qint64>(origin->port) && origin->host == m_origin.host &&
                other.name != m_config.name)
                m_report.bootstrap->owner = other.name;
        }
        m_report.bootstrapFindings = checkBootstrap(m_report.facts, *m_report.bootstrap);
    }
    for (Finding &finding : m_report.findings)
        finding.where = m_report.facts.name;
    for (Finding &finding : m_report.bootstrapFindings)
        finding.where = m_report.facts.name + u" bootstrap"_s;
}

} // namespace pdlb::doctor
