// SPDX-License-Identifier: Apache-2.0
#include "relay/edge_config.h"

#include <limits>

namespace pdlb::relay {

edge::EdgeOptions edgeOptions(const Config &config)
{
    edge::EdgeOptions options;
    options.head = {config.maxRequestLine, config.maxHeaderField, config.maxHeaderBlock, config.maxHeaders};
    options.maxBody = config.maxBody > 0 ? config.maxBody : std::numeric_limits<qint64>::max();
    options.maxConnections = config.effectiveConnections();
    options.headerTimeout = config.headerTimeout;
    options.bodyTimeout = config.bodyTimeout;
    options.keepAliveTimeout = config.keepAliveTimeout;
    options.writeStall = config.writeStallTimeout;
    options.rate = config.rate;
    return options;
}

edge::AccessRules accessRules(const Config &config)
{
    return edge::AccessRules({.apiKeys = config.apiKeys, .adminKeys = config.adminKeys, .corsOrigins = config.corsOrigins,
                              .adminHosts = config.adminHostNames});
}

} // namespace pdlb::relay
