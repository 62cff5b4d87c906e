// SPDX-License-Identifier: Apache-2.0
#include "widgets/histogram_plot.h"

#include "models/trace_text.h"
#include "theme/theme.h"
#include "widgets/plot.h"

#include <QMouseEvent>
#include <QToolTip>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

HistogramPlot::HistogramPlot(const QString &title, QWidget *parent)
    : QWidget(parent), m_plot(new QCustomPlot(this)), m_bars(new QCPBars(m_plot->xAxis, m_plot->yAxis)), m_title(title)
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(m_plot);
    setMinimumHeight(120);
    m_plot->xAxis->setLabel(title);
    m_plot->xAxis->grid()->setVisible(false);
    m_plot->yAxis->setNumberFormat(u"f"_s);
    m_plot->yAxis->setNumberPrecision(0);
    const auto paint = [this] {
        applyTheme(*m_plot);
        m_bars->setPen(QPen(color(Tone::Surface)));
        m_bars->setBrush(color(Tone::Accent));
        m_plot->replot(QCustomPlot::rpQueuedReplot);
    };
    connect(&Theme::instance(), &Theme::changed, this, paint);
    connect(m_plot, &QCustomPlot::mouseMove, this, [this](const QMouseEvent *event) {
        showTip(m_plot->xAxis->pixelToCoord(event->position().x()), event->globalPosition().toPoint());
    });
    setAccessibleName(title);
    paint();
}

std::vector<HistogramPlot::Bin> HistogramPlot::binsOf(std::vector<double> values, int most)
{
    if (values.empty())
        return {};
    std::sort(values.begin(), values.end());
    const double low = values.front();
    const double high = values[size_t(double(values.size() - 1) * 0.995)];
    const double span = std::max(high - low, std::max(low * 0.01, 0.001));
    // Widths that people like: 1, 2 or 5 times a power of ten.
    double width = std::pow(10, std::floor(std::log10(span / most)));
    for (const double factor : {2.0, 2.5, 2.0}) {
        if (span / width <= most - 1)
            break;
        width *= factor;
    }
    const double from = std::floor(low / width) * width;
    std::vector<Bin> bins(size_t(std::clamp(int(std::ceil((high - from) / width)), 1, most)) + 1);
    for (size_t i = 0; i < bins.size(); ++i)
        bins[i] = {from + double(i) * width, width, 0};
    for (const double value : values)
        ++bins[std::min(size_t((value - from) / width), bins.size() - 1)].count;
    if (bins.back().count == 0)
        bins.pop_back();
    return bins;
}

void HistogramPlot::setValues(std::vector<double> milliseconds)
{
    const size_t count = milliseconds.size();
    m_bins = binsOf(std::move(milliseconds), 40);
    QVector<double> x;
    QVector<double> y;
    double top = 1;
    for (const Bin &bin : m_bins) {
        x += bin.from + bin.width / 2;
        y += bin.count;
        top = std::max(top, double(bin.count));
    }
    m_bars->setData(x, y, true);
    if (!m_bins.empty()) {
        m_bars->setWidth(m_bins.front().width);
        m_plot->xAxis->setRange(m_bins.front().from, m_bins.back().from + m_bins.back().width);
    }
    m_plot->yAxis->setRange(0, top * 1.08);
    m_plot->xAxis->setLabel(count > 0 ? tr("%1, n = %2").arg(m_title, QLocale().toString(qulonglong(count))) : m_title);
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

void HistogramPlot::showTip(double x, const QPoint &where)
{
    for (const Bin &bin : m_bins) {
        if (x >= bin.from && x < bin.from + bin.width) {
            QToolTip::showText(where, tr("%1 to %2: %3").arg(TraceText::duration(bin.from), TraceText::duration(bin.from + bin.width)).arg(bin.count), m_plot);
            return;
        }
    }
    QToolTip::hideText();
}

} // namespace pdlb::gui
