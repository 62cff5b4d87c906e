// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/policy.h"

#include <QString>
#include <QtPlugin>

#include <memory>

namespace pdlb::fleet {

/// What a plugin with a policy of its own exports (`--policy plugin:FILE[?OPTIONS]`):
///
///     class Factory final : public QObject, public pdlb::fleet::PolicyFactory
///     {
///         Q_OBJECT
///         Q_PLUGIN_METADATA(IID PDLB_POLICY_IID)
///         Q_INTERFACES(pdlb::fleet::PolicyFactory)
///         …
///
/// The plugin must be built with the headers of the pdlb that loads it and with a Qt of the same major version, not newer
/// than pdlb's. It runs inside pdlb: what it does wrong, pdlb does wrong, but for an index out of range.
class PolicyFactory
{
public:
    virtual ~PolicyFactory() = default;
    /// Called for each role that has the policy, at the start and when its configuration changes, in the thread that owns
    /// the balancer. `options`: what follows the "?", as it stands. Null, with a sentence in `error`, when they are no
    /// good. Must not throw.
    virtual std::shared_ptr<Policy> create(const QString &options, QString &error) = 0;
};

} // namespace pdlb::fleet

/// The number changes whenever Policy or what it uses does.
#define PDLB_POLICY_IID "pdlb.PolicyFactory/1"
Q_DECLARE_INTERFACE(pdlb::fleet::PolicyFactory, PDLB_POLICY_IID)
