// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/client_flags.h"

namespace pdlb::cli {

/// `pdlb send`: one request, its answer as it comes, and what was measured.
class SendCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

private:
    /// How many flags say what to send.
    qsizetype sourcesGiven() const;
    Result<client::RequestSpec> spec() const;

    TargetFlags m_target;
    RequestFlags m_request;
    std::string m_chat;
    std::string m_system;
    std::string m_completion;
    std::string m_generate;
    std::string m_file;
    int m_repeat = 1;
    bool m_raw = false;
    bool m_json = false;
    bool m_explain = false;
};

} // namespace pdlb::cli
