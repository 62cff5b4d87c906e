// SPDX-License-Identifier: Apache-2.0
#include "doctor/rules.h"

using namespace Qt::StringLiterals;

namespace pdlb::doctor {

namespace {

using Kind = Answer::Kind;

/// "--prefill URL 8998", with the port the engine itself tells.
QString rightFlag(const ServerFacts &prefill)
{
    if (prefill.engine && prefill.engine->bootstrapPort)
        return u"--prefill %1 %2"_s.arg(prefill.url).arg(*prefill.engine->bootstrapPort);
    return u"--prefill %1 PORT, with the PORT of the engine's --disaggregation-bootstrap-port"_s.arg(prefill.url);
}

bool differsFromEngine(const ServerFacts &prefill, const BootstrapFacts &bootstrap)
{
    return prefill.engine && prefill.engine->bootstrapPort && bootstrap.asked &&
           *prefill.engine->bootstrapPort != *bootstrap.asked;
}

/// What is there instead of the prefill's bootstrap server; empty when it may be that.
QString whatAnswers(const BootstrapFacts &bootstrap)
{
    const Answer &route = bootstrap.route;
    if (route.kind == Kind::Unreachable)
        return u"nothing listens there: %1"_s.arg(route.words);
    if (route.kind == Kind::Silent)
        return u"nothing answers there: %1"_s.arg(route.words);
    if (route.kind == Kind::Broken)
        return u"what listens there does not speak HTTP: %1"_s.arg(route.words);
    if (route.kind == Kind::Answered && !route.ok() && route.status != 503)
        return u"what listens there is no bootstrap server: /route answers status %1"_s.arg(route.status);
    return {};
}

std::optional<Finding> checkOwner(const ServerFacts &prefill, const BootstrapFacts &bootstrap)
{
    if (!bootstrap.info || !bootstrap.info->prefillHttpPort)
        return {};
    const qint64 tells = *bootstrap.info->prefillHttpPort;
    // Behind a proxy the URL has another port than the engine itself; what the engine says counts.
    const qint64 own = prefill.engine && prefill.engine->port ? *prefill.engine->port : prefill.port;
    if (tells == own || tells == prefill.port)
        return {};
    const QString owner = bootstrap.owner.isEmpty() ? u"the prefill with HTTP port %1"_s.arg(tells)
                                                    : u"prefill %1 (HTTP port %2)"_s.arg(bootstrap.owner).arg(tells);
    return Finding{Severity::Error, "bootstrap_ports_crossed",
                   u"bootstrap port %1 belongs to %2"_s.arg(*bootstrap.asked).arg(owner),
                   u"decode engines would wait at another prefill for a KV cache that is never sent there"_s,
                   differsFromEngine(prefill, bootstrap) || bootstrap.source == BootstrapPort::Kind::Fixed
                       ? rightFlag(prefill)
                       : u"give each prefill on that machine its own --disaggregation-bootstrap-port"_s};
}

} // namespace

Findings checkBootstrap(const ServerFacts &prefill, const BootstrapFacts &bootstrap)
{
    Findings findings;
    if (!bootstrap.asked) {
        if (prefill.info.kind == Kind::Answered) {
            findings += {Severity::Warning, "bootstrap_port_unknown", u"its bootstrap port is unknown; legs get null"_s,
                         u"with null each engine uses its own setting, which works only when they are the same"_s,
                         rightFlag(prefill)};
        }
        return findings;
    }
    const QString at = u"%1:%2"_s.arg(bootstrap.host).arg(*bootstrap.asked);
    const QString answers = whatAnswers(bootstrap);
    if (const auto crossed = checkOwner(prefill, bootstrap))
        return findings += *crossed;
    if (differsFromEngine(prefill, bootstrap)) {
        return findings += {Severity::Error, "bootstrap_port_wrong",
                            u"bootstrap port %1 is given, but the engine says %2"_s.arg(*bootstrap.asked)
                                .arg(*prefill.engine->bootstrapPort),
                            answers.isEmpty() ? u"decode engines would ask another server for the KV cache"_s : answers,
                            rightFlag(prefill)};
    }
    if (!answers.isEmpty()) {
        const bool wrong =
            bootstrap.source == BootstrapPort::Kind::Fixed && !(prefill.engine && prefill.engine->bootstrapPort);
        if (wrong)
            return findings += {Severity::Error, "bootstrap_port_wrong",
                                u"there is no bootstrap server at %1"_s.arg(at), answers, rightFlag(prefill)};
        return findings +=
               {Severity::Error, "bootstrap_down", u"the bootstrap server at %1 is not there"_s.arg(at),
                answers + u"; decode engines get no KV cache from this prefill"_s,
                u"it runs inside the prefill: look at its log; it must listen where decode engines reach it (--host 0.0.0.0), and a firewall must let port %1 through"_s
                    .arg(*bootstrap.asked)};
    }
    if (bootstrap.route.status == 503) {
        return findings +=
               {Severity::Error, "prefill_not_registered",
                u"the prefill has not registered with its bootstrap server: %1"_s.arg(bootstrap.route.words),
                u"its workers are still loading, or some of them (other nodes of a TP/PP group) never reached this server"_s,
                u"wait until it has loaded; on several nodes check --dist-init-addr, --nnodes and --node-rank of each"_s};
    }
    if (bootstrap.health.kind != Kind::NotAsked && !bootstrap.health.ok()) {
        findings +=
            {Severity::Warning, "bootstrap_unhealthy",
             u"/health of the bootstrap server at %1 does not answer 200: %2"_s.arg(
                 at, bootstrap.health.status ? QString::number(bootstrap.health.status) : bootstrap.health.words),
             u"decode engines ask it every 5 s and give the prefill up after two failures"_s,
             u"look at the prefill's log"_s};
    }
    const QString problem = bootstrap.info ? bootstrap.info->problems.join(u"; "_s) : bootstrap.routeProblem;
    if (!problem.isEmpty()) {
        findings +=
            {Severity::Warning, "bootstrap_route_rubbish",
             u"/route of the bootstrap server at %1: %2"_s.arg(at, problem), u"decode engines read the same answer"_s,
             u"check that the port is the prefill's --disaggregation-bootstrap-port"_s};
    }
    return findings;
}

} // namespace pdlb::doctor
