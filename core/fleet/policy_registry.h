// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/rules.h"
#include "fleet/policy.h"
#include "util/result.h"

#include <QStringList>

#include <memory>

namespace pdlb::fleet {

using PolicyPtr = std::shared_ptr<Policy>;

/// The names that makePolicy() knows, without other routers' names for them and "plugin:FILE".
QStringList policyNames();
/// Whether makePolicy() would know the name: one of policyNames(), SGLang's name for one, or "plugin:FILE[?OPTIONS]" of a
/// plugin that can be loaded; no code of the plugin runs. The error says what to use instead.
Result<void> checkPolicy(const QString &name);
/// Errors: as of checkPolicy(); too little memory; the plugin refuses.
Result<PolicyPtr> makePolicy(const QString &name, const PolicyRules &rules);

Result<PolicyPtr> makeRandomPolicy(const PolicyRules &rules);
Result<PolicyPtr> makeRoundRobinPolicy(const PolicyRules &rules);
Result<PolicyPtr> makeWeightedPolicy(const PolicyRules &rules);
Result<PolicyPtr> makeLeastInFlightPolicy(const PolicyRules &rules);
Result<PolicyPtr> makePowerOfTwoPolicy(const PolicyRules &rules);
Result<PolicyPtr> makeConsistentHashPolicy(const PolicyRules &rules);
Result<PolicyPtr> makePrefixAffinityPolicy(const PolicyRules &rules);
Result<PolicyPtr> makeLeastLoadPolicy(const PolicyRules &rules);

} // namespace pdlb::fleet
