// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/admin_client.h"
#include "trace/filter.h"
#include "trace/timeline.h"

namespace pdlb::cli {

/// Where a sub-command of `pdlb trace` has its requests from: a running balancer, or files of JSON lines.
class TraceSource
{
public:
    /// --url, --admin-key-file, and --file, which may also stand as arguments.
    void addTo(CLI::App &app);
    /// The first two only.
    void addAdminTo(CLI::App &app) { m_admin.addTo(app); }
    bool isFiles() const { return !m_files.empty(); }
    const AdminClient &admin() const { return m_admin; }

    /// Calls for each request that matches (of a balancer the newest `limit` of them), the oldest first, until `take` returns false. Broken lines are told with file, line and
    /// reason; the rest goes on. Returns the exit code: that of a failure when there was any.
    int forEach(Streams &streams, const QString &filter, qint64 limit, bool bodies, const std::function<bool(trace::Timeline)> &take);
    /// The newest request of that id; where several files have it, that of the first of them, or of the last. Nothing when there is
    /// none, which has been told then, with the exit code.
    std::optional<trace::Timeline> find(Streams &streams, const QString &id, bool fromLastFile, int &code);

private:
    /// The exit code; nothing: it cannot be read, which has been told.
    std::optional<int> readFile(Streams &streams, const std::string &path, const std::function<bool(trace::Timeline)> &take) const;
    int readBalancer(Streams &streams, const QString &path, const QUrlQuery &query, const std::function<bool(trace::Timeline)> &take) const;

    AdminClient m_admin;
    std::vector<std::string> m_files;
};

} // namespace pdlb::cli
