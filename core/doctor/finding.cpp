// SPDX-License-Identifier: Apache-2.0
#include "doctor/finding.h"

#include <algorithm>

namespace pdlb::doctor {

const char *severityName(Severity severity)
{
    return severity == Severity::Error ? "error" : severity == Severity::Warning ? "warning" : "note";
}

bool hasErrors(const Findings &findings)
{
    return worst(findings) == Severity::Error;
}

Severity worst(const Findings &findings)
{
    Severity severity = Severity::Note;
    for (const Finding &finding : findings)
        severity = std::max(severity, finding.severity);
    return severity;
}

} // namespace pdlb::doctor
