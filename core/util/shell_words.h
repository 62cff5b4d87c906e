// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QStringList>

namespace pdlb {

/// The words of a command as a POSIX shell sees them: quotes of both kinds, $'…' with its escapes, backslashes, lines that go on
/// after one. Variables, substitutions and operators mean nothing: they stay as they are. Errors: a quote that is not closed.
Result<QStringList> shellWords(const QString &command);
/// One word so that a shell takes it as it is.
QString shellQuoted(const QString &word);

} // namespace pdlb
