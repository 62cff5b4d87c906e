// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

// The library's header uses Qt's short keywords, which this project switches off.
#define signals Q_SIGNALS
#define slots Q_SLOTS
#define foreach(variable, container) for (variable : container)
#include <qcustomplot.h>
#undef signals
#undef slots
#undef foreach

namespace pdlb::gui {

/// Gives a plot the theme's colours and fonts of this moment.
void applyTheme(QCustomPlot &plot);

} // namespace pdlb::gui
