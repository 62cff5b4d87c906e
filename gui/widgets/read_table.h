// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>

class QTableView;

namespace pdlb::gui {

/// Makes a table one that is only read: whole rows, quiet cells, fixed heights, the last column takes what is left. `digits`: widths of the
/// first columns, in digits.
void makeReadTable(QTableView &table, std::initializer_list<int> digits);

} // namespace pdlb::gui
