// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/bench_run.h"
#include "util/result.h"

namespace pdlb::client {

/// The report for programs, version 1: {"v", "load": {…}, "seconds", "requests_per_second": [value, low, high], "aborted", "all": {…},
/// "pairs": {…}, "errors": {…}}; low and high of a rate are absent when the run was too short to tell. Each metric is
/// {"count", "mean": [value, low, high], "p50": …, "p90", "p95", "p99", "p99.9", "max"}: low and high hold the true value with a
/// probability of 95 %; a percentile that so few requests cannot tell is absent.
QJsonObject benchJson(const BenchReport &report, const BenchOptions &options);
/// The same for people. `definitions`: with what the names mean.
QString benchText(const BenchReport &report, const BenchOptions &options);
/// What the metrics mean, a line each.
QString metricDefinitions();

/// Reads what benchJson() wrote. Errors: it is something else.
Result<QJsonObject> readBenchReport(const QByteArray &text);
/// Two reports side by side: how their loads differ, each metric's change, and whether it is more than chance.
QString compareBench(const QJsonObject &before, const QJsonObject &now);

} // namespace pdlb::client
