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
    std::vector<std::vector<std::string>> m_prefill;
    std::vector<std::vector<std::string>> m_decode;
    std::string m_host = "127.0.0.1";
    std::string m_policy = "random";
    std::string m_transport = "auto";
    std::string m_logLevel = "info";
    int m_port = 30000;
    int m_workers = 0;
    double m_requestTimeout = 1800;
    double m_connectTimeout = 3;
    double m_firstByteTimeout = 0;
    double m_streamIdleTimeout = 300;
    double m_writeStallTimeout = 60;
    double m_drainTimeout = 30;
    qint64 m_maxBody = 512LL * 1024 * 1024;
    bool m_jsonLog = false;
    bool m_accepted = false; ///< flags of SGLang's router that have no effect here
};

} // namespace pdlb::cli
