// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QColor>
#include <QIcon>
#include <QString>

namespace pdlb::gui {

/// One of :/icons/NAME.svg in the present theme's text colour; for the rail with the accent where it is checked.
QIcon icon(const QString &name);
/// A character as a picture.
QIcon symbolIcon(const QString &symbol, const QColor &color);

} // namespace pdlb::gui
