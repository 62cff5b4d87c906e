// SPDX-License-Identifier: Apache-2.0
#include "control/engine_samples.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace Qt::StringLiterals;

namespace pdlb::control {

namespace {

/// Counts that no engine has are nobody's.
constexpr double mostCounted = 1e15;

void addTo(std::optional<qint64> &sum, const QJsonValue &count)
{
    if (count.isDouble() && count.toDouble() >= 0 && count.toDouble() < mostCounted)
        sum = sum.value_or(0) + qint64(count.toDouble());
}

void largestOf(std::optional<double> &largest, const QJsonValue &number)
{
    if (number.isDouble())
        largest = std::max(largest.value_or(number.toDouble()), number.toDouble());
}

} // namespace

trace::LoadSample readLoads(const EngineReply &reply)
{
    trace::LoadSample sample;
    if (!reply.ok()) {
        sample.error = reply.describe();
        return sample;
    }
    const QJsonArray ranks = QJsonDocument::fromJson(reply.body).object().value("loads"_L1).toArray();
    if (ranks.isEmpty()) {
        sample.error = u"it answered what no engine answers: %1"_s.arg(QString::fromUtf8(reply.body.left(100)).simplified());
        return sample;
    }
    for (const QJsonValue &value : ranks) {
        const QJsonObject rank = value.toObject();
        addTo(sample.running, rank.value("num_running_reqs"_L1));
        addTo(sample.waiting, rank.value("num_waiting_reqs"_L1));
        addTo(sample.runningLimit, rank.value("max_running_requests"_L1));
        largestOf(sample.tokenUsage, rank.value("token_usage"_L1));
        const QJsonObject queues = rank.value("disaggregation"_L1).toObject();
        addTo(sample.prefillBootstrapQueue, queues.value("prefill_bootstrap_queue_reqs"_L1));
        addTo(sample.prefillInflightQueue, queues.value("prefill_inflight_queue_reqs"_L1));
        addTo(sample.decodePreallocQueue, queues.value("decode_prealloc_queue_reqs"_L1));
        addTo(sample.decodeTransferQueue, queues.value("decode_transfer_queue_reqs"_L1));
        addTo(sample.decodeRetractedQueue, queues.value("decode_retracted_queue_reqs"_L1));
        largestOf(sample.kvSpeed, queues.value("kv_transfer_speed_gb_s"_L1));
        largestOf(sample.kvLatency, queues.value("kv_transfer_latency_ms"_L1));
    }
    return sample;
}

trace::BootstrapSample readRoute(const EngineReply &reply, const QString &address)
{
    trace::BootstrapSample sample;
    sample.address = address;
    const QJsonDocument document = QJsonDocument::fromJson(reply.body);
    if (reply.status == 503) {
        sample.registered = false;
    } else if (reply.status == 0) {
        sample.error = reply.error;
    } else if (!reply.ok() || !document.isObject()) {
        sample.error = u"it is no bootstrap server: %1"_s.arg(reply.describe());
    } else if (const double port = document.object().value("prefill_http_port"_L1).toDouble(); port > 0 && port <= 65535) {
        sample.prefillPort = quint16(port);
    }
    return sample;
}

} // namespace pdlb::control
