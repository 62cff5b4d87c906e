// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_command.h"

#include "balancer.h"
#include "cli/logging.h"
#include "cli/signals.h"
#include "edge/listen_socket.h"

#include <QCoreApplication>
#include <QLoggingCategory>

#include <csignal>
#include <memory>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

Q_LOGGING_CATEGORY(lcServe, "pdlb.serve")

} // namespace

void ServeCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("serve", "Balance requests over prefill and decode engines");
    m_flags.addTo(*m_app);
    m_app->add_option("--log-level", m_logLevel, "debug, info, warn or error")->capture_default_str();
    m_app->add_flag("--json-log", m_jsonLog, "Log lines as JSON");
}

void ServeCommand::warn(const Config &config) const
{
    if (const QStringList ignored = m_flags.ignoredFlags(); !ignored.isEmpty())
        qCWarning(lcServe, "flags of SGLang's router without effect here: %s", qUtf8Printable(ignored.join(u", "_s)));
    if (config.isOpenToAll())
        qCWarning(lcServe, "anyone who reaches %s can use the engines: set --api-key-file, or --host 127.0.0.1", qUtf8Printable(config.host));
    if (!config.apiKeys.isEmpty() && config.tlsCertFile.isEmpty() && !edge::parseListenAddress(config.host)->isLoopback())
        qCWarning(lcServe, "API keys cross the network unencrypted: set --tls-cert and --tls-key, or put a TLS proxy in front");
    if (config.insecure)
        qCWarning(lcServe, "--insecure: the certificates of https:// engines are NOT checked; anyone in between can read and change everything");
}

void ServeCommand::reload(Balancer &balancer) const
{
    const auto config = m_flags.config();
    if (!config) {
        qCWarning(lcServe, "SIGHUP: nothing has changed: %s", qUtf8Printable(config.error().message));
        return;
    }
    const auto applied = balancer.apply(*config);
    if (!applied) {
        qCWarning(lcServe, "SIGHUP: nothing has changed: %s", qUtf8Printable(applied.error().message));
        return;
    }
    qCInfo(lcServe, "SIGHUP: %s is in force, with %lld prefill and %lld decode engines", qUtf8Printable(m_flags.file()),
           static_cast<long long>(config->prefill.size()), static_cast<long long>(config->decode.size()));
    if (!applied->isEmpty())
        qCWarning(lcServe, "SIGHUP: these are as they were, they need a restart: %s", qUtf8Printable(applied->join(u", "_s)));
    warn(*config);
}

int ServeCommand::run(Streams &streams)
{
    if (const auto logging = setUpLogging(QString::fromStdString(m_logLevel), m_jsonLog); !logging) {
        printError(streams, logging.error().message);
        return ExitUsage;
    }
    const auto configured = m_flags.config();
    if (!configured) {
        printError(streams, configured.error().message);
        return ExitConfig;
    }
    Balancer balancer;
    if (const QString file = m_flags.file(); !file.isEmpty())
        balancer.setConfigSaver([file](const Config &config) { return saveConfigFile(file, config); });
    // Without a file to be read or opened again a closed terminal ends the program, as always.
    std::unique_ptr<SignalEvents> hangup;
    if (!m_flags.file().isEmpty() || !configured->trace.file.isEmpty()) {
        hangup = std::make_unique<SignalEvents>(std::initializer_list<int>{SIGHUP});
        QObject::connect(hangup.get(), &SignalEvents::requested, &balancer, [&] {
            balancer.reopenTraceFile();
            if (!m_flags.file().isEmpty())
                reload(balancer);
        });
    }
    if (const auto started = balancer.start(*configured); !started) {
        printError(streams, started.error().message);
        return ExitFailed;
    }
    warn(*configured);
    QObject::connect(&balancer, &Balancer::listening, &balancer, [&] {
        streams.out << "pdlb listens on " << balancer.url().toString() << " with " << configured->prefill.size()
                    << " prefill and " << configured->decode.size() << " decode engines, "
                    << configured->effectiveWorkers() << " workers\n";
        if (const QUrl admin = balancer.adminUrl(); !admin.isEmpty())
            streams.out << "admin API on " << admin.toString() << '\n';
        if (const QUrl metrics = balancer.metricsUrl(); !metrics.isEmpty())
            streams.out << "metrics on " << metrics.toString() << "/metrics\n";
        streams.out.flush();
    });
    int code = ExitOk;
    QObject::connect(&balancer, &Balancer::stopped, &balancer, [&](bool clean) {
        code = clean ? ExitOk : ExitFailed;
        QCoreApplication::exit(code);
    });
    TerminationSignals termination;
    QObject::connect(&termination, &TerminationSignals::requested, &balancer, [&](int signal) {
        qCInfo(lcServe, "signal %d: %lld requests under way; once more to end them now", signal,
               static_cast<long long>(balancer.inFlight()));
        balancer.drain();
    });
    return QCoreApplication::exec();
}

} // namespace pdlb::cli
