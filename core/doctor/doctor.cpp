// SPDX-License-Identifier: Apache-2.0
#include "doctor/doctor.h"

#include "doctor/name_lookup.h"
#include "doctor/rules.h"
#include "doctor/server_exam.h"
#include "fleet/pair_table.h"
#include "util/tls_files.h"

#include <QElapsedTimer>
#include <QHostAddress>
#include <QHostInfo>
#include <QNetworkInterface>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::doctor {

namespace {

/// Enough to be quick with large fleets, too few to disturb what the engines work for.
constexpr int mostRequests = 32;

bool isLocal(const QString &host)
{
    const QHostAddress address(host);
    if (address.isNull())
        return host == "localhost"_L1 || host == QHostInfo::localHostName();
    return address.isLoopback() || QNetworkInterface::allAddresses().contains(address);
}

QByteArrayList secretsOf(const Config &config, const Options &options)
{
    QByteArrayList secrets{config.engineApiKey};
    for (const QList<ServerConfig> *list : {&config.prefill, &config.decode}) {
        for (const ServerConfig &server : *list)
            secrets += server.apiKey;
    }
    for (const http::Header &header : options.headers) {
        if (http::equalsIgnoreCase(header.name, "authorization") || http::equalsIgnoreCase(header.name, "x-api-key"))
            secrets += header.value.split(' ').last();
    }
    return secrets;
}

const QList<ServerConfig> &serversOf(const Config &config, Role role)
{
    return role == Role::Prefill ? config.prefill : config.decode;
}

} // namespace

class Doctor::Private
{
public:
    struct Pair {
        ServerExam *prefill;
        ServerExam *decode;
        PairReport report;
        bool waiting; ///< for its turn
        std::unique_ptr<ProbeRequest> request = {};
    };

    Private(const Config &given, Options wanted, control::Resolver *resolver)
        : config(given), options(std::move(wanted)), quote(secretsOf(config, options)), rooms(random),
          names(resolver ? *resolver : dns, named(config), nullptr)
    {
    }
    static const Config &named(Config &config)
    {
        config.nameServers();
        return config;
    }
    bool isWanted(Role role, const ServerConfig &server) const;
    bool isWanted(const ServerConfig &prefill, const ServerConfig &decode) const;
    std::unique_ptr<ServerExam> examOf(Role role, const ServerConfig &server);
    std::unique_ptr<ProbeRequest> requestOf(const Pair &pair);
    void judge(Pair &pair) const;
    Report report() const;

    Config config; ///< names replaced by addresses once they are known
    Options options;
    Quoter quote;
    SystemRandom random;
    pd::RoomSource rooms;
    control::DnsResolver dns;
    NameLookup names;
    std::unique_ptr<Transports> transports;
    std::unique_ptr<ExamContext> context;
    QList<ServerReport> others; ///< that are not examined
    std::vector<std::unique_ptr<ServerExam>> exams;
    QSet<const ServerExam *> examined;
    std::vector<Pair> pairs; ///< goes before what its requests refer to
    int requests = 0;        ///< under way
    int done = 0;
    int total = 0;
    QDateTime startedAt = QDateTime::currentDateTimeUtc();
    QElapsedTimer clock;
};

bool Doctor::Private::isWanted(Role role, const ServerConfig &server) const
{
    if (options.pairs.isEmpty())
        return server.enabled;
    return std::any_of(options.pairs.begin(), options.pairs.end(), [&](const auto &pair) {
        return NameLookup::covers(role == Role::Prefill ? pair.first : pair.second, server);
    });
}

bool Doctor::Private::isWanted(const ServerConfig &prefill, const ServerConfig &decode) const
{
    return std::any_of(options.pairs.begin(), options.pairs.end(), [&](const auto &pair) {
        return NameLookup::covers(pair.first, prefill) && NameLookup::covers(pair.second, decode);
    });
}

std::unique_ptr<ServerExam> Doctor::Private::examOf(Role role, const ServerConfig &server)
{
    upstream::Origin origin =
        upstream::parseOrigin(server.url).value_or(upstream::Origin()); // a valid configuration has one
    origin.peerName = server.hostName.toUtf8();
    ServerFacts facts{.role = role,
                      .name = server.name,
                      .url = QString::fromUtf8(origin.url()),
                      .host = QString::fromUtf8(origin.host),
                      .port = origin.port};
    facts.local = isLocal(facts.host);
    facts.enabled = server.enabled;
    for (const ServerConfig &other : serversOf(config, role == Role::Prefill ? Role::Decode : Role::Prefill)) {
        if (const auto its = upstream::parseOrigin(other.url); its && its->url() == origin.url())
            facts.sameAs = other.name;
    }
    return std::make_unique<ServerExam>(*context, origin, server, ServerReport{.facts = facts}, nullptr);
}

std::unique_ptr<ProbeRequest> Doctor::Private::requestOf(const Pair &pair)
{
    const pd::Dialect &dialect = pd::sglangDialect();
    const QByteArray body = ExamContext::requestBody(pair.prefill->report().facts);
    const auto shape = dialect.analyse(pd::Endpoint::Generate, body);
    const pd::BootstrapAddress bootstrap{pair.prefill->origin().bracketedHost(),
                                         pair.prefill->report().bootstrap->sent};
    const pd::RequestPlan plan = dialect.plan(*shape, body, bootstrap, rooms, random);
    std::vector<ProbeRequest::Leg> legs;
    for (const pd::LegPlan &leg : plan.legs) {
        const ServerExam &server = leg.role == pd::LegRole::Prefill ? *pair.prefill : *pair.decode;
        legs.push_back({server.origin(), context->credentials(server.config()), leg});
    }
    return std::make_unique<ProbeRequest>(*transports, quote, legs, options.timeout, nullptr);
}

/// Whether there is an explanation already; else the request's outcome is judged.
void Doctor::Private::judge(Pair &pair) const
{
    const ServerReport &prefill = pair.prefill->report();
    const ServerReport &decode = pair.decode->report();
    PairReport &report = pair.report;
    Findings own = checkPair(prefill.facts, *prefill.bootstrap, decode.facts);
    if (pair.request) {
        report.request = {pair.request->facts(0), pair.request->facts(1), options.timeout, pair.request->queues(0),
                          pair.request->queues(1)};
        own += checkRequest(prefill.facts, *prefill.bootstrap, decode.facts, report.request);
    }
    for (Finding &finding : own)
        finding.where = report.prefill + u'/' + report.decode;
    report.findings.clear();
    Severity severity = worst(own);
    for (const Findings *list : {&prefill.findings, &prefill.bootstrapFindings, &decode.findings}) {
        for (const Finding &finding : *list) {
            severity = std::max(severity, finding.severity);
            if (finding.severity != Severity::Note)
                report.findings += finding;
        }
    }
    report.findings += own;
    report.verdict = severity == Severity::Error     ? Verdict::Fails
                     : severity == Severity::Warning ? Verdict::Suspect
                                                     : Verdict::Works;
}

Report Doctor::Private::report() const
{
    Report report{.startedAt = startedAt, .seconds = double(clock.elapsed()) / 1000};
    for (const auto &exam : exams)
        report.servers += exam->report();
    report.servers += others;
    std::stable_sort(report.servers.begin(), report.servers.end(),
                     [](const ServerReport &a, const ServerReport &b) { return a.facts.role < b.facts.role; });
    for (const Pair &pair : pairs)
        report.pairs += pair.report;
    return report;
}

Doctor::Doctor(const Config &config, Options options, control::Resolver *resolver, QObject *parent)
    : QObject(parent), d(std::make_unique<Private>(config, std::move(options), resolver))
{
}

Doctor::~Doctor() = default;

Result<void> Doctor::start()
{
    const auto tls = loadClientTls(d->config.caFile, !d->config.insecure);
    if (!tls)
        return tl::unexpected(tls.error());
    const auto known = [](const QList<ServerConfig> &servers, const QString &name) {
        return std::any_of(servers.begin(), servers.end(),
                           [&](const ServerConfig &server) { return server.name == name; });
    };
    for (const auto &[prefill, decode] : std::as_const(d->options.pairs)) {
        if (!known(d->config.prefill, prefill))
            return failure(u"no prefill server is named \"%1\""_s.arg(prefill.left(100)));
        if (!known(d->config.decode, decode))
            return failure(u"no decode server is named \"%1\""_s.arg(decode.left(100)));
    }
    d->transports = std::make_unique<Transports>(*tls);
    d->context = std::make_unique<ExamContext>(
        ExamContext{*d->transports, d->config, d->options, d->quote, d->rooms, d->random});
    d->clock.start();
    connect(&d->names, &NameLookup::finished, this, &Doctor::begin);
    d->names.start(d->options.timeout);
    return {};
}

void Doctor::begin()
{
    const QStringList lost = d->names.lost();
    const Config given = std::exchange(d->config, d->names.expanded());
    std::vector<ServerExam *> exams[2]; // by role
    for (const Role role : {Role::Prefill, Role::Decode}) {
        for (const ServerConfig &server : serversOf(given, role)) {
            if (!lost.contains(server.name) || !d->isWanted(role, server))
                continue;
            d->others +=
                {.facts = {.role = role, .name = server.name, .url = server.url},
                 .findings = {{Severity::Error, "name_not_found", u"%1: the name leads to no address"_s.arg(server.url),
                               u"no name server knows it, or none answered in time"_s,
                               u"look it up with dig; it must be complete, search domains are not tried"_s,
                               server.name}}};
        }
        for (const ServerConfig &server : serversOf(d->config, role)) {
            if (d->isWanted(role, server)) {
                d->exams.push_back(d->examOf(role, server));
                exams[int(role)].push_back(d->exams.back().get());
            } else if (d->options.pairs.isEmpty()) { // disabled
                ServerReport report{
                    .facts = {.role = role, .name = server.name, .url = server.url, .enabled = server.enabled}};
                report.findings = checkServer(report.facts);
                for (Finding &finding : report.findings)
                    finding.where = server.name;
                d->others += report;
            }
        }
    }
    const fleet::PairTable table(d->config);
    const auto placeOf = [](const QList<ServerConfig> &servers, const ServerConfig &server) {
        return servers.indexOf(server);
    };
    for (ServerExam *prefill : exams[int(Role::Prefill)]) {
        for (ServerExam *decode : exams[int(Role::Decode)]) {
            const bool wanted = d->options.pairs.isEmpty()
                                    ? table.weight(placeOf(d->config.prefill, prefill->config()),
                                                   placeOf(d->config.decode, decode->config())) > 0
                                    : d->isWanted(prefill->config(), decode->config());
            d->pairs.push_back(
                {prefill, decode, {.prefill = prefill->config().name, .decode = decode->config().name}, wanted});
            d->total += wanted ? 1 : 0;
        }
    }
    d->total += int(d->exams.size());
    if (d->exams.empty()) {
        Q_EMIT finished(d->report());
        return;
    }
    for (const auto &exam : d->exams) {
        connect(exam.get(), &ServerExam::finished, this, [this, exam = exam.get()] {
            d->examined += exam;
            step(exam->report().facts.name);
            startPairs();
        });
        exam->start();
    }
}

void Doctor::startPairs()
{
    for (size_t i = 0; i < d->pairs.size() && d->requests < mostRequests; ++i) {
        Private::Pair &pair = d->pairs[i];
        if (!pair.waiting || !d->examined.contains(pair.prefill) || !d->examined.contains(pair.decode))
            continue;
        pair.waiting = false;
        d->judge(pair);
        if (pair.report.verdict == Verdict::Fails) {
            pair.report.notTried = u"it cannot work, and trying could do harm"_s;
            pairOver(i);
            continue;
        }
        ++d->requests;
        pair.request = d->requestOf(pair);
        connect(pair.request.get(), &ProbeRequest::finished, this, [this, i] {
            --d->requests;
            d->judge(d->pairs[i]);
            pairOver(i);
            startPairs();
        });
        pair.request->start();
    }
    if (d->done == d->total)
        Q_EMIT finished(d->report());
}

void Doctor::pairOver(size_t index)
{
    const PairReport &report = d->pairs[index].report;
    Q_EMIT pairDone(report);
    step(report.prefill + u'/' + report.decode);
}

void Doctor::step(const QString &what)
{
    Q_EMIT progress(++d->done, d->total, what);
}

} // namespace pdlb::doctor
