// SPDX-License-Identifier: Apache-2.0

// What the doctor's rules make of facts, and what its readers make of engines' answers. No sockets.
#include "doctor/engine_answers.h"
#include "doctor/rules.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>

using namespace pdlb;
using namespace pdlb::doctor;
using namespace Qt::StringLiterals;

namespace {

const Answer well{Answer::Kind::Answered, 200, {}};

ServerFacts healthy(Role role)
{
    ServerFacts facts{.role = role, .name = role == Role::Prefill ? u"p1"_s : u"d1"_s, .url = u"http://10.0.0.1:30000"_s, .host = u"10.0.0.1"_s, .port = 30000};
    facts.info = well;
    facts.health = well;
    facts.engine = EngineInfo{.version = u"0.5.6"_s, .mode = QString::fromLatin1(roleName(role)), .modelPath = u"org/llama"_s, .servedModel = u"llama"_s,
                              .kvCacheDtype = u"auto"_s, .transferBackend = u"mooncake"_s, .port = 30000, .bootstrapPort = 8998, .pageSize = 64, .tpSize = 1,
                              .dpSize = 1, .ppSize = 1};
    facts.clock = {0.0, 1, u"/v1/loads"_s};
    facts.alone = {LegFacts::End::Ok, 200, {}, 10};
    facts.timeout = std::chrono::seconds(5);
    facts.slow = std::chrono::seconds(1);
    return facts;
}

BootstrapFacts registered()
{
    BootstrapFacts facts{.prefill = u"p1"_s, .host = u"10.0.0.1"_s, .source = BootstrapPort::Kind::Fixed, .sent = 8998, .asked = 8998, .health = well, .route = well};
    facts.info = RouteInfo{.tpSize = 1, .dpSize = 1, .ppSize = 1, .pageSize = 64, .kvCacheDtype = u"auto"_s, .prefillHttpPort = 30000};
    facts.rankIp = u"10.0.0.1"_s;
    return facts;
}

struct Facts {
    ServerFacts prefill = healthy(Role::Prefill);
    BootstrapFacts bootstrap = registered();
    ServerFacts decode = healthy(Role::Decode);
    RequestFacts request{{LegFacts::End::Ok, 200, {}, 20}, {LegFacts::End::Ok, 200, {}, 30}, std::chrono::seconds(5), {}, {}};

    Findings findings() const
    {
        return checkServer(prefill) + checkBootstrap(prefill, bootstrap) + checkServer(decode) + checkPair(prefill, bootstrap, decode)
            + checkRequest(prefill, bootstrap, decode, request);
    }
};
using Change = std::function<void(Facts &)>;

LegFacts failed(int status, const QString &message)
{
    return {LegFacts::End::Failed, status, message, 5};
}

void timesOut(Facts &f)
{
    f.request.prefill.end = f.request.decode.end = LegFacts::End::Unanswered;
}

} // namespace

Q_DECLARE_METATYPE(Change)

class TstDoctorRules final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void nothingIsWrong();
    void rules_data();
    void rules();
    void infoIsRead();
    void infoProblemsAreNamed_data();
    void infoProblemsAreNamed();
    void rubbishIsDescribed_data();
    void rubbishIsDescribed();
    void secretsAreNotQuoted();
    void clocks_data();
    void clocks();
};

void TstDoctorRules::nothingIsWrong()
{
    QCOMPARE(Facts().findings().size(), 0);
}

void TstDoctorRules::rules_data()
{
    QTest::addColumn<Change>("change");
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<int>("severity");
    QTest::addColumn<QString>("fix"); ///< contained
    const auto row = [](const char *name, Severity severity, const char *fix, const Change &change, const char *as = "") {
        QTest::addRow("%s%s%s", name, *as ? ", " : "", as) << change << QByteArray(name) << int(severity) << QString::fromUtf8(fix);
    };
    using enum Severity;
    using Kind = Answer::Kind;
    row("disabled", Note, "enable", [](Facts &f) { f.decode.enabled = false; });
    row("engine_down", Error, "--decode", [](Facts &f) { f.decode.info = {Kind::Unreachable, 0, u"connection refused"_s}; });
    row("engine_hangs", Error, "--timeout", [](Facts &f) { f.prefill.info = f.prefill.health = {Kind::Silent, 0, u"no answer"_s}; });
    row("not_http", Error, "https://", [](Facts &f) { f.prefill.info = f.prefill.health = {Kind::Broken, 0, u"no HTTP"_s}; });
    row("auth_missing", Error, "--engine-api-key-file", [](Facts &f) { f.prefill.info.status = 401; });
    row("auth_missing", Error, "api_key_ref", [](Facts &f) { f.prefill.alone = failed(403, u"no"_s); }, "by the request alone");
    row("auth_refused", Error, "--engine-api-key-file", [](Facts &f) { f.prefill.info.status = 401; f.prefill.keyGiven = true; });
    row("server_info_silent", Warning, "log", [](Facts &f) { f.prefill.info = {Kind::Silent, 0, u"no answer"_s}; });
    row("server_info_rubbish", Warning, "log", [](Facts &f) { f.prefill.info = {Kind::Broken, 0, u"cut"_s}; }, "cut");
    row("server_info_rubbish", Warning, "curl", [](Facts &f) { f.prefill.engine.reset(); f.prefill.infoProblem = u"no JSON"_s; }, "no JSON");
    row("server_info_rubbish", Warning, "curl", [](Facts &f) { f.prefill.engine->problems = {u"page_size is \"x\""_s}; }, "one member");
    row("server_info_missing", Warning, "--prefill", [](Facts &f) { f.prefill.info.status = 404; });
    row("server_info_failed", Warning, "log", [](Facts &f) { f.prefill.info.status = 500; });
    row("role_mismatch", Error, "give it with --prefill", [](Facts &f) { f.decode.engine->mode = u"prefill"_s; });
    row("role_mismatch", Error, "--disaggregation-mode prefill", [](Facts &f) { f.prefill.engine->mode = u"decode"_s; }, "the other way");
    row("role_unknown", Warning, "curl", [](Facts &f) { f.decode.engine->mode.clear(); });
    row("not_disaggregated", Error, "--disaggregation-mode decode", [](Facts &f) { f.decode.engine->mode = u"null"_s; });
    row("unhealthy", Error, "log", [](Facts &f) { f.decode.health.status = 503; });
    row("health_silent", Warning, "--health-timeout", [](Facts &f) { f.decode.health = {Kind::Silent, 0, u"no answer"_s}; });
    row("prefill_slow", Error, "--timeout", [](Facts &f) { f.prefill.alone = {LegFacts::End::Unanswered, 0, {}, 5000}; });
    row("prefill_slow", Warning, "add prefill engines", [](Facts &f) { f.prefill.alone.milliseconds = 1001; }, "done at last");
    row("decode_slow", Error, "add decode engines", [](Facts &f) { f.decode.alone = {LegFacts::End::Unanswered, 0, {}, 5000}; });
    row("leg_alone_failed", Warning, "log", [](Facts &f) { f.decode.alone = failed(500, u"boom"_s); });
    row("clock_unknown", Note, "by hand", [](Facts &f) { f.decode.clock.milliseconds.reset(); });

    row("bootstrap_port_unknown", Warning, "--prefill http://10.0.0.1:30000 PORT", [](Facts &f) { f.bootstrap.asked.reset(); f.prefill.engine->bootstrapPort.reset(); });
    row("bootstrap_port_wrong", Error, "--prefill http://10.0.0.1:30000 8998", [](Facts &f) { f.bootstrap.asked = 9000; f.bootstrap.route = {Kind::Unreachable, 0, u"refused"_s}; f.bootstrap.info.reset(); });
    row("bootstrap_port_wrong", Error, "PORT", [](Facts &f) { f.prefill.engine.reset(); f.bootstrap.route.status = 404; f.bootstrap.info.reset(); }, "engine does not tell");
    row("bootstrap_ports_crossed", Error, "--prefill http://10.0.0.1:30000 8998", [](Facts &f) { f.bootstrap.asked = 8999; f.bootstrap.info->prefillHttpPort = 30001; });
    row("bootstrap_ports_crossed", Error, "its own --disaggregation-bootstrap-port", [](Facts &f) { f.bootstrap.source = BootstrapPort::Kind::Discover; f.bootstrap.info->prefillHttpPort = 30001; }, "both engines say the same");
    row("bootstrap_down", Error, "--host 0.0.0.0", [](Facts &f) { f.bootstrap.route = {Kind::Unreachable, 0, u"refused"_s}; f.bootstrap.info.reset(); });
    row("prefill_not_registered", Error, "--dist-init-addr", [](Facts &f) { f.bootstrap.route = {Kind::Answered, 503, u"not fully registered"_s}; f.bootstrap.info.reset(); });
    row("bootstrap_unhealthy", Warning, "log", [](Facts &f) { f.bootstrap.health.status = 500; });
    row("bootstrap_route_rubbish", Warning, "--disaggregation-bootstrap-port", [](Facts &f) { f.bootstrap.info.reset(); f.bootstrap.routeProblem = u"no JSON"_s; });

    row("model_mismatch", Error, "--model-path", [](Facts &f) { f.decode.engine->modelPath = u"org/qwen"_s; f.decode.engine->servedModel = u"qwen"_s; });
    row("model_path_differs", Note, "--model-path", [](Facts &f) { f.decode.engine->modelPath = u"/models/llama/"_s; });
    row("page_size_mismatch", Error, "--page-size 64", [](Facts &f) { f.decode.engine->pageSize = 128; });
    row("page_size_mismatch", Error, "--page-size 32", [](Facts &f) { f.bootstrap.info->pageSize = 32; }, "what the bootstrap server says counts");
    row("kv_dtype_mismatch", Error, "--kv-cache-dtype auto", [](Facts &f) { f.decode.engine->kvCacheDtype = u"fp8_e5m2"_s; });
    row("tp_size_differs", Warning, "--tp-size", [](Facts &f) { f.decode.engine->tpSize = 8; });
    row("pp_size_differs", Warning, "--pp-size", [](Facts &f) { f.decode.engine->ppSize = 2; });
    row("dp_size_differs", Note, "--dp-size", [](Facts &f) { f.decode.engine->dpSize = 8; });
    row("transfer_backend_mismatch", Error, "--disaggregation-transfer-backend", [](Facts &f) { f.decode.engine->transferBackend = u"nixl"_s; });
    row("version_mismatch", Warning, "version", [](Facts &f) { f.decode.engine->version = u"0.4"_s; });
    row("bootstrap_port_differs", Error, "--prefill http://10.0.0.1:30000 8998", [](Facts &f) { f.bootstrap.sent.reset(); f.decode.engine->bootstrapPort = 9000; });
    row("bootstrap_host_loopback", Warning, "--prefill URL", [](Facts &f) { f.prefill.host = u"127.0.0.1"_s; });
    row("bootstrap_host_unspecified", Warning, "--prefill URL", [](Facts &f) { f.prefill.host = u"0.0.0.0"_s; });
    row("rank_address_loopback", Warning, "SGLANG_HOST_IP", [](Facts &f) { f.bootstrap.rankIp = u"127.0.0.1"_s; });
    row("clock_skew", Warning, "NTP", [](Facts &f) { f.decode.clock.milliseconds = 1003; });

    row("handshake_failed", Error, "curl http://10.0.0.1:8998/health", [](Facts &f) { f.request.decode = failed(500, u"Could not fetch prefill parallel info from 10.0.0.1:8998 after 15 attempts"_s); });
    row("kv_transfer_failed", Error, "--disaggregation-ib-device", [](Facts &f) { f.request.decode = failed(500, u"Decode transfer failed for request rank=0 x with exception KVTransferError(bootstrap_room=7): lost"_s); });
    row("page_size_mismatch", Error, "--page-size", [](Facts &f) { f.request.decode = failed(500, u"Page size mismatch: prefill server has page_size=64"_s); }, "by the request");
    row("request_refused", Error, "log of prefill", [](Facts &f) { f.request.prefill = failed(400, u"bad"_s); f.request.decode.end = LegFacts::End::Cancelled; });
    row("request_broken", Error, "log of decode", [](Facts &f) { f.request.decode = failed(0, u"closed"_s); });
    row("request_timed_out", Error, "--timeout", [](Facts &f) { timesOut(f); });
    row("decode_stuck", Error, "decode's log", [](Facts &f) { timesOut(f); f.request.prefill.end = LegFacts::End::Ok; });
    row("handshake_stuck", Error, "curl http://10.0.0.1:8998/health", [](Facts &f) { timesOut(f); f.request.prefillQueues = trace::LoadSample{.prefillBootstrapQueue = 1}; });
    row("kv_transfer_stuck", Error, "--disaggregation-ib-device", [](Facts &f) { timesOut(f); f.request.decodeQueues = trace::LoadSample{.decodeTransferQueue = 1}; });
    row("prefill_slow", Error, "add prefill engines", [](Facts &f) { timesOut(f); f.request.prefillQueues = trace::LoadSample{.waiting = 9}; }, "by the request");
    row("pair_slow", Warning, "run it again", [](Facts &f) { f.request.decode.milliseconds = 1500; });
}

void TstDoctorRules::rules()
{
    QFETCH(Change, change);
    QFETCH(QByteArray, name);
    QFETCH(int, severity);
    QFETCH(QString, fix);
    Facts facts;
    change(facts);
    const Findings findings = facts.findings();
    const auto found = std::find_if(findings.begin(), findings.end(), [&](const Finding &f) { return f.name == name; });
    QVERIFY2(found != findings.end(), findings.isEmpty() ? "nothing was found" : findings.first().name.constData());
    QCOMPARE(int(found->severity), severity);
    QVERIFY2(found->fix.contains(fix), qPrintable(found->fix));
    QVERIFY(!found->what.isEmpty() && !found->cause.isEmpty());
    // One thing is wrong, and one thing is said; a leg alone explains the rest.
    for (const Finding &other : findings)
        QVERIFY2(other.name == name || (name.startsWith("auth") && other.name == "clock_unknown"), other.name.constData());
}

void TstDoctorRules::infoIsRead()
{
    const EngineInfo info = readEngineInfo({{u"disaggregation_mode"_s, QJsonValue()}, {u"page_size"_s, 16}, {u"disaggregation_bootstrap_port"_s, QJsonValue()}, {u"version"_s, u"1\n2"_s}}, Quoter({}));
    QCOMPARE(info.mode, u"null"_s);
    QCOMPARE(info.pageSize, std::optional<qint64>(16));
    QCOMPARE(readEngineInfo({}, Quoter({})).mode, QString());
    QVERIFY(!info.bootstrapPort && !info.tpSize && info.problems.isEmpty());
    QCOMPARE(info.version, u"1 2"_s);
}

void TstDoctorRules::infoProblemsAreNamed_data()
{
    QTest::addColumn<QJsonObject>("info");
    QTest::addColumn<QString>("problem");
    QTest::newRow("text") << QJsonObject{{u"page_size"_s, u"sixty-four"_s}} << u"page_size is \"sixty-four\", a whole number was expected"_s;
    QTest::newRow("fraction") << QJsonObject{{u"tp_size"_s, 1.5}} << u"tp_size is 1.5, a whole number was expected"_s;
    QTest::newRow("list") << QJsonObject{{u"kv_cache_dtype"_s, QJsonArray{1}}} << u"kv_cache_dtype is [1], a string was expected"_s;
    QTest::newRow("port") << QJsonObject{{u"disaggregation_bootstrap_port"_s, 70000}} << u"disaggregation_bootstrap_port is 70000, no port"_s;
}

void TstDoctorRules::infoProblemsAreNamed()
{
    QFETCH(QJsonObject, info);
    QFETCH(QString, problem);
    QCOMPARE(readEngineInfo(info, Quoter({})).problems, QStringList{problem});
}

void TstDoctorRules::rubbishIsDescribed_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QString>("words");
    QTest::newRow("page") << QByteArray("<html>hello</html>") << u"<html>hello</html>"_s;
    QTest::newRow("empty") << QByteArray("  ") << u"empty"_s;
    QTest::newRow("list") << QByteArray("[1]") << u"list"_s;
    QTest::newRow("cut") << QByteArray(R"({"a":)") << u"no JSON"_s;
    QTest::newRow("terminal bytes") << QByteArray("\x1b[31m") << u"\\x1b"_s;
}

void TstDoctorRules::rubbishIsDescribed()
{
    QFETCH(QByteArray, body);
    QFETCH(QString, words);
    const auto object = readObject({.status = 200, .body = body}, Quoter({}));
    QVERIFY(!object);
    QVERIFY2(object.error().message.contains(words, Qt::CaseInsensitive), qPrintable(object.error().message));
    QVERIFY(!object.error().message.contains(u'\x1b'));
}

void TstDoctorRules::secretsAreNotQuoted()
{
    const Quoter quote({"sesame", ""});
    QCOMPARE(quote(QByteArray("bad key sesame here")), u"bad key *** here"_s);
    QVERIFY(quote(QByteArray(100'000, 'x')).size() <= 400);
}

void TstDoctorRules::clocks_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("date");
    QTest::addColumn<double>("offset"); ///< NaN: unknown
    QTest::addColumn<double>("plusMinus");
    // Asked at 12:00:00, answered at 12:00:00.2.
    QTest::newRow("loads") << QByteArray(R"({"timestamp":"2026-01-31T12:00:05.100123+00:00"})") << QByteArray() << 5000.0 << 101.0;
    QTest::newRow("zone") << QByteArray(R"({"timestamp":"2026-01-31T14:00:00.100+02:00"})") << QByteArray() << 0.0 << 101.0;
    QTest::newRow("local time says nothing") << QByteArray(R"({"timestamp":"2026-01-31T12:00:00.100"})") << QByteArray() << qQNaN() << 0.0;
    QTest::newRow("date") << QByteArray("{}") << QByteArray("Sat, 31 Jan 2026 11:59:58 GMT") << -1600.0 << 600.0;
    QTest::newRow("nothing") << QByteArray("{}") << QByteArray("yesterday") << qQNaN() << 0.0;
}

void TstDoctorRules::clocks()
{
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, date);
    QFETCH(double, offset);
    QFETCH(double, plusMinus);
    control::EngineReply reply{.status = 200, .body = body};
    reply.headers.add("Date", date);
    const QDateTime asked = QDateTime::fromString(u"2026-01-31T12:00:00.000Z"_s, Qt::ISODateWithMs);
    const ClockOffset clock = readClock(reply, asked, asked.addMSecs(200));
    QCOMPARE(clock.milliseconds.has_value(), !qIsNaN(offset));
    QVERIFY(!clock.source.isEmpty());
    if (!clock.milliseconds)
        return;
    QCOMPARE(*clock.milliseconds, offset);
    QCOMPARE(clock.plusMinus, plusMinus);
}

QTEST_GUILESS_MAIN(TstDoctorRules)
#include "tst_doctor_rules.moc"
