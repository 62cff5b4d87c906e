// SPDX-License-Identifier: Apache-2.0
#include "config/config_fields.h"
#include "config/config_json.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>

using namespace pdlb;
using namespace Qt::StringLiterals;

namespace {

/// Another value than the default one, within the range.
template <typename Owner> void change(const Field<Owner> &field, Owner &owner)
{
    std::visit([&](auto *value) {
        using T = std::remove_pointer_t<decltype(value)>;
        if constexpr (std::is_same_v<T, bool>)
            *value = !*value;
        else if constexpr (std::is_same_v<T, std::chrono::milliseconds>)
            *value += std::chrono::milliseconds(*value > std::chrono::seconds(1) ? -125 : 125);
        else if constexpr (std::is_same_v<T, std::optional<qint64>>)
            *value = qint64(std::min(12e9, field.most));
        else if constexpr (std::is_same_v<T, std::optional<quint16>>)
            *value = 65535;
        else if constexpr (std::is_same_v<T, QList<double>>)
            *value = {0.5, 2};
        else if constexpr (std::is_same_v<T, double>)
            *value = *value == 0.25 ? 0.5 : std::clamp(0.25, field.least, field.most);
        else if constexpr (std::is_arithmetic_v<T>)
            *value = T(*value < field.most ? *value + 1 : *value - 1);
        else if constexpr (std::is_enum_v<T>)
            *value = T(int(*value) + 1);
        else if constexpr (std::is_same_v<T, BootstrapPort>)
            *value = BootstrapPort::fixed(65535);
        else if constexpr (std::is_same_v<T, QMap<QString, QString>>)
            value->insert(u"zone \"1\""_s, u"ä\n"_s);
        else if constexpr (std::is_same_v<T, QString>)
            *value += u"ü-x"_s;
        else if constexpr (std::is_same_v<T, QStringList>)
            value->append(u"file:a"_s);
        else
            value->emplaceBack("file:a");
    }, field.of(owner));
}

QByteArray text(const QJsonObject &object)
{
    return QJsonDocument(object).toJson();
}

/// "PATH: message" of each.
QString text(const ConfigProblems &problems)
{
    QStringList lines;
    for (const ConfigProblem &problem : problems)
        lines += problem.path + u": "_s + problem.message;
    return lines.join(u'\n');
}

Config usable()
{
    Config config;
    config.prefill = {{u"http://p:1"_s}};
    config.decode = {{u"http://d:1"_s}};
    return config;
}

template <typename Owner> QStringList differences(std::span<const Field<Owner>> fields, const Owner &a, const Owner &b)
{
    QStringList keys;
    for (const Field<Owner> &field : fields) {
        if (!field.sameIn(a, b))
            keys += QString::fromLatin1(field.key);
    }
    return keys;
}

} // namespace

class TstConfigJson : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void everyFieldComesBack_data();
    void everyFieldComesBack();
    void everyServerFieldComesBack();
    void onlyWhatChanged();
    void everyRangeIsChecked();
    void unknownKeysAreKept();
    void problems_data();
    void problems();
    void allProblemsAtOnce();
    void partsOverABase();
    void noSecretIsWritten();
    void pageHasEveryField();
};

void TstConfigJson::everyFieldComesBack_data()
{
    QTest::addColumn<int>("index");
    for (size_t i = 0; i < configFields().size(); ++i)
        QTest::newRow(configFields()[i].key) << int(i);
}

void TstConfigJson::everyFieldComesBack()
{
    QFETCH(int, index);
    const Field<Config> &field = configFields()[size_t(index)];
    Config config = usable();
    change(field, config);
    QVERIFY(!field.sameIn(config, usable()));
    for (const WriteFields which : {WriteFields::All, WriteFields::Changed}) {
        const auto back = configFromJson(text(configToJson(config, which)), CheckConfig::Form);
        QVERIFY2(back, qPrintable(back ? QString() : text(back.error())));
        QCOMPARE(differences(configFields(), back->config, config), QStringList());
        QCOMPARE(back->config.prefill, config.prefill);
        QCOMPARE(back->unknownKeys, QStringList());
    }
}

void TstConfigJson::everyServerFieldComesBack()
{
    Config config = usable();
    config.pairs = {{}};
    for (const auto &field : serverFields())
        change(field, config.prefill[0]);
    for (const auto &field : pairFields())
        change(field, config.pairs[0]);
    config.decode += {.url = u"http://d:2"_s, .bootstrapPort = BootstrapPort::none(), .name = u"x"_s};
    QCOMPARE(differences(serverFields(), config.prefill[0], {}).size(), qsizetype(serverFields().size()));
    QCOMPARE(differences(pairFields(), config.pairs[0], {}).size(), qsizetype(pairFields().size()));
    const auto back = configFromJson(text(configToJson(config)), CheckConfig::Form);
    QVERIFY2(back, qPrintable(back ? QString() : text(back.error())));
    QCOMPARE(back->config.prefill, config.prefill);
    QCOMPARE(back->config.decode, config.decode);
    QCOMPARE(back->config.pairs, config.pairs);
}

void TstConfigJson::onlyWhatChanged()
{
    Config config = usable();
    config.health.interval = std::chrono::milliseconds(2500);
    const QJsonObject expected = QJsonDocument::fromJson(R"({"version": 1, "prefill": [{"url": "http://p:1"}], "decode": [{"url": "http://d:1"}],
        "health": {"interval": 2.5}})").object();
    QCOMPARE(configToJson(config, WriteFields::Changed), expected);
    QCOMPARE(configToJson(config)["health"_L1]["timeout"_L1].toDouble(), 3.0);
}

void TstConfigJson::everyRangeIsChecked()
{
    int numbers = 0;
    for (const Field<Config> &field : configFields()) {
        if (field.least == field.most)
            continue;
        ++numbers;
        for (const double wrong : {field.least - 1, field.most + (field.most > 1e15 ? 1e10 : 1)}) {
            const QStringList key = QString::fromLatin1(field.key).split(u'.');
            const QJsonObject object = key.size() == 1 ? QJsonObject{{key[0], wrong}} : QJsonObject{{key[0], QJsonObject{{key[1], wrong}}}};
            QJsonObject whole = object;
            whole.insert("version"_L1, 1);
            const auto read = configFromJson(text(whole), CheckConfig::Form);
            QVERIFY2(!read, field.key);
            QCOMPARE(read.error().size(), 1);
            QCOMPARE(read.error()[0].path, u"$."_s + QString::fromLatin1(field.key));
            // The same for what did not come from a file. Not every type holds every number.
            Config config = usable();
            const bool holds = std::visit([&](auto *value) {
                using T = std::remove_pointer_t<decltype(value)>;
                if constexpr (std::is_same_v<T, std::chrono::milliseconds>)
                    *value = std::chrono::milliseconds(qint64(wrong * 1000));
                else if constexpr (std::is_same_v<T, double> || std::is_same_v<T, qint64> || std::is_same_v<T, int> || std::is_same_v<T, std::optional<qint64>>)
                    *value = std::remove_pointer_t<decltype(value)>(qint64(wrong));
                else
                    return false;
                return true;
            }, field.of(config));
            if (!holds)
                continue;
            const ConfigProblems found = config.problems();
            QVERIFY2(!found.isEmpty(), field.key);
            QCOMPARE(found[0].path, u"$."_s + QString::fromLatin1(field.key));
        }
    }
    QVERIFY(numbers > 40);
}

void TstConfigJson::unknownKeysAreKept()
{
    const QByteArray given = R"({"version": 1, "future": {"a": [1, 2]}, "health": {"interval": 2, "colour": "red"},
        "prefill": [{"url": "http://p:1", "rack": 7}], "decode": [{"url": "http://d:1"}], "pairs": [{"prefill": "p1", "decode": "d1", "why": null}]})";
    const auto loaded = configFromJson(given);
    QVERIFY2(loaded, qPrintable(loaded ? QString() : text(loaded.error())));
    QStringList unknown = loaded->unknownKeys;
    unknown.sort();
    QCOMPARE(unknown, (QStringList{u"$.future"_s, u"$.health.colour"_s, u"$.pairs[0].why"_s, u"$.prefill[0].rack"_s}));
    QCOMPARE(configToJson(loaded->config, WriteFields::Changed), QJsonDocument::fromJson(given).object());
}

void TstConfigJson::problems_data()
{
    QTest::addColumn<QByteArray>("json"); // without the braces around; "" stands for the version and two servers
    QTest::addColumn<QString>("problem"); // "PATH: a part of the message"
    const auto raw = [](const char *name, const QByteArray &json, const char *problem) { QTest::newRow(name) << json << QString::fromUtf8(problem); };
    const auto row = [&](const char *name, const QByteArray &members, const char *problem) {
        raw(name, R"({"version":1,"prefill":[{"url":"http://p:1"}],"decode":[{"url":"http://d:1"}],)" + members + '}', problem);
    };
    const auto servers = [&](const char *name, const QByteArray &prefill, const QByteArray &decode, const char *problem, const QByteArray &more = {}) {
        raw(name, R"({"version":1,"prefill":[)" + prefill + R"(],"decode":[)" + decode + ']' + more + '}', problem);
    };
    const QByteArray p = R"({"url":"http://p:1"})", d = R"({"url":"http://d:1"})";
    raw("empty", " \n", "$: it is empty");
    raw("no object", "[]", "$: expected a JSON object");
    raw("syntax", "{\n \"version\": 1,\n}", "$: no valid JSON: ");
    raw("invalid UTF-8", "{\"version\": 1, \"a\": \"\xc3\x28\"}", "(line 1, column ");
    raw("too deep", "{\"version\":1,\"a\":" + QByteArray(40, '[') + QByteArray(40, ']') + '}', "nested deeper than 32");
    raw("deep beyond the scanner", "{\"version\":1,\"a\":" + QByteArray(100000, '[') + QByteArray(100000, ']') + '}', "$: no valid JSON");
    raw("no version", "{}", "$.version: expected \"version\": 1");
    raw("newer", "{\"version\": 2}", "$.version: version 2 is newer");
    raw("key twice", "{\"version\": 1,\n \"port\": 1,\n  \"port\": 2}", "$.port: the key \"port\" is there twice (line 3, column 11)");
    raw("key twice, once with an escape", R"({"version":1,"prefill":[{},{"url":"a","\u0075rl":"b"}]})", "$.prefill[1].url: the key");
    servers("no prefill", "", d, "$.prefill: at least one prefill");
    servers("no decode", p, "", "$.decode: at least one decode");
    raw("list is no list", R"({"version":1,"prefill":{}})", "$.prefill: expected a list");
    raw("server is no object", R"({"version":1,"prefill":["http://p:1"]})", "$.prefill[0]: expected an object");
    servers("second prefill's URL", p + R"(,{"url":"nonsense://x"})", d, "$.prefill[1].url: engine URL");
    servers("no URL", "{}", d, "$.prefill[0].url: an engine URL is empty");
    servers("URL twice", p + R"(,{"url":"http://p:1/"})", d, "$.prefill[1].url: engine URL \"http://p:1\" is there already, as $.prefill[0]");
    servers("name twice", R"({"url":"http://p:1","name":"a"})", R"({"url":"http://d:1","name":"a"})", "$.decode[0].name: the server name \"a\" is taken by $.prefill[0]");
    servers("name that another has by its place", R"({"url":"http://p:1","name":"p2"},{"url":"http://q:1"})", d, "$.prefill[1].name: the server name \"p2\" is taken");
    servers("bad name", R"({"url":"http://p:1","name":"a b"})", d, "$.prefill[0].name: server name \"a b\"");
    servers("long name", R"({"url":"http://p:1","name":")" + QByteArray(65, 'a') + R"("})", d, "$.prefill[0].name: ");
    servers("weight", R"({"url":"http://p:1","weight":1001})", d, "$.prefill[0].weight: weight: expected a whole number from 1 to 1000");
    servers("weight 0", R"({"url":"http://p:1","weight":0})", d, "$.prefill[0].weight: ");
    servers("bootstrap port", R"({"url":"http://p:1","bootstrap_port":65536})", d, "$.prefill[0].bootstrap_port: ");
    servers("bootstrap port's word", R"({"url":"http://p:1","bootstrap_port":"maybe"})", d, "$.prefill[0].bootstrap_port: ");
    servers("bootstrap port of a decode", p, R"({"url":"http://d:1","bootstrap_port":1})", "$.decode[0].bootstrap_port: decode server d1: only a prefill");
    servers("labels", R"({"url":"http://p:1","labels":{"a":1}})", d, "$.prefill[0].labels: labels: expected an object of texts");
    servers("group", R"({"url":"http://p:1","group":"a\nb"})", d, "$.prefill[0].group: ");
    servers("a key as reference", R"({"url":"http://p:1","api_key_ref":"sk-123"})", d, "$.prefill[0].api_key_ref: a reference to a key must be");
    servers("a key", R"({"url":"http://p:1","api_key":"sk-123"})", d, "$.prefill[0].api_key: keys do not belong here");
    servers("loop", R"({"url":"http://127.0.0.1:30000"})", d, "$.prefill[0].url: engine URL \"http://127.0.0.1:30000\" is the balancer's own address");
    servers("loop by name", p, R"({"url":"http://localhost:8080"})", "$.decode[0].url: ", R"(,"host":"0.0.0.0","port":8080)");
    servers("own port elsewhere", R"({"url":"http://127.0.0.2:30000"})", d, "");
    servers("pair of an unknown prefill", p, d, "$.pairs[0].prefill: pair 0: no prefill server is named \"d1\"", R"(,"pairs":[{"prefill":"d1","decode":"d1"}])");
    servers("pair of an unknown decode", p, d, "$.pairs[0].decode: ", R"(,"pairs":[{"prefill":"p1"}])");
    servers("pair twice", p, d, "$.pairs[1]: pair p1/d1 is listed twice", R"(,"pairs":[{"prefill":"p1","decode":"d1"},{"prefill":"p1","decode":"d1"}])");
    servers("pair's weight", p, d, "$.pairs[0].weight: ", R"(,"pairs":[{"prefill":"p1","decode":"d1","weight":-1}])");
    row("no pair", R"("pairing":"listed")", "$.pairs: pairing is \"listed\"");
    row("enumeration", R"("pairing":"some")", "$.pairing: pairing: expected one of \"any\", \"group\", \"listed\"");
    row("host", R"("host":"nowhere.example")", "$.host: ");
    row("port", R"("port":65536)", "$.port: port: expected a whole number from 0 to 65535");
    row("port as text", R"("port":"80")", "$.port: ");
    row("fraction", R"("workers":1.5)", "$.workers: ");
    row("huge", R"("workers":1e300)", "$.workers: ");
    row("boolean", R"("health":{"enabled":1})", "$.health.enabled: health.enabled: expected true or false");
    row("section", R"("health":5)", "$.health: health: expected an object");
    row("duration", R"("deadlines":{"request":-1})", "$.deadlines.request: deadlines.request: expected a number from 0 to 2000000 (seconds)");
    row("null", R"("deadlines":{"request":null})", "$.deadlines.request: ");
    row("null that means automatic", R"("limits":{"body_memory":null})", "");
    row("policy", R"("policy":"best")", "$.policy: policy \"best\" is unknown");
    row("policy of a role", R"("policies":{"decode":"best"})", "$.policies.decode: policy \"best\" is unknown");
    row("probes' path", R"("health":{"path":"health"})", "$.health.path: ");
    row("origin", R"("access":{"cors_origins":["https://a","*"]})", "$.access.cors_origins[1]: CORS origin");
    row("keys", R"("access":{"api_keys":["sk-123"]})", "$.access.api_keys: keys do not belong here");
    row("key at the top", R"("api_key":"sk-123")", "$.api_key: keys do not belong here");
    row("key as reference", R"("access":{"api_key_refs":["env:A","sk-123"]})", "$.access.api_key_refs[1]: a reference");
    row("certificate alone", R"("access":{"tls_cert":"a.pem"})", "$.access.tls_key: TLS needs both");
    servers("dns", R"({"url":"dns+http://prefill.default.svc:8000"})", R"({"url":"srv+https://_llm._tcp.example.org"})", "");
    servers("dns of an address", R"({"url":"dns+http://10.0.0.1:8000"})", d, "$.prefill[0].url: engine URL");
    servers("srv with a port", R"({"url":"srv+http://_llm._tcp.example.org:80"})", d, "$.prefill[0].url: ");
}

void TstConfigJson::problems()
{
    QFETCH(QByteArray, json);
    QFETCH(QString, problem);
    const auto loaded = configFromJson(json);
    const QString found = loaded ? QString() : text(loaded.error());
    if (problem.isEmpty())
        QCOMPARE(found, problem);
    else
        QVERIFY2(found.contains(problem), qPrintable(found));
    QVERIFY2(!found.contains(u"sk-123"_s), qPrintable(found));
}

void TstConfigJson::allProblemsAtOnce()
{
    const auto loaded = configFromJson(R"({"version": 1, "port": "x", "policy": "best", "prefill": [{"url": "x://", "weight": 0}], "decode": []})");
    QVERIFY(!loaded);
    QStringList paths;
    for (const ConfigProblem &problem : loaded.error())
        paths += problem.path;
    paths.sort();
    QCOMPARE(paths, (QStringList{u"$.decode"_s, u"$.policy"_s, u"$.port"_s, u"$.prefill[0].url"_s, u"$.prefill[0].weight"_s}));
}

void TstConfigJson::partsOverABase()
{
    ServerConfig base{.url = u"http://p:1"_s, .name = u"one"_s, .weight = 3};
    base.apiKey = "sk-123";
    const auto changed = serverFromJson({{u"weight"_s, 5}, {u"rack"_s, 1}}, u"$"_s, base);
    QVERIFY(changed);
    QCOMPARE(changed->value.url, base.url);
    QCOMPARE(changed->value.weight, 5);
    QCOMPARE(changed->value.apiKey, base.apiKey);
    QCOMPARE(changed->unknownKeys, QStringList{u"$.rack"_s});
    const auto bad = pairFromJson({{u"weight"_s, u"much"_s}}, u"$.pairs[4]"_s);
    QVERIFY(!bad);
    QCOMPARE(bad.error()[0].path, u"$.pairs[4].weight"_s);
}

void TstConfigJson::noSecretIsWritten()
{
    Config config = usable();
    config.apiKeys = config.givenApiKeys = {"sk-123"};
    config.engineApiKey = "sk-123";
    config.prefill[0].apiKey = "sk-123";
    config.prefill[0].apiKeyRef = u"env:KEY"_s;
    const QByteArray json = text(configToJson(config));
    QVERIFY(!json.contains("sk-123"));
    QVERIFY(json.contains("env:KEY"));
}

namespace {

/// The row for a field in the page of settings.
template <typename Owner> QString readmeRow(const Field<Owner> &field, const QJsonObject &defaults)
{
    const QStringList key = QString::fromLatin1(field.key).split(u'.');
    const QJsonValue value = key.size() == 1 ? defaults[key[0]] : defaults[key[0]].toObject()[key[1]];
    const QString shown = QString::fromUtf8(QJsonDocument(QJsonArray{value}).toJson(QJsonDocument::Compact)).sliced(1).chopped(1);
    QString row = u"| `%1` | %2 | %3 |"_s.arg(QString::fromLatin1(field.key), shown == u"\"\""_s || shown == u"null"_s ? u""_s : u"`%1`"_s.arg(shown),
                                              QString::fromUtf8(field.help));
    if (std::is_same_v<Owner, Config>)
        row += field.flags ? u" `%1` |"_s.arg(QString::fromLatin1(field.flags).remove(u'!').replace(u","_s, u"` `"_s)) : u" |"_s;
    return row;
}

} // namespace

void TstConfigJson::pageHasEveryField()
{
    QFile file(QStringLiteral(PDLB_SETTINGS_PAGE));
    QVERIFY(file.open(QIODevice::ReadOnly));
    const QStringList lines = QString::fromUtf8(file.readAll()).split(u'\n');
    QStringList missing;
    const auto look = [&](const QString &row) {
        if (!lines.contains(row))
            missing += row;
    };
    for (const auto &field : configFields())
        look(readmeRow(field, configToJson({})));
    for (const auto &field : serverFields())
        look(readmeRow(field, serverToJson({})));
    for (const auto &field : pairFields())
        look(readmeRow(field, pairToJson({})));
    for (const QString &row : std::as_const(missing))
        qWarning("%s", qUtf8Printable(row));
    QVERIFY2(missing.isEmpty(), "docs/settings.md lacks the rows above");
}

QTEST_GUILESS_MAIN(TstConfigJson)
#include "tst_config_json.moc"
