// SPDX-License-Identifier: Apache-2.0
#include "doctor/rules.h"

using namespace Qt::StringLiterals;

namespace pdlb::doctor {

namespace {

using End = LegFacts::End;

/// What is told of a leg's failure, found by the words that SGLang has for it (disaggregation/prefill.py, decode.py,
/// common/conn.py).
struct Wording {
    const char *words; ///< in lower case
    const char *name;
};
constexpr Wording wordings[] = {
    {"page size mismatch", "page_size_mismatch"},
    {"kv cache dtype mismatch", "kv_dtype_mismatch"},
    {"could not fetch prefill parallel info", "handshake_failed"},
    {"handshake failed", "handshake_failed"},
    {"kvpoll.bootstrapping", "handshake_failed"},
    {"bootstrap failed", "handshake_failed"},
    {"transfer failed", "kv_transfer_failed"},
    {"kvpoll.waitingforinput", "kv_transfer_failed"},
    {"kvtransfererror", "kv_transfer_failed"},
};

QByteArray nameOf(const QString &message)
{
    const QString lower = message.toLower();
    for (const Wording &wording : wordings) {
        if (lower.contains(QLatin1StringView(wording.words)))
            return wording.name;
    }
    return {};
}

/// SGLang's "STAGE for request … with exception TYPE(…): REASON" without what only its log explains.
QString shortened(const QString &message)
{
    const qsizetype request = message.indexOf(" for request "_L1);
    const qsizetype exception = message.indexOf(" with exception "_L1);
    const qsizetype reason = message.indexOf("): "_L1, exception);
    return request < 0 || exception < request || reason < 0
               ? message
               : message.first(request) + u": "_s + message.sliced(reason + 3);
}

QString address(const ServerFacts &prefill, const BootstrapFacts &bootstrap)
{
    const QString host = prefill.host.contains(u':') ? u'[' + prefill.host + u']' : prefill.host;
    return bootstrap.asked ? u"%1:%2"_s.arg(host).arg(*bootstrap.asked) : host + u":PORT"_s;
}

QString transferFix(const ServerFacts &prefill)
{
    const QString backend = prefill.engine && !prefill.engine->transferBackend.isEmpty()
                                ? prefill.engine->transferBackend
                                : u"the transfer backend"_s;
    return u"look in both engines' logs for %1; check --disaggregation-ib-device (RDMA devices that see each other), the firewall between the machines, and --disaggregation-transfer-backend"_s
        .arg(backend);
}

QString alone(const ServerFacts &prefill, const ServerFacts &decode)
{
    const bool prefillGood = prefill.alone.end == End::Ok;
    const bool decodeGood = decode.alone.end == End::Ok;
    if (prefillGood && decodeGood)
        return u"each engine alone works, so the fault is between them"_s;
    if (prefill.alone.end == End::Failed)
        return u"prefill fails alone too, so the fault is probably prefill's"_s;
    if (decode.alone.end == End::Failed)
        return u"decode fails alone too, so the fault is probably decode's"_s;
    return u"whether each engine alone works is not known"_s;
}

Finding explainFailure(const ServerFacts &prefill, const BootstrapFacts &bootstrap, const ServerFacts &decode,
                       const char *side, const LegFacts &leg)
{
    const QByteArray name = nameOf(leg.message);
    const QString said =
        leg.status > 0
            ? u"%1 answers status %2: %3"_s.arg(QLatin1StringView(side)).arg(leg.status).arg(shortened(leg.message))
            : u"the connection to %1 fails: %2"_s.arg(QLatin1StringView(side), leg.message);
    if (name == "page_size_mismatch")
        return {Severity::Error, name, said, u"the engines' KV pages hold different numbers of tokens"_s,
                u"start both with the same --page-size"_s};
    if (name == "kv_dtype_mismatch")
        return {Severity::Error, name, said, u"the engines' KV caches have different types"_s,
                u"start both with the same --kv-cache-dtype"_s};
    if (name == "handshake_failed") {
        return {
            Severity::Error, name, said,
            u"decode and prefill did not find one another at the bootstrap server %1"_s.arg(
                address(prefill, bootstrap)),
            u"on decode's machine: curl http://%1/health; if that fails, correct the host of --prefill URL or its bootstrap port, or open the firewall"_s
                .arg(address(prefill, bootstrap))};
    }
    if (name == "kv_transfer_failed")
        return {Severity::Error, name, said,
                u"the KV cache did not get from prefill to decode; "_s + alone(prefill, decode), transferFix(prefill)};
    if (leg.status == 401 || leg.status == 403) {
        return {
            Severity::Error, "auth_missing", said, u"the engine wants another API key than it got"_s,
            u"--engine-api-key-file FILE (or PDLB_ENGINE_API_KEY), or in a configuration file \"api_key_ref\" of that server"_s};
    }
    if (leg.status == 0) {
        return {
            Severity::Error, "request_broken", said,
            u"the engine closed the connection before its answer was whole: it may have crashed over the request; "_s +
                alone(prefill, decode),
            u"look at the log of %1"_s.arg(QLatin1StringView(side))};
    }
    return {Severity::Error, "request_refused", said, alone(prefill, decode),
            u"look at the log of %1"_s.arg(QLatin1StringView(side))};
}

Finding explainTimeout(const ServerFacts &prefill, const BootstrapFacts &bootstrap, const ServerFacts &decode,
                       const RequestFacts &request)
{
    const QString time = u"%1 s"_s.arg(double(request.timeout.count()) / 1000, 0, 'f', 1);
    const auto count = [](const std::optional<trace::LoadSample> &sample,
                          std::optional<qint64> trace::LoadSample::*member) {
        return sample ? (*sample.*member).value_or(0) : 0;
    };
    using Sample = trace::LoadSample;
    const qint64 bootstrapping = count(request.prefillQueues, &Sample::prefillBootstrapQueue),
                 prealloc = count(request.decodeQueues, &Sample::decodePreallocQueue);
    const qint64 inflight = count(request.prefillQueues, &Sample::prefillInflightQueue),
                 transfers = count(request.decodeQueues, &Sample::decodeTransferQueue);
    const qint64 running = count(request.prefillQueues, &Sample::running),
                 waiting = count(request.prefillQueues, &Sample::waiting);
    if (request.prefill.end == End::Ok) {
        return {Severity::Error, "decode_stuck",
                u"prefill is done and the KV cache sent, but decode gives no token within %1"_s.arg(time),
                u"decode has %1 running and %2 waiting requests"_s.arg(count(request.decodeQueues, &Sample::running))
                    .arg(count(request.decodeQueues, &Sample::waiting)),
                u"look at decode's log and GPU; to wait longer: --timeout SECONDS"_s};
    }
    if (bootstrapping > 0 || prealloc > 0) {
        return {
            Severity::Error, "handshake_stuck",
            u"not done within %1: %2 requests wait in prefill's bootstrap queue, %3 in decode's prealloc queue"_s
                .arg(time)
                .arg(bootstrapping)
                .arg(prealloc),
            u"decode has not found prefill at %1, or has no KV memory free; "_s.arg(address(prefill, bootstrap)) +
                alone(prefill, decode),
            u"on decode's machine: curl http://%1/health; correct the host or bootstrap port of --prefill, or open the firewall"_s
                .arg(address(prefill, bootstrap))};
    }
    if (inflight > 0 || transfers > 0) {
        return {Severity::Error, "kv_transfer_stuck",
                u"not done within %1: %2 KV caches are on their way from prefill, decode waits for %3"_s.arg(time)
                    .arg(inflight)
                    .arg(transfers),
                u"the KV transfer hangs; "_s + alone(prefill, decode), transferFix(prefill)};
    }
    if (running > 0 || waiting > 0) {
        return {
            Severity::Error, "prefill_slow",
            u"not done within %1: prefill has %2 running and %3 waiting requests"_s.arg(time).arg(running).arg(waiting),
            u"prefill is overloaded"_s, u"add prefill engines; to wait longer: --timeout SECONDS"_s};
    }
    return {Severity::Error, "request_timed_out",
            u"no answer within %1, and the engines do not say where it is (/v1/loads)"_s.arg(time),
            alone(prefill, decode), u"look in both engines' logs; to wait longer: --timeout SECONDS"_s};
}

} // namespace

Findings checkRequest(const ServerFacts &prefill, const BootstrapFacts &bootstrap, const ServerFacts &decode,
                      const RequestFacts &request)
{
    if (request.prefill.end == End::NotSent && request.decode.end == End::NotSent)
        return {};
    if (request.prefill.end == End::Failed || request.decode.end == End::Failed) {
        // Prefill's words are often only an echo of decode's ("decode could be dead"); both when both have spoken.
        const bool both = request.prefill.end == End::Failed && request.decode.end == End::Failed;
        const bool fromDecode = request.decode.end == End::Failed;
        Finding finding = explainFailure(prefill, bootstrap, decode, fromDecode ? "decode" : "prefill",
                                         fromDecode ? request.decode : request.prefill);
        if (both)
            finding.what += u"; prefill: "_s + shortened(request.prefill.message);
        return {finding};
    }
    if (!request.ok())
        return {explainTimeout(prefill, bootstrap, decode, request)};
    const double slow = double(prefill.slow.count());
    if (std::max(request.prefill.milliseconds, request.decode.milliseconds) <= slow ||
        prefill.alone.milliseconds > slow || decode.alone.milliseconds > slow)
        return {}; // the engine's own slowness is told once, there
    return {
        {Severity::Warning, "pair_slow",
         u"one token takes %1 s, prefill with the KV transfer %2 s"_s.arg(request.decode.milliseconds / 1000, 0, 'f', 1)
             .arg(request.prefill.milliseconds / 1000, 0, 'f', 1),
         u"prefill alone takes %1 ms, decode alone %2 ms: the rest is the handshake and the KV transfer (a pair's first request sets up its connections)"_s
             .arg(prefill.alone.milliseconds, 0, 'f', 0)
             .arg(decode.alone.milliseconds, 0, 'f', 0),
         u"run it again; if it stays so: "_s + transferFix(prefill)}};
}

} // namespace pdlb::doctor
