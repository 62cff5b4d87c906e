// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>

namespace pdlb {

/// Spreads a number over all 64 bits; a bijection.
constexpr quint64 mix64(quint64 x)
{
    x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
    x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
    return x ^ x >> 33;
}

/// A hash that is the same in every process, version and machine, so that balancers agree without talking. Fast for
/// long texts (8 bytes a step). Not for secrets, nor for tables that an adversary must not be able to fill unevenly.
quint64 stableHash(QByteArrayView bytes, quint64 seed = 0);

} // namespace pdlb
