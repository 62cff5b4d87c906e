// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"
#include "config/config.h"

namespace pdlb::cli {

/// `pdlb serve`: the balancer, with the flags that people type for SGLang's router.
class ServeCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

    /// The configuration that the parsed flags make.
    Result<Config> config() const;

private:
    void addPolicies();
    void addDeadlines();
    void addLimits();
    void addAccess();
    void addAdmin();
    void addMetrics();
    static void warn(const Config &config);
    Result<void> refuseEmptyValues() const;
    Result<void> readSecrets(Config &config) const;

    Config m_config; ///< the options that are plain values write here
    std::vector<std::vector<std::string>> m_prefill;
    std::vector<std::vector<std::string>> m_decode;
    std::vector<std::string> m_apiKeys;
    std::string m_apiKeyFile;
    std::string m_engineApiKey;
    std::string m_engineApiKeyFile;
    std::vector<std::string> m_adminKeys;
    std::string m_adminKeyFile;
    std::string m_logLevel = "info";
    bool m_jsonLog = false;
    bool m_accepted = false; ///< flags of SGLang's router that have no effect here
};

} // namespace pdlb::cli
