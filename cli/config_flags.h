// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/router_flags.h"
#include "config/config_fields.h"
#include "config/config_file.h"

#include <CLI/CLI.hpp>

#include <functional>
#include <string>
#include <vector>

namespace pdlb::cli {

/// The flags that make a configuration: one for each row of configFields(), the servers, the keys, and those of SGLang's
/// router. They are kept as changes, so that a file's configuration can be put under them, again and again.
class ConfigFlags
{
public:
    void addTo(CLI::App &app);

    /// --config FILE, or empty.
    QString file() const { return QString::fromStdString(m_file); }
    /// The file's configuration, or the defaults, changed by the flags; secrets are read. `check`: whether it must be complete.
    Result<Config> config(CheckConfig check = CheckConfig::Whole) const;
    /// A change after all that the flags make.
    void change(std::function<void(Config &)> change) { m_changes.push_back(std::move(change)); }
    /// The same, as far as it can be saved: keys that were given as such are not in it.
    bool hasUnsavedKeys() const { return !m_apiKeys.empty() || !m_adminKeys.empty() || !m_engineApiKey.empty(); }
    /// Flags of SGLang's router that were given and mean nothing here.
    QStringList ignoredFlags() const { return m_router.ignored(); }

private:
    using Change = std::function<void(Config &)>;

    void addField(const Field<Config> &field);
    void addServers();
    void addKeys();
    Result<void> refuseEmptyValues() const;
    Result<void> applyServers(Config &config) const;
    void applyKeys(Config &config) const;

    CLI::App *m_app = nullptr;
    RouterFlags m_router;
    std::vector<Change> m_changes; ///< in the order of the command line
    std::string m_file;
    std::vector<std::vector<std::string>> m_prefill;
    std::vector<std::vector<std::string>> m_decode;
    std::vector<std::string> m_apiKeys;
    std::string m_apiKeyFile;
    std::vector<std::string> m_adminKeys;
    std::string m_adminKeyFile;
    std::string m_engineApiKey;
    std::string m_engineApiKeyFile;
};

} // namespace pdlb::cli
