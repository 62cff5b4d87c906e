// SPDX-License-Identifier: Apache-2.0
#include "doctor/rules.h"

using namespace Qt::StringLiterals;

namespace pdlb::doctor {

namespace {

using Kind = Answer::Kind;

QString roleOf(const ServerFacts &server)
{
    return QString::fromLatin1(roleName(server.role));
}

QString seconds(double milliseconds)
{
    return u"%1 s"_s.arg(milliseconds / 1000, 0, 'f', milliseconds < 10000 ? 1 : 0);
}

/// Nobody there, or nobody who speaks HTTP: then nothing else can be said.
std::optional<Finding> checkReached(const ServerFacts &server)
{
    if (server.info.kind == Kind::Unreachable) {
        return Finding{
            Severity::Error, "engine_down", u"no connection to %1: %2"_s.arg(server.url, server.info.words),
            u"the engine is not running, listens on another address or port, or a firewall is in between"_s,
            u"start it, or correct the URL of --%1; an engine that other machines shall reach needs --host 0.0.0.0"_s
                .arg(roleOf(server))};
    }
    if (server.info.kind == Kind::Silent && server.health.kind == Kind::Silent) {
        return Finding{Severity::Error, "engine_hangs",
                       u"%1 takes connections but answers neither /server_info nor /health within %2"_s.arg(
                           server.url, seconds(double(server.timeout.count()))),
                       u"its process is stuck or still loading the model; or packets are dropped on the way"_s,
                       u"look at the engine's log and restart it; if it is only slow: --timeout SECONDS"_s};
    }
    if (server.info.kind == Kind::Broken && server.health.kind == Kind::Broken) {
        return Finding{Severity::Error, "not_http",
                       u"what listens at %1 does not speak HTTP: %2"_s.arg(server.url, server.info.words),
                       u"the port is another service's, or the engine speaks TLS"_s,
                       u"correct the port in --%1 URL, or write https:// there"_s.arg(roleOf(server))};
    }
    return {};
}

std::optional<Finding> checkKey(const ServerFacts &server)
{
    int status = server.info.status;
    if (status != 401 && status != 403)
        status = server.alone.status;
    if (status != 401 && status != 403)
        return {};
    if (server.keyGiven) {
        return Finding{
            Severity::Error, "auth_refused", u"the engine refuses the API key (status %1)"_s.arg(status),
            u"it was started with another --api-key"_s,
            u"give its own key: --engine-api-key-file FILE, or in a configuration file \"api_key_ref\" of this server"_s};
    }
    return Finding{
        Severity::Error, "auth_missing", u"the engine wants an API key and none was sent (status %1)"_s.arg(status),
        u"it was started with --api-key"_s,
        u"--engine-api-key-file FILE (or PDLB_ENGINE_API_KEY), or in a configuration file \"api_key_ref\" of this server"_s};
}

void checkInfo(const ServerFacts &server, Findings &findings)
{
    const QString blind = u"what depends on it (model, page size, KV dtype, bootstrap port) cannot be compared"_s;
    if (server.info.kind == Kind::Silent || server.info.kind == Kind::Broken) {
        findings += {Severity::Warning, server.info.kind == Kind::Silent ? "server_info_silent" : "server_info_rubbish",
                     u"/server_info does not answer properly: %1"_s.arg(server.info.words), blind,
                     u"look at the engine's log"_s};
    } else if (server.info.status == 404) {
        findings += {Severity::Warning, "server_info_missing", u"there is no /server_info (status 404)"_s,
                     u"this is no SGLang engine, or a path is missing in the URL; "_s + blind,
                     u"check the URL of --%1"_s.arg(roleOf(server))};
    } else if (server.info.kind == Kind::Answered && !server.info.ok() && server.info.status != 401 &&
               server.info.status != 403) {
        findings += {Severity::Warning, "server_info_failed",
                     u"/server_info answers status %1: %2"_s.arg(server.info.status).arg(server.info.words), blind,
                     u"look at the engine's log"_s};
    } else if (!server.infoProblem.isEmpty()) {
        findings += {Severity::Warning, "server_info_rubbish",
                     u"/server_info answers status %1 with %2"_s.arg(server.info.status).arg(server.infoProblem),
                     u"something between here and the engine answers in its place, or the engine is broken; "_s + blind,
                     u"check the URL of --%1; see what comes: curl %2/server_info"_s.arg(roleOf(server), server.url)};
    } else if (server.engine && !server.engine->problems.isEmpty()) {
        findings +=
            {Severity::Warning, "server_info_rubbish", u"/server_info: %1"_s.arg(server.engine->problems.join(u"; "_s)),
             u"these members cannot be compared; the engine's version may be unknown to pdlb"_s,
             u"see what comes: curl %1/server_info"_s.arg(server.url)};
    }
}

void checkRole(const ServerFacts &server, Findings &findings)
{
    if (!server.engine || server.engine->mode == roleOf(server))
        return;
    if (server.engine->mode.isEmpty()) {
        findings +=
            {Severity::Warning, "role_unknown",
             u"/server_info does not say whether it is a prefill or a decode engine"_s,
             u"it has no disaggregation_mode: this is no SGLang engine, or another service answers at that URL"_s,
             u"check the URL of --%1; see what comes: curl %2/server_info"_s.arg(roleOf(server), server.url)};
        return;
    }
    const QString &mode = server.engine->mode;
    if (mode == "null"_L1) {
        findings += {Severity::Error, "not_disaggregated",
                     u"it is given as %1 but runs without disaggregation"_s.arg(roleOf(server)),
                     u"such an engine does prefill and decode itself and takes part in no pair"_s,
                     u"restart it with --disaggregation-mode %1"_s.arg(roleOf(server))};
        return;
    }
    const QString same =
        server.sameAs.isEmpty() ? QString() : u"; it is the engine that is also given as %1"_s.arg(server.sameAs);
    findings += {Severity::Error, "role_mismatch",
                 u"it is given as %1 but runs as a %2 engine%3"_s.arg(roleOf(server), mode, same),
                 u"two %1 engines wait for each other until they time out"_s.arg(mode),
                 u"give it with --%1, or restart it with --disaggregation-mode %2"_s.arg(mode, roleOf(server))};
}

void checkHealth(const ServerFacts &server, Findings &findings)
{
    const Answer &health = server.health;
    if (health.kind == Kind::Answered && !health.ok() && health.status != 404) {
        findings += {Severity::Error, "unhealthy",
                     u"/health answers status %1%2"_s.arg(health.status)
                         .arg(health.words.isEmpty() ? QString() : u": "_s + health.words),
                     u"it is starting, shutting down, or its scheduler died; the balancer gives it no requests"_s,
                     u"wait, then look at the engine's log"_s};
    } else if (health.kind == Kind::Silent || health.kind == Kind::Broken) {
        findings += {
            Severity::Warning, "health_silent", u"/health does not answer properly: %1"_s.arg(health.words),
            u"the balancer's probes fail likewise and take it out of use; SGLang's /health runs a token through the model and is late when the engine is busy"_s,
            u"a longer --health-timeout of pdlb serve, or SGLANG_ENABLE_HEALTH_ENDPOINT_GENERATION=0 at the engine"_s};
    }
}

void checkAlone(const ServerFacts &server, Findings &findings)
{
    const LegFacts &alone = server.alone;
    const QByteArray slow = server.role == Role::Prefill ? "prefill_slow" : "decode_slow";
    const QString busy =
        server.queues ? u"it said it had %1 running and %2 waiting requests"_s.arg(server.queues->running.value_or(0))
                            .arg(server.queues->waiting.value_or(0))
                      : u"how busy it is, it does not tell (/v1/loads)"_s;
    const QString fix =
        u"look at its log and GPU; with many waiting requests add %1 engines; right after a start ask again, the first requests are slow"_s
            .arg(roleOf(server));
    if (alone.end == LegFacts::End::Unanswered) {
        findings +=
            {Severity::Error, slow,
             u"one token without a partner is not done within %1"_s.arg(seconds(double(server.timeout.count()))),
             u"this engine alone is the cause, no KV transfer takes part; "_s + busy,
             fix + u"; to wait longer: --timeout SECONDS"_s};
    } else if (alone.end == LegFacts::End::Ok && alone.milliseconds > double(server.slow.count())) {
        findings +=
            {Severity::Warning, slow, u"one token without a partner takes %1"_s.arg(seconds(alone.milliseconds)),
             u"this engine alone is the cause, no KV transfer takes part; "_s + busy, fix};
    } else if (alone.end == LegFacts::End::Failed && alone.status != 401 && alone.status != 403) {
        findings += {Severity::Warning, "leg_alone_failed",
                     u"one token without a partner (bootstrap host 2.2.2.2, room 0) fails: %1"_s.arg(alone.message),
                     u"if pairs with it fail too, the cause is this engine and not the KV transfer"_s,
                     u"look at the engine's log"_s};
    }
}

} // namespace

Findings checkServer(const ServerFacts &server)
{
    Findings findings;
    if (!server.enabled)
        findings += {Severity::Note, "disabled", u"it is disabled and gets no requests"_s,
                     u"\"enabled\" is false in the configuration"_s, u"enable it when it shall serve"_s};
    if (server.info.kind == Kind::NotAsked)
        return findings;
    if (const auto unreached = checkReached(server))
        return findings += *unreached;
    if (const auto key = checkKey(server))
        findings += *key;
    checkInfo(server, findings);
    checkRole(server, findings);
    checkHealth(server, findings);
    checkAlone(server, findings);
    if (server.info.ok() && !server.clock.milliseconds)
        findings += {Severity::Note, "clock_unknown", u"its clock cannot be compared with others"_s,
                     u"the engine sends %1"_s.arg(server.clock.source),
                     u"compare them by hand where times of two machines matter"_s};
    return findings;
}

} // namespace pdlb::doctor
