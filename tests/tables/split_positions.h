// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>
#include <QList>

namespace pdlb::tables {

/// Where to split that many bytes in two: at every byte, or for more than `dense` * 2 bytes at the first and the last
/// `dense` and at a sample between them. The same list for the same size in every run.
QList<qsizetype> splitPositions(qsizetype size, qsizetype dense = 200);

} // namespace pdlb::tables
