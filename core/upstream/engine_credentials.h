// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "http/header_list.h"

namespace pdlb::upstream {

/// What an engine gets to see in place of the client's credentials. Where clients need a key of ours, it goes no further;
/// the engines' own key, where there is one, is put there. Otherwise the client's are passed on.
void setEngineCredentials(http::HeaderList &headers, const Config &config);
/// The same for that one engine: a key of its own goes before all others.
void setEngineCredentials(http::HeaderList &headers, const Config &config, const ServerConfig &server);

} // namespace pdlb::upstream
