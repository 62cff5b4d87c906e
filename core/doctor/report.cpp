// SPDX-License-Identifier: Apache-2.0
#include "doctor/report.h"

#include <algorithm>

namespace pdlb::doctor {

const char *verdictName(Verdict verdict)
{
    switch (verdict) {
    case Verdict::NotPaired:
        return "not_paired";
    case Verdict::Works:
        return "works";
    case Verdict::Suspect:
        return "suspect";
    case Verdict::Fails:
        return "fails";
    }
    return "";
}

const ServerReport *Report::server(Role role, const QString &name) const
{
    const auto found = std::find_if(servers.begin(), servers.end(), [&](const ServerReport &s) {
        return s.facts.role == role && s.facts.name == name;
    });
    return found == servers.end() ? nullptr : &*found;
}

const PairReport *Report::pair(const QString &prefill, const QString &decode) const
{
    const auto found = std::find_if(pairs.begin(), pairs.end(),
                                    [&](const PairReport &p) { return p.prefill == prefill && p.decode == decode; });
    return found == pairs.end() ? nullptr : &*found;
}

int Report::count(Verdict verdict) const
{
    return int(std::count_if(pairs.begin(), pairs.end(), [&](const PairReport &p) { return p.verdict == verdict; }));
}

Findings Report::allFindings() const
{
    Findings all;
    const auto add = [&](const Findings &findings) {
        for (const Finding &finding : findings) {
            if (!all.contains(finding))
                all += finding;
        }
    };
    for (const ServerReport &server : servers) {
        add(server.findings);
        add(server.bootstrapFindings);
    }
    for (const PairReport &pair : pairs)
        add(pair.findings);
    std::stable_sort(all.begin(), all.end(),
                     [](const Finding &a, const Finding &b) { return a.severity > b.severity; });
    return all;
}

} // namespace pdlb::doctor
