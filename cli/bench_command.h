// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/client_flags.h"
#include "client/bench_run.h"

class QSaveFile;

namespace pdlb::cli {

/// `pdlb bench`: many requests, and how long they took.
class BenchCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

private:
    Result<std::unique_ptr<client::PromptSource>> source(client::RequestSpec base, Streams &streams) const;
    /// What the report tells of the load beside its options.
    QJsonObject promptsJson() const;
    /// `before`: to be compared with; empty: nothing is.
    int report(Streams &streams, const client::BenchReport &report, const QJsonObject &before, QSaveFile &output) const;

    TargetFlags m_target;
    RequestFlags m_request;
    client::BenchOptions m_options;
    client::GeneratorOptions m_generator;
    std::string m_endpoint = "chat";
    std::string m_file;
    std::string m_compare;
    std::string m_output;
    double m_duration = 0;
    bool m_constant = false;
    bool m_json = false;
    bool m_quiet = false;
    bool m_explain = false;
};

} // namespace pdlb::cli
