// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"
#include "cli/trace_columns.h"
#include "cli/trace_source.h"
#include "trace/export/exporter.h"

namespace pdlb::cli {

/// `pdlb trace`: what became of the requests of a running balancer, asked for by its admin API, or of those in trace files.
class TraceCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

private:
    void addFilter(CLI::App &command);
    void addColumns(CLI::App &command);
    int list(Streams &streams);
    int show(Streams &streams);
    int exportAll(Streams &streams);
    int writeExport(Streams &streams, trace::Exporter &exporter, const std::function<void(const QByteArray &)> &write);
    int diff(Streams &streams);
    int tail(Streams &streams);
    Result<TraceColumns> columns() const;

    CLI::App *m_list = nullptr;
    CLI::App *m_show = nullptr;
    CLI::App *m_export = nullptr;
    CLI::App *m_diff = nullptr;
    CLI::App *m_tail = nullptr;
    TraceSource m_source;
    std::string m_filter;
    std::string m_id;
    std::string m_otherId;
    std::string m_format = "jsonl";
    std::string m_output;
    std::string m_columns;
    std::string m_color = "auto";
    int m_limit = 20;
    int m_count = 0;
    int m_width = 0;
    bool m_ascii = false;
    bool m_json = false;
    bool m_moments = false;
    bool m_noBodies = false;
};

} // namespace pdlb::cli
