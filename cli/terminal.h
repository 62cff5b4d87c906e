// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

namespace pdlb::cli {

/// Standard output is a terminal.
bool outputIsTerminal();
/// Columns of the terminal, else of $COLUMNS, else 80.
int outputWidth();
/// The locale's character set is UTF-8.
bool outputIsUnicode();
/// Whether to colour: "always", "never", or "auto": on a terminal, unless NO_COLOR is set or TERM is dumb.
bool wantsColor(const std::string &choice);

} // namespace pdlb::cli
