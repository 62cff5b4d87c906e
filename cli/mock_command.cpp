// SPDX-License-Identifier: Apache-2.0
#include "cli/mock_command.h"

#include "cli/signals.h"

#include <CLI/CLI.hpp>

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTextStream>

namespace pdlb::cli {

namespace {

enum ExitCode { Ok = 0, Failed = 1, Usage = 2 };
constexpr int maxEngines = 64;

QString text(const QUrl &url)
{
    return url.toString(QUrl::FullyEncoded);
}

/// The first port of a group and how many follow must stay below 65536.
bool fits(quint16 base, int count)
{
    return base == 0 || int(base) + count - 1 <= 65535;
}

} // namespace

void MockCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("mock", "Start mock prefill and decode engines, with scripted faults");
    m_app->add_option("--prefill", m_options.prefills, "Prefill engines")
        ->check(CLI::Range(0, maxEngines))
        ->capture_default_str();
    m_app->add_option("--decode", m_options.decodes, "Decode engines")
        ->check(CLI::Range(0, maxEngines))
        ->capture_default_str();
    m_app->add_option("--host", m_host, "Address to listen on")->capture_default_str();
    m_app->add_option("--prefill-port", m_options.prefillPort, "Port of prefill 0, the next ones follow; 0: any free")
        ->capture_default_str();
    m_app->add_option("--decode-port", m_options.decodePort, "Port of decode 0, likewise")
        ->capture_default_str();
    m_app->add_option("--bootstrap-port", m_options.bootstrapPort, "Bootstrap port of prefill 0, likewise")
        ->capture_default_str();
    m_app->add_option("--prefill-tps", m_options.engine.prefillTps, "Prompt tokens a second; 0: no time at all")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    m_app->add_option("--decode-ms", m_options.engine.decodeMs, "Milliseconds a token; 0: as fast as the client reads")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    m_app->add_option("--kv-ms", m_options.engine.kvMs, "Milliseconds of a KV transfer")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    m_app->add_option("--model", m_model, "Model name")->capture_default_str();
    m_app->add_option("--text", m_text, "What the engines generate, word by word");
    m_app->add_option("--fault", m_faults,
                      "A fault ROLE[INDEX]:KIND[=VALUE][,KEY=VALUE...], e.g. decode:status=503 or prefill0:delay=2s; "
                      "repeatable")
        ->type_name("SPEC")
        ->expected(1)
        ->take_all();
    m_app->add_option("--set", m_settings,
                      "What one engine has otherwise: ROLE[INDEX]:KEY=VALUE, KEY being a member of /server_info, api_key or "
                      "registered, e.g. decode1:page_size=128; repeatable")
        ->type_name("SETTING")
        ->expected(1)
        ->take_all();
    m_app->add_flag("--json", m_json, "Print the addresses as one JSON object");
}

int MockCommand::run(Streams &streams)
{
    if (!fits(m_options.prefillPort, m_options.prefills) || !fits(m_options.decodePort, m_options.decodes)
        || !fits(m_options.bootstrapPort, m_options.prefills))
        return usage(streams, QStringLiteral("the last engine's port would be above 65535; choose a lower first port"));
    if (m_options.prefills + m_options.decodes == 0)
        return usage(streams, QStringLiteral("there is no engine to start; give --prefill or --decode at least one"));
    mock::FleetOptions options = m_options;
    const auto add = [&](const std::vector<std::string> &specs, auto parse, auto &list) -> Result<void> {
        for (const std::string &spec : specs) {
            auto parsed = parse(QString::fromStdString(spec));
            if (!parsed)
                return tl::unexpected(parsed.error());
            bool hits = false;
            for (int i = 0; i < maxEngines; ++i) {
                hits = hits || (i < options.prefills && parsed->appliesTo(mock::Role::Prefill, i))
                       || (i < options.decodes && parsed->appliesTo(mock::Role::Decode, i));
            }
            if (!hits) {
                return failure(QStringLiteral("\"%1\": no engine of that name is started; raise --prefill or --decode, or "
                                              "name another one")
                                   .arg(QString::fromStdString(spec)));
            }
            list.push_back(std::move(*parsed));
        }
        return {};
    };
    if (const auto added = add(m_faults, mock::parseFault, options.faults); !added)
        return usage(streams, added.error().message);
    if (const auto added = add(m_settings, mock::parseSetting, options.settings); !added)
        return usage(streams, added.error().message);
    options.engine.host = QString::fromStdString(m_host);
    options.engine.model = QByteArray::fromStdString(m_model);
    options.engine.text = QByteArray::fromStdString(m_text);

    mock::MockFleet fleet(std::move(options));
    if (const auto started = fleet.start(); !started) {
        streams.err << "pdlb mock: " << started.error().message << Qt::endl;
        return Failed;
    }
    if (m_json)
        printJson(streams, fleet);
    else
        print(streams, fleet);
    TerminationSignals termination;
    QObject::connect(&termination, &TerminationSignals::requested, &fleet, [] { QCoreApplication::exit(Ok); });
    return QCoreApplication::exec();
}

int MockCommand::usage(Streams &streams, const QString &message) const
{
    streams.err << "pdlb mock: " << message << Qt::endl;
    return Usage;
}

void MockCommand::print(Streams &streams, const mock::MockFleet &fleet) const
{
    const QList<QUrl> prefills = fleet.prefillUrls();
    const QList<QUrl> decodes = fleet.decodeUrls();
    const QList<quint16> ports = fleet.bootstrapPorts();
    QString serve = QStringLiteral("pdlb serve");
    for (qsizetype i = 0; i < prefills.size(); ++i) {
        const QString port = QString::number(ports[i]);
        streams.out << "prefill " << i << "  " << text(prefills[i]) << "  bootstrap port " << port << '\n';
        serve += QStringLiteral(" --prefill %1 %2").arg(text(prefills[i]), port);
    }
    for (qsizetype i = 0; i < decodes.size(); ++i) {
        streams.out << "decode " << i << "   " << text(decodes[i]) << '\n';
        serve += QStringLiteral(" --decode %1").arg(text(decodes[i]));
    }
    if (!prefills.isEmpty() && !decodes.isEmpty())
        streams.out << "\nA balancer for them:\n  " << serve << '\n';
    streams.out << Qt::flush;
}

void MockCommand::printJson(Streams &streams, const mock::MockFleet &fleet) const
{
    const QList<QUrl> urls = fleet.prefillUrls();
    const QList<quint16> ports = fleet.bootstrapPorts();
    QJsonArray prefills;
    for (qsizetype i = 0; i < urls.size(); ++i) {
        prefills.append(QJsonObject{{QStringLiteral("url"), text(urls[i])},
                                    {QStringLiteral("bootstrap_port"), int(ports[i])}});
    }
    QJsonArray decodes;
    for (const QUrl &url : fleet.decodeUrls())
        decodes.append(QJsonObject{{QStringLiteral("url"), text(url)}});
    const QJsonObject all{{QStringLiteral("prefill"), prefills}, {QStringLiteral("decode"), decodes}};
    streams.out << QJsonDocument(all).toJson(QJsonDocument::Compact) << Qt::endl;
}

} // namespace pdlb::cli
