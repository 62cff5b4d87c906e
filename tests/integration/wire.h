// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QtGlobal>

#include <vector>

namespace pdlb::test {

/// This process's TCP connections, as they are when it is made. When both ends of a connection are in this process,
/// it can tell whether what one end sent has been read by the other: only then are two sends two reads.
class Wire final
{
public:
    Wire();

    /// Everything that went from port `from` to port `to` has been read. 0: any port.
    bool isRead(quint16 from, quint16 to) const;
    /// There is an end with that local port whose peer has that one. 0: any port.
    bool has(quint16 local, quint16 peer) const;

private:
    struct End {
        int descriptor;
        quint16 local;
        quint16 peer;
        bool isOf(quint16 l, quint16 p) const { return (l == 0 || l == local) && (p == 0 || p == peer); }
    };
    std::vector<End> m_ends;
};

} // namespace pdlb::test
