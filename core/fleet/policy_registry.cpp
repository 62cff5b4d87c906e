// SPDX-License-Identifier: Apache-2.0
#include "fleet/policy_registry.h"

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace pdlb::fleet {

namespace {

struct Entry {
    const char *name;
    PolicyPtr (*make)(const PolicyRules &);
};

constexpr std::array registry{
    Entry{"random", makeRandomPolicy},
    Entry{"round_robin", makeRoundRobinPolicy},
};

const Entry *find(const QString &name)
{
    const auto entry = std::find_if(registry.begin(), registry.end(), [&](const Entry &e) { return name == QLatin1StringView(e.name); });
    return entry == registry.end() ? nullptr : entry;
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
    if (!find(name))
        return failure(u"policy \"%1\" is unknown; known are: %2"_s.arg(name.left(200), policyNames().join(u", "_s)));
    return {};
}

Result<PolicyPtr> makePolicy(const QString &name, const PolicyRules &rules)
{
    if (const auto good = checkPolicy(name); !good)
        return tl::unexpected(good.error());
    return find(name)->make(rules);
}

} // namespace pdlb::fleet
