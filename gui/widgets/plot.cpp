// SPDX-License-Identifier: Apache-2.0
#include "widgets/plot.h"

#include "theme/theme.h"

namespace pdlb::gui {

void applyTheme(QCustomPlot &plot)
{
    plot.setBackground(color(Tone::Surface));
    for (QCPAxisRect *rect : plot.axisRects()) {
        for (QCPAxis *axis : rect->axes()) {
            axis->setBasePen(QPen(color(Tone::Border)));
            axis->setTickPen(QPen(color(Tone::Border)));
            axis->setSubTickPen(Qt::NoPen);
            axis->setTickLabelColor(color(Tone::Muted));
            axis->setLabelColor(color(Tone::Muted));
            axis->setTickLabelFont(Theme::scaled(plot.font(), 0.85));
            axis->setLabelFont(Theme::scaled(plot.font(), 0.85));
            axis->grid()->setPen(QPen(color(Tone::Border), 1, Qt::DotLine));
            axis->grid()->setZeroLinePen(QPen(color(Tone::Border)));
        }
    }
    if (plot.legend) {
        plot.legend->setBrush(color(Tone::Surface));
        plot.legend->setBorderPen(Qt::NoPen);
        plot.legend->setTextColor(color(Tone::Muted));
        plot.legend->setFont(Theme::scaled(plot.font(), 0.85));
    }
}

} // namespace pdlb::gui
