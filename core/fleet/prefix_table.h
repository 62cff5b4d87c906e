// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/result.h"

#include <QtGlobal>

#include <array>
#include <memory>

namespace pdlb::fleet {

/// Which servers were last sent a prompt that begins with a prefix; prefixes are known by a 64-bit hash. A table of fixed
/// size, organised like a processor's cache: a prefix has its place in one set of eight, where a new one takes the place
/// of the least recently used. Memory is only taken from the system as it fills up.
///
/// Thread-safe without locks: every word is read and written atomically, but not together with another. What a race can
/// do is lose an entry or mix two up, and then a request goes to a server that does not know its prompt.
class PrefixTable
{
public:
    static constexpr int maxOwners = 3;
    /// Labels of the servers, newest first; 0: none.
    using Owners = std::array<quint32, maxOwners>;

    /// A server's label from its Candidate::id: 21 bits, never 0.
    static quint32 label(quint64 id);

    /// `bytes` is what it never exceeds. Errors: the system has not as much.
    static Result<PrefixTable> create(qint64 bytes);

    Owners owners(quint64 prefix) const;
    /// Starts fetching a prefix's place into the processor's cache.
    void prefetch(quint64 prefix) const;
    /// `now`: a counter of uses; it may wrap.
    void remember(quint64 prefix, quint32 server, quint32 now);

private:
    struct Set;
    struct Unmap {
        size_t size = 0;
        void operator()(Set *sets) const;
    };

    PrefixTable(Set *sets, size_t count);
    Set &setOf(quint64 prefix) const;

    std::unique_ptr<Set[], Unmap> m_sets;
    size_t m_count = 0;
};

} // namespace pdlb::fleet
