// SPDX-License-Identifier: Apache-2.0
#include "fleet/policy_registry.h"

#include "fleet/plugin_policy.h"

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace pdlb::fleet {

namespace {

struct Entry {
    const char *name;
    Result<PolicyPtr> (*make)(const PolicyRules &);
};

constexpr std::array registry{
    Entry{"random", makeRandomPolicy},
    Entry{"round_robin", makeRoundRobinPolicy},
    Entry{"weighted", makeWeightedPolicy},
    Entry{"least_in_flight", makeLeastInFlightPolicy},
    Entry{"power_of_two", makePowerOfTwoPolicy},
    Entry{"consistent_hash", makeConsistentHashPolicy},
    Entry{"prefix_affinity", makePrefixAffinityPolicy},
    Entry{"least_load", makeLeastLoadPolicy},
};

/// What SGLang's router calls a policy.
struct Foreign {
    const char *name;
    const char *ours;
    bool same; ///< else only the nearest
};

constexpr std::array foreignNames{
    Foreign{"cache_aware", "prefix_affinity", true},
    Foreign{"consistent_hashing", "consistent_hash", true},
    Foreign{"prefix_hash", "prefix_affinity", false},
    Foreign{"manual", "consistent_hash", false},
    Foreign{"bucket", "least_in_flight", false},
};

template <typename List> auto find(const List &list, const QString &name)
{
    const auto entry = std::find_if(list.begin(), list.end(), [&](const auto &e) { return name == QLatin1StringView(e.name); });
    return entry == list.end() ? nullptr : &*entry;
}

const Entry *entryOf(const QString &name)
{
    const Foreign *foreign = find(foreignNames, name);
    return find(registry, foreign && foreign->same ? QString::fromLatin1(foreign->ours) : name);
}

} // namespace

QStringList policyNames()
{
    QStringList names;
    for (const Entry &entry : registry)
        names += QString::fromLatin1(entry.name);
    return names;
}

Result<void> checkPolicy(const QString &name)
{
    if (const auto plugin = PluginName::parse(name))
        return checkPolicyPlugin(*plugin);
    if (entryOf(name))
        return {};
    if (const Foreign *foreign = find(foreignNames, name))
        return failure(u"policy \"%1\" of SGLang's router is not known here; nearest to it is %2"_s.arg(name, QLatin1StringView(foreign->ours)));
    return failure(u"policy \"%1\" is unknown; known are: %2, plugin:FILE"_s.arg(name.left(200), policyNames().join(u", "_s)));
}

Result<PolicyPtr> makePolicy(const QString &name, const PolicyRules &rules)
{
    if (const auto good = checkPolicy(name); !good)
        return tl::unexpected(good.error());
    if (const auto plugin = PluginName::parse(name))
        return makePluginPolicy(*plugin);
    return entryOf(name)->make(rules);
}

} // namespace pdlb::fleet
