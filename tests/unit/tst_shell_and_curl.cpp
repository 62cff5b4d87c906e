// SPDX-License-Identifier: Apache-2.0
#include "client/curl_command.h"
#include "util/shell_words.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QProcess>
#include <QTest>

using namespace Qt::StringLiterals;
using namespace pdlb;
using namespace pdlb::client;

class TstShellAndCurl final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void words_data();
    void words();
    void quotedWordsAreRead_data();
    void quotedWordsAreRead();
    void curl_data();
    void curl();
    void curlIsReadAgain();
    void bodyKeepsWhatItIsNot();
    void python();
};

void TstShellAndCurl::words_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QStringList>("expected"); // empty: a mistake
    QTest::newRow("plain") << u" a  b\tc\n"_s << QStringList({u"a"_s, u"b"_s, u"c"_s});
    QTest::newRow("quotes") << u"a'b c'd \"e \\\" f\" ''"_s << QStringList({u"ab cd"_s, u"e \" f"_s, QString()});
    QTest::newRow("backslash") << u"a\\ b c\\\nd \"x\\y\""_s << QStringList({u"a b"_s, u"cd"_s, u"x\\y"_s});
    QTest::newRow("windows line") << u"a \\\r\n b"_s << QStringList({u"a"_s, u"b"_s});
    QTest::newRow("ansi") << u"$'a\\n\\'\\x41\\u00fc'"_s << QStringList({u"a\n'Aü"_s});
    QTest::newRow("open single") << u"a 'b"_s << QStringList();
    QTest::newRow("open double") << u"a \"b\\\""_s << QStringList();
    QTest::newRow("open ansi") << u"$'b\\"_s << QStringList();
}

void TstShellAndCurl::words()
{
    QFETCH(QString, text);
    QFETCH(QStringList, expected);
    const auto words = shellWords(text);
    QCOMPARE(words.has_value(), !expected.isEmpty());
    if (words)
        QCOMPARE(*words, expected);
}

void TstShellAndCurl::quotedWordsAreRead_data()
{
    QTest::addColumn<QString>("word");
    for (const QString &word : {u""_s, u"plain"_s, u"with space"_s, u"it's"_s, u"\"$HOME\" `x` \\ *"_s, u"ü\n\t"_s, u"--flag=1,2"_s})
        QTest::newRow(qPrintable(word.toHtmlEscaped())) << word;
}

/// By ours, and by a real shell.
void TstShellAndCurl::quotedWordsAreRead()
{
    QFETCH(QString, word);
    QCOMPARE(*shellWords(shellQuoted(word)), QStringList({word}));
    QProcess shell;
    shell.start(u"/bin/sh"_s, {u"-c"_s, u"printf %s "_s + shellQuoted(word)});
    QVERIFY(shell.waitForFinished());
    QCOMPARE(QString::fromUtf8(shell.readAllStandardOutput()), word);
}

void TstShellAndCurl::curl_data()
{
    QTest::addColumn<QString>("command");
    QTest::addColumn<QString>("url");
    QTest::addColumn<QString>("problem");
    const auto good = [](const char *name, const QString &command, const QString &url) { QTest::newRow(name) << command << url << QString(); };
    const auto bad = [](const char *name, const QString &command, const QString &problem) { QTest::newRow(name) << command << QString() << problem; };
    const QString body = uR"('{"model":"m","messages":[{"role":"user","content":"hi"}]}')"_s;
    good("documentation", u"curl http://localhost:30000/v1/chat/completions \\\n  -H 'Content-Type: application/json' \\\n  -d "_s + body, u"http://localhost:30000"_s);
    good("browser", u"curl 'https://h/base/v1/chat/completions' -X POST -H 'Authorization: Bearer k' --data-raw "_s + body + u" --compressed"_s, u"https://h/base"_s);
    good("short", u"curl -sN -XPOST -d "_s + body + u" h:1/v1/chat/completions"_s, u"http://h:1"_s);
    good("json", u"/usr/bin/curl --json "_s + body + u" -m 10 --url http://h/v1/chat/completions -o out"_s, u"http://h"_s);
    bad("other", u"wget http://h"_s, u"no curl command"_s);
    bad("empty", u""_s, u"no curl command"_s);
    bad("no URL", u"curl -d {}"_s, u"no URL"_s);
    bad("two", u"curl http://a/generate http://b -d {}"_s, u"too much"_s);
    bad("no body", u"curl http://h/generate"_s, u"no body"_s);
    bad("a file", u"curl http://h/generate -d @body.json"_s, u"body.json"_s);
    bad("GET", u"curl -X GET http://h/v1/models -d {}"_s, u"GET"_s);
    bad("form", u"curl http://h/generate -F a=b"_s, u"-F"_s);
    bad("path", u"curl http://h/v1/embeddings -d '{}'"_s, u"/v1/embeddings"_s);
    bad("broken body", u"curl http://h/generate -d '{\"text\":'"_s, u"no JSON"_s);
    bad("array", u"curl http://h/generate -d '[]'"_s, u"no JSON object"_s);
    bad("quote", u"curl http://h/generate -d '{"_s, u"not closed"_s);
}

void TstShellAndCurl::curl()
{
    QFETCH(QString, command);
    QFETCH(QString, url);
    QFETCH(QString, problem);
    const auto curl = parseCurl(command);
    if (!problem.isEmpty()) {
        QVERIFY(!curl);
        QVERIFY2(curl.error().message.contains(problem), qPrintable(curl.error().message));
        return;
    }
    QVERIFY2(curl, curl ? "" : qPrintable(curl.error().message));
    QCOMPARE(curl->url, url);
    QCOMPARE(curl->spec.model, u"m"_s);
    QCOMPARE(curl->spec.messages.size(), 1);
    QCOMPARE(curl->spec.apiKey, command.contains(u"Bearer"_s) ? QByteArray("k") : QByteArray());
}

void TstShellAndCurl::curlIsReadAgain()
{
    RequestSpec spec;
    spec.model = u"m'x"_s;
    spec.messages = {{u"user"_s, u"it's \"$quoted\"\nand\\more"_s}};
    spec.maxTokens = 5;
    spec.temperature = 0.25;
    spec.stop = {u"END"_s};
    spec.pair = "p1/d2";
    spec.apiKey = "secret";
    spec.extra = {{u"top_k"_s, 4}, {u"logit_bias"_s, QJsonObject{{u"5"_s, 1}}}};
    const QString command = toCurl(u"http://h:1/base"_s, spec);
    QVERIFY(!command.contains(u"secret"_s));
    const auto again = parseCurl(command);
    QVERIFY(again);
    QCOMPARE(again->url, u"http://h:1/base"_s);
    spec.apiKey = again->spec.apiKey; // the variable's name
    QCOMPARE(QJsonDocument::fromJson(again->spec.toBytes().body), QJsonDocument::fromJson(spec.toBytes().body));
    QCOMPARE(again->spec.pair, QByteArray("p1/d2"));
}

void TstShellAndCurl::bodyKeepsWhatItIsNot()
{
    for (const QByteArray body : {
             R"({"messages":[{"role":"user","content":[{"type":"image_url"}]}],"max_tokens":1.5,"stream":"yes"})",
             R"({"messages":[{"role":"user","content":"x","name":"n"}],"stop":["a","b"],"n":2,"stream":true,"stream_options":{"include_usage":false}})"}) {
        const QJsonObject object = QJsonDocument::fromJson(body).object();
        const QJsonObject sent = QJsonDocument::fromJson(specOfBody(pd::Endpoint::ChatCompletions, object).toBytes().body).object();
        QCOMPARE(sent, object);
    }
    for (const QByteArray body : {R"({"text":"x","sampling_params":{"max_new_tokens":3,"top_k":5},"stream":true})",
                                  R"({"text":"x","sampling_params":{"max_new_tokens":3,"temperature":0.5}})"}) {
        const QJsonObject object = QJsonDocument::fromJson(body).object();
        QCOMPARE(QJsonDocument::fromJson(specOfBody(pd::Endpoint::Generate, object).toBytes().body).object(), object);
    }
}

/// What is written is a program that makes the same body.
void TstShellAndCurl::python()
{
    RequestSpec spec;
    spec.messages = {{u"user"_s, u"quotes \"\"\" and \\n and 'these' ü"_s}};
    spec.apiKey = "secret";
    const QString script = toPython(u"http://h:1"_s, spec);
    QVERIFY(!script.contains(u"secret"_s));
    // Up to the request itself.
    QString head = script.left(script.indexOf(u"answer = "_s));
    head.replace(u"import requests\n"_s, QString());
    QProcess python;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(u"OPENAI_API_KEY"_s, u"k"_s);
    environment.insert(u"PYTHONIOENCODING"_s, u"utf-8"_s);
    python.setProcessEnvironment(environment);
    python.start(u"python3"_s, {u"-c"_s, head + u"\nprint(body)\n"_s});
    if (!python.waitForStarted())
        QSKIP("there is no python3");
    QVERIFY(python.waitForFinished());
    const QByteArray printed = python.readAllStandardOutput();
    QVERIFY2(!printed.isEmpty(), python.readAllStandardError().constData());
    spec.apiKey.clear();
    QCOMPARE(QJsonDocument::fromJson(printed), QJsonDocument::fromJson(spec.toBytes().body));
}

QTEST_GUILESS_MAIN(TstShellAndCurl)

#include "tst_shell_and_curl.moc"
