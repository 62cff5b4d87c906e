// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"
#include "cli/config_flags.h"
#include "doctor/options.h"

#include <QJsonObject>

namespace pdlb::cli {

/// `pdlb doctor`: examines a fleet, given like to `pdlb serve`, or that of a running balancer, and says what is wrong.
class DoctorCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

private:
    Result<doctor::Options> options() const;
    int examine(Streams &streams, const doctor::Options &options);
    int attach(Streams &streams, const doctor::Options &options) const;
    Result<QByteArray> adminKey() const;
    int print(Streams &streams, const QJsonObject &report) const;

    ConfigFlags m_flags;
    std::string m_attach;
    std::vector<std::string> m_pairs;
    double m_timeout = 5; ///< seconds
    bool m_json = false;
};

} // namespace pdlb::cli
