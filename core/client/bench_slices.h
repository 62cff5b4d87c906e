// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/bench_group.h"

#include <vector>

namespace pdlb::client {

/// What a run measured, cut into slices of equal time, at most 40 of them however long it is. Requests that run at the same time
/// are fast or slow together; so how well a figure is known is told by how much the slices differ, not by the number of requests.
class BenchSlices
{
public:
    /// A good request that ended so many seconds after the begin. Its times count where it ended; as work it counts evenly all
    /// the while it ran, so that requests which end together are no jump.
    void add(double seconds, const RequestResult &result);
    /// The first `seconds` in `count` parts; none when the run was too short for that.
    std::vector<BenchGroup> parts(double seconds) const;
    struct Rates {
        std::vector<double> requests; ///< a second
        std::vector<double> completionTokens;
    };
    /// Of the parts; none likewise.
    Rates rates(double seconds) const;

    static constexpr size_t count = 10;

private:
    struct Slice {
        BenchGroup ended;
        double requests = 0;
        double completionTokens = 0;
        void add(const Slice &other);
    };
    size_t slicesAPart(double seconds) const;

    std::vector<Slice> m_slices;
    double m_width = 0.01; ///< seconds
};

/// How far the mean of BenchSlices::count such values may be from the true one, with a probability of 95 %.
double spreadOfMean(const std::vector<double> &values);

} // namespace pdlb::client
