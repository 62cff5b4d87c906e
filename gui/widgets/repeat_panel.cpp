// SPDX-License-Identifier: Apache-2.0
#include "widgets/repeat_panel.h"

#include "client/bench_report.h"
#include "models/trace_text.h"
#include "theme/theme.h"
#include "widgets/file_dialogs.h"
#include "widgets/histogram_plot.h"
#include "widgets/plot.h"
#include "widgets/read_table.h"

#include <QComboBox>
#include <QDoubleSpinBox>
#include <QHBoxLayout>
#include <QHeaderView>
#include <QJsonDocument>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QTabWidget>
#include <QTableWidget>
#include <QTextBrowser>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

constexpr size_t mostPoints = 20'000;

enum Mode { Concurrency, Rate };

QString csvOf(const QTableWidget &table)
{
    QStringList lines;
    for (int row = -1; row < table.rowCount(); ++row) {
        QStringList fields;
        for (int column = 0; column < table.columnCount(); ++column) {
            const QTableWidgetItem *item = row < 0 ? table.horizontalHeaderItem(column) : table.item(row, column);
            QString text = item ? item->text() : QString();
            fields += u'"' + text.replace(u'"', u"\"\""_s) + u'"';
        }
        lines += fields.join(u',');
    }
    return lines.join(u'\n') + u'\n';
}

} // namespace

RepeatPanel::RepeatPanel(QWidget *parent)
    : QWidget(parent), m_bench(new BenchThread(this)), m_requests(new QSpinBox(this)), m_mode(new QComboBox(this)), m_load(new QDoubleSpinBox(this)),
      m_warmUp(new QSpinBox(this)), m_run(new QPushButton(tr("Run"), this)), m_pin(new QPushButton(tr("Baseline"), this)),
      m_export(new QPushButton(tr("Export"), this)), m_line(new QLabel(this)), m_tabs(new QTabWidget(this)),
      m_histogram(new HistogramPlot(tr("TTFT in ms"), this)), m_plot(new QCustomPlot(this)), m_table(new QTableWidget(this)), m_text(new QTextBrowser(this))
{
    setObjectName(u"repeatPanel"_s);
    auto *title = new QLabel(tr("Repeat"), this);
    title->setFont(Theme::scaled(font(), 1.1, true));
    m_requests->setRange(1, 1'000'000);
    m_requests->setValue(100);
    m_requests->setObjectName(u"repeatRequests"_s);
    m_requests->setAccessibleName(tr("Number of requests"));
    m_mode->addItem(tr("at once"), int(Concurrency));
    m_mode->addItem(tr("a second"), int(Rate));
    m_mode->setAccessibleName(tr("Closed loop (so many at once) or open loop (so many a second)"));
    m_mode->setToolTip(tr("At once: so many run at a time. A second: they begin at that rate whatever comes back, and times count from when they should have begun."));
    m_load->setRange(0.1, 20'000);
    m_requests->setMaximumWidth(fontMetrics().averageCharWidth() * 12);
    m_load->setMaximumWidth(fontMetrics().averageCharWidth() * 11);
    m_warmUp->setMaximumWidth(fontMetrics().averageCharWidth() * 9);
    m_load->setDecimals(1);
    m_load->setValue(8);
    m_load->setObjectName(u"repeatLoad"_s);
    m_load->setAccessibleName(tr("How many at once, or a second"));
    m_warmUp->setRange(0, 100'000);
    m_warmUp->setAccessibleName(tr("Requests before the measured ones"));
    m_warmUp->setToolTip(tr("Requests before the measured ones, which do not count"));
    m_run->setObjectName(u"repeatRun"_s);
    m_line->setObjectName(u"repeatLine"_s);
    m_line->setProperty("tone", u"muted"_s);
    m_line->setTextFormat(Qt::PlainText);
    m_line->setSizePolicy(QSizePolicy::Ignored, QSizePolicy::Preferred);
    auto *bar = new QHBoxLayout;
    bar->addWidget(title);
    const auto add = [&](const QString &name, QWidget *widget) {
        auto *label = new QLabel(name, this);
        label->setProperty("tone", u"muted"_s);
        label->setBuddy(widget);
        bar->addWidget(label);
        bar->addWidget(widget);
    };
    add(tr("requests"), m_requests);
    bar->addWidget(m_load);
    bar->addWidget(m_mode);
    add(tr("warm-up"), m_warmUp);
    bar->addWidget(m_run);
    bar->addStretch(1);
    m_pin->setEnabled(false);
    m_export->setEnabled(false);
    m_pin->setToolTip(tr("Later runs are compared with this one"));
    auto *menu = new QMenu(m_export);
    connect(menu->addAction(tr("JSON…")), &QAction::triggered, this, [this] { exportAs(true); });
    connect(menu->addAction(tr("CSV…")), &QAction::triggered, this, [this] { exportAs(false); });
    m_export->setMenu(menu);

    m_plot->setMinimumHeight(110);
    m_plot->addGraph();
    m_plot->graph(0)->setLineStyle(QCPGraph::lsNone);
    m_plot->xAxis->setLabel(tr("seconds"));
    m_plot->yAxis->setLabel(tr("TTFT in ms"));
    const auto paint = [this] {
        applyTheme(*m_plot);
        m_plot->graph(0)->setScatterStyle(QCPScatterStyle(QCPScatterStyle::ssDisc, color(Tone::Accent), color(Tone::Accent), 3));
        m_plot->replot(QCustomPlot::rpQueuedReplot);
    };
    connect(&Theme::instance(), &Theme::changed, m_plot, paint);
    paint();
    m_table->setObjectName(u"repeatTable"_s);
    m_table->setAccessibleName(tr("Results by pair"));
    m_table->setColumnCount(8);
    m_table->setHorizontalHeaderLabels({tr("pair"), tr("n"), tr("failed"), tr("TTFT p50"), tr("TTFT p99"), tr("ITL mean"), tr("total p50"), tr("tokens")});
    makeReadTable(*m_table, {14, 9, 9, 12, 12, 12, 12});
    m_text->setFont(Theme::monospace(font()));
    m_text->setLineWrapMode(QTextEdit::NoWrap);
    m_text->setAccessibleName(tr("Report"));
    m_tabs->setDocumentMode(true);
    m_tabs->addTab(m_histogram, tr("Histogram"));
    m_tabs->addTab(m_plot, tr("Over time"));
    m_tabs->addTab(m_table, tr("By pair"));
    m_tabs->addTab(m_text, tr("Report"));
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 8, 16, 8);
    layout->addLayout(bar);
    m_line->setText(tr("Sends the request on the left many times and measures."));
    auto *results = new QHBoxLayout;
    results->addWidget(m_line, 1);
    results->addWidget(m_pin);
    results->addWidget(m_export);
    layout->addLayout(results);
    layout->addWidget(m_tabs, 1);
    connect(m_run, &QPushButton::clicked, this, [this] {
        if (isRunning())
            stop();
        else
            Q_EMIT runWanted();
    });
    connect(m_pin, &QPushButton::clicked, this, [this] {
        m_baseline = client::benchJson(m_report, m_options);
        m_line->setText(tr("This is the baseline now."));
    });
    connect(m_bench, &BenchThread::progress, this, &RepeatPanel::take);
    connect(m_bench, &BenchThread::finished, this, &RepeatPanel::finished);
}

client::BenchOptions RepeatPanel::options() const
{
    client::BenchOptions options;
    options.requests = m_requests->value();
    options.warmUp = m_warmUp->value();
    if (m_mode->currentData().toInt() == Rate)
        options.rate = m_load->value();
    else
        options.concurrency = std::max(1, int(m_load->value()));
    return options;
}

void RepeatPanel::run(const upstream::Origin &origin, const client::RequestSpec &spec)
{
    if (isRunning())
        return;
    m_options = options();
    m_samples.clear();
    m_report = {};
    m_run->setText(tr("Stop"));
    m_pin->setEnabled(false);
    m_export->setEnabled(false);
    m_text->clear();
    m_bench->start(origin, spec, m_options);
}

void RepeatPanel::take(const client::BenchReport &report, const std::vector<BenchThread::Sample> &samples, qint64 ended, int running)
{
    m_report = report;
    for (const BenchThread::Sample &sample : samples) {
        if (m_samples.size() < mostPoints)
            m_samples.push_back(sample);
    }
    QString line = tr("%1 of %2 ended, %3 failed, %4 running").arg(ended).arg(m_options.requests + m_options.warmUp).arg(report.all.failed).arg(running);
    if (const client::Distribution &ttft = report.all.ttft; !ttft.isEmpty())
        line += u" · "_s + tr("TTFT p50 %1").arg(TraceText::duration(ttft.quantile(0.5)));
    m_line->setText(line);
    m_line->setToolTip(tip(line));
    std::vector<double> values;
    QVector<double> x;
    QVector<double> y;
    for (const BenchThread::Sample &sample : m_samples) {
        values.push_back(sample.ttft);
        x += sample.seconds;
        y += sample.ttft;
    }
    m_histogram->setValues(std::move(values));
    m_plot->graph(0)->setData(x, y);
    m_plot->rescaleAxes();
    m_plot->yAxis->setRangeLower(0);
    m_plot->replot(QCustomPlot::rpQueuedReplot);
    fillTable();
}

void RepeatPanel::finished(const client::BenchReport &report)
{
    m_report = report;
    m_run->setText(tr("Run"));
    m_pin->setEnabled(report.all.good > 0);
    m_export->setEnabled(true);
    const QJsonObject now = client::benchJson(report, m_options);
    QString text = client::benchText(report, m_options);
    if (!m_baseline.isEmpty())
        text += u"\n"_s + tr("Compared with the baseline:") + u"\n"_s + client::compareBench(m_baseline, now);
    text += u"\n"_s + client::metricDefinitions();
    m_text->setPlainText(text);
    fillTable();
    const double rate = report.seconds > 0 ? double(report.all.good) / report.seconds : 0;
    QString line = tr("%1 good, %2 failed · %3 requests/s").arg(report.all.good).arg(report.all.failed).arg(QLocale().toString(rate, 'f', 1));
    const auto p50 = report.all.ttft.estimate(0.5);
    const auto p99 = report.all.ttft.estimate(0.99);
    if (p50)
        line += u" · "_s + tr("TTFT p50 %1").arg(TraceText::duration(p50->value));
    if (p99)
        line += u" · "_s + tr("p99 %1").arg(TraceText::duration(p99->value));
    m_line->setText(line);
    m_line->setToolTip(tip(line));
    if (!report.errors.empty())
        Q_EMIT problem(tr("%n requests failed; most often: %1", nullptr, int(report.all.failed)).arg(report.errors.begin()->first.left(300)));
}

void RepeatPanel::fillTable()
{
    std::vector<std::pair<QString, const client::BenchGroup *>> rows{{tr("all"), &m_report.all}};
    for (const auto &[pair, group] : m_report.pairs)
        rows.emplace_back(TraceText::foreign(pair, 60), &group);
    m_table->setRowCount(int(rows.size()));
    for (int row = 0; row < int(rows.size()); ++row) {
        const client::BenchGroup &group = *rows[size_t(row)].second;
        const auto quantile = [](const client::Distribution &values, double share) {
            const auto estimate = values.estimate(share);
            return estimate ? TraceText::duration(estimate->value) : u"–"_s; // too few to tell
        };
        const QStringList cells{rows[size_t(row)].first, QString::number(group.good), QString::number(group.failed), quantile(group.ttft, 0.5), quantile(group.ttft, 0.99),
                                group.itl.isEmpty() ? u"–"_s : TraceText::duration(group.itl.mean()), quantile(group.duration, 0.5), QLocale().toString(group.completionTokens)};
        for (int column = 0; column < cells.size(); ++column) {
            QTableWidgetItem *item = m_table->item(row, column);
            if (!item) {
                item = new QTableWidgetItem; // the table owns it
                m_table->setItem(row, column, item);
                item->setTextAlignment((column == 0 ? Qt::AlignLeft : Qt::AlignRight) | Qt::AlignVCenter);
            }
            item->setText(cells[column]);
        }
    }
}

void RepeatPanel::exportAs(bool json)
{
    saveBytes(this, tr("Export the results"), json ? u"bench.json"_s : u"bench.csv"_s, [this, json] {
        return json ? QJsonDocument(client::benchJson(m_report, m_options)).toJson() : csvOf(*m_table).toUtf8();
    });
}

} // namespace pdlb::gui
