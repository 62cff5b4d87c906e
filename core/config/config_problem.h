// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QList>
#include <QString>

namespace pdlb {

/// Something that is wrong with a configuration.
struct ConfigProblem {
    QString path; ///< where, as a JSON path: "$.prefill[1].url"; "$" for the whole
    QString message; ///< what, and what is allowed; a sentence that stands without the path
};

using ConfigProblems = QList<ConfigProblem>;

} // namespace pdlb
