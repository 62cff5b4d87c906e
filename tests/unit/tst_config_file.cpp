// SPDX-License-Identifier: Apache-2.0
#include "config/config_file.h"
#include "config/secrets.h"

#include <QElapsedTimer>
#include <QFile>
#include <QFileInfo>
#include <QRegularExpression>
#include <QTemporaryDir>
#include <QTest>

#include <array>
#include <csignal>

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace pdlb;
using namespace Qt::StringLiterals;

namespace {

Config usable(int labels = 0)
{
    Config config;
    config.prefill = {{u"http://p:1"_s}};
    config.decode = {{u"http://d:1"_s}};
    for (int i = 0; i < labels; ++i)
        config.prefill[0].labels.insert(u"label-%1"_s.arg(i), QString(200, u'x'));
    return config;
}

QByteArray content(const QString &path)
{
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void write(const QString &path, const QByteArray &bytes)
{
    QFile file(path);
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(bytes), bytes.size());
}

int modeOf(const QString &path)
{
    struct stat status = {};
    return ::stat(QFile::encodeName(path).constData(), &status) == 0 ? int(status.st_mode & 07777) : -1;
}

constexpr const char *smallest = R"({"version":1,"prefill":[{"url":"http://p:1"}],"decode":[{"url":"http://d:1"}])";

/// Runs `work` in a child process and returns how it ended, as waitpid() tells.
template <typename Work> int inChild(const Work &work)
{
    const pid_t child = ::fork();
    if (child == 0) {
        work();
        ::_exit(0);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return status;
}

} // namespace

class TstConfigFile : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init() { m_directory = std::make_unique<QTemporaryDir>(); }
    void savesAndLoads();
    void onlyTheOwnerReads_data();
    void onlyTheOwnerReads();
    void killedWhileSaving();
    void noSpace();
    void noRightToWrite();
    void links();
    void refusesWithoutReading();
    void saysWhatIsWrong();
    void warnings_data();
    void warnings();
    void secrets();
    void secretsThatCannotBeRead();
    void givenSecretsStay();

private:
    QString path(const char *name = "pdlb.json") const { return m_directory->filePath(QString::fromLatin1(name)); }

    std::unique_ptr<QTemporaryDir> m_directory;
};

void TstConfigFile::savesAndLoads()
{
    Config config = usable();
    config.host = u"::1"_s;
    QVERIFY(saveConfigFile(path(), config));
    QVERIFY(!QFile::exists(path("pdlb.json.bak")));
    const QByteArray first = content(path());
    config.port = 8000;
    QVERIFY(saveConfigFile(path(), config));
    QCOMPARE(content(path("pdlb.json.bak")), first);
    const auto loaded = loadConfigFile(path(), CheckConfig::Whole);
    QVERIFY(loaded);
    QCOMPARE(configToJson(loaded->config), configToJson(config));
    QCOMPARE(QDir(m_directory->path()).entryList(QDir::Files).size(), 2); // nothing is left over
}

void TstConfigFile::onlyTheOwnerReads_data()
{
    QTest::addColumn<bool>("exists");
    QTest::newRow("new") << false;
    QTest::newRow("over one that all can read") << true;
}

void TstConfigFile::onlyTheOwnerReads() // T126
{
    QFETCH(bool, exists);
    const mode_t before = ::umask(0);
    if (exists) {
        write(path(), "{}");
        write(path("pdlb.json.bak"), "{}");
        ::chmod(QFile::encodeName(path()).constData(), 0644);
        ::chmod(QFile::encodeName(path("pdlb.json.bak")).constData(), 0666);
    }
    const auto saved = saveConfigFile(path(), usable());
    const mode_t after = ::umask(before);
    QVERIFY(saved);
    QCOMPARE(modeOf(path()), 0600);
    if (exists)
        QCOMPARE(modeOf(path("pdlb.json.bak")), 0600);
    QCOMPARE(int(after), 0);
}

void TstConfigFile::killedWhileSaving() // T124
{
    QElapsedTimer clock;
    clock.start();
    QVERIFY(saveConfigFile(path(), usable(300)));
    const qint64 duration = clock.nsecsElapsed() / 1000;
    constexpr int rounds = 30;
    int differing = 0;
    for (int round = 0; round < rounds; ++round) {
        std::array<int, 2> begins{};
        QCOMPARE(::pipe(begins.data()), 0);
        const pid_t child = ::fork();
        if (child == 0) {
            for (int i = 1;; ++i) {
                if (::write(begins[1], "x", 1) != 1)
                    ::_exit(1);
                (void)saveConfigFile(path(), usable(300 + i));
            }
        }
        ::close(begins[1]);
        char byte = 0;
        for (int i = 0; i <= round % 3; ++i) // the last of them is to be interrupted
            QCOMPARE(::read(begins[0], &byte, 1), 1);
        ::usleep(unsigned(duration * round / rounds)); // somewhere in it; every moment must do
        ::kill(child, SIGKILL);
        ::close(begins[0]);
        int status = 0;
        ::waitpid(child, &status, 0);
        QVERIFY(WIFSIGNALED(status));
        const auto loaded = loadConfigFile(path(), CheckConfig::Whole);
        QVERIFY2(loaded, qPrintable(loaded ? QString() : problemSummary(path(), loaded.error())));
        QVERIFY(loaded->config.prefill[0].labels.size() >= 300);
        differing += loaded->config.prefill[0].labels.size() != 300 ? 1 : 0;
        if (QFile::exists(path("pdlb.json.bak")))
            QVERIFY(loadConfigFile(path("pdlb.json.bak"), CheckConfig::Whole));
    }
    QVERIFY(differing > 0); // some saves got through
}

void TstConfigFile::noSpace() // T125
{
    QVERIFY(saveConfigFile(path(), usable()));
    const QByteArray before = content(path());
    // A disk that is full behaves like a limit on the size of files: a write comes short and then fails.
    const int status = inChild([&] {
        std::signal(SIGXFSZ, SIG_IGN);
        const rlimit limit{64 * 1024, 64 * 1024};
        ::setrlimit(RLIMIT_FSIZE, &limit);
        const auto saved = saveConfigFile(path(), usable(1000));
        const bool told = !saved && saved.error().message.contains(u"cannot be saved"_s) && saved.error().message.contains(u"the file is as it was"_s);
        const bool goesOn = saveConfigFile(path("small.json"), usable()).has_value();
        ::_exit(told && goesOn ? 0 : 1);
    });
    QCOMPARE(status, 0);
    QCOMPARE(content(path()), before);
    QVERIFY(QFile::exists(path("small.json")));
}

void TstConfigFile::noRightToWrite() // T125
{
    QVERIFY(saveConfigFile(path(), usable()));
    const QByteArray before = content(path());
    ::chmod(QFile::encodeName(m_directory->path()).constData(), 0555);
    const int status = inChild([&] {
        if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) // root may write everywhere
            ::_exit(2);
        const auto saved = saveConfigFile(path(), usable(1));
        ::_exit(!saved && saved.error().message.contains(u"the file is as it was"_s) ? 0 : 1);
    });
    ::chmod(QFile::encodeName(m_directory->path()).constData(), 0700);
    QCOMPARE(status, 0);
    QCOMPARE(content(path()), before);
    // A directory that is not there.
    QVERIFY(!saveConfigFile(path("nowhere/pdlb.json"), usable()));
}

void TstConfigFile::links() // T127
{
    QDir(m_directory->path()).mkdir(u"real"_s);
    QVERIFY(saveConfigFile(path("real/one.json"), usable()));
    QVERIFY(QFile::link(u"real/one.json"_s, path()));
    QVERIFY(QFile::link(u"pdlb.json"_s, path("second.json")));
    QVERIFY(loadConfigFile(path("second.json"), CheckConfig::Whole));
    QVERIFY(saveConfigFile(path("second.json"), usable(3)));
    QVERIFY(QFileInfo(path()).isSymLink());
    QVERIFY(QFileInfo(path("second.json")).isSymLink());
    QVERIFY(!QFileInfo(path("real/one.json")).isSymLink());
    QCOMPARE(loadConfigFile(path(), CheckConfig::Whole)->config.prefill[0].labels.size(), 3);
    QVERIFY(QFile::exists(path("real/one.json.bak")));

    QVERIFY(QFile::link(u"real/none.json"_s, path("dangling.json")));
    QVERIFY(!loadConfigFile(path("dangling.json"), CheckConfig::Whole));
    QVERIFY(saveConfigFile(path("dangling.json"), usable()));
    QVERIFY(QFile::exists(path("real/none.json")));

    QVERIFY(QFile::link(u"loop.json"_s, path("loop.json")));
    QVERIFY(!loadConfigFile(path("loop.json"), CheckConfig::Whole));
    QVERIFY(!saveConfigFile(path("loop.json"), usable()));
}

void TstConfigFile::refusesWithoutReading() // T127
{
    QFile huge(path("huge.json"));
    QVERIFY(huge.open(QIODevice::WriteOnly));
    QVERIFY(huge.resize(qint64(1) << 30)); // sparse
    const auto refused = loadConfigFile(huge.fileName(), CheckConfig::Form);
    QVERIFY(!refused);
    QVERIFY2(refused.error()[0].message.contains(u"larger than 16777216 bytes"_s), qPrintable(refused.error()[0].message));

    QCOMPARE(::mkfifo(QFile::encodeName(path("pipe")).constData(), 0600), 0);
    for (const QString &name : {path("pipe"), m_directory->path(), u"/dev/zero"_s}) {
        const auto other = loadConfigFile(name, CheckConfig::Form);
        QVERIFY(!other);
        QVERIFY(other.error()[0].message.contains(u"no regular file"_s));
    }
    QVERIFY(!loadConfigFile(path("none.json"), CheckConfig::Form));
    QVERIFY(!loadConfigFile(QString(), CheckConfig::Form));
}

void TstConfigFile::saysWhatIsWrong()
{
    write(path(), R"({"version":1,"prefill":[{"url":"x://"}],"decode":[],"port":-1})");
    const auto loaded = loadConfigFile(path(), CheckConfig::Whole);
    QVERIFY(!loaded);
    QCOMPARE(problemLines(path(), loaded.error()).size(), 3);
    const QString line = problemSummary(path(), loaded.error());
    QVERIFY2(line.startsWith(path() + u": $.port: "_s) && line.contains(u"(and 2 more"_s) && !line.contains(u'\n'), qPrintable(line));
    write(path(), "{");
    QVERIFY(problemLines(path(), loadConfigFile(path(), CheckConfig::Whole).error())[0].startsWith(path() + u": no valid JSON"_s));
}

void TstConfigFile::warnings_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<int>("mode");
    QTest::addColumn<QString>("warning");
    const auto row = [](const char *name, const QByteArray &members, int mode, const char *warning) {
        QTest::newRow(name) << smallest + members + '}' << mode << QString::fromUtf8(warning);
    };
    row("nothing secret in it", "", 0644, "");
    row("tells where keys are", R"(,"access":{"api_key_refs":["env:A"]})", 0644, "tells where keys are and can be read");
    row("the same for the owner", R"(,"access":{"api_key_refs":["env:A"]})", 0600, "");
    row("all may change it", "", 0666, "can be changed by other users");
    row("unknown key", R"(,"colour":1)", 0600, "unknown keys, without effect: \\$\\.colour");
}

void TstConfigFile::warnings()
{
    QFETCH(QByteArray, json);
    QFETCH(int, mode);
    QFETCH(QString, warning);
    write(path(), json);
    ::chmod(QFile::encodeName(path()).constData(), mode_t(mode));
    if (warning.isEmpty())
        QTest::failOnWarning(QRegularExpression(u"pdlb\\.json"_s));
    else
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(warning));
    QVERIFY(loadConfigFile(path(), CheckConfig::Whole));
}

void TstConfigFile::secrets()
{
    write(path("keys"), "# clients\nkey-a\n\nkey-b\n");
    write(path("engine"), "engine-key\n");
    for (const char *name : {"keys", "engine"})
        ::chmod(QFile::encodeName(path(name)).constData(), 0600);
    qputenv("TST_CONFIG_KEY", "own-key");
    Config config = usable();
    config.givenApiKeys = {"given"};
    config.apiKeyRefs = {u"file:"_s + path("keys"), u"env:TST_CONFIG_KEY"_s};
    config.engineApiKeyRef = u"file:"_s + path("engine");
    config.decode[0].apiKeyRef = u"env:TST_CONFIG_KEY"_s;
    for (int i = 0; i < 2; ++i) { // a second time changes nothing
        QVERIFY(resolveSecrets(config));
        QCOMPARE(config.apiKeys, (QByteArrayList{"given", "key-a", "key-b", "own-key"}));
        QCOMPARE(config.engineApiKey, "engine-key"_ba);
        QCOMPARE(config.decode[0].apiKey, "own-key"_ba);
        QVERIFY(config.prefill[0].apiKey.isEmpty());
    }
    QVERIFY(saveConfigFile(path(), config));
    for (const char *secret : {"given", "key-a", "own-key", "engine-key"})
        QVERIFY2(!content(path()).contains(secret), secret);
    qunsetenv("TST_CONFIG_KEY");
}

void TstConfigFile::secretsThatCannotBeRead()
{
    const auto path = [](const auto &change) {
        Config config = usable();
        change(config);
        const auto resolved = resolveSecrets(config);
        return resolved ? QString() : resolved.error().path + u" "_s + resolved.error().message;
    };
    const QString variable = path([](Config &c) { c.apiKeyRefs = {u"env:PATH"_s, u"env:NO_SUCH_VARIABLE"_s}; });
    QVERIFY2(variable.startsWith(u"$.access.api_key_refs[1] "_s) && variable.contains(u"NO_SUCH_VARIABLE"_s), qPrintable(variable));
    QVERIFY(path([](Config &c) { c.engineApiKeyRef = u"file:/no/such/file"_s; }).startsWith(u"$.access.engine_api_key_ref "_s));
    QVERIFY(path([](Config &c) { c.decode[0].apiKeyRef = u"file:/dev/null"_s; }).startsWith(u"$.decode[0].api_key_ref "_s));
    for (const char *wrong : {"sk-123", "file:", "env:", "env:A B", "env:A=B", "ENV:A", ""})
        QVERIFY2(!checkSecretRef(QString::fromLatin1(wrong)), wrong);
}

void TstConfigFile::givenSecretsStay()
{
    Config running = usable();
    running.givenApiKeys = {"given"};
    running.engineApiKey = "engines";
    QVERIFY(resolveSecrets(running));
    Config changed = usable(); // as an admin call brings it
    keepGivenSecrets(changed, running);
    QVERIFY(resolveSecrets(changed));
    QCOMPARE(changed.apiKeys, QByteArrayList{"given"});
    QCOMPARE(changed.engineApiKey, "engines"_ba);
}

QTEST_GUILESS_MAIN(TstConfigFile)
#include "tst_config_file.moc"
