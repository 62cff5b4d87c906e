// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArray>

#include <charconv>

namespace pdlb {

/// A number's decimal digits. QByteArray::number() takes five times as long.
template <typename Integer> QByteArray decimal(Integer number)
{
    char digits[24];
    return QByteArray(digits, std::to_chars(digits, digits + sizeof digits, number).ptr - digits);
}

} // namespace pdlb
