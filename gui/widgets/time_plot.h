// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "theme/theme.h"

#include <QWidget>

#include <vector>

class QCustomPlot;

namespace pdlb::gui {

/// Lines over the last minutes, with their values where the pointer is.
class TimePlot final : public QWidget
{
    Q_OBJECT

public:
    struct Series {
        QString name;
        QColor color;
        std::vector<double> values; ///< NaN: nothing to show
        bool dashed = false;
    };

    /// `unit`: behind values, "ms"; may be empty.
    TimePlot(const QString &title, const QString &unit, QWidget *parent);
    /// `times`: seconds before now, ascending to 0 or below.
    void setSeries(const std::vector<double> &times, const std::vector<Series> &series);
    /// What the pointer's tip says at that time.
    QString valuesAt(double time) const;
    /// Colours that can be told apart, for any number of lines.
    static QColor colorOf(int index);

private:
    QString m_title;
    QString m_unit;
    QCustomPlot *m_plot;
    std::vector<double> m_times;
    std::vector<Series> m_series;
};

} // namespace pdlb::gui
