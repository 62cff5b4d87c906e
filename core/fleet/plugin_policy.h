// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/policy_registry.h"

#include <optional>

namespace pdlb::fleet {

/// "plugin:FILE" or "plugin:FILE?OPTIONS".
struct PluginName {
    QString file;
    QString options;
    /// Nothing when it does not begin with "plugin:".
    static std::optional<PluginName> parse(const QString &policy);
};

/// Whether the file is a policy plugin for this pdlb, by what it says of itself; none of its code runs.
Result<void> checkPolicyPlugin(const PluginName &name);
/// Loads the plugin, which then stays loaded, and lets it make a policy. See policy_plugin.h.
Result<PolicyPtr> makePluginPolicy(const PluginName &name);

} // namespace pdlb::fleet
