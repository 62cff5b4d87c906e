// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/histogram.h"

#include <QByteArray>

#include <prometheus/metric_family.h>

#include <initializer_list>
#include <optional>
#include <span>
#include <utility>

namespace pdlb::metrics {

/// Collects metric families and writes them as Prometheus' text format 0.0.4. Units are seconds and bytes.
class Exposition
{
public:
    using Label = std::pair<const char *, QByteArrayView>;
    using Labels = std::initializer_list<Label>;

    /// Each begins a family, which the following values belong to. One without values still shows its name and help.
    void counter(const char *name, const char *help) { begin(name, help, prometheus::MetricType::Counter); }
    void gauge(const char *name, const char *help) { begin(name, help, prometheus::MetricType::Gauge); }
    void histogram(const char *name, const char *help) { begin(name, help, prometheus::MetricType::Histogram); }

    void value(double value, Labels labels = {}, std::optional<Label> oneMore = {});
    /// 1 for the one of `states` that is the present one, 0 for the others, told apart by the label `name`.
    void oneOf(const char *name, std::span<const char *const> states, QByteArrayView present, Labels labels);
    /// `counts` were observed with the same bounds.
    void value(std::span<const Monotonic> bounds, const Histogram &counts, Labels labels = {});

    QByteArray text() const;

private:
    void begin(const char *name, const char *help, prometheus::MetricType type);
    prometheus::ClientMetric &add(Labels labels);

    std::vector<prometheus::MetricFamily> m_families;
};

} // namespace pdlb::metrics
