// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"

namespace pdlb::cli {

/// `pdlb demo`: two mock engines and the balancer in one process; one request is sent and shown with its timeline, then
/// it keeps serving.
class DemoCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

private:
    std::string m_host = "127.0.0.1";
    std::string m_prompt = "Explain prefill/decode disaggregation in one sentence.";
    int m_port = 0;
    bool m_once = false;
};

} // namespace pdlb::cli
