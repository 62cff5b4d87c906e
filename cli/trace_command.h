// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/command.h"
#include "util/result.h"

#include <QByteArray>
#include <QUrlQuery>

class QNetworkReply;

namespace pdlb::cli {

/// `pdlb trace`: what became of the requests of a running balancer, asked for by its admin API.
class TraceCommand final : public Command
{
public:
    void addTo(CLI::App &app) override;
    int run(Streams &streams) override;

private:
    /// GET of an admin path; what comes goes to `take` as it comes, and the exit code comes back when it has ended.
    int get(Streams &streams, const QString &path, const QUrlQuery &query, const std::function<void(QByteArrayView)> &take) const;
    Result<QByteArray> adminKey() const;
    int list(Streams &streams) const;
    int show(Streams &streams) const;
    int exportAll(Streams &streams) const;
    int tail(Streams &streams) const;

    CLI::App *m_list = nullptr;
    CLI::App *m_show = nullptr;
    CLI::App *m_export = nullptr;
    CLI::App *m_tail = nullptr;
    std::string m_url = "http://127.0.0.1:30000";
    std::string m_keyFile;
    std::string m_filter;
    std::string m_requestId;
    std::string m_format = "jsonl";
    std::string m_output;
    int m_limit = 20;
    int m_count = 0;
    bool m_json = false;
};

} // namespace pdlb::cli
