// SPDX-License-Identifier: Apache-2.0
#include "trace/explanation_json.h"

#include <algorithm>
#include <array>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

struct CountName {
    QLatin1StringView name;
    std::optional<qint64> LoadSample::*member;
};
constexpr std::array countNames{
    CountName{"running"_L1, &LoadSample::running},
    CountName{"waiting"_L1, &LoadSample::waiting},
    CountName{"running_limit"_L1, &LoadSample::runningLimit},
    CountName{"prefill_bootstrap_queue"_L1, &LoadSample::prefillBootstrapQueue},
    CountName{"prefill_inflight_queue"_L1, &LoadSample::prefillInflightQueue},
    CountName{"decode_prealloc_queue"_L1, &LoadSample::decodePreallocQueue},
    CountName{"decode_transfer_queue"_L1, &LoadSample::decodeTransferQueue},
    CountName{"decode_retracted_queue"_L1, &LoadSample::decodeRetractedQueue},
};
struct NumberName {
    QLatin1StringView name;
    std::optional<double> LoadSample::*member;
};
constexpr std::array numberNames{
    NumberName{"token_usage"_L1, &LoadSample::tokenUsage},
    NumberName{"kv_transfer_speed_gb_s"_L1, &LoadSample::kvSpeed},
    NumberName{"kv_transfer_latency_ms"_L1, &LoadSample::kvLatency},
};

double milliseconds(Monotonic time)
{
    return double(time.count()) / 1e6;
}

Monotonic nanoseconds(const QJsonValue &milliseconds)
{
    constexpr double longest = 1e12; // thirty years: sums of them fit
    return Monotonic(qint64(std::clamp(milliseconds.toDouble(), -longest, longest) * 1e6));
}

QJsonObject sampleJson(const LoadSample &sample, Monotonic from)
{
    QJsonObject object{{u"at_ms"_s, milliseconds(sample.at - from)}};
    if (!sample.error.isEmpty())
        object.insert(u"error"_s, sample.error);
    for (const auto &[name, member] : countNames) {
        if (const auto &count = sample.*member)
            object.insert(name, *count);
    }
    for (const auto &[name, member] : numberNames) {
        if (const auto &number = sample.*member)
            object.insert(name, *number);
    }
    return object;
}

LoadSample sampleFromJson(const QJsonObject &object, Monotonic from)
{
    LoadSample sample;
    sample.at = from + nanoseconds(object.value("at_ms"_L1));
    sample.error = object.value("error"_L1).toString();
    for (const auto &[name, member] : countNames) {
        if (const QJsonValue value = object.value(name); value.isDouble())
            sample.*member = value.toInteger();
    }
    for (const auto &[name, member] : numberNames) {
        if (const QJsonValue value = object.value(name); value.isDouble())
            sample.*member = value.toDouble();
    }
    return sample;
}

} // namespace

QJsonObject explanationJson(const Explanation &explanation, Monotonic from)
{
    QJsonObject object{{u"at_ms"_s, milliseconds(explanation.at - from)}, {u"phase"_s, QString::fromLatin1(phaseName(explanation.phase))},
                       {u"sentence"_s, explanation.sentence}, {u"advice"_s, explanation.advice}};
    if (explanation.prefill.at.count() > 0)
        object.insert(u"prefill"_s, sampleJson(explanation.prefill, from));
    if (explanation.decode.at.count() > 0)
        object.insert(u"decode"_s, sampleJson(explanation.decode, from));
    if (const BootstrapSample &server = explanation.bootstrap; !server.address.isEmpty()) {
        QJsonObject bootstrap{{u"address"_s, server.address}, {u"registered"_s, server.registered}};
        if (!server.error.isEmpty())
            bootstrap.insert(u"error"_s, server.error);
        if (server.prefillPort)
            bootstrap.insert(u"prefill_http_port"_s, *server.prefillPort);
        object.insert(u"bootstrap"_s, bootstrap);
    }
    return object;
}

Explanation explanationFromJson(const QJsonObject &object, Monotonic from)
{
    Explanation explanation;
    explanation.at = from + nanoseconds(object.value("at_ms"_L1));
    explanation.phase = phaseFromName(object.value("phase"_L1).toString().toLatin1());
    explanation.sentence = object.value("sentence"_L1).toString();
    explanation.advice = object.value("advice"_L1).toString();
    if (const QJsonValue prefill = object.value("prefill"_L1); prefill.isObject())
        explanation.prefill = sampleFromJson(prefill.toObject(), from);
    if (const QJsonValue decode = object.value("decode"_L1); decode.isObject())
        explanation.decode = sampleFromJson(decode.toObject(), from);
    if (const QJsonObject server = object.value("bootstrap"_L1).toObject(); !server.isEmpty()) {
        explanation.bootstrap = {server.value("address"_L1).toString(), server.value("error"_L1).toString(),
                                 server.value("registered"_L1).toBool(true), {}};
        if (const QJsonValue port = server.value("prefill_http_port"_L1); port.isDouble())
            explanation.bootstrap.prefillPort = quint16(port.toInt());
    }
    return explanation;
}

} // namespace pdlb::trace
