// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "session/bench_thread.h"

#include <QJsonObject>
#include <QWidget>

class QComboBox;
class QDoubleSpinBox;
class QLabel;
class QPushButton;
class QSpinBox;
class QTableWidget;
class QTextBrowser;
class QCustomPlot;
class QTabWidget;

namespace pdlb::gui {

class HistogramPlot;

/// The same request many times: so many at once or at a rate, with live plots, a table by pair, and a baseline to compare with.
class RepeatPanel final : public QWidget
{
    Q_OBJECT

public:
    explicit RepeatPanel(QWidget *parent = nullptr);

    void run(const upstream::Origin &origin, const client::RequestSpec &spec);
    void stop() { m_bench->stop(); }
    bool isRunning() const { return m_bench->isRunning(); }
    const client::BenchReport &report() const { return m_report; }

Q_SIGNALS:
    /// The button: whoever knows the request calls run().
    void runWanted();
    void problem(const QString &text);

private:
    client::BenchOptions options() const;
    void take(const client::BenchReport &report, const std::vector<BenchThread::Sample> &samples, qint64 ended, int running);
    void finished(const client::BenchReport &report);
    void fillTable();
    void exportAs(bool json);

    BenchThread *m_bench;
    client::BenchOptions m_options;
    client::BenchReport m_report;
    QJsonObject m_baseline; ///< a report; empty: none
    std::vector<BenchThread::Sample> m_samples;
    QSpinBox *m_requests;
    QComboBox *m_mode;
    QDoubleSpinBox *m_load;
    QSpinBox *m_warmUp;
    QPushButton *m_run;
    QPushButton *m_pin;
    QPushButton *m_export;
    QLabel *m_line;
    QTabWidget *m_tabs;
    HistogramPlot *m_histogram;
    QCustomPlot *m_plot;
    QTableWidget *m_table;
    QTextBrowser *m_text;
};

} // namespace pdlb::gui
