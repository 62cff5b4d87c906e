// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QJsonObject>
#include <QtGlobal>

#include <optional>
#include <vector>

namespace pdlb::client {

/// Durations in milliseconds, counted on a logarithmic scale: percentiles within 0.6 %, mean and extremes exact, memory
/// bounded however many there are.
class Distribution
{
public:
    void add(double milliseconds);
    void add(const Distribution &other);

    qint64 count() const { return m_count; }
    bool isEmpty() const { return m_count == 0; }
    // Of at least one value.
    double mean() const { return m_sum / double(m_count); }
    double least() const { return m_least; }
    double most() const { return m_most; }
    /// share in 0 … 1.
    double quantile(double share) const;

    /// A quantile and where it lies with a probability of 95 %, by the ranks that chance may move it to; none where there
    /// are too few values to tell it from the largest: (1 - share) * count < 1.
    struct Estimate {
        double value = 0;
        double low = 0;
        double high = 0;
    };
    std::optional<Estimate> estimate(double share) const;
    /// The mean likewise.
    Estimate meanEstimate() const;

private:
    static size_t bucketOf(double milliseconds);
    static double valueOf(size_t bucket);
    double valueAtRank(double rank) const;

    std::vector<quint32> m_counts;
    qint64 m_count = 0;
    double m_sum = 0;
    double m_squares = 0;
    double m_least = 0;
    double m_most = 0;
};

} // namespace pdlb::client
