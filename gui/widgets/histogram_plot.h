// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QWidget>

#include <vector>

class QCPBars;
class QCustomPlot;

namespace pdlb::gui {

/// How often which duration occurred, in milliseconds.
class HistogramPlot final : public QWidget
{
    Q_OBJECT

public:
    explicit HistogramPlot(const QString &title, QWidget *parent = nullptr);
    void setValues(std::vector<double> milliseconds);
    QSize sizeHint() const override { return {320, 150}; }

    struct Bin {
        double from = 0;
        double width = 0;
        int count = 0;
    };
    /// Pure: at most `most` bins of one width; what is beyond the 99.5th percentile counts in the last one.
    static std::vector<Bin> binsOf(std::vector<double> values, int most);

private:
    void showTip(double x, const QPoint &where);

    QCustomPlot *m_plot;
    QCPBars *m_bars;
    std::vector<Bin> m_bins;
    QString m_title;
};

} // namespace pdlb::gui
