// SPDX-License-Identifier: Apache-2.0
#include "util/byte_pieces.h"

namespace pdlb {

void BytePieces::append(const QByteArray &owner, qsizetype offset, qsizetype size)
{
    if (size <= 0)
        return;
    m_pieces.push_back({owner, offset, size});
    m_size += size;
}

QByteArray BytePieces::toByteArray() const
{
    QByteArray joined;
    joined.reserve(m_size);
    for (const Piece &piece : m_pieces)
        joined.append(piece.view());
    return joined;
}

} // namespace pdlb
