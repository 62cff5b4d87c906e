// SPDX-License-Identifier: Apache-2.0
#include "cli/doctor_command.h"

#include "cli/signals.h"
#include "config/secret_file.h"
#include "control/engine_call.h"
#include "doctor/doctor.h"
#include "doctor/transports.h"
#include "util/escape.h"
#include "util/tls_files.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>

#include <cmath>
#include <unistd.h>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

/// Flags of pdlb serve that say something here; the others are taken too, but the help does not show them.
constexpr const char *shownFlags[] = {"--help",
                                      "--config",
                                      "--prefill",
                                      "--decode",
                                      "--pairing",
                                      "--engine-api-key",
                                      "--engine-api-key-file",
                                      "--admin-key",
                                      "--admin-key-file",
                                      "--ca-file",
                                      "--insecure"};

/// Far more than any examination takes.
constexpr std::chrono::milliseconds attachTimeout = std::chrono::minutes(10);

bool isTerminal(int descriptor)
{
    return ::isatty(descriptor) == 1 && qgetenv("TERM") != "dumb";
}

} // namespace

void DoctorCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand(
        "doctor", "Examine prefill and decode engines and every pair of them; exit code 1 when a pair cannot work");
    m_flags.addTo(*m_app);
    for (CLI::Option *option : m_app->get_options()) {
        const auto isShown = [option](const char *name) { return option->check_name(name); };
        if (std::none_of(std::begin(shownFlags), std::end(shownFlags), isShown))
            option->group("");
        else if (!option->check_name("--help"))
            option->group("Options");
    }
    m_app
        ->add_option("--attach", m_attach,
                     "Examine the fleet of the balancer that runs there, from its machine (or its --admin-port)")
        ->type_name("URL");
    m_app->add_option("--pair", m_pairs, "Only this pair, by its servers' names: p1/d2 (repeatable)")
        ->type_name("PREFILL/DECODE")
        ->expected(1)
        ->take_all();
    m_app->add_option("--timeout", m_timeout, "For each question and each request, seconds")
        ->capture_default_str()
        ->check(CLI::Range(0.1, 60.0));
    m_app->add_flag("--json", m_json, "The report as JSON, see /openapi.json");
}

Result<doctor::Options> DoctorCommand::options() const
{
    doctor::Options options;
    options.timeout = std::chrono::milliseconds(std::llround(m_timeout * 1000));
    for (const std::string &text : m_pairs) {
        const QStringList names = QString::fromStdString(text).split(u'/');
        if (names.size() != 2 || names[0].isEmpty() || names[1].isEmpty())
            return failure(u"--pair \"%1\": expected PREFILL/DECODE, like p1/d2"_s.arg(QString::fromStdString(text)));
        options.pairs.append({names[0], names[1]});
    }
    return options;
}

int DoctorCommand::run(Streams &streams)
{
    const auto wanted = options();
    if (!wanted) {
        printError(streams, wanted.error().message);
        return ExitUsage;
    }
    if (m_attach.empty())
        return examine(streams, *wanted);
    if (m_app->count("--prefill") + m_app->count("--decode") + m_app->count("--config") > 0) {
        printError(streams,
                   u"--attach asks about the balancer's own engines: leave out --prefill, --decode and --config"_s);
        return ExitUsage;
    }
    return attach(streams, *wanted);
}

int DoctorCommand::examine(Streams &streams, const doctor::Options &options)
{
    m_flags.change([](Config &config) { config.port = 0; }); // nobody listens here: no engine can be in the way
    const auto config = m_flags.config();
    if (!config) {
        printError(streams, config.error().message);
        return ExitConfig;
    }
    doctor::Doctor doctor(*config, options);
    int code = ExitInterrupted;
    const bool tellsProgress = isTerminal(STDERR_FILENO);
    const auto clearLine = [&] {
        if (tellsProgress)
            streams.err << "\r\x1b[K" << Qt::flush;
    };
    QObject::connect(&doctor, &doctor::Doctor::progress, &doctor, [&](int done, int total, const QString &what) {
        if (tellsProgress)
            streams.err << "\r\x1b[K" << done << '/' << total << ' ' << escapeControls(what) << Qt::flush;
    });
    QObject::connect(&doctor, &doctor::Doctor::finished, &doctor, [&](const doctor::Report &report) {
        clearLine();
        code = print(streams, doctor::toJson(report));
        QCoreApplication::quit();
    });
    TerminationSignals termination;
    QObject::connect(&termination, &TerminationSignals::requested, &doctor, [&] {
        clearLine();
        QCoreApplication::quit();
    });
    if (const auto started = doctor.start(); !started) {
        printError(streams, started.error().message);
        return ExitUsage;
    }
    QCoreApplication::exec();
    return code;
}

Result<QByteArray> DoctorCommand::adminKey() const
{
    if (m_app->count("--admin-key") > 0)
        return QByteArray::fromStdString(m_app->get_option("--admin-key")->results().front());
    if (m_app->count("--admin-key-file") == 0)
        return qgetenv("PDLB_ADMIN_KEY");
    const auto keys = readSecretFile(QString::fromStdString(m_app->get_option("--admin-key-file")->results().front()));
    if (!keys)
        return tl::unexpected(keys.error());
    return keys->first();
}

int DoctorCommand::attach(Streams &streams, const doctor::Options &options) const
{
    const auto origin = upstream::parseOrigin(QString::fromStdString(m_attach));
    if (!origin) {
        printError(streams, u"--attach: %1"_s.arg(origin.error().message));
        return ExitUsage;
    }
    const auto key = adminKey();
    const auto caFile = m_app->get_option("--ca-file")->results();
    const auto tls = loadClientTls(caFile.empty() ? QString() : QString::fromStdString(caFile.front()),
                                   m_app->count("--insecure") == 0);
    if (!key || !tls) {
        printError(streams, key ? tls.error().message : key.error().message);
        return ExitConfig;
    }
    QJsonArray pairs;
    for (const auto &[prefill, decode] : options.pairs)
        pairs.append(QJsonArray{prefill, decode});
    control::EngineRequest request{.method = "POST", .target = "/admin/v1/doctor"};
    request.body =
        QJsonDocument(QJsonObject{{u"timeout"_s, m_timeout}, {u"pairs"_s, pairs}}).toJson(QJsonDocument::Compact);
    request.headers.add("Content-Type", "application/json");
    if (!key->isEmpty())
        request.headers.add("Authorization", "Bearer " + *key);
    request.timeout = attachTimeout;
    doctor::Transports transports(*tls);
    QObject owner;
    int code = ExitInterrupted;
    new control::EngineCall(
        transports.of(*origin), *origin, std::move(request),
        [&](const control::EngineReply &reply) {
            const QJsonDocument answer = QJsonDocument::fromJson(reply.body);
            if (reply.ok() && answer["pairs"_L1].isArray()) {
                code = print(streams, answer.object());
            } else {
                const QString message = answer["error"_L1]["message"_L1].toString();
                const QString why =
                    message.isEmpty() ? (reply.ok() ? u"the answer is no report"_s : reply.describe()) : message;
                printError(streams,
                           escapeControls(u"%1: %2"_s.arg(QString::fromUtf8(origin->url()), why)) +
                               (reply.status == 0 || message.isEmpty() ? u"; is pdlb running there?"_s : QString()));
                code = reply.status == 422 ? ExitUsage : ExitFailed;
            }
            QCoreApplication::quit();
        },
        &owner);
    TerminationSignals termination;
    QObject::connect(&termination, &TerminationSignals::requested, &owner, [] { QCoreApplication::quit(); });
    QCoreApplication::exec();
    return code;
}

int DoctorCommand::print(Streams &streams, const QJsonObject &report) const
{
    if (m_json)
        streams.out << QJsonDocument(report).toJson();
    else
        streams.out << doctor::reportText(
            report, {.colours = isTerminal(STDOUT_FILENO) && !qEnvironmentVariableIsSet("NO_COLOR")});
    streams.out.flush();
    return report["good"_L1].toBool() ? ExitOk : ExitFailed;
}

} // namespace pdlb::cli
