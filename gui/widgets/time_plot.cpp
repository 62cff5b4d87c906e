// SPDX-License-Identifier: Apache-2.0
#include "widgets/time_plot.h"

#include "widgets/plot.h"

#include <QLabel>
#include <QMouseEvent>
#include <QToolTip>
#include <QVBoxLayout>

#include <array>
#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

/// "−5 min", "−30 s", "now".
class AgoTicker final : public QCPAxisTicker
{
protected:
    double getTickStep(const QCPRange &range) override
    {
        for (const double step : {5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0}) {
            if (range.size() / step <= 6)
                return step;
        }
        return 1800;
    }
    QString getTickLabel(double tick, const QLocale &locale, QChar, int) override
    {
        if (tick > -0.5)
            return TimePlot::tr("now");
        const double seconds = std::round(-tick);
        return seconds >= 60 && std::fmod(seconds, 60) == 0 ? TimePlot::tr("−%1 min").arg(locale.toString(seconds / 60, 'f', 0))
                                                            : TimePlot::tr("−%1 s").arg(locale.toString(seconds, 'f', 0));
    }
};

} // namespace

TimePlot::TimePlot(const QString &title, const QString &unit, QWidget *parent)
    : QWidget(parent), m_title(title), m_unit(unit), m_plot(new QCustomPlot(this))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(2);
    auto *label = new QLabel(unit.isEmpty() ? title : tr("%1 in %2").arg(title, unit), this);
    label->setFont(Theme::scaled(font(), 1.0, true));
    layout->addWidget(label);
    layout->addWidget(m_plot, 1);
    setMinimumSize(220, 130);
    setAccessibleName(title);
    m_plot->legend->setVisible(true);
    m_plot->axisRect()->insetLayout()->setInsetAlignment(0, Qt::AlignTop | Qt::AlignLeft);
    m_plot->legend->setFillOrder(QCPLegend::foColumnsFirst);
    m_plot->legend->setWrap(4);
    m_plot->legend->setRowSpacing(0);
    m_plot->xAxis->setTicker(QSharedPointer<QCPAxisTicker>(new AgoTicker));
    m_plot->yAxis->ticker()->setTickCount(4);
    connect(m_plot, &QCustomPlot::mouseMove, this, [this](const QMouseEvent *event) {
        QToolTip::showText(event->globalPosition().toPoint(), valuesAt(m_plot->xAxis->pixelToCoord(event->position().x())).toHtmlEscaped().replace(u'\n', u"<br>"_s), m_plot);
    });
    const auto paint = [this] {
        applyTheme(*m_plot);
        m_plot->replot(QCustomPlot::rpQueuedReplot);
    };
    connect(&Theme::instance(), &Theme::changed, this, paint);
    paint();
}

QColor TimePlot::colorOf(int index)
{
    static constexpr std::array tones{Tone::Accent, Tone::Ok, Tone::Warn, Tone::Bad, Tone::Muted};
    const QColor base = color(tones[size_t(index) % tones.size()]);
    return index < int(tones.size()) ? base : base.lighter(100 + 25 * (index / int(tones.size()) % 4));
}

void TimePlot::setSeries(const std::vector<double> &times, const std::vector<Series> &series)
{
    m_times = times;
    m_series = series;
    while (m_plot->graphCount() > int(series.size()))
        m_plot->removeGraph(m_plot->graphCount() - 1);
    while (m_plot->graphCount() < int(series.size()))
        m_plot->addGraph();
    double top = 0;
    const QVector<double> x(times.begin(), times.end());
    for (size_t i = 0; i < series.size(); ++i) {
        QCPGraph *graph = m_plot->graph(int(i));
        graph->setName(series[i].name);
        graph->setPen(QPen(series[i].color, 1.6, series[i].dashed ? Qt::DashLine : Qt::SolidLine));
        graph->setAdaptiveSampling(true);
        graph->setData(x, QVector<double>(series[i].values.begin(), series[i].values.end()), true);
        for (const double value : series[i].values)
            top = std::isnan(value) ? top : std::max(top, value);
    }
    m_plot->legend->setVisible(series.size() > 1);
    m_plot->xAxis->setRange(times.empty() ? -60 : times.front(), 0);
    m_plot->yAxis->setRange(0, top > 0 ? top * 1.25 : 1);
    m_plot->replot(QCustomPlot::rpQueuedReplot);
}

QString TimePlot::valuesAt(double time) const
{
    if (m_times.empty())
        return {};
    size_t nearest = 0;
    for (size_t i = 0; i < m_times.size(); ++i) {
        if (std::abs(m_times[i] - time) < std::abs(m_times[nearest] - time))
            nearest = i;
    }
    const QLocale locale;
    QStringList lines{tr("%1 s ago").arg(locale.toString(-m_times[nearest], 'f', 0))};
    for (const Series &series : m_series) {
        const double value = nearest < series.values.size() ? series.values[nearest] : std::nan("");
        if (!std::isnan(value))
            lines += u"%1: %2 %3"_s.arg(series.name, locale.toString(value, 'f', value < 10 ? 2 : 0), m_unit).trimmed();
    }
    return lines.join(u'\n');
}

} // namespace pdlb::gui
