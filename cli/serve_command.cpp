// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_command.h"

#include "balancer.h"
#include "cli/logging.h"
#include "cli/signals.h"

#include <QCoreApplication>
#include <QLoggingCategory>

#include <sys/resource.h>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

Q_LOGGING_CATEGORY(lcServe, "pdlb.serve")

std::chrono::milliseconds fromSeconds(double seconds)
{
    return std::chrono::milliseconds(qint64(seconds * 1000));
}

/// Thousands of streams need three descriptors each.
void raiseDescriptorLimit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }
}

} // namespace

void ServeCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("serve", "Balance requests over prefill and decode engines");
    m_app->add_option("--prefill", m_prefill, "Prefill engine: URL [BOOTSTRAP_PORT|none]; without a port the engine is asked")
        ->type_name("URL [PORT]")->expected(1, 2)->take_all();
    m_app->add_option("--decode", m_decode, "Decode engine")->type_name("URL")->expected(1)->take_all();
    m_app->add_option("--host", m_host, "Address to listen on")->capture_default_str();
    m_app->add_option("--port", m_port, "Port to listen on; 0: any free one")->capture_default_str()->check(CLI::Range(0, 65535));
    m_app->add_option("--policy", m_policy, "How pairs are picked: random, round_robin")->capture_default_str();
    m_app->add_option("--workers", m_workers, "Worker threads; 0: one per core, at most 8")->capture_default_str();
    m_app->add_option("--transport", m_transport, "auto: direct for http://, qnam for https://")
        ->capture_default_str()->check(CLI::IsMember({"auto", "direct", "qnam"}));
    const auto seconds = [&](const char *name, double &value, const char *help) {
        m_app->add_option(name, value, help)->type_name("SECONDS")->capture_default_str()->check(CLI::Range(0.0, 1e9));
    };
    seconds("--request-timeout-secs", m_requestTimeout, "Longest duration of a request; 0: none");
    seconds("--connect-timeout", m_connectTimeout, "For a connection to an engine; 0: none");
    seconds("--first-byte-timeout", m_firstByteTimeout, "Until decode's first byte; 0: none");
    seconds("--stream-idle-timeout", m_streamIdleTimeout, "Between two of decode's bytes; 0: none");
    seconds("--write-stall-timeout", m_writeStallTimeout, "For a client that stops reading; 0: none");
    seconds("--drain-timeout", m_drainTimeout, "For running requests after SIGTERM");
    m_app->add_option("--max-body", m_maxBody, "Largest request body in bytes")->capture_default_str();
    m_app->add_option("--log-level", m_logLevel, "debug, info, warn or error")->capture_default_str();
    m_app->add_flag("--json-log", m_jsonLog, "Log lines as JSON");
    m_app->add_flag("--pd-disaggregation,--mini-lb", m_accepted, "Accepted for SGLang's sake, no effect");
}

Result<Config> ServeCommand::config() const
{
    Config config;
    for (const auto &words : m_prefill) {
        PrefillServer server{QString::fromStdString(words.front()), {}};
        if (words.size() > 1) {
            const auto port = BootstrapPort::parse(QString::fromStdString(words[1]));
            if (!port)
                return tl::unexpected(Error{u"--prefill %1: %2"_s.arg(server.url, port.error().message)});
            server.bootstrapPort = *port;
        }
        config.prefill += server;
    }
    for (const auto &words : m_decode)
        config.decode += QString::fromStdString(words.front());
    config.host = QString::fromStdString(m_host);
    config.port = quint16(m_port);
    config.workers = m_workers;
    config.policy = QString::fromStdString(m_policy);
    config.transport = m_transport == "direct" ? TransportKind::Direct
        : m_transport == "qnam"                ? TransportKind::Qnam
                                               : TransportKind::Auto;
    config.requestTimeout = fromSeconds(m_requestTimeout);
    config.connectTimeout = fromSeconds(m_connectTimeout);
    config.firstByteTimeout = fromSeconds(m_firstByteTimeout);
    config.streamIdleTimeout = fromSeconds(m_streamIdleTimeout);
    config.writeStallTimeout = fromSeconds(m_writeStallTimeout);
    config.drainTimeout = fromSeconds(m_drainTimeout);
    config.maxBody = m_maxBody;
    if (const auto valid = config.validate(); !valid)
        return tl::unexpected(valid.error());
    return config;
}

int ServeCommand::run(Streams &streams)
{
    if (const auto logging = setUpLogging(QString::fromStdString(m_logLevel), m_jsonLog); !logging) {
        printError(streams, logging.error().message);
        return ExitUsage;
    }
    const auto configured = config();
    if (!configured) {
        printError(streams, configured.error().message);
        return ExitConfig;
    }
    raiseDescriptorLimit();
    Balancer balancer;
    if (const auto started = balancer.start(*configured); !started) {
        printError(streams, started.error().message);
        return ExitFailed;
    }
    QObject::connect(&balancer, &Balancer::listening, &balancer, [&] {
        streams.out << "pdlb listens on " << balancer.url().toString() << " with " << configured->prefill.size()
                    << " prefill and " << configured->decode.size() << " decode engines, "
                    << configured->effectiveWorkers() << " workers\n";
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
