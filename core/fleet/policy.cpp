// SPDX-License-Identifier: Apache-2.0
#include "fleet/policy.h"

#include <array>

namespace pdlb::fleet {

namespace {

struct Entry {
    const char *name;
    std::unique_ptr<Policy> (*make)();
};

constexpr std::array registry{
    Entry{"random", makeRandomPolicy},
    Entry{"round_robin", makeRoundRobinPolicy},
};

} // namespace

QStringList policyNames()
{
    QStringList names;
    for (const Entry &entry : registry)
        names += QString::fromLatin1(entry.name);
    return names;
}

std::unique_ptr<Policy> makePolicy(const QString &name)
{
    for (const Entry &entry : registry) {
        if (name == QLatin1StringView(entry.name))
            return entry.make();
    }
    return nullptr;
}

Pair avoiding(const FleetSnapshot &fleet, const RequestTraits &traits, Pair pair)
{
    if (traits.avoid) {
        if (pair.prefill == traits.avoid->prefill)
            pair.prefill = (pair.prefill + 1) % qsizetype(fleet.prefill.size());
        if (pair.decode == traits.avoid->decode)
            pair.decode = (pair.decode + 1) % qsizetype(fleet.decode.size());
    }
    return pair;
}

} // namespace pdlb::fleet
