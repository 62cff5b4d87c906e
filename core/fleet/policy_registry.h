// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/rules.h"
#include "fleet/policy.h"
#include "util/result.h"

#include <QStringList>

#include <memory>

namespace pdlb::fleet {

using PolicyPtr = std::shared_ptr<Policy>;

/// The names that makePolicy() knows.
QStringList policyNames();
/// Whether makePolicy() would make one. The error names the known ones.
Result<void> checkPolicy(const QString &name);
Result<PolicyPtr> makePolicy(const QString &name, const PolicyRules &rules);

PolicyPtr makeRandomPolicy(const PolicyRules &rules);
PolicyPtr makeRoundRobinPolicy(const PolicyRules &rules);

} // namespace pdlb::fleet
