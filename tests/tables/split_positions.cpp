// SPDX-License-Identifier: Apache-2.0
#include "tables/split_positions.h"

#include <algorithm>
#include <random>

namespace pdlb::tables {

QList<qsizetype> splitPositions(qsizetype size, qsizetype dense)
{
    constexpr int samples = 50;
    QList<qsizetype> positions;
    if (size <= 2 * dense) {
        for (qsizetype at = 1; at < size; ++at)
            positions.append(at);
        return positions;
    }
    for (qsizetype i = 1; i <= dense; ++i)
        positions << i << size - i;
    std::minstd_rand random(static_cast<unsigned>(size)); // its sequence is part of the standard
    for (int i = 0; i < samples; ++i)
        positions.append(dense + qsizetype(random() % quint64(size - 2 * dense)));
    std::sort(positions.begin(), positions.end());
    positions.erase(std::unique(positions.begin(), positions.end()), positions.end());
    return positions;
}

} // namespace pdlb::tables
