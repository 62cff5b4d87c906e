// SPDX-License-Identifier: Apache-2.0
#include "cli/serve_command.h"

#include "balancer.h"
#include "cli/logging.h"
#include "cli/signals.h"
#include "config/secret_file.h"
#include "edge/listen_socket.h"
#include "fleet/policy_registry.h"

#include <QCoreApplication>
#include <QLoggingCategory>

#include <map>
#include <tuple>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

Q_LOGGING_CATEGORY(lcServe, "pdlb.serve")

std::chrono::milliseconds fromSeconds(double seconds)
{
    return std::chrono::milliseconds(qint64(seconds * 1000));
}

std::string shortNumber(double number)
{
    return QByteArray::number(number).toStdString();
}

} // namespace

void ServeCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("serve", "Balance requests over prefill and decode engines");
    m_app->add_option("--prefill", m_prefill, "Prefill engine: URL [BOOTSTRAP_PORT|none]; without a port the engine is asked")
        ->type_name("URL [PORT]")->expected(1, 2)->take_all();
    m_app->add_option("--decode", m_decode, "Decode engine")->type_name("URL")->expected(1)->take_all();
    const auto text = [this](const char *name, QString Config::*member, const char *help) {
        return m_app->add_option_function<std::string>(name, [this, member](const std::string &value) {
            m_config.*member = QString::fromStdString(value);
        }, help)->default_str((m_config.*member).toStdString());
    };
    text("--host", &Config::host, "Address to listen on");
    m_app->add_option("--port", m_config.port, "Port to listen on; 0: any free one")->capture_default_str()->check(CLI::Range(0, 65535));
    addPolicies();
    m_app->add_option("--workers", m_config.workers, "Worker threads; 0: one per core, at most 8")->capture_default_str();
    static const std::map<std::string, TransportKind> transports{
        {"auto", TransportKind::Auto}, {"direct", TransportKind::Direct}, {"qnam", TransportKind::Qnam}};
    m_app->add_option_function<std::string>("--transport", [this](const std::string &name) { m_config.transport = transports.at(name); },
                                            "auto: direct for http://, qnam for https://")
        ->default_str("auto")->check(CLI::IsMember(transports));
    addDeadlines();
    addLimits();
    addAccess();
    addAdmin();
    addMetrics();
    m_app->add_option("--log-level", m_logLevel, "debug, info, warn or error")->capture_default_str();
    m_app->add_flag("--json-log", m_jsonLog, "Log lines as JSON");
    m_app->add_flag("--pd-disaggregation,--mini-lb", m_accepted, "Accepted for SGLang's sake, no effect");
}

void ServeCommand::addPolicies()
{
    const auto text = [this](const char *name, QString &setting, const std::string &help, const char *type) {
        m_app->add_option_function<std::string>(name, [&setting](const std::string &value) { setting = QString::fromStdString(value); }, help)
            ->type_name(type)->default_str(setting.toStdString())->group("Choice of servers");
    };
    const std::string known = fleet::policyNames().join(u", "_s).toStdString() + ", plugin:FILE[?OPTIONS]";
    text("--policy", m_config.policy, "How servers are picked: " + known, "NAME");
    text("--prefill-policy", m_config.policies.prefill, "The same for prefill alone", "NAME");
    text("--decode-policy", m_config.policies.decode, "The same for decode alone", "NAME");
    text("--hash-key", m_config.policies.hashKey, "What consistent_hash goes by: header:NAME or body:MEMBER", "PLACE:NAME");
    m_app->add_flag("--debug-headers", m_config.debugHeaders, "Answers name their pair and room (X-Pdlb-Prefill, -Decode, -Room)")
        ->group("Choice of servers");
}

void ServeCommand::addDeadlines()
{
    const auto seconds = [this](const char *name, std::chrono::milliseconds Config::*member, const char *help) {
        m_app->add_option_function<double>(name, [this, member](double value) { m_config.*member = fromSeconds(value); }, help)
            ->type_name("SECONDS")->default_str(shortNumber(double((m_config.*member).count()) / 1000))->check(CLI::Range(0.0, 2e6))
            ->group("Deadlines (0: none)");
    };
    seconds("--request-timeout-secs", &Config::requestTimeout, "Longest duration of a request");
    seconds("--header-timeout", &Config::headerTimeout, "For a request's head, from its first byte");
    seconds("--body-timeout", &Config::bodyTimeout, "Without a byte of a request's body, or with less than 500 B/s");
    seconds("--keepalive-timeout", &Config::keepAliveTimeout, "For a client's connection between two requests");
    seconds("--queue-timeout,--queue-timeout-secs", &Config::queueTimeout, "For a request that waits for its turn");
    seconds("--connect-timeout", &Config::connectTimeout, "For a connection to an engine");
    seconds("--first-byte-timeout", &Config::firstByteTimeout, "Until decode's first byte");
    seconds("--stream-idle-timeout", &Config::streamIdleTimeout, "Between two of decode's bytes");
    seconds("--write-stall-timeout", &Config::writeStallTimeout, "For a client that stops reading");
    seconds("--drain-timeout", &Config::drainTimeout, "For running requests after SIGTERM");
}

void ServeCommand::addLimits()
{
    const char *group = "Limits (0: none)";
    const auto ofHead = [this](const char *name, auto &value, const char *help) {
        m_app->add_option(name, value, help)->capture_default_str()->group("Limits of a request's head");
    };
    ofHead("--max-request-line", m_config.maxRequestLine, "Longest request line in bytes");
    ofHead("--max-header-field", m_config.maxHeaderField, "Longest header field in bytes");
    ofHead("--max-header-block", m_config.maxHeaderBlock, "All header fields together in bytes");
    ofHead("--max-headers", m_config.maxHeaders, "Header fields");
    m_app->add_option("--max-body,--max-payload-size", m_config.maxBody, "Largest request body in bytes")
        ->capture_default_str()->group(group);
    const auto automatic = [&](const char *name, std::optional<qint64> Config::*member, qint64 now, const char *help) {
        m_app->add_option_function<qint64>(name, [this, member](qint64 value) { m_config.*member = value; }, help)
            ->default_str(std::to_string(now))->group(group);
    };
    automatic("--max-body-memory", &Config::maxBodyMemory, m_config.effectiveBodyMemory(),
              "Memory of all request bodies in bytes; default: 2 GiB, at most a quarter of what the machine or container has");
    automatic("--max-connections", &Config::maxConnections, m_config.effectiveConnections(),
              "Clients' connections; default: 0.4 of the limit of open files");
    // SGLang's router says -1 for "no limit".
    m_app->add_option_function<qint64>("--max-in-flight,--max-concurrent-requests",
                                       [this](qint64 value) { m_config.maxInFlight = value == -1 ? 0 : value; },
                                       "Requests that run at a time")->default_str("0")->group(group);
    m_app->add_option("--max-queue,--queue-size", m_config.maxQueue, "Further requests that wait; 0: they are refused at once")
        ->capture_default_str()->group(group);
}

void ServeCommand::addAccess()
{
    const char *group = "Access";
    m_app->add_option("--api-key", m_apiKeys, "Clients must send this key (repeatable; better --api-key-file, since others see a command line)")
        ->type_name("KEY")->expected(1)->take_all()->envname("PDLB_API_KEY")->group(group);
    m_app->add_option("--api-key-file", m_apiKeyFile, "The same, from a file with one key a line")->type_name("FILE")->group(group);
    m_app->add_option("--engine-api-key", m_engineApiKey, "Sent to the engines in place of the client's key")
        ->type_name("KEY")->envname("PDLB_ENGINE_API_KEY")->group(group);
    m_app->add_option("--engine-api-key-file", m_engineApiKeyFile, "The same, from a file")->type_name("FILE")->group(group);
    m_app->add_option_function<std::vector<std::string>>("--cors-origin,--cors-allowed-origins", [this](const std::vector<std::string> &origins) {
        for (const std::string &origin : origins)
            m_config.corsOrigins += QByteArray::fromStdString(origin);
    }, "Web pages from there may call (repeatable)")->type_name("ORIGIN")->group(group);
    const auto file = [&](const char *name, QString Config::*member, const char *help) {
        m_app->add_option_function<std::string>(name, [this, member](const std::string &path) {
            m_config.*member = QString::fromStdString(path);
        }, help)->type_name("FILE")->group(group);
    };
    file("--tls-cert,--tls-cert-path", &Config::tlsCertFile, "Serve https:// with this certificate chain (PEM)");
    file("--tls-key,--tls-key-path", &Config::tlsKeyFile, "Its private key (PEM)");
    file("--ca-file,--ca-cert-paths", &Config::caFile, "Authorities to trust for https:// engines, beside the system's (PEM)");
    m_app->add_flag("--insecure", m_config.insecure, "Do not check the certificates of https:// engines")->group(group);
}

void ServeCommand::addAdmin()
{
    const char *group = "Admin API";
    m_app->add_option("--admin-key", m_adminKeys, "This key opens the admin API (repeatable); without any it is for callers on this machine")
        ->type_name("KEY")->expected(1)->take_all()->envname("PDLB_ADMIN_KEY")->group(group);
    m_app->add_option("--admin-key-file", m_adminKeyFile, "The same, from a file with one key a line")->type_name("FILE")->group(group);
    m_app->add_option_function<qint64>("--admin-port", [this](qint64 port) { m_config.adminPort = port; },
                                       "The admin API has this port for itself, 0: any free one; otherwise it is on --port")
        ->check(CLI::Range(0, 65535))->group(group);
    m_app->add_option_function<std::string>("--admin-host", [this](const std::string &host) { m_config.adminHost = QString::fromStdString(host); },
                                            "Address of that port")->default_str(m_config.adminHost.toStdString())->group(group);
    m_app->add_option_function<std::vector<std::string>>("--admin-host-name", [this](const std::vector<std::string> &names) {
        for (const std::string &name : names)
            m_config.adminHostNames += QByteArray::fromStdString(name);
    }, "A name beside localhost by which the admin API may be called (repeatable)")->type_name("NAME")->group(group);
}

void ServeCommand::addMetrics()
{
    const char *group = "Metrics (beside /metrics of --port)";
    m_app->add_option_function<quint16>("--metrics-port,--prometheus-port", [this](quint16 port) { m_config.metricsPort = port; },
                                        "Serve /metrics on a port of its own too, without a key; 0: any free one")->group(group);
    m_app->add_option_function<std::string>("--metrics-host,--prometheus-host", [this](const std::string &host) {
        m_config.metricsHost = QString::fromStdString(host);
    }, "Address of that port")->default_str(m_config.metricsHost.toStdString())->group(group);
    m_app->add_option_function<std::vector<double>>("--metrics-buckets,--prometheus-duration-buckets", [this](const std::vector<double> &bounds) {
        m_config.metricsBuckets = QList<double>(bounds.begin(), bounds.end());
    }, "Upper bounds of the histograms of durations; default: 0.001 to 600")->type_name("SECONDS...")->group(group);
}

Result<void> ServeCommand::refuseEmptyValues() const
{
    // An unset variable in somebody's script must not open a door.
    for (const char *name : {"--api-key-file", "--engine-api-key-file", "--admin-key-file", "--tls-cert", "--tls-key", "--ca-file"}) {
        const CLI::Option *option = m_app->get_option(name);
        if (option->count() > 0 && option->results().front().empty())
            return failure(u"%1 is empty; leave it out or name a file"_s.arg(QLatin1StringView(name)));
    }
    for (const char *name : {"PDLB_API_KEY", "PDLB_ENGINE_API_KEY", "PDLB_ADMIN_KEY"}) {
        if (qEnvironmentVariableIsSet(name) && qEnvironmentVariableIsEmpty(name))
            return failure(u"the environment variable %1 is set but empty; unset it or put a key there"_s.arg(QLatin1StringView(name)));
    }
    return {};
}

Result<void> ServeCommand::readSecrets(Config &config) const
{
    if (auto good = refuseEmptyValues(); !good)
        return good;
    for (const auto &[given, file, to] : {std::tuple{&m_apiKeys, &m_apiKeyFile, &config.apiKeys}, {&m_adminKeys, &m_adminKeyFile, &config.adminKeys}}) {
        for (const std::string &key : *given)
            *to += QByteArray::fromStdString(key);
        if (file->empty())
            continue;
        const auto keys = readSecretFile(QString::fromStdString(*file));
        if (!keys)
            return tl::unexpected(keys.error());
        *to += *keys;
    }
    if (m_app->count("--engine-api-key") > 0)
        config.engineApiKey = QByteArray::fromStdString(m_engineApiKey);
    if (!m_engineApiKeyFile.empty()) {
        const auto keys = readSecretFile(QString::fromStdString(m_engineApiKeyFile));
        if (!keys)
            return tl::unexpected(keys.error());
        config.engineApiKey = keys->first();
    }
    return {};
}

Result<Config> ServeCommand::config() const
{
    Config config = m_config;
    for (const auto &words : m_prefill) {
        ServerConfig server{QString::fromStdString(words.front())};
        if (words.size() > 1) {
            const auto port = BootstrapPort::parse(QString::fromStdString(words[1]));
            if (!port)
                return tl::unexpected(Error{u"--prefill %1: %2"_s.arg(server.url, port.error().message)});
            server.bootstrapPort = *port;
        }
        config.prefill += server;
    }
    for (const auto &words : m_decode)
        config.decode += {QString::fromStdString(words.front())};
    if (const auto read = readSecrets(config); !read)
        return tl::unexpected(read.error());
    if (const auto valid = config.validate(); !valid)
        return tl::unexpected(valid.error());
    return config;
}

void ServeCommand::warn(const Config &config)
{
    if (config.isOpenToAll())
        qCWarning(lcServe, "anyone who reaches %s can use the engines: set --api-key-file, or --host 127.0.0.1", qUtf8Printable(config.host));
    if (!config.apiKeys.isEmpty() && config.tlsCertFile.isEmpty() && !edge::parseListenAddress(config.host)->isLoopback())
        qCWarning(lcServe, "API keys cross the network unencrypted: set --tls-cert and --tls-key, or put a TLS proxy in front");
    if (config.insecure)
        qCWarning(lcServe, "--insecure: the certificates of https:// engines are NOT checked; anyone in between can read and change everything");
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
    Balancer balancer;
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
