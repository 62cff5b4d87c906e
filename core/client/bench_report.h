// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/bench_run.h"
#include "util/result.h"

namespace pdlb::client {

/// The report for programs, version 1: {"v", "requests", "seconds", "all": {…}, "pairs": {…}, "errors": {…}}. Each metric is
/// {"count", "mean": [value, low, high], "p50": …, "p90", "p95", "p99", "p99.9", "max"}: low and high hold the true value with a
/// probability of 95 %; a percentile that so few requests cannot tell is absent.
QJsonObject benchJson(const BenchReport &report, const BenchOptions &options);
/// The same for people. `definitions`: with what the names mean.
QString benchText(const BenchReport &report, const BenchOptions &options);
/// What the metrics mean, a line each.
QString metricDefinitions();

/// Two reports side by side, as benchJson() wrote them: each metric's change, and whether it is more than chance. Errors: one of
/// them is no such report.
Result<QString> compareBench(const QJsonObject &before, const QJsonObject &now);

} // namespace pdlb::client
