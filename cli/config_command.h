// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"
#include "cli/config_flags.h"

namespace pdlb::cli {

/// `pdlb config`: makes, checks and shows configuration files.
class ConfigCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

private:
    int init(Streams &streams) const;
    int check(Streams &streams) const;
    int show(Streams &streams) const;
    int fromFlags(Streams &streams) const;

    CLI::App *m_init = nullptr;
    CLI::App *m_check = nullptr;
    CLI::App *m_show = nullptr;
    CLI::App *m_fromFlags = nullptr;
    ConfigFlags m_flags; ///< of from-flags
    std::string m_file = "pdlb.json";
    std::string m_save;
    bool m_force = false;
};

} // namespace pdlb::cli
