// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/client_flags.h"
#include "client/replay_run.h"

namespace pdlb::cli {

/// `pdlb replay`: recorded requests once more, and what is different.
class ReplayCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

private:
    TargetFlags m_target;
    client::ReplayOptions m_options;
    std::string m_file;
    std::string m_pair;
    bool m_json = false;
    bool m_quiet = false;
};

} // namespace pdlb::cli
