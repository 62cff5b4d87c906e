// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QByteArrayView>

namespace pdlb::pd {

/// A half-open range of bytes of some text.
struct Span {
    qsizetype begin = 0;
    qsizetype end = 0;
    qsizetype size() const { return end - begin; }
    QByteArrayView in(QByteArrayView text) const { return text.sliced(begin, size()); }
};

} // namespace pdlb::pd
