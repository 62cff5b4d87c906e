// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <vector>

namespace pdlb {

/// A run of bytes put together from slices of shared buffers. Editing a body of many megabytes for two legs copies
/// only the spliced members: the rest stays in the one buffer that the client's bytes were collected in.
class BytePieces
{
public:
    struct Piece {
        QByteArray owner; ///< keeps the bytes alive (implicitly shared)
        qsizetype offset = 0;
        qsizetype size = 0;
        QByteArrayView view() const { return QByteArrayView(owner).sliced(offset, size); }
    };

    BytePieces() = default;
    explicit BytePieces(const QByteArray &bytes) { append(bytes); }

    void append(const QByteArray &bytes) { append(bytes, 0, bytes.size()); }
    /// Appends owner[offset, offset + size); nothing for size 0.
    void append(const QByteArray &owner, qsizetype offset, qsizetype size);

    void reserve(size_t pieces) { m_pieces.reserve(pieces); }

    qsizetype size() const { return m_size; }
    bool isEmpty() const { return m_size == 0; }
    const std::vector<Piece> &pieces() const { return m_pieces; }
    /// One contiguous copy.
    QByteArray toByteArray() const;

private:
    std::vector<Piece> m_pieces;
    qsizetype m_size = 0;
};

} // namespace pdlb
