// SPDX-License-Identifier: Apache-2.0
#include "metrics/exposition.h"

#include <prometheus/text_serializer.h>

#include <limits>

namespace pdlb::metrics {

void Exposition::begin(const char *name, const char *help, prometheus::MetricType type)
{
    m_families.push_back({name, help, type, {}});
}

prometheus::ClientMetric &Exposition::add(Labels labels)
{
    prometheus::ClientMetric &metric = m_families.back().metric.emplace_back();
    for (const auto &[name, value] : labels)
        metric.label.push_back({name, std::string(value.data(), size_t(value.size()))});
    return metric;
}

void Exposition::value(double value, Labels labels, std::optional<Label> oneMore)
{
    const bool isCounter = m_families.back().type == prometheus::MetricType::Counter;
    prometheus::ClientMetric &metric = add(labels);
    if (oneMore)
        metric.label.push_back({oneMore->first, oneMore->second.toByteArray().toStdString()});
    (isCounter ? metric.counter.value : metric.gauge.value) = value;
}

void Exposition::oneOf(const char *name, std::span<const char *const> states, QByteArrayView present, Labels labels)
{
    for (const char *state : states) {
        prometheus::ClientMetric &metric = add(labels);
        metric.label.push_back({name, state});
        metric.gauge.value = present == state ? 1 : 0;
    }
}

void Exposition::value(std::span<const Monotonic> bounds, const Histogram &counts, Labels labels)
{
    prometheus::ClientMetric::Histogram &histogram = add(labels).histogram;
    histogram.sample_sum = counts.sumSeconds();
    for (size_t i = 0; i <= bounds.size(); ++i) {
        histogram.sample_count += counts.counts().empty() ? 0 : counts.counts()[i];
        const double bound = i < bounds.size() ? std::chrono::duration<double>(bounds[i]).count()
                                               : std::numeric_limits<double>::infinity();
        histogram.bucket.push_back({histogram.sample_count, bound});
    }
}

QByteArray Exposition::text() const
{
    return QByteArray::fromStdString(prometheus::TextSerializer().Serialize(m_families));
}

} // namespace pdlb::metrics
