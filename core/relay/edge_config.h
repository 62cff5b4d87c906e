// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/config.h"
#include "edge/access_rules.h"
#include "edge/edge_options.h"

namespace pdlb::relay {

/// What a configuration says about clients' connections …
edge::EdgeOptions edgeOptions(const Config &config);
/// … and about who may call what.
edge::AccessRules accessRules(const Config &config);

} // namespace pdlb::relay
