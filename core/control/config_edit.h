// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "control/control_context.h"
#include "control/endpoint.h"

#include <tl/expected.hpp>

namespace pdlb::control {

/// A value, or the answer that says why there is none.
template <typename T> using OrReply = tl::expected<T, ControlReply>;

/// Where a server stands in a configuration.
struct ServerPlace {
    Role role;
    qsizetype index;
};

/// Nothing when there is none of that name (in either role), or of that URL.
std::optional<ServerPlace> findServer(const Config &config, const QString &name);
std::optional<ServerPlace> findServerByUrl(const Config &config, const QString &url);
QList<ServerConfig> &serversOf(Config &config, Role role);
inline ServerConfig &serverAt(Config &config, const ServerPlace &place) { return serversOf(config, place.role)[place.index]; }
/// "p3": not yet in use.
QString freeName(const Config &config, Role role);
/// Takes the server out, and the pairs that name it; returns those as "PREFILL/DECODE".
QStringList removeServer(Config &config, const ServerPlace &place);

/// Checks a configuration and puts it in force; returns what of it needs a restart. A request with ?save=true has it also
/// written to the file that the balancer was started from. What is wrong is answered with 4xx and, in a configuration, its
/// JSON path; then nothing has changed.
OrReply<QStringList> applyConfig(const ControlContext &context, const ControlRequest &request, const Config &config);

/// The body as a JSON object; an empty one counts as {}.
OrReply<QJsonObject> bodyObject(const ControlRequest &request);
/// 422 with every problem.
ControlReply problemsReply(const ConfigProblems &problems);

} // namespace pdlb::control
