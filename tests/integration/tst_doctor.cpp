// SPDX-License-Identifier: Apache-2.0

// Every way in which a pair fails, staged with mock engines: the doctor names it and says what to change.
#include "harness.h"

#include "doctor/doctor.h"

#include <QJsonArray>
#include <QSignalSpy>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using doctor::Severity;
using doctor::Verdict;

namespace {

/// Two of each kind, and the configuration that fits them.
struct Stage {
    mock::MockFleet fleet{{.prefills = 2, .decodes = 2, .engine = quickEngine()}};
    Config config;
    doctor::Options options;

    mock::MockEngine &prefill() { return fleet.prefill(0); }
    mock::MockEngine &decode() { return fleet.decode(0); }
};
using Change = std::function<void(Stage &)>;

/// The finding of that name among those that explain the pair p1/d1.
const doctor::Finding *find(const doctor::Report &report, const QByteArray &name)
{
    const doctor::PairReport *pair = report.pair(u"p1"_s, u"d1"_s);
    const auto found = std::find_if(pair->findings.begin(), pair->findings.end(), [&](const doctor::Finding &f) { return f.name == name; });
    return found == pair->findings.end() ? nullptr : &*found;
}

QByteArray namesOf(const doctor::Report &report)
{
    QByteArrayList names;
    for (const doctor::Finding &finding : report.allFindings())
        names += finding.where.toUtf8() + ' ' + finding.name;
    return names.join(", ");
}

} // namespace

Q_DECLARE_METATYPE(Change)
Q_DECLARE_METATYPE(pdlb::doctor::Report)

class TstDoctor final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void healthyFleet();
    void failures_data();
    void failures();
    void hangingEngineCostsItsOwnRow();
    void differingPairsAreNotTried();
    void rubbishInfoDoesNotStopTheRest();
    void requestsAreForgotten();
    void onePairAlone();
    void unknownPair();
    void pairing();
    void disabledServersAreLeftOut();
    void secretsStayInside();
    void destroyedAtAnyTime();

private:
    /// Nothing when it did not finish.
    std::optional<doctor::Report> examine(Stage &stage, const Change &change);
};

std::optional<doctor::Report> TstDoctor::examine(Stage &stage, const Change &change)
{
    if (!stage.fleet.start())
        return {};
    for (int i = 0; i < 2; ++i) {
        stage.config.prefill += {stage.fleet.prefill(i).url().toString(), BootstrapPort::fixed(stage.fleet.prefill(i).bootstrapPort())};
        stage.config.decode += {stage.fleet.decode(i).url().toString()};
    }
    stage.config.port = 0;
    change(stage);
    std::optional<doctor::Report> report;
    doctor::Doctor doctor(stage.config, stage.options);
    connect(&doctor, &doctor::Doctor::finished, &doctor, [&](const doctor::Report &finished) { report = finished; });
    if (!doctor.start())
        return {};
    waitFor([&] { return report.has_value(); });
    return report;
}

void TstDoctor::healthyFleet()
{
    Stage stage;
    const auto report = examine(stage, [](Stage &s) { s.config.prefill[0].bootstrapPort = {}; });
    QVERIFY(report);
    QCOMPARE(namesOf(*report), QByteArray());
    QVERIFY(report->isGood());
    QCOMPARE(report->pairs.size(), 4);
    for (const doctor::PairReport &pair : report->pairs) {
        QCOMPARE(pair.verdict, Verdict::Works);
        QVERIFY(pair.request.ok());
    }
    const doctor::ServerReport *prefill = report->server(Role::Prefill, u"p1"_s);
    QCOMPARE(prefill->bootstrap->sent, std::optional(stage.prefill().bootstrapPort()));
    QVERIFY(prefill->bootstrap->info.has_value());
    QVERIFY(prefill->facts.alone.end == doctor::LegFacts::End::Ok);
    QVERIFY(prefill->facts.clock.milliseconds.has_value());
    // A leg alone, and one for each pair.
    for (int i = 0; i < 2; ++i) {
        QCOMPARE(stage.fleet.prefill(i).postCount("/generate"), 3);
        QCOMPARE(stage.fleet.decode(i).postCount("/generate"), 3);
    }
    const QJsonObject alone = QJsonDocument::fromJson(stage.fleet.decode(1).requests()[3].body).object();
    QCOMPARE(alone["bootstrap_host"_L1].toString(), u"2.2.2.2"_s);
    QCOMPARE(alone["bootstrap_room"_L1].toInteger(-1), 0);
    QCOMPARE(stage.fleet.decode().duplicateRooms(), 0);
}

void TstDoctor::failures_data()
{
    QTest::addColumn<Change>("change");
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QString>("fix"); ///< contained
    QTest::addColumn<Verdict>("verdict");
    const auto row = [](const char *row, const char *name, const char *fix, const Change &change, Verdict verdict = Verdict::Fails) {
        QTest::newRow(row) << change << QByteArray(name) << QString::fromUtf8(fix) << verdict;
    };
    row("wrong bootstrap port", "bootstrap_port_wrong", "--prefill http://", [](Stage &s) { s.config.prefill[0].bootstrapPort = BootstrapPort::fixed(1); });
    row("HTTP port as bootstrap port", "bootstrap_port_wrong", "--prefill http://", [](Stage &s) { s.config.prefill[0].bootstrapPort = BootstrapPort::fixed(s.prefill().port()); });
    row("crossed ports", "bootstrap_ports_crossed", "--prefill http://", [](Stage &s) { std::swap(s.config.prefill[0].bootstrapPort, s.config.prefill[1].bootstrapPort); });
    row("decode is a prefill", "role_mismatch", "--disaggregation-mode decode", [](Stage &s) { s.config.decode[0].url = s.fleet.prefill(1).url().toString(); });
    row("same engine twice", "role_mismatch", "--prefill", [](Stage &s) { s.config.decode[0].url = s.config.prefill[0].url; });
    row("model", "model_mismatch", "--model-path", [](Stage &s) { s.decode().options().model = "another"; });
    row("page size", "page_size_mismatch", "--page-size 64", [](Stage &s) { s.decode().options().pageSize = 128; });
    row("KV dtype", "kv_dtype_mismatch", "--kv-cache-dtype auto", [](Stage &s) { s.decode().options().kvCacheDtype = "fp8_e5m2"; });
    row("transfer backend", "transfer_backend_mismatch", "--disaggregation-transfer-backend", [](Stage &s) { s.decode().options().transferBackend = "nixl"; });
    row("never registered", "prefill_not_registered", "--dist-init-addr", [](Stage &s) { s.prefill().setRegistered(false); });
    row("KV transfer fails", "kv_transfer_failed", "--disaggregation-ib-device", [](Stage &s) { s.decode().addFault(u"decode:kvfail,message=lost"_s); });
    row("KV transfer hangs", "kv_transfer_stuck", "--disaggregation-ib-device", [](Stage &s) { s.prefill().options().kvMs = 60'000; s.options.timeout = std::chrono::milliseconds(2000); });
    row("prefill slow", "prefill_slow", "add prefill engines", [](Stage &s) { s.prefill().addFault(u"prefill:delay=2s"_s); s.options.slow = std::chrono::milliseconds(1500); }, Verdict::Suspect);
    row("prefill too slow", "prefill_slow", "--timeout", [](Stage &s) { s.prefill().addFault(u"prefill:delay=60s"_s); s.options.timeout = std::chrono::milliseconds(2000); });
    row("decode hangs", "decode_slow", "--timeout", [](Stage &s) { s.decode().addFault(u"decode:hang"_s); s.options.timeout = std::chrono::milliseconds(2000); });
    row("engine down", "engine_down", "--decode", [](Stage &s) { s.decode().kill(); });
    row("engine hangs", "engine_hangs", "--timeout", [](Stage &s) { s.prefill().addFault(u"prefill:hang,path=*"_s); s.options.timeout = std::chrono::milliseconds(2000); });
    row("no HTTP", "not_http", "--decode URL", [](Stage &s) { s.decode().addFault(u"decode:garbage,path=*"_s); });
    row("key missing", "auth_missing", "--engine-api-key-file", [](Stage &s) { s.decode().options().apiKey = "sesame"; });
    row("key refused", "auth_refused", "--engine-api-key-file", [](Stage &s) { s.decode().options().apiKey = "sesame"; s.config.engineApiKey = "poppy"; });
    row("key of its own", "", "", [](Stage &s) { s.decode().options().apiKey = "sesame"; s.config.decode[0].apiKey = "sesame"; }, Verdict::Works);
    row("unhealthy", "unhealthy", "log", [](Stage &s) { s.decode().setHealthy(false); });
    row("rubbish info", "server_info_rubbish", "curl", [](Stage &s) { s.decode().addFault(u"decode:status=200,body=<html>,path=/server_info"_s); }, Verdict::Suspect);
    row("no HTTP info", "server_info_rubbish", "log", [](Stage &s) { s.decode().addFault(u"decode:garbage,path=/server_info"_s); }, Verdict::Suspect);
    row("decode refuses", "request_refused", "log of decode", [](Stage &s) { s.decode().addFault(u"decode:status=500"_s); });
    row("decode dies over it", "request_broken", "log of decode", [](Stage &s) { s.decode().addFault(u"decode:close=before-head"_s); });
    row("null and other port", "bootstrap_port_differs", "--prefill http://", [](Stage &s) {
        s.config.prefill[0].bootstrapPort = BootstrapPort::none();
        s.decode().setDefaultBootstrapPort(1);
    });
    row("other version", "version_mismatch", "version", [](Stage &s) { s.decode().options().info.insert(u"version"_s, u"0.1"_s); }, Verdict::Suspect);
}

void TstDoctor::failures()
{
    QFETCH(Change, change);
    QFETCH(QByteArray, name);
    QFETCH(QString, fix);
    QFETCH(Verdict, verdict);
    Stage stage;
    const auto report = examine(stage, change);
    QVERIFY(report);
    QVERIFY2(report->pair(u"p1"_s, u"d1"_s)->verdict == verdict, namesOf(*report).constData());
    QCOMPARE(report->isGood(), verdict != Verdict::Fails);
    // Nobody else suffers; crossed ports are two prefills' trouble, and a second prefill that serves as decode too.
    QCOMPARE(report->pair(u"p2"_s, u"d2"_s)->verdict, name == "bootstrap_ports_crossed" ? Verdict::Fails : Verdict::Works);
    if (name.isEmpty()) {
        QCOMPARE(namesOf(*report), QByteArray());
        return;
    }
    const doctor::Finding *finding = find(*report, name);
    QVERIFY2(finding, namesOf(*report).constData());
    QVERIFY2(finding->fix.contains(fix), qPrintable(finding->fix));
    QVERIFY(!finding->where.isEmpty() && !finding->cause.isEmpty());
    // The same for people and machines.
    const QString text = doctor::reportText(doctor::toJson(*report), {});
    QVERIFY2(text.contains(QString::fromLatin1(name)) && !text.contains(u'\x1b'), qPrintable(text));
}

void TstDoctor::hangingEngineCostsItsOwnRow()
{
    Stage stage;
    const auto report = examine(stage, [](Stage &s) {
        s.prefill().addFault(u"prefill:hang,path=*"_s);
        s.options.timeout = std::chrono::milliseconds(2000);
    });
    QVERIFY(report);
    for (const doctor::PairReport &pair : report->pairs)
        QCOMPARE(pair.verdict, pair.prefill == u"p1"_s ? Verdict::Fails : Verdict::Works);
    QCOMPARE(stage.prefill().postCount("/generate"), 0);
}

void TstDoctor::differingPairsAreNotTried()
{
    Stage stage;
    const auto report = examine(stage, [](Stage &s) { s.decode().options().pageSize = 128; });
    QVERIFY(report);
    QVERIFY(!report->pair(u"p1"_s, u"d1"_s)->notTried.isEmpty());
    QVERIFY(report->pair(u"p1"_s, u"d2"_s)->notTried.isEmpty());
    QCOMPARE(stage.decode().postCount("/generate"), 1); // alone
}

void TstDoctor::rubbishInfoDoesNotStopTheRest()
{
    Stage stage;
    const auto report = examine(stage, [](Stage &s) { s.prefill().options().info.insert(u"page_size"_s, u"sixty-four"_s); });
    QVERIFY(report);
    QVERIFY(report->isGood());
    const doctor::Finding *finding = find(*report, "server_info_rubbish");
    QVERIFY(finding);
    QVERIFY2(finding->what.contains(u"page_size is \"sixty-four\""_s), qPrintable(finding->what));
}

void TstDoctor::requestsAreForgotten()
{
    Stage stage;
    QVERIFY(examine(stage, [](Stage &s) { s.prefill().options().kvMs = 60'000; s.options.timeout = std::chrono::milliseconds(2000); }));
    QCOMPARE(stage.prefill().aborts().size(), 2); // of its two pairs
    PDLB_WAIT(stage.prefill().running() == 0 && stage.decode().running() == 0);
}

void TstDoctor::onePairAlone()
{
    Stage stage;
    const auto report = examine(stage, [](Stage &s) { s.options.pairs = {{u"p2"_s, u"d1"_s}}; });
    QVERIFY(report);
    QCOMPARE(report->pairs.size(), 1);
    QCOMPARE(report->servers.size(), 2);
    QCOMPARE(report->pair(u"p2"_s, u"d1"_s)->verdict, Verdict::Works);
    QVERIFY(stage.fleet.prefill(0).requests().isEmpty() && stage.fleet.decode(1).requests().isEmpty());
}

void TstDoctor::unknownPair()
{
    Config config;
    config.prefill = {{u"http://127.0.0.1:1"_s}};
    config.decode = {{u"http://127.0.0.1:2"_s}};
    doctor::Doctor doctor(config, {.pairs = {{u"p1"_s, u"d7"_s}}});
    const auto started = doctor.start();
    QVERIFY(!started && started.error().message.contains(u"d7"_s));
}

void TstDoctor::pairing()
{
    Stage stage;
    const auto report = examine(stage, [](Stage &s) {
        s.config.pairing = Pairing::Group;
        s.config.prefill[0].group = s.config.decode[1].group = u"a"_s;
        s.config.prefill[1].group = s.config.decode[0].group = u"b"_s;
    });
    QVERIFY(report);
    QCOMPARE(report->count(Verdict::Works), 2);
    QCOMPARE(report->pair(u"p1"_s, u"d1"_s)->verdict, Verdict::NotPaired);
    QCOMPARE(report->pair(u"p1"_s, u"d2"_s)->verdict, Verdict::Works);
}

void TstDoctor::disabledServersAreLeftOut()
{
    Stage stage;
    const auto report = examine(stage, [](Stage &s) {
        s.config.decode[0].enabled = false;
        s.decode().kill();
    });
    QVERIFY(report);
    QVERIFY(report->isGood());
    QCOMPARE(namesOf(*report), QByteArray("d1 disabled"));
}

void TstDoctor::secretsStayInside()
{
    Stage stage;
    const auto report = examine(stage, [](Stage &s) {
        s.config.engineApiKey = "sesame-open";
        s.decode().addFault(u"decode:status=500,body=your key sesame-open is bad,path=*"_s);
    });
    QVERIFY(report);
    const QByteArray json = QJsonDocument(doctor::toJson(*report)).toJson();
    QVERIFY(json.contains("your key *** is bad"));
    QVERIFY(!json.contains("sesame-open"));
    QCOMPARE(stage.prefill().requests().first().head.headers.value("authorization").toByteArray(), QByteArray("Bearer sesame-open"));
}

void TstDoctor::destroyedAtAnyTime()
{
    // After each of the steps that it tells of.
    for (int steps = 0; steps < 8; ++steps) {
        Stage stage;
        QVERIFY(stage.fleet.start());
        for (int i = 0; i < 2; ++i) {
            stage.config.prefill += {stage.fleet.prefill(i).url().toString()};
            stage.config.decode += {stage.fleet.decode(i).url().toString()};
        }
        auto doctor = std::make_unique<doctor::Doctor>(stage.config, stage.options);
        int seen = 0;
        connect(doctor.get(), &doctor::Doctor::progress, this, [&](int done, int total) {
            ++seen;
            QVERIFY(done <= total && total == 8);
        });
        QVERIFY(doctor->start());
        PDLB_WAIT(seen >= steps);
        doctor.reset();
        PDLB_WAIT(stage.prefill().running() == 0 && stage.decode().running() == 0);
    }
}

QTEST_GUILESS_MAIN(TstDoctor)
#include "tst_doctor.moc"
