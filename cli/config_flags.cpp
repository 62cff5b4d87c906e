// SPDX-License-Identifier: Apache-2.0
#include "cli/config_flags.h"

#include "config/config_fields.h"
#include "config/secrets.h"

#include <algorithm>
#include <array>
#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb::cli {

namespace {

constexpr int many = CLI::detail::expected_max_vector_size;
constexpr const char *accessGroup = "Access";
constexpr const char *apiKeyVariable = "PDLB_API_KEY";
constexpr const char *adminKeyVariable = "PDLB_ADMIN_KEY";
constexpr const char *engineApiKeyVariable = "PDLB_ENGINE_API_KEY";

/// The heading in the help for the fields of a section.
std::string headingOf(const char *key)
{
    static constexpr std::array headings{
        std::pair{"policies.", "Choice of servers"}, std::pair{"policy", "Choice of servers"}, std::pair{"pairing", "Choice of servers"},
        std::pair{"health.", "Health"}, std::pair{"on_no_healthy", "Health"}, std::pair{"breaker.", "Breaker"}, std::pair{"retry.", "Retries"},
        std::pair{"trace.", "Traces"}, std::pair{"otlp.", "Traces"}, std::pair{"rate.", "Limits"}, std::pair{"deadlines.", "Deadlines (0: none)"}, std::pair{"limits.", "Limits"}, std::pair{"access.", accessGroup},
        std::pair{"admin.", "Admin API"}, std::pair{"metrics.", "Metrics (beside /metrics of --port)"}};
    for (const auto &[prefix, heading] : headings) {
        if (QLatin1StringView(key).startsWith(QLatin1StringView(prefix)))
            return heading;
    }
    return "Options"; // CLI11's own
}

/// Without the words for it in the help, where it would stand behind each type.
template <typename T> CLI::Validator range(double least, double most)
{
    return CLI::Range(T(least), T(most)).description("");
}

template <typename T> std::string defaultText(const T &value)
{
    if constexpr (std::is_same_v<T, QString>)
        return value.toStdString();
    else if constexpr (std::is_same_v<T, std::chrono::milliseconds>)
        return QByteArray::number(double(value.count()) / 1000).toStdString();
    else if constexpr (std::is_same_v<T, double>)
        return QByteArray::number(value).toStdString();
    else
        return std::to_string(value);
}

} // namespace

void ConfigFlags::addTo(CLI::App &app)
{
    m_app = &app;
    m_app->add_option("--config", m_file, "Configuration, as pdlb config makes it; the flags here go before what it says. SIGHUP reads it again")->type_name("FILE");
    addServers();
    for (const Field<Config> &field : configFields()) {
        if (field.flags)
            addField(field);
    }
    addKeys();
    m_router.addTo(app, [this](Change change) { m_changes.push_back(std::move(change)); });
}

void ConfigFlags::addField(const Field<Config> &field)
{
    const auto change = [this, of = field.of](auto value) {
        using T = decltype(value);
        m_changes.push_back([of, value](Config &config) { *std::get<T *>(of(config)) = value; });
    };
    const auto *const shown = &field;
    // "100M" where a size is wanted, of 1024.
    const auto sized = [shown](CLI::Option *option) {
        if (shown->type && QLatin1StringView(shown->type) == "BYTES"_L1)
            option->transform(CLI::AsSizeValue(false).description(""));
        return option;
    };
    Config defaults;
    CLI::Option *option = std::visit([&](auto *value) -> CLI::Option * {
        using T = std::remove_pointer_t<decltype(value)>;
        const std::string help = shown->help;
        if constexpr (std::is_same_v<T, bool>) {
            // "!--no-x,!--disable-x" switch it off.
            std::string names = shown->flags;
            const bool off = names.front() == '!';
            names.erase(std::remove(names.begin(), names.end(), '!'), names.end());
            return m_app->add_flag_callback(names, [change, off] { change(!off); }, (off ? "Switches off: " : "") + help);
        } else if constexpr (std::is_enum_v<T>) {
            const auto words = wordsOf(T{});
            return m_app->add_option_function<std::string>(shown->flags, [change, words](const std::string &word) {
                change(T(std::find(words.begin(), words.end(), word) - words.begin()));
            }, help)->check(CLI::IsMember(std::vector<std::string>(words.begin(), words.end())))->default_str(words[size_t(*value)]);
        } else if constexpr (std::is_same_v<T, QString>) {
            return m_app->add_option_function<std::string>(shown->flags, [change](const std::string &text) { change(QString::fromStdString(text)); }, help)
                ->default_str(defaultText(*value));
        } else if constexpr (std::is_same_v<T, std::chrono::milliseconds>) {
            return m_app->add_option_function<double>(shown->flags, [change](double seconds) { change(std::chrono::milliseconds(std::llround(seconds * 1000))); }, help)
                ->type_name("SECONDS")->default_str(defaultText(*value))->check(range<double>(shown->least, shown->most));
        } else if constexpr (std::is_same_v<T, double>) {
            return m_app->add_option_function<double>(shown->flags, change, help)
                ->default_str(defaultText(*value))->check(range<double>(shown->least, shown->most));
        } else if constexpr (std::is_same_v<T, std::optional<qint64>> || std::is_same_v<T, std::optional<quint16>>) {
            return sized(m_app->add_option_function<qint64>(shown->flags, [change](qint64 number) { change(T(typename T::value_type(number))); }, help)
                ->check(range<qint64>(shown->least, shown->most)));
        } else if constexpr (std::is_integral_v<T>) {
            return sized(m_app->add_option_function<qint64>(shown->flags, [change](qint64 number) { change(T(number)); }, help)
                ->default_str(defaultText(*value))->check(range<qint64>(shown->least, shown->most)));
        } else if constexpr (std::is_same_v<T, QStringList> || std::is_same_v<T, QByteArrayList>) {
            return m_app->add_option_function<std::vector<std::string>>(shown->flags, [change](const std::vector<std::string> &texts) {
                T list;
                if (texts.size() == 1 && texts.front().empty()) // what CLI11 makes of a flag without values
                    return change(list);
                for (const std::string &text : texts)
                    list += T::value_type::fromStdString(text);
                change(list);
            }, help)->expected(0, many)->take_all();
        } else if constexpr (std::is_same_v<T, QList<double>>) {
            return m_app->add_option_function<std::vector<double>>(shown->flags, [change](const std::vector<double> &numbers) {
                change(T(numbers.begin(), numbers.end()));
            }, help)->expected(1, many);
        } else {
            Q_UNREACHABLE(); // servers' types
            return nullptr;
        }
    }, field.of(defaults));
    if (field.type)
        option->type_name(field.type);
    option->group(headingOf(field.key));
}

void ConfigFlags::addServers()
{
    m_app->add_option("--prefill", m_prefill, "Prefill engine: URL [BOOTSTRAP_PORT|none]; without a port the engine is asked (repeatable)")
        ->type_name("URL [PORT]")->expected(1, 2)->take_all();
    m_app->add_option("--decode", m_decode, "Decode engine (repeatable)")->type_name("URL")->expected(1)->take_all();
}

void ConfigFlags::addKeys()
{
    m_app->add_option("--api-key", m_apiKeys, "Clients must send this key (repeatable; better --api-key-file or PDLB_API_KEY, since others see a command line)")
        ->type_name("KEY")->expected(1)->take_all()->group(accessGroup);
    m_app->add_option("--api-key-file", m_apiKeyFile, "The same, from a file with one key a line")->type_name("FILE")->group(accessGroup);
    m_app->add_option("--admin-key", m_adminKeys, "Opens the admin API (repeatable; better --admin-key-file or PDLB_ADMIN_KEY); without any it is for callers on this machine")
        ->type_name("KEY")->expected(1)->take_all()->group("Admin API");
    m_app->add_option("--admin-key-file", m_adminKeyFile, "The same, from a file with one key a line")->type_name("FILE")->group("Admin API");
    m_app->add_option("--engine-api-key", m_engineApiKey, "Sent to the engines in place of the client's key (or PDLB_ENGINE_API_KEY)")
        ->type_name("KEY")->group(accessGroup);
    m_app->add_option("--engine-api-key-file", m_engineApiKeyFile, "The same, from a file")->type_name("FILE")->group(accessGroup);
}

Result<void> ConfigFlags::refuseEmptyValues() const
{
    // An unset variable in somebody's script must not open a door.
    for (const char *name : {"--config", "--api-key", "--api-key-file", "--admin-key", "--admin-key-file", "--engine-api-key", "--engine-api-key-file", "--tls-cert", "--tls-key", "--ca-file"}) {
        const CLI::Option *option = m_app->get_option(name);
        const auto &values = option->results();
        if (std::find(values.begin(), values.end(), "") != values.end())
            return failure(u"%1 is empty; leave it out or give it a value"_s.arg(QLatin1StringView(name)));
    }
    for (const char *name : {apiKeyVariable, adminKeyVariable, engineApiKeyVariable}) {
        if (qEnvironmentVariableIsSet(name) && qEnvironmentVariableIsEmpty(name))
            return failure(u"the environment variable %1 is set but empty; unset it or put a key there"_s.arg(QLatin1StringView(name)));
    }
    return {};
}

Result<void> ConfigFlags::applyServers(Config &config) const
{
    if (!m_prefill.empty())
        config.prefill.clear();
    for (const auto &words : m_prefill) {
        ServerConfig server{QString::fromStdString(words.front())};
        if (words.size() > 1) {
            const auto port = BootstrapPort::parse(QString::fromStdString(words[1]));
            if (!port)
                return failure(u"--prefill %1: %2"_s.arg(server.url, port.error().message));
            server.bootstrapPort = *port;
        }
        config.prefill += server;
    }
    if (!m_decode.empty())
        config.decode.clear();
    for (const auto &words : m_decode)
        config.decode += {QString::fromStdString(words.front())};
    return {};
}

void ConfigFlags::applyKeys(Config &config) const
{
    const auto apply = [](const std::vector<std::string> &keys, const std::string &keyFile, const char *variable, QByteArrayList &given, QStringList &refs) {
        if (!keys.empty() || !keyFile.empty()) {
            refs.clear();
            for (const std::string &key : keys)
                given += QByteArray::fromStdString(key);
            if (!keyFile.empty())
                refs += u"file:"_s + QString::fromStdString(keyFile);
        }
        if (const QString ref = u"env:"_s + QLatin1StringView(variable); keys.empty() && qEnvironmentVariableIsSet(variable) && !refs.contains(ref))
            refs += ref;
    };
    apply(m_apiKeys, m_apiKeyFile, apiKeyVariable, config.givenApiKeys, config.apiKeyRefs);
    apply(m_adminKeys, m_adminKeyFile, adminKeyVariable, config.givenAdminKeys, config.adminKeyRefs);
    if (!m_engineApiKeyFile.empty()) {
        config.engineApiKeyRef = u"file:"_s + QString::fromStdString(m_engineApiKeyFile);
    } else if (!m_engineApiKey.empty()) {
        config.engineApiKeyRef.clear();
        config.engineApiKey = QByteArray::fromStdString(m_engineApiKey);
    } else if (config.engineApiKeyRef.isEmpty() && qEnvironmentVariableIsSet(engineApiKeyVariable)) {
        config.engineApiKeyRef = u"env:"_s + QLatin1StringView(engineApiKeyVariable);
    }
}

Result<Config> ConfigFlags::config(CheckConfig check) const
{
    if (const auto good = refuseEmptyValues(); !good)
        return tl::unexpected(good.error());
    Config config;
    if (!m_file.empty()) {
        auto loaded = loadConfigFile(file(), CheckConfig::Form);
        if (!loaded)
            return failure(problemSummary(file(), loaded.error()));
        config = std::move(loaded->config);
    }
    for (const Change &change : m_changes)
        change(config);
    if (const auto good = applyServers(config); !good)
        return tl::unexpected(good.error());
    applyKeys(config);
    if (const auto resolved = resolveSecrets(config); !resolved)
        return failure(m_file.empty() ? resolved.error().message : problemSummary(file(), {resolved.error()}));
    if (const ConfigProblems problems = check == CheckConfig::Whole ? config.problems() : ConfigProblems(); !problems.isEmpty())
        return failure(m_file.empty() ? problems.first().message : problemSummary(file(), problems));
    return config;
}

} // namespace pdlb::cli
