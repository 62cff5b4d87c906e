// SPDX-License-Identifier: Apache-2.0
#include "cli/config_command.h"

#include "config/secrets.h"

#include <QFileInfo>
#include <QJsonDocument>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

void print(Streams &streams, const Config &config, WriteFields which)
{
    streams.out << QJsonDocument(configToJson(config, which)).toJson();
    streams.out.flush();
}

void printProblems(Streams &streams, const QString &file, const ConfigProblems &problems)
{
    for (const QString &line : problemLines(file, problems))
        printError(streams, line);
}

/// The smallest that works, with what most people change.
Config example()
{
    Config config;
    config.port = 8000;
    config.prefill = {{.url = u"http://127.0.0.1:30000"_s, .bootstrapPort = BootstrapPort::fixed(8998), .name = u"prefill-1"_s}};
    config.decode = {{.url = u"http://127.0.0.1:30001"_s, .name = u"decode-1"_s}};
    return config;
}

} // namespace

void ConfigCommand::addTo(CLI::App &app)
{
    m_app = app.add_subcommand("config", "Make, check and show configuration files");
    m_app->require_subcommand(0, 1);
    const auto file = [this](CLI::App *command, const char *help) {
        command->add_option("file", m_file, help)->type_name("FILE")->capture_default_str();
    };
    m_init = m_app->add_subcommand("init", "Write a small configuration to begin with");
    file(m_init, "Where to");
    m_init->add_flag("--force", m_force, "Also over a file that is there; it is kept as FILE.bak");
    m_check = m_app->add_subcommand("check", "Print everything that is wrong with a configuration; exit code 3 when something is");
    file(m_check, "Which");
    m_show = m_app->add_subcommand("show", "Print a configuration with every setting, also those that have their defaults");
    file(m_show, "Which");
    m_fromFlags = m_app->add_subcommand("from-flags", "Print the configuration that the flags of pdlb serve make");
    m_flags.addTo(*m_fromFlags);
    m_fromFlags->add_option("--save", m_save, "Write it there instead")->type_name("FILE");
}

int ConfigCommand::run(Streams &streams)
{
    if (m_init->parsed())
        return init(streams);
    if (m_check->parsed())
        return check(streams);
    if (m_show->parsed())
        return show(streams);
    if (m_fromFlags->parsed())
        return fromFlags(streams);
    printError(streams, u"a command is missing: init, check, show or from-flags; see pdlb config --help"_s);
    return ExitUsage;
}

int ConfigCommand::init(Streams &streams) const
{
    const QString file = QString::fromStdString(m_file);
    const QFileInfo info(file);
    if (!m_force && (info.exists() || info.isSymLink())) {
        printError(streams, u"\"%1\" is there already; --force writes over it"_s.arg(file));
        return ExitFailed;
    }
    if (const auto saved = saveConfigFile(file, example()); !saved) {
        printError(streams, saved.error().message);
        return ExitFailed;
    }
    streams.out << file << " is written. Put your engines there, then: pdlb serve --config " << file << Qt::endl;
    return ExitOk;
}

int ConfigCommand::check(Streams &streams) const
{
    const QString file = QString::fromStdString(m_file);
    auto loaded = loadConfigFile(file, CheckConfig::Whole);
    if (!loaded) {
        printProblems(streams, file, loaded.error());
        return ExitConfig;
    }
    if (const auto resolved = resolveSecrets(loaded->config); !resolved) {
        printProblems(streams, file, {resolved.error()});
        return ExitConfig;
    }
    if (const ConfigProblems problems = loaded->config.problems(); !problems.isEmpty()) { // of the keys
        printProblems(streams, file, problems);
        return ExitConfig;
    }
    streams.out << file << " can be used: " << loaded->config.prefill.size() << " prefill and " << loaded->config.decode.size()
                << " decode servers" << Qt::endl;
    return ExitOk;
}

int ConfigCommand::show(Streams &streams) const
{
    const QString file = QString::fromStdString(m_file);
    auto loaded = loadConfigFile(file, CheckConfig::Whole);
    if (!loaded) {
        printProblems(streams, file, loaded.error());
        return ExitConfig;
    }
    loaded->config.nameServers();
    print(streams, loaded->config, WriteFields::All);
    return ExitOk;
}

int ConfigCommand::fromFlags(Streams &streams) const
{
    const auto config = m_flags.config();
    if (!config) {
        printError(streams, config.error().message);
        return ExitConfig;
    }
    if (const QStringList ignored = m_flags.ignoredFlags(); !ignored.isEmpty())
        printError(streams, u"flags of SGLang's router without effect here: %1"_s.arg(ignored.join(u", "_s)));
    if (m_flags.hasUnsavedKeys())
        printError(streams, u"keys are never in the file: give them as --api-key-file and --engine-api-key-file, or to pdlb serve"_s);
    if (m_save.empty()) {
        print(streams, *config, WriteFields::Changed);
        return ExitOk;
    }
    if (const auto saved = saveConfigFile(QString::fromStdString(m_save), *config); !saved) {
        printError(streams, saved.error().message);
        return ExitFailed;
    }
    return ExitOk;
}

} // namespace pdlb::cli
