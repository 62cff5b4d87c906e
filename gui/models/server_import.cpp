// SPDX-License-Identifier: Apache-2.0
#include "models/server_import.h"

#include "cli/config_flags.h"
#include "config/config_json.h"
#include "models/config_draft.h"
#include "upstream/origin.h"
#include "util/shell_words.h"

#include <QCoreApplication>
#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

struct Words {
    Q_DECLARE_TR_FUNCTIONS(ServerImport)
};

Result<ImportedServers> fromFlags(const QString &text)
{
    auto words = shellWords(text);
    if (!words)
        return tl::unexpected(words.error());
    // What stands before the first flag is the program: python -m sglang_router.launch_router, pdlb serve, …
    QStringList flags;
    bool begun = false;
    for (const QString &word : std::as_const(*words)) {
        begun = begun || (word.startsWith("--"_L1) && word.size() > 2);
        if (begun)
            flags += word;
    }
    CLI::App app;
    cli::ConfigFlags parser;
    parser.addTo(app);
    std::vector<std::string> reversed;
    for (auto it = flags.rbegin(); it != flags.rend(); ++it)
        reversed.push_back(it->toStdString());
    try {
        app.parse(reversed);
    } catch (const CLI::ParseError &error) {
        return failure(QString::fromStdString(error.what()));
    }
    auto config = parser.config(CheckConfig::Form);
    if (!config)
        return tl::unexpected(config.error());
    ImportedServers imported{.prefill = config->prefill, .decode = config->decode, .form = Words::tr("flags")};
    return imported;
}

Result<ServerConfig> serverOf(const QJsonValue &value)
{
    if (value.isString())
        return ServerConfig{.url = value.toString()};
    const QJsonObject object = value.toObject();
    QJsonObject known = object;
    known.remove("role"_L1);
    known.remove("state"_L1);
    auto loaded = serverFromJson(known, u"$"_s);
    if (!loaded)
        return failure(loaded.error().first().message);
    return loaded->value;
}

Result<ImportedServers> fromArray(const QJsonArray &array, Role bare)
{
    ImportedServers imported{.form = Words::tr("JSON list")};
    for (const QJsonValue &value : array) {
        const auto server = serverOf(value);
        if (!server)
            return tl::unexpected(server.error());
        const QString role = value["role"_L1].toString(QLatin1StringView(roleName(bare)));
        (role == "decode"_L1 ? imported.decode : imported.prefill) += *server;
    }
    return imported;
}

Result<ImportedServers> fromJson(const QString &text, Role bare)
{
    QJsonParseError error;
    const QByteArray bytes = text.toUtf8();
    const QJsonDocument document = QJsonDocument::fromJson(bytes, &error);
    if (error.error != QJsonParseError::NoError)
        return failure(Words::tr("it begins like JSON, but is none: %1 at character %2").arg(error.errorString()).arg(error.offset + 1));
    if (document.isArray())
        return fromArray(document.array(), bare);
    if (document.object().contains("servers"_L1)) // as the admin API lists them
        return fromArray(document.object()["servers"_L1].toArray(), bare);
    auto loaded = configFromJson(bytes, CheckConfig::Form);
    if (!loaded)
        return failure(u"%1: %2"_s.arg(loaded.error().first().path, loaded.error().first().message));
    return ImportedServers{.prefill = loaded->config.prefill, .decode = loaded->config.decode, .whole = loaded->config, .form = Words::tr("configuration file")};
}

Result<ImportedServers> fromLines(const QString &text, Role bare)
{
    ImportedServers imported{.form = Words::tr("URLs")};
    qsizetype number = 0;
    const QStringList lines = text.split(u'\n');
    for (const QString &line : lines) {
        ++number;
        QStringList words = line.simplified().split(u' ', Qt::SkipEmptyParts);
        if (words.isEmpty() || words.first().startsWith(u'#'))
            continue;
        Role role = bare;
        if (const QString first = words.first().toLower(); first == "prefill"_L1 || first == "decode"_L1 || first == "prefill:"_L1 || first == "decode:"_L1) {
            role = first.startsWith(u'p') ? Role::Prefill : Role::Decode;
            words.removeFirst();
        }
        if (words.isEmpty())
            continue;
        ServerConfig server{.url = words.takeFirst()};
        if (!server.url.contains(u"://"_s))
            server.url.prepend(u"http://"_s);
        if (const auto url = upstream::parseServerUrl(server.url); !url)
            return failure(Words::tr("line %1: %2").arg(number).arg(url.error().message));
        if (!words.isEmpty()) {
            const auto port = BootstrapPort::parse(words.takeFirst());
            if (!port)
                return failure(Words::tr("line %1: %2").arg(number).arg(port.error().message));
            server.bootstrapPort = *port;
        }
        if (!words.isEmpty())
            return failure(Words::tr("line %1: \"%2\" is too much; expected a URL and a bootstrap port").arg(number).arg(words.join(u' ').left(60)));
        (role == Role::Prefill ? imported.prefill : imported.decode) += server;
    }
    return imported;
}

} // namespace

Result<ImportedServers> importServers(const QString &text, Role bare)
{
    const QString trimmed = text.trimmed();
    if (trimmed.isEmpty())
        return failure(Words::tr("there is nothing yet: paste flags (--prefill … --decode …), URLs, JSON or a configuration file"));
    if (trimmed.size() > 16 * 1024 * 1024)
        return failure(Words::tr("that is too long"));
    const bool isJson = trimmed.startsWith(u'{') || trimmed.startsWith(u'[');
    const bool isFlags = trimmed.contains("--prefill"_L1) || trimmed.contains("--decode"_L1) || trimmed.startsWith("--"_L1);
    auto imported = isJson ? fromJson(trimmed, bare) : isFlags ? fromFlags(trimmed) : fromLines(trimmed, bare);
    if (imported && imported->prefill.isEmpty() && imported->decode.isEmpty() && !imported->whole)
        return failure(Words::tr("no server is in there"));
    return imported;
}

Config withImported(const Config &config, const ImportedServers &imported, bool replace)
{
    if (imported.whole && replace)
        return *imported.whole;
    Config result = config;
    for (const Role role : {Role::Prefill, Role::Decode}) {
        const QList<ServerConfig> &incoming = role == Role::Prefill ? imported.prefill : imported.decode;
        QList<ServerConfig> &servers = role == Role::Prefill ? result.prefill : result.decode;
        const QList<ServerConfig> before = servers;
        if (replace)
            servers.clear();
        for (ServerConfig server : incoming) {
            const auto known = std::find_if(before.begin(), before.end(), [&](const ServerConfig &s) {
                return s.url == server.url || (!server.name.isEmpty() && s.name == server.name);
            });
            if (known != before.end() && server.name.isEmpty())
                server.name = known->name;
            const auto place = std::find_if(servers.begin(), servers.end(), [&](const ServerConfig &s) { return !server.name.isEmpty() && s.name == server.name; });
            if (place != servers.end()) {
                *place = server;
            } else {
                if (server.name.isEmpty())
                    server.name = ConfigDraft::freeName(result, role);
                servers += server;
            }
        }
    }
    // Pairs of servers that are gone would be a mistake.
    result.pairs.removeIf([&](const PairConfig &pair) {
        const auto has = [](const QList<ServerConfig> &list, const QString &name) {
            return std::any_of(list.begin(), list.end(), [&](const ServerConfig &s) { return s.name == name; });
        };
        return !has(result.prefill, pair.prefill) || !has(result.decode, pair.decode);
    });
    return result;
}

QString flagsOf(const Config &config)
{
    QStringList words;
    for (const ServerConfig &server : config.prefill) {
        words += u"--prefill"_s;
        words += shellQuoted(server.url);
        if (server.bootstrapPort.kind != BootstrapPort::Kind::Discover)
            words += server.bootstrapPort.toString();
    }
    for (const ServerConfig &server : config.decode) {
        words += u"--decode"_s;
        words += shellQuoted(server.url);
    }
    return words.join(u' ');
}

} // namespace pdlb::gui
