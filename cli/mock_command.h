// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"
#include "mock/mock_fleet.h"

#include <string>
#include <vector>

namespace pdlb::cli {

/// `pdlb mock`: prefill and decode engines without a model, to try a balancer on, with scripted faults.
class MockCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

private:
    int usage(Streams &streams, const QString &message) const;
    void print(Streams &streams, const mock::MockFleet &fleet) const;
    void printJson(Streams &streams, const mock::MockFleet &fleet) const;

    mock::FleetOptions m_options;
    std::string m_host = "127.0.0.1";
    std::string m_model = "mock-model";
    std::string m_text;
    std::vector<std::string> m_faults;
    std::vector<std::string> m_settings;
    bool m_json = false;
};

} // namespace pdlb::cli
