// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QString>

namespace pdlb {

/// The text on one line: control characters but those of `keep` become \xNN, so that nobody's bytes forge log lines or drive a
/// terminal.
QString escapeControls(const QString &text, QStringView keep = {});

} // namespace pdlb
