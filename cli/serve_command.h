// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"
#include "cli/config_flags.h"

namespace pdlb {
class Balancer;
}

namespace pdlb::cli {

/// `pdlb serve`: the balancer, with the flags that people type for SGLang's router.
class ServeCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

private:
    void warn(const Config &config) const;
    /// SIGHUP: the file and the keys are read again; whatever is wrong, the balancer goes on as it was.
    void reload(Balancer &balancer) const;

    ConfigFlags m_flags;
    std::string m_logLevel = "info";
    bool m_jsonLog = false;
};

} // namespace pdlb::cli
