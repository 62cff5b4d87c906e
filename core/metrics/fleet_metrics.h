// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fleet/fleet.h"

#include <unordered_map>

namespace pdlb::metrics {

class Exposition;

/// The names that ids of servers have in labels. A fleet of many servers has no series for each of them where a series
/// stands for a pair or is a histogram: there they are "other" all together.
class ServerLabels
{
public:
    static constexpr size_t mostPairs = 256;     ///< with series of their own
    static constexpr size_t mostHistograms = 64; ///< servers of a role with histograms of their own

    explicit ServerLabels(const fleet::FleetSnapshot &fleet);

    bool knows(bool prefill, quint64 id) const { return m_names[prefill].contains(id); }
    /// Of a pair's server; empty for id 0.
    QByteArray inPair(bool prefill, quint64 id) const;
    QByteArray inHistogram(bool prefill, quint64 id) const;

private:
    QByteArray name(bool prefill, quint64 id) const;

    std::array<std::unordered_map<quint64, QByteArray>, 2> m_names; ///< [1]: prefills
};

/// The pdlb_server_* families and what is known of the fleet as a whole.
void addFleetMetrics(Exposition &exposition, const fleet::FleetSnapshot &fleet, Monotonic now);

} // namespace pdlb::metrics
