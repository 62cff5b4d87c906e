// SPDX-License-Identifier: Apache-2.0
#include "pages/metrics_page.h"

#include "session/session.h"
#include "session/trace_feed.h"
#include "theme/theme.h"
#include "widgets/time_plot.h"

#include <QComboBox>
#include <QGridLayout>
#include <QLabel>
#include <QSettings>

#include <cmath>
#include <set>

using namespace Qt::StringLiterals;

namespace pdlb::gui {

namespace {

constexpr size_t mostServers = 12; ///< lines in one plot that people can tell apart

double valueOr(const std::optional<double> &value)
{
    return value.value_or(std::nan(""));
}

} // namespace

MetricsPage::MetricsPage(TraceFeed &feed, QWidget *parent)
    : QWidget(parent), m_feed(feed), m_range(new QComboBox(this)), m_rate(new TimePlot(tr("Requests a second"), {}, this)),
      m_inFlight(new TimePlot(tr("In flight"), {}, this)), m_ttft(new TimePlot(tr("Time to first token"), tr("ms"), this)),
      m_prefill(new TimePlot(tr("Prefill time by server"), tr("ms"), this)), m_decode(new TimePlot(tr("Decode time by server"), tr("ms"), this)),
      m_errors(new TimePlot(tr("Failures a second by end"), {}, this))
{
    setObjectName(u"metricsPage"_s);
    auto *title = new QLabel(tr("Metrics"), this);
    title->setFont(Theme::scaled(font(), 1.2, true));
    m_range->setObjectName(u"rangeCombo"_s);
    m_range->setAccessibleName(tr("Time range"));
    for (const auto &[text, seconds] : {std::pair(tr("last minute"), 60), {tr("last 5 minutes"), 300}, {tr("last 15 minutes"), 900}, {tr("last hour"), 3600}})
        m_range->addItem(text, seconds);
    auto *note = new QLabel(tr("Of the requests that this window has seen."), this);
    note->setProperty("tone", u"muted"_s);
    auto *head = new QHBoxLayout;
    head->addWidget(title);
    head->addSpacing(8);
    head->addWidget(note, 1);
    head->addWidget(m_range);
    auto *grid = new QGridLayout;
    grid->setSpacing(16);
    int place = 0;
    for (TimePlot *plot : {m_rate, m_inFlight, m_ttft, m_errors, m_prefill, m_decode}) {
        grid->addWidget(plot, place / 2, place % 2);
        ++place;
    }
    for (const int column : {0, 1})
        grid->setColumnStretch(column, 1);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->addLayout(head);
    layout->addLayout(grid, 1);
    connect(m_range, &QComboBox::currentIndexChanged, this, &MetricsPage::refresh);
    connect(&feed, &TraceFeed::ticked, this, [this] {
        if (isVisible() && m_drawn != TraceFeed::second())
            refresh();
    });
    connect(&Theme::instance(), &Theme::changed, this, &MetricsPage::refresh);
}

void MetricsPage::setSession(Session *session)
{
    m_session = session;
    refresh();
}

void MetricsPage::showEvent(QShowEvent *event)
{
    QWidget::showEvent(event);
    refresh();
}

void MetricsPage::refresh()
{
    const qint64 now = TraceFeed::second();
    m_drawn = now;
    const qint64 span = m_range->currentData().toLongLong();
    const qint64 width = std::max<qint64>(span / 120, 1);
    const auto points = m_feed.stats().points((now - span) / width * width, now, width);
    std::vector<double> times;
    TimePlot::Series rate{tr("requests"), color(Tone::Accent), {}};
    TimePlot::Series inFlight{tr("in flight"), color(Tone::Accent), {}};
    TimePlot::Series p50{tr("p50"), color(Tone::Accent), {}};
    TimePlot::Series p99{tr("p99"), color(Tone::Warn), {}, true};
    std::set<QByteArray> names;
    std::array<bool, trace::endReasonCount> seen{};
    for (const auto &point : points) {
        times.push_back(double(point.second - now));
        rate.values.push_back(point.requests);
        inFlight.values.push_back(valueOr(point.inFlight));
        p50.values.push_back(valueOr(point.ttftP50));
        p99.values.push_back(valueOr(point.ttftP99));
        for (const auto &leg : point.legs)
            names.insert(leg.first);
        for (size_t i = 0; i < seen.size(); ++i)
            seen[i] = seen[i] || point.ends[i] > 0;
    }
    m_rate->setSeries(times, {rate});
    m_inFlight->setSeries(times, {inFlight});
    m_ttft->setSeries(times, {p50, p99});
    std::vector<TimePlot::Series> prefill;
    std::vector<TimePlot::Series> decode;
    for (const QByteArray &name : names) {
        const ServerView *server = m_session ? m_session->server(QString::fromUtf8(name)) : nullptr;
        const bool isDecode = server ? server->role == Role::Decode : name.startsWith('d');
        std::vector<TimePlot::Series> &list = isDecode ? decode : prefill;
        if (list.size() >= mostServers)
            continue;
        TimePlot::Series series{QString::fromUtf8(name), TimePlot::colorOf(int(list.size())), {}};
        for (const auto &point : points) {
            const auto leg = point.legs.find(name);
            series.values.push_back(leg == point.legs.end() ? std::nan("") : leg->second);
        }
        list.push_back(std::move(series));
    }
    m_prefill->setSeries(times, prefill);
    m_decode->setSeries(times, decode);
    std::vector<TimePlot::Series> errors;
    for (size_t i = 0; i < seen.size(); ++i) {
        if (!seen[i] || trace::EndReason(i) == trace::EndReason::Ok)
            continue;
        TimePlot::Series series{QString::fromLatin1(trace::endReasonName(trace::EndReason(i))), TimePlot::colorOf(int(errors.size()) + 2), {}};
        for (const auto &point : points)
            series.values.push_back(point.ends[i]);
        errors.push_back(std::move(series));
    }
    m_errors->setSeries(times, errors);
}

void MetricsPage::save(QSettings &settings) const
{
    settings.setValue("metrics/range", m_range->currentIndex());
}

void MetricsPage::restore(QSettings &settings)
{
    m_range->setCurrentIndex(std::clamp(settings.value("metrics/range", 1).toInt(), 0, m_range->count() - 1));
}

} // namespace pdlb::gui
