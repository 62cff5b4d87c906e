// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>
#include <QList>
#include <QString>

namespace pdlb::doctor {

enum class Severity {
    Note, ///< worth knowing
    Warning, ///< works, or may work, but not as it should
    Error, ///< requests fail because of it
};

/// "note", "warning", "error".
const char *severityName(Severity severity);

/// One thing that the doctor found, for people. Texts are one line, hold no secret and no control character.
struct Finding {
    Severity severity = Severity::Note;
    QByteArray name; ///< one stable token: "page_size_mismatch"
    QString what; ///< what is wrong
    QString cause; ///< why it matters, or where it comes from
    QString fix; ///< what to do, with the flag to change
    QString where = {}; ///< "p1", "p1 bootstrap", "p1/d2"; the examination fills it in

    bool operator==(const Finding &) const = default;
};
using Findings = QList<Finding>;

bool hasErrors(const Findings &findings);
/// Note when there is none.
Severity worst(const Findings &findings);

} // namespace pdlb::doctor
