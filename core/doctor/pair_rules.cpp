// SPDX-License-Identifier: Apache-2.0
#include "doctor/rules.h"

#include <QHostAddress>

#include <cmath>

using namespace Qt::StringLiterals;

namespace pdlb::doctor {

namespace {

constexpr double clockSkewLimit = 1000; // milliseconds; what timelines of two machines can be off before they confuse

enum class Place { Elsewhere, Loopback, Unspecified };

Place placeOf(const QString &host)
{
    if (host == "localhost"_L1)
        return Place::Loopback;
    const QHostAddress address(host);
    if (address.isLoopback())
        return Place::Loopback;
    return address == QHostAddress(QHostAddress::AnyIPv4) || address == QHostAddress(QHostAddress::AnyIPv6)
               ? Place::Unspecified
               : Place::Elsewhere;
}

/// Whether decode runs on another machine than this one, as far as its URL tells.
bool isElsewhere(const ServerFacts &decode)
{
    return !decode.local && placeOf(decode.host) == Place::Elsewhere;
}

QString lastPart(const QString &path)
{
    return path.section(u'/', -1, -1, QString::SectionSkipEmpty);
}

void checkModel(const EngineInfo &prefill, const EngineInfo &decode, Findings &findings)
{
    if (prefill.modelPath.isEmpty() || decode.modelPath.isEmpty() || prefill.modelPath == decode.modelPath)
        return;
    const QString what = u"prefill serves %1, decode %2"_s.arg(prefill.modelPath, decode.modelPath);
    const bool sameName = !prefill.servedModel.isEmpty() && prefill.servedModel == decode.servedModel &&
                          prefill.servedModel != prefill.modelPath;
    if (sameName || lastPart(prefill.modelPath) == lastPart(decode.modelPath)) {
        findings += {Severity::Note, "model_path_differs", what, u"the names suggest the same model at two places"_s,
                     u"if they are not the same: the same --model-path for both"_s};
        return;
    }
    findings += {Severity::Error, "model_mismatch", what,
                 u"a KV cache of one model means nothing to another: answers would be garbage, or the transfer fails"_s,
                 u"start both with the same --model-path, or keep them apart with \"group\" (--pairing group)"_s};
}

template <typename T> bool differ(const std::optional<T> &a, const std::optional<T> &b)
{
    return a && b && *a != *b;
}

void checkKvLayout(const EngineInfo &prefill, const std::optional<RouteInfo> &route, const EngineInfo &decode,
                   Findings &findings)
{
    // Decode compares itself with what the bootstrap server says (SGLang's disaggregation/common/conn.py), so that goes
    // first.
    const std::optional<qint64> pageSize = route && route->pageSize ? route->pageSize : prefill.pageSize;
    if (differ(pageSize, decode.pageSize) && !decode.mixedPageSizes) {
        findings += {Severity::Error, "page_size_mismatch",
                     u"KV pages of prefill hold %1 tokens, those of decode %2"_s.arg(*pageSize).arg(*decode.pageSize),
                     u"SGLang's decode refuses such a prefill and its scheduler may end over it"_s,
                     u"start both with the same --page-size, for instance --page-size %1 at decode"_s.arg(*pageSize)};
    }
    const QString dtype = route && !route->kvCacheDtype.isEmpty() ? route->kvCacheDtype : prefill.kvCacheDtype;
    if (!dtype.isEmpty() && !decode.kvCacheDtype.isEmpty() && dtype != decode.kvCacheDtype) {
        findings += {
            Severity::Error, "kv_dtype_mismatch",
            u"the KV cache of prefill is %1, that of decode %2"_s.arg(dtype, decode.kvCacheDtype),
            u"SGLang's decode refuses such a prefill and its scheduler may end over it, also when one says \"auto\" and means the same"_s,
            u"start both with the same --kv-cache-dtype, for instance --kv-cache-dtype %1 at decode"_s.arg(dtype)};
    }
}

void checkSizes(const EngineInfo &prefill, const EngineInfo &decode, Findings &findings)
{
    const struct {
        const char *name;
        const char *flag;
        std::optional<qint64> EngineInfo::*size;
        Severity severity;
    } sizes[] = {{"tp", "--tp-size", &EngineInfo::tpSize, Severity::Warning},
                 {"pp", "--pp-size", &EngineInfo::ppSize, Severity::Warning},
                 {"dp", "--dp-size", &EngineInfo::dpSize, Severity::Note}};
    for (const auto &[name, flag, size, severity] : sizes) {
        if (!differ(prefill.*size, decode.*size))
            continue;
        const QString upper = QString::fromLatin1(name).toUpper();
        findings += {
            severity, QByteArray(name) + "_size_differs",
            u"prefill has %1 %2, decode %1 %3"_s.arg(upper).arg(*(prefill.*size)).arg(*(decode.*size)),
            severity == Severity::Note
                ? u"each side may have as many DP ranks as it likes"_s
                : u"not every model and transfer backend can re-slice the KV cache; some versions of SGLang crash over it"_s,
            u"if requests fail: the same %1 for both"_s.arg(QLatin1StringView(flag))};
    }
}

void checkBackend(const EngineInfo &prefill, const EngineInfo &decode, Findings &findings)
{
    if (!prefill.transferBackend.isEmpty() && !decode.transferBackend.isEmpty() &&
        prefill.transferBackend != decode.transferBackend) {
        findings += {Severity::Error, "transfer_backend_mismatch",
                     u"prefill transfers the KV cache with %1, decode with %2"_s.arg(prefill.transferBackend,
                                                                                     decode.transferBackend),
                     u"they speak different protocols: the transfer never begins"_s,
                     u"start both with the same --disaggregation-transfer-backend"_s};
    }
    if (!prefill.version.isEmpty() && !decode.version.isEmpty() && prefill.version != decode.version) {
        findings +=
            {Severity::Warning, "version_mismatch",
             u"prefill runs version %1, decode %2"_s.arg(prefill.version, decode.version),
             u"the handshake between them changes from version to version"_s, u"install the same version on both"_s};
    }
}

void checkNullPort(const ServerFacts &prefill, const BootstrapFacts &bootstrap, const ServerFacts &decode,
                   Findings &findings)
{
    if (bootstrap.sent || !prefill.engine || !decode.engine ||
        !differ(prefill.engine->bootstrapPort, decode.engine->bootstrapPort))
        return;
    findings +=
        {Severity::Error, "bootstrap_port_differs",
         u"legs get null as bootstrap port, so decode asks at its own setting, %1, but prefill has %2"_s
             .arg(*decode.engine->bootstrapPort)
             .arg(*prefill.engine->bootstrapPort),
         u"decode does not find prefill"_s, u"--prefill %1 %2"_s.arg(prefill.url).arg(*prefill.engine->bootstrapPort)};
}

void checkPath(const ServerFacts &prefill, const BootstrapFacts &bootstrap, const ServerFacts &decode,
               Findings &findings)
{
    const Place place = placeOf(prefill.host);
    if (place == Place::Unspecified) {
        findings +=
            {Severity::Warning, "bootstrap_host_unspecified",
             u"decode is told to find prefill at %1, which is no address to connect to"_s.arg(prefill.host),
             u"bootstrap_host is the host of --prefill URL"_s, u"write the prefill's own address in --prefill URL"_s};
    } else if (place == Place::Loopback && isElsewhere(decode)) {
        findings += {Severity::Warning, "bootstrap_host_loopback",
                     u"decode on %1 is told to find prefill at %2, which is decode's own machine there"_s.arg(
                         decode.host, prefill.host),
                     u"bootstrap_host is the host of --prefill URL"_s,
                     u"write an address of the prefill in --prefill URL that decode can reach"_s};
    }
    if (placeOf(bootstrap.rankIp) == Place::Loopback && isElsewhere(decode)) {
        findings +=
            {Severity::Warning, "rank_address_loopback",
             u"prefill offers its KV cache at %1, which decode on %2 cannot reach"_s.arg(bootstrap.rankIp, decode.host),
             u"the prefill found no other address of its machine"_s,
             u"start the prefill with --host ADDRESS, or with SGLANG_HOST_IP=ADDRESS in its environment"_s};
    }
}

void checkClocks(const ServerFacts &prefill, const ServerFacts &decode, Findings &findings)
{
    if (!prefill.clock.milliseconds || !decode.clock.milliseconds)
        return;
    const double difference = *decode.clock.milliseconds - *prefill.clock.milliseconds;
    const double plusMinus = prefill.clock.plusMinus + decode.clock.plusMinus;
    if (std::abs(difference) <= clockSkewLimit + plusMinus)
        return;
    findings += {Severity::Warning, "clock_skew",
                 u"decode's clock is %1 s %2 prefill's (± %3 s)"_s.arg(std::abs(difference) / 1000, 0, 'f', 1)
                     .arg(difference > 0 ? u"ahead of"_s : u"behind"_s)
                     .arg(plusMinus / 1000, 0, 'f', 1),
                 u"requests work, but times of engines' logs and traces cannot be compared"_s,
                 u"run NTP or chrony on both machines"_s};
}

} // namespace

Findings checkPair(const ServerFacts &prefill, const BootstrapFacts &bootstrap, const ServerFacts &decode)
{
    Findings findings;
    if (prefill.engine && decode.engine) {
        checkModel(*prefill.engine, *decode.engine, findings);
        checkKvLayout(*prefill.engine, bootstrap.info, *decode.engine, findings);
        checkBackend(*prefill.engine, *decode.engine, findings);
        checkSizes(*prefill.engine, *decode.engine, findings);
    }
    checkNullPort(prefill, bootstrap, decode, findings);
    checkPath(prefill, bootstrap, decode, findings);
    checkClocks(prefill, decode, findings);
    return findings;
}

} // namespace pdlb::doctor
