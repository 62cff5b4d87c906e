// SPDX-License-Identifier: Apache-2.0
#include "upstream/engine_credentials.h"

namespace pdlb::upstream {

void setEngineCredentials(http::HeaderList &headers, const Config &config)
{
    if (!config.apiKeys.isEmpty() || !config.engineApiKey.isEmpty()) {
        headers.remove("authorization");
        headers.remove("x-api-key");
    }
    if (!config.engineApiKey.isEmpty())
        headers.add("Authorization", "Bearer " + config.engineApiKey);
}

void setEngineCredentials(http::HeaderList &headers, const Config &config, const ServerConfig &server)
{
    setEngineCredentials(headers, config);
    if (server.apiKey.isEmpty())
        return;
    headers.remove("x-api-key");
    headers.set("Authorization", "Bearer " + server.apiKey);
}

} // namespace pdlb::upstream
