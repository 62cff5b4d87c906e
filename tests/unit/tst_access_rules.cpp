// SPDX-License-Identifier: Apache-2.0

// Keys, and the checks that keep web pages away from the admin API (T108, T116, T117).
#include "edge/access_rules.h"

#include <QTest>

using namespace pdlb;
using namespace pdlb::edge;

class TstAccessRules : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void keys();
    void presented_data();
    void presented();
    void admin_data();
    void admin();
};

void TstAccessRules::keys()
{
    const ApiKeys none;
    QVERIFY(none.isEmpty() && !none.contains("") && !none.contains("a"));
    const ApiKeys keys({"alpha", "beta", QByteArray(10000, 'x')});
    for (const QByteArray &right : {QByteArray("alpha"), QByteArray("beta"), QByteArray(10000, 'x')})
        QVERIFY(keys.contains(right));
    for (const QByteArray &wrong : {QByteArray(), QByteArray("alph"), QByteArray("alpha "), QByteArray("Alpha"), QByteArray("alpha\0", 6), QByteArray(9999, 'x')})
        QVERIFY(!keys.contains(wrong));
    QVERIFY(!ApiKeys({""}).contains("")); // nobody gets in by sending nothing
}

void TstAccessRules::presented_data()
{
    QTest::addColumn<QByteArray>("authorization");
    QTest::addColumn<QByteArray>("apiKey");
    QTest::addColumn<QByteArray>("key");
    const auto row = [](const char *name, const char *authorization, const char *apiKey, const char *key) {
        QTest::newRow(name) << QByteArray(authorization) << QByteArray(apiKey) << QByteArray(key);
    };
    row("none", "", "", "");
    row("bearer", "Bearer k", "", "k");
    row("bearer, any case", "bEARER k", "", "k");
    row("more spaces", "Bearer   k ", "", "k");
    row("X-API-Key", "", "k", "k");
    row("bearer first", "Bearer k", "other", "k");
    row("another scheme", "Basic dTpw", "k", "k");
    row("no scheme", "k", "", "");
    row("scheme only", "Bearer", "", "");
    row("empty", "Bearer ", "", "");
}

void TstAccessRules::presented()
{
    QFETCH(QByteArray, authorization);
    QFETCH(QByteArray, apiKey);
    http::HeaderList headers;
    if (!authorization.isEmpty())
        headers.add("Authorization", authorization);
    if (!apiKey.isEmpty())
        headers.add("X-API-Key", apiKey);
    QTEST(presentedKey(headers).toByteArray(), "key");
}

void TstAccessRules::admin_data()
{
    QTest::addColumn<QByteArray>("method");
    QTest::addColumn<QByteArray>("fields"); // name: value, one a line
    QTest::addColumn<QString>("peer");
    QTest::addColumn<bool>("needsKey");
    QTest::addColumn<int>("status"); // 0: may pass
    const auto row = [](const char *name, const char *method, const char *fields, const char *peer, bool needsKey, int status) {
        QTest::newRow(name) << QByteArray(method) << QByteArray(fields) << QString::fromLatin1(peer) << needsKey << status;
    };
    const char *json = "Host: localhost:9\nContent-Type: application/json; charset=utf-8";
    row("local", "GET", "Host: localhost:30000", "127.0.0.1", false, 0);
    row("local, by number", "GET", "Host: 127.0.0.1:30000", "127.0.0.1", false, 0);
    row("local, IPv6", "GET", "Host: [::1]:30000", "::1", false, 0);
    row("local, IPv6 without port", "GET", "Host: [::1]", "::1", false, 0);
    row("another case", "GET", "Host: LOCALHOST", "127.0.0.1", false, 0);
    row("configured name", "GET", "Host: Balancer.example", "127.0.0.1", false, 0);
    row("rebound name", "GET", "Host: evil.example:30000", "127.0.0.1", false, 421);
    row("rebound name that looks local", "GET", "Host: localhost.evil.example", "127.0.0.1", false, 421);
    row("no name", "GET", "", "127.0.0.1", false, 421);
    row("web page", "GET", "Host: localhost\nOrigin: http://evil.example", "127.0.0.1", false, 403);
    row("sandboxed web page", "POST", "Host: localhost\nOrigin: null", "127.0.0.1", false, 403);
    row("web page that may", "GET", "Host: localhost\nOrigin: https://admin.example", "127.0.0.1", false, 0);
    row("JSON", "POST", json, "127.0.0.1", false, 0);
    row("JSON, and no more", "POST", "Host: localhost\nContent-Type: Application/JSON", "127.0.0.1", false, 0);
    row("a form's type", "POST", "Host: localhost\nContent-Type: text/plain", "127.0.0.1", false, 415);
    row("no type", "POST", "Host: localhost", "127.0.0.1", false, 415);
    row("no body, no type", "DELETE", "Host: localhost", "127.0.0.1", false, 0);
    row("not local", "GET", "Host: localhost", "192.168.1.7", false, 403);
    row("no key", "GET", "Host: localhost", "127.0.0.1", true, 401);
    row("wrong key", "GET", "Host: localhost\nAuthorization: Bearer api-key", "127.0.0.1", true, 401);
    row("key", "GET", "Host: localhost\nAuthorization: Bearer admin-key", "127.0.0.1", true, 0);
    row("key, not local", "GET", "Host: balancer.example\nX-API-Key: admin-key", "192.168.1.7", true, 0);
    row("key of a web page", "GET", "Host: localhost\nOrigin: http://evil.example\nX-API-Key: admin-key", "127.0.0.1", true, 403);
}

void TstAccessRules::admin()
{
    QFETCH(QByteArray, method);
    QFETCH(QByteArray, fields);
    QFETCH(QString, peer);
    QFETCH(bool, needsKey);
    QFETCH(int, status);
    AccessRules::Options options;
    options.apiKeys = {"api-key"}; // opens nothing here
    options.corsOrigins = {"https://admin.example"};
    options.adminHosts = {"balancer.example"};
    if (needsKey)
        options.adminKeys = {"admin-key"};
    http::RequestHead head;
    head.method = method;
    head.framing = method == "GET" ? http::Framing::None : http::Framing::Length;
    head.contentLength = method == "POST" ? 10 : 0;
    for (const QByteArray &line : fields.split('\n')) {
        if (!line.isEmpty())
            head.headers.add(line.first(line.indexOf(':')), line.sliced(line.indexOf(':') + 1).trimmed());
    }
    const auto refusal = AccessRules(options).judge(head, QHostAddress(peer), Access::Admin);
    QCOMPARE(refusal ? refusal->error.status : 0, status);
    if (status == 401)
        QCOMPARE(refusal->headers.value("www-authenticate"), "Bearer");
}

QTEST_APPLESS_MAIN(TstAccessRules)
#include "tst_access_rules.moc"
