// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace pdlb::metrics {

class Exposition;

/// The process_* families that every Prometheus client library has, from /proc/self.
void addProcessMetrics(Exposition &exposition);

} // namespace pdlb::metrics
