// SPDX-License-Identifier: Apache-2.0
#include "client/bench_report.h"

#include "util/escape.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <array>
#include <cmath>
#include <limits>

using namespace Qt::StringLiterals;

namespace pdlb::client {

namespace {

struct Percentile {
    const char *name;
    double share;
};
constexpr std::array percentiles{Percentile{"p50", 0.5}, Percentile{"p90", 0.9}, Percentile{"p95", 0.95}, Percentile{"p99", 0.99},
                                 Percentile{"p99.9", 0.999}};

constexpr double smallestChange = 1.2; // percent, of values whose percentiles are known within 0.6 %

struct Metric {
    const char *name;
    const char *label;
    const Distribution BenchGroup::*of;
};
constexpr std::array metrics{
    Metric{"ttft_ms", "TTFT", &BenchGroup::ttft}, Metric{"ttfo_ms", "TTFO", &BenchGroup::ttfo}, Metric{"itl_ms", "ITL", &BenchGroup::itl},
    Metric{"icl_ms", "ICL", &BenchGroup::icl},    Metric{"e2e_ms", "E2E", &BenchGroup::duration}};

QJsonArray estimateJson(const Distribution::Estimate &estimate)
{
    return {estimate.value, estimate.low, estimate.high};
}

/// Widened by how much the parts of the run differ.
Distribution::Estimate widened(Distribution::Estimate estimate, const std::vector<double> &ofParts)
{
    if (ofParts.size() != BenchSlices::count)
        return estimate;
    const double spread = spreadOfMean(ofParts);
    estimate.low = std::min(estimate.low, estimate.value - spread);
    estimate.high = std::max(estimate.high, estimate.value + spread);
    return estimate;
}

/// `parts`: the same values by their time; may be none.
QJsonObject distributionJson(const Distribution &values, const std::vector<const Distribution *> &parts = {})
{
    QJsonObject object{{u"count"_s, values.count()}};
    if (values.isEmpty())
        return object;
    std::vector<double> means;
    for (const Distribution *part : parts) {
        if (!part->isEmpty())
            means.push_back(part->mean());
    }
    object.insert(u"mean"_s, estimateJson(widened(values.meanEstimate(), means)));
    object.insert(u"max"_s, values.most());
    for (const auto &[name, share] : percentiles) {
        const auto estimate = values.estimate(share);
        if (!estimate)
            continue;
        std::vector<double> quantiles;
        for (const Distribution *part : parts) {
            if (part->estimate(share)) // as far as so few can tell it
                quantiles.push_back(part->quantile(share));
        }
        object.insert(QLatin1StringView(name), estimateJson(widened(*estimate, quantiles)));
    }
    return object;
}

QJsonObject groupJson(const BenchGroup &group, const std::vector<BenchGroup> &parts = {})
{
    QJsonObject object{{u"good"_s, group.good}, {u"failed"_s, group.failed}, {u"prompt_tokens"_s, group.promptTokens},
                       {u"completion_tokens"_s, group.completionTokens}, {u"cached_tokens"_s, group.cachedTokens}, {u"bytes"_s, group.bytes}};
    for (const auto &[name, label, of] : metrics) {
        std::vector<const Distribution *> values;
        for (const BenchGroup &part : parts)
            values.push_back(&(part.*of));
        object.insert(QLatin1StringView(name), distributionJson(group.*of, values));
    }
    return object;
}

QString number(double value)
{
    return QString::number(value, 'f', value < 0.1 ? 3 : value < 10 ? 2 : value < 1000 ? 1 : 0);
}

QString cell(const QString &text, int width = 10)
{
    return text.rightJustified(width);
}

QString row(const QString &label, const Distribution &values)
{
    QString line = label.leftJustified(8) + cell(QString::number(values.count()), 9);
    if (values.isEmpty())
        return line + cell(u"-"_s) + u'\n';
    line += cell(number(values.mean()));
    for (const auto &[name, share] : percentiles) {
        const auto estimate = values.estimate(share);
        line += cell(estimate ? number(estimate->value) : u"-"_s);
    }
    return line + cell(number(values.most())) + u'\n';
}

QString tableHead(const QString &label)
{
    QString line = label.leftJustified(8) + cell(u"n"_s, 9) + cell(u"mean"_s);
    for (const Percentile &percentile : percentiles)
        line += cell(QLatin1StringView(percentile.name));
    return line + cell(u"max"_s) + u'\n';
}

/// What a pair's median must exceed to be called slow: clearly more than the fastest pair's.
double slowFrom(const std::map<QByteArray, BenchGroup> &pairs)
{
    constexpr double clearly = 1.25;
    double fastest = std::numeric_limits<double>::infinity();
    for (const auto &[name, group] : pairs) {
        if (!group.duration.isEmpty())
            fastest = std::min(fastest, group.duration.quantile(0.5));
    }
    return clearly * fastest;
}

QString pairsText(const std::map<QByteArray, BenchGroup> &pairs)
{
    const double slow = slowFrom(pairs);
    QString text = u"\nPAIR            good  failed  TTFT p50  TTFT p99   E2E p50   E2E p99   ITL p50\n"_s;
    const auto quantile = [](const Distribution &values, double share) {
        const auto estimate = values.estimate(share);
        return cell(estimate ? number(estimate->value) : u"-"_s);
    };
    for (const auto &[name, group] : pairs) {
        text += escapeControls(QString::fromUtf8(name)).leftJustified(12) + cell(QString::number(group.good), 8) + cell(QString::number(group.failed), 8)
            + quantile(group.ttft, 0.5) + quantile(group.ttft, 0.99) + quantile(group.duration, 0.5) + quantile(group.duration, 0.99)
            + quantile(group.itl, 0.5) + (!group.duration.isEmpty() && group.duration.quantile(0.5) > slow ? u"  <- slow"_s : QString()) + u'\n';
    }
    return text;
}

/// [value] or [value, low, high] of an amount per second; `ofParts`: the same of the run's parts, may be none.
QJsonArray rateJson(double rate, const std::vector<double> &ofParts)
{
    return ofParts.empty() ? QJsonArray{rate} : estimateJson(widened({rate, rate, rate}, ofParts));
}

QJsonObject loadJson(const BenchOptions &options)
{
    QJsonObject load = options.prompts;
    load.insert(u"requests"_s, options.requests);
    load.insert(u"warm_up"_s, options.warmUp);
    if (options.duration.count() > 0)
        load.insert(u"duration_s"_s, double(options.duration.count()) / 1000);
    if (options.rate > 0) {
        load.insert(u"rate"_s, options.rate);
        load.insert(u"intervals"_s, options.poisson ? u"poisson"_s : u"constant"_s);
    } else {
        load.insert(u"concurrency"_s, options.concurrency);
    }
    return load;
}

/// "concurrency: 8 -> 16", a line for each difference.
QString loadDifferences(const QJsonObject &before, const QJsonObject &now)
{
    const auto word = [](const QJsonValue &value) {
        return value.isUndefined() ? u"-"_s : escapeControls(value.toVariant().toString().left(100));
    };
    QStringList keys = before.keys() + now.keys();
    keys.removeDuplicates();
    QString text;
    for (const QString &key : std::as_const(keys)) {
        if (before.value(key) != now.value(key))
            text += u"  %1: %2 -> %3\n"_s.arg(escapeControls(key.left(100)), word(before.value(key)), word(now.value(key)));
    }
    return text.isEmpty() ? text : u"This was not the same load, changes may come from that:\n"_s + text;
}

/// [value, low, high] of a metric's member, when it is there.
std::optional<Distribution::Estimate> readEstimate(const QJsonValue &value)
{
    const QJsonArray array = value.toArray();
    if (array.size() == 1) // where it may lie is not known: anywhere
        return Distribution::Estimate{array[0].toDouble(), 0, std::numeric_limits<double>::infinity()};
    if (array.size() != 3)
        return {};
    return Distribution::Estimate{array[0].toDouble(), array[1].toDouble(), array[2].toDouble()};
}

QString compareRow(const QString &label, const std::optional<Distribution::Estimate> &before, const std::optional<Distribution::Estimate> &now)
{
    if (!before || !now)
        return {};
    const double change = before->value > 0 ? 100 * (now->value - before->value) / before->value : 0;
    // Less than the scale's step is nothing that was measured.
    const bool real = (now->low > before->high || now->high < before->low) && std::abs(change) > smallestChange;
    return label.leftJustified(14) + cell(number(before->value), 12) + cell(number(now->value), 12)
        + cell((change >= 0 ? u"+"_s : QString()) + QString::number(change, 'f', 1) + u" %"_s, 12)
        + (real ? (change < 0 ? u"  lower"_s : u"  higher"_s) : u"  within noise"_s) + u'\n';
}

} // namespace

QString metricDefinitions()
{
    return u"TTFT  time to first token: from the request to the first chunk with content or reasoning (a role alone does not count)\n"
           "TTFO  time to first output: to the first content that is no reasoning\n"
           "ITL   inter-token latency: (last content - first content) / (completion tokens - 1), of answers with a usage block\n"
           "ICL   inter-chunk latency: time between two chunks with content; a chunk may hold several tokens\n"
           "E2E   from the request to the end of its answer\n"
           "All are measured by the client and include network and balancer. In an open loop they count from when the request should\n"
           "have begun. A percentile is shown when at least one request lies beyond it.\n"_s;
}

QJsonObject benchJson(const BenchReport &report, const BenchOptions &options)
{
    const std::vector<BenchGroup> parts = report.slices.parts(report.seconds);
    QJsonObject pairs;
    for (const auto &[name, group] : report.pairs)
        pairs.insert(QString::fromUtf8(name), groupJson(group));
    QJsonObject errors;
    for (const auto &[error, count] : report.errors)
        errors.insert(error, count);
    QJsonObject object{
        {u"v"_s, 1},
        {u"load"_s, loadJson(options)},
        {u"seconds"_s, report.seconds},
        {u"aborted"_s, report.aborted},
        {u"all"_s, groupJson(report.all, parts)},
        {u"pairs"_s, pairs},
        {u"errors"_s, errors},
    };
    if (options.rate > 0)
        object.insert(u"lag_ms"_s, distributionJson(report.lag));
    if (report.seconds > 0) {
        const BenchSlices::Rates rates = report.slices.rates(report.seconds);
        object.insert(u"requests_per_second"_s, rateJson(double(report.all.good) / report.seconds, rates.requests));
        object.insert(u"completion_tokens_per_second"_s, rateJson(double(report.all.completionTokens) / report.seconds, rates.completionTokens));
    }
    return object;
}

QString benchText(const BenchReport &report, const BenchOptions &options)
{
    const BenchGroup &all = report.all;
    QString text = u"%1 good, %2 failed"_s.arg(all.good).arg(all.failed);
    if (report.aborted > 0)
        text += u", %1 aborted"_s.arg(report.aborted);
    text += options.rate > 0 ? u"; open loop, %1 requests/s %2"_s.arg(options.rate).arg(options.poisson ? u"(Poisson)"_s : u"(constant)"_s)
                             : u"; closed loop, %1 at a time"_s.arg(options.concurrency);
    text += u"; %1 s\n"_s.arg(report.seconds, 0, 'f', 2);
    if (report.seconds > 0) {
        text += u"%1 requests/s"_s.arg(number(double(all.good) / report.seconds));
        if (all.completionTokens > 0)
            text += u", %1 output tokens/s, %2 input tokens/s"_s.arg(number(double(all.completionTokens) / report.seconds),
                                                                    number(double(all.promptTokens) / report.seconds));
        if (all.promptTokens > 0 && all.cachedTokens > 0)
            text += u", %1 % of the input from cache"_s.arg(number(100.0 * double(all.cachedTokens) / double(all.promptTokens)));
        text += u'\n';
    }
    if (all.good > 0)
        text += u'\n' + tableHead(u"ms"_s);
    for (const auto &[name, label, of] : metrics) {
        const bool repeats = of == &BenchGroup::ttfo && all.ttfo.count() == all.ttft.count() && all.ttfo.mean() == all.ttft.mean();
        if (!(all.*of).isEmpty() && !repeats)
            text += row(QLatin1StringView(label), all.*of);
    }
    if (options.rate > 0 && !report.lag.isEmpty())
        text += row(u"lag"_s, report.lag);
    if (report.pairs.size() > 1 || (report.pairs.size() == 1 && all.failed > 0))
        text += pairsText(report.pairs);
    if (!report.errors.empty()) {
        text += u"\nERRORS\n"_s;
        for (const auto &[error, count] : report.errors)
            text += cell(QString::number(count), 8) + u"  "_s + escapeControls(error) + u'\n';
    }
    return text;
}

Result<QJsonObject> readBenchReport(const QByteArray &text)
{
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(text, &error);
    if (error.error != QJsonParseError::NoError)
        return failure(u"it is no report of pdlb bench --json: %1 at byte %2"_s.arg(error.errorString()).arg(error.offset));
    if (document["v"_L1].toInt() != 1 || !document["all"_L1].isObject())
        return failure(u"it is no report of pdlb bench --json, version 1"_s);
    return document.object();
}

QString compareBench(const QJsonObject &before, const QJsonObject &now)
{
    QString text = loadDifferences(before["load"_L1].toObject(), now["load"_L1].toObject());
    text += u"              "_s + cell(u"before"_s, 12) + cell(u"now"_s, 12) + cell(u"change"_s, 12) + u'\n';
    text += compareRow(u"requests/s"_s, readEstimate(before["requests_per_second"_L1]), readEstimate(now["requests_per_second"_L1]));
    text += compareRow(u"tokens/s"_s, readEstimate(before["completion_tokens_per_second"_L1]), readEstimate(now["completion_tokens_per_second"_L1]));
    for (const auto &[name, label, of] : metrics) {
        const QJsonValue a = before.value("all"_L1)[QLatin1StringView(name)];
        const QJsonValue b = now.value("all"_L1)[QLatin1StringView(name)];
        if (of == &BenchGroup::ttfo && a == before.value("all"_L1)["ttft_ms"_L1] && b == now.value("all"_L1)["ttft_ms"_L1])
            continue;
        text += compareRow(QLatin1StringView(label) + u" mean"_s, readEstimate(a["mean"_L1]), readEstimate(b["mean"_L1]));
        for (const Percentile &percentile : percentiles) {
            const QLatin1StringView key(percentile.name);
            text += compareRow(QLatin1StringView(label) + u' ' + key, readEstimate(a[key]), readEstimate(b[key]));
        }
    }
    const auto failed = [](const QJsonObject &report) { return report.value("all"_L1)["failed"_L1].toInteger(); };
    if (failed(before) + failed(now) > 0)
        text += u"failed"_s.leftJustified(14) + cell(QString::number(failed(before)), 12) + cell(QString::number(failed(now)), 12) + u'\n';
    return text + u"\"within noise\": the ranges that hold the true values with 95 % probability overlap; they come from how much the\n"
                  "requests, and the tenths of a run, differ. What changed between two runs (other load on the machines) they cannot know.\n"_s;
}

} // namespace pdlb::client
