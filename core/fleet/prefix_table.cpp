// SPDX-License-Identifier: Apache-2.0
#include "fleet/prefix_table.h"

#include <algorithm>
#include <atomic>

#include <sys/mman.h>

using namespace Qt::StringLiterals;

namespace pdlb::fleet {

namespace {

constexpr int ways = 8;
constexpr int labelBits = 21;
constexpr quint64 labelMask = (quint64(1) << labelBits) - 1;
/// An entry is not marked as used again before so many other uses: prefixes that all prompts have stay in the caches of
/// all processors.
constexpr quint32 freshFor = 64;

quint64 load(quint64 &word)
{
    return std::atomic_ref(word).load(std::memory_order_relaxed);
}

void store(quint64 &word, quint64 value)
{
    std::atomic_ref(word).store(value, std::memory_order_relaxed);
}

/// What tells prefixes of one set apart, never 0.
quint32 tagOf(quint64 prefix)
{
    return std::max(quint32(prefix), 1u);
}

} // namespace

/// Two cache lines; a prefix that is not there costs one.
struct alignas(64) PrefixTable::Set {
    quint64 keys[ways]; ///< tag and time of the last use; 0: free
    quint64 owners[ways]; ///< three labels, the newest in the lowest bits
};

void PrefixTable::Unmap::operator()(Set *sets) const
{
    ::munmap(sets, size);
}

PrefixTable::PrefixTable(Set *sets, size_t count) : m_sets(sets, Unmap{count * sizeof(Set)}), m_count(count) {}

Result<PrefixTable> PrefixTable::create(qint64 bytes)
{
    const size_t count = std::clamp<size_t>(size_t(bytes) / sizeof(Set), 1, ~quint32(0));
    // Straight from the system: zeros that take no memory until they are written to.
    void *memory = ::mmap(nullptr, count * sizeof(Set), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return failure(u"policy prefix_affinity: the system has no %1 bytes for remembered prompts"_s.arg(bytes));
    return PrefixTable(static_cast<Set *>(memory), count);
}

quint32 PrefixTable::label(quint64 id)
{
    return std::max(quint32(id & labelMask), 1u);
}

PrefixTable::Set &PrefixTable::setOf(quint64 prefix) const
{
    return m_sets[size_t((prefix >> 32) * m_count >> 32)];
}

void PrefixTable::prefetch(quint64 prefix) const
{
    const Set &set = setOf(prefix);
    __builtin_prefetch(set.keys);
    __builtin_prefetch(set.owners);
}

PrefixTable::Owners PrefixTable::owners(quint64 prefix) const
{
    Set &set = setOf(prefix);
    for (int i = 0; i < ways; ++i) {
        if (quint32(load(set.keys[i])) == tagOf(prefix)) {
            const quint64 packed = load(set.owners[i]);
            return {quint32(packed & labelMask), quint32(packed >> labelBits & labelMask), quint32(packed >> 2 * labelBits & labelMask)};
        }
    }
    return {};
}

void PrefixTable::remember(quint64 prefix, quint32 server, quint32 now)
{
    Set &set = setOf(prefix);
    const quint64 key = quint64(now) << 32 | tagOf(prefix);
    int oldest = 0;
    quint32 greatestAge = 0;
    for (int i = 0; i < ways; ++i) {
        const quint64 there = load(set.keys[i]);
        const quint32 age = there == 0 ? ~quint32(0) : now - quint32(there >> 32);
        if (quint32(there) == tagOf(prefix)) {
            const quint64 packed = load(set.owners[i]);
            // Out of its place among the newer ones, to the front.
            quint64 rest = 0;
            for (int slot = 0, kept = 0; slot < maxOwners && kept + 1 < maxOwners; ++slot) {
                const quint64 owner = packed >> slot * labelBits & labelMask;
                if (owner != 0 && owner != server)
                    rest |= owner << ++kept * labelBits;
            }
            if ((rest | server) != packed)
                store(set.owners[i], rest | server);
            if (age > freshFor)
                store(set.keys[i], key);
            return;
        }
        if (age > greatestAge) {
            greatestAge = age;
            oldest = i;
        }
    }
    store(set.owners[oldest], server);
    store(set.keys[oldest], key);
}

} // namespace pdlb::fleet
