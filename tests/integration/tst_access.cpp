// SPDX-License-Identifier: Apache-2.0

// Keys, origins, and what engines are told of clients: T107, T109-T112, T118, T122 of the HTTP reference.
#include "scripts.h"

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

namespace {

const QByteArray bearer = "Authorization: Bearer secret-key-1\r\n";

} // namespace

class TstAccess : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void keys_data();
    void keys();
    void everyEndpointNeedsTheKey_data();
    void everyEndpointNeedsTheKey();
    void bodyIsNotAwaited_data() { direct(); }
    void bodyIsNotAwaited();
    void keyBehindTooManyFields_data() { direct(); }
    void keyBehindTooManyFields();
    void keyInConnectionOptions_data() { direct(); }
    void keyInConnectionOptions();
    void keysOfEngines_data();
    void keysOfEngines();
    void keyOfOneEngine_data() { transports(); }
    void keyOfOneEngine();
    void discoverySendsTheEnginesKey_data() { direct(); }
    void discoverySendsTheEnginesKey();
    void forwardedFields_data();
    void forwardedFields();
    void cookiesAreNotKept_data() { transports(); }
    void cookiesAreNotKept();
    void origins_data();
    void origins();
    void preflight_data();
    void preflight();
    void enginesOrigins_data() { transports(); }
    void enginesOrigins();
    void openRoutesTakeNoBody_data() { direct(); }
    void openRoutesTakeNoBody();
    void refusedHead_data() { direct(); }
    void refusedHead();
    void pageMayReadRefusals_data() { direct(); }
    void pageMayReadRefusals();

private:
    bool beginWith(const std::function<void(Config &)> &change);
    /// Over engines of the test's own, so that what they get can be looked at.
    bool beginScripted(const std::function<void(Config &)> &change);
    void finishScripted();

    std::unique_ptr<ScriptedEngine> m_prefill;
    std::unique_ptr<ScriptedEngine> m_decode;
};

bool TstAccess::beginWith(const std::function<void(Config &)> &change)
{
    Setup setup;
    setup.change = change;
    return begin(setup);
}

bool TstAccess::beginScripted(const std::function<void(Config &)> &change)
{
    m_prefill = std::make_unique<ScriptedEngine>();
    m_decode = std::make_unique<ScriptedEngine>();
    Setup setup = scripted(*m_prefill, *m_decode);
    setup.change = [first = setup.change, change](Config &config) {
        first(config);
        if (change)
            change(config);
    };
    return begin(setup);
}

void TstAccess::finishScripted()
{
    finish();
    m_prefill.reset();
    m_decode.reset();
}

void TstAccess::keys_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("fields");
    QTest::addColumn<int>("status");
    const auto row = [](const char *name, const QByteArray &fields, int status) {
        QTest::newRow(name) << TransportKind::Direct << fields << status;
    };
    row("none", "", 401);
    row("right", bearer, 200);
    row("the other right one", "Authorization: Bearer secret-key-2\r\n", 200);
    row("scheme in small letters", "authorization: bearer secret-key-1\r\n", 200);
    row("X-API-Key", "X-API-Key: secret-key-1\r\n", 200);
    row("wrong", "Authorization: Bearer secret-key-3\r\n", 401);
    row("start of the right one", "Authorization: Bearer secret-key\r\n", 401);
    row("more than the right one", "Authorization: Bearer secret-key-1x\r\n", 401);
    row("empty", "Authorization: Bearer \r\n", 401);
    row("empty X-API-Key", "X-API-Key:\r\n", 401);
    row("Basic", "Authorization: Basic secret-key-1\r\n", 401);
    row("bare", "Authorization: secret-key-1\r\n", 401);
    row("in the query", "", 401);
}

void TstAccess::keys()
{
    QFETCH(QByteArray, fields);
    QFETCH(int, status);
    QVERIFY(beginWith([](Config &config) { config.apiKeys = {"secret-key-1", "secret-key-2"}; }));
    m_client->get("/v1/models?api_key=secret-key-1", fields);
    PDLB_WAIT(m_client->done());
    QVERIFY2(m_client->status() == status && m_client->whole(), m_client->describe().constData());
    QCOMPARE(m_client->header("www-authenticate"), status == 401 ? "Bearer" : "");
    if (status == 401) {
        QCOMPARE(m_client->errorCode(), u"invalid_api_key"_s);
        QVERIFY2(!m_client->raw().contains("secret"), m_client->raw().constData());
    }
}

void TstAccess::everyEndpointNeedsTheKey_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("method");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<int>("without");
    QTest::addColumn<int>("with");
    const auto row = [](const char *method, const char *path, int without, int with) {
        QTest::addRow("%s %s", method, path) << TransportKind::Direct << QByteArray(method) << QByteArray(path) << without << with;
    };
    for (const char *path : {"/livez", "/liveness", "/readyz", "/readiness", "/health"})
        row("GET", path, 200, 200);
    for (const char *path : {"/health_generate", "/server_info", "/get_server_info", "/model_info", "/get_model_info", "/v1/models"})
        row("GET", path, 401, 200);
    for (const char *path : {"/flush_cache", "/abort_request"})
        row("POST", path, 401, 200);
    for (const char *path : {"/generate", "/v1/chat/completions", "/v1/completions"})
        row("POST", path, 401, 400);
    row("GET", "/nothing", 401, 404); // a stranger does not learn what there is
    row("DELETE", "/generate", 401, 405);
}

void TstAccess::everyEndpointNeedsTheKey()
{
    QFETCH(QByteArray, method);
    QFETCH(QByteArray, path);
    QFETCH(int, without);
    QFETCH(int, with);
    QVERIFY(beginWith([](Config &config) { config.apiKeys = {"secret-key-1"}; }));
    const bool hasBody = method == "POST";
    m_client->get(path, hasBody ? "Content-Length: 2\r\n" : "", method);
    m_client->send(hasBody ? "{}" : "");
    PDLB_WAIT(m_client->done());
    QVERIFY2(m_client->status() == without, m_client->describe().constData());
    m_client = m_rig->client();
    m_client->get(path, bearer + (hasBody ? "Content-Length: 2\r\n" : ""), method);
    m_client->send(hasBody ? "{}" : "");
    PDLB_WAIT(m_client->done());
    QVERIFY2(m_client->status() == with, m_client->describe().constData());
}

void TstAccess::bodyIsNotAwaited()
{
    QVERIFY(beginWith([](Config &config) { config.apiKeys = {"secret-key-1"}; }));
    m_client->send("POST /generate HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\nExpect: 100-continue\r\n\r\n");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 401);
    QCOMPARE(m_client->interim(), 0);
    PDLB_WAIT(m_client->closed());
}

void TstAccess::keyBehindTooManyFields()
{
    QVERIFY(beginWith([](Config &config) { config.apiKeys = {"secret-key-1"}; }));
    m_client->get("/v1/models", QByteArray("X: 1\r\n").repeated(100) + bearer);
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 431);
}

void TstAccess::keyInConnectionOptions()
{
    QVERIFY(beginScripted([](Config &config) { config.apiKeys = {"secret-key-1"}; }));
    const auto ended = qScopeGuard([this] { finishScripted(); });
    exchange("/generate", generateBody, "Connection: Authorization, Content-Type\r\n");
    QCOMPARE(m_client->status(), 401);
    m_client = m_rig->client();
    exchange("/generate", generateBody, bearer + "Connection: Authorization, Content-Type\r\nContent-Type: application/json; x=1\r\n");
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_decode->headers().value("content-type"), "application/json; x=1");
}

void TstAccess::keysOfEngines_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("ours"); // what clients must send
    QTest::addColumn<QByteArray>("engines");
    QTest::addColumn<QByteArray>("authorization"); // what an engine gets
    QTest::addColumn<QByteArray>("apiKey");
    forBothTransports([](TransportKind kind) {
        const auto row = [&](const char *name, const char *ours, const char *engines, const char *authorization, const char *apiKey) {
            QTest::addRow("%s, %s", name, transportName(kind))
                << kind << QByteArray(ours) << QByteArray(engines) << QByteArray(authorization) << QByteArray(apiKey);
        };
        row("none: the client's", "", "", "Bearer secret-key-1", "other");
        row("ours: goes no further", "secret-key-1", "", "", "");
        row("the engines'", "", "engine-key", "Bearer engine-key", "");
        row("both", "secret-key-1", "engine-key", "Bearer engine-key", "");
    });
}

void TstAccess::keysOfEngines()
{
    QFETCH(QByteArray, ours);
    QFETCH(QByteArray, engines);
    QFETCH(QByteArray, authorization);
    QFETCH(QByteArray, apiKey);
    QVERIFY(beginScripted([&](Config &config) {
        if (!ours.isEmpty())
            config.apiKeys = {ours};
        if (!engines.isEmpty())
            config.engineApiKey = engines;
    }));
    const auto ended = qScopeGuard([this] { finishScripted(); });
    for (const char *path : {"/generate", "/v1/models"}) { // a pair of legs, and the control plane
        m_client->get(path, bearer + "X-API-Key: other\r\nContent-Length: " + QByteArray::number(qstrlen(generateBody)) + "\r\n",
                      qstrcmp(path, "/generate") == 0 ? "POST" : "GET");
        m_client->send(generateBody);
        PDLB_WAIT(m_client->done());
        QCOMPARE(m_client->status(), 200);
        QCOMPARE(m_prefill->headers().value("authorization"), authorization);
        QCOMPARE(m_prefill->headers().value("x-api-key"), apiKey);
    }
    QCOMPARE(m_decode->headers().value("authorization"), authorization);
}

void TstAccess::keyOfOneEngine()
{
    Setup setup{.decodes = 2};
    setup.change = [](Config &config) {
        config.engineApiKey = "all-key";
        config.prefill[0].bootstrapPort = {}; // it is asked
        config.prefill[0].apiKey = "prefill-key";
        config.decode[1].apiKey = "decode-key";
        config.policy = u"round_robin"_s;
    };
    QVERIFY(begin(setup));
    for (int i = 0; i < 4; ++i)
        exchange("/generate", generateBody);
    for (const char *target : {"/v1/models", "/flush_cache", "/health_generate"}) {
        m_client->get(target, bearer);
        PDLB_WAIT(m_client->done());
        QCOMPARE(m_client->status(), 200);
    }
    m_rig->prefill().addFault(u"prefill:status=503"_s);
    for (int i = 0; i < 4; ++i)
        exchange("/generate", generateBody, bearer);
    const auto told = [](const mock::MockEngine &engine) {
        QSet<QByteArray> paths;
        for (const mock::RecordedRequest &request : engine.requests())
            paths += request.path();
        return paths;
    };
    for (int i = 0; i < 2; ++i) {
        if (!isQnam()) // it may be cancelled before anything is sent
            PDLB_WAIT(told(m_rig->decode(i)).contains("/abort_request"));
        QVERIFY(told(m_rig->decode(i)).contains(QSet<QByteArray>{"/generate", "/flush_cache", "/health_generate"}));
    }
    QVERIFY(told(m_rig->prefill()).contains(QSet<QByteArray>{"/generate", "/flush_cache", "/v1/models", "/server_info"}));
    const std::pair<mock::MockEngine *, QByteArray> keys[] = {
        {&m_rig->prefill(), "Bearer prefill-key"}, {&m_rig->decode(0), "Bearer all-key"}, {&m_rig->decode(1), "Bearer decode-key"}};
    for (const auto &[engine, key] : keys) {
        for (const mock::RecordedRequest &request : engine->requests())
            QVERIFY2(request.header("authorization") == key, QByteArray(request.path() + ' ' + request.header("authorization")).constData());
    }
}

void TstAccess::discoverySendsTheEnginesKey()
{
    mock::MockHttpServer engine;
    QByteArray authorization;
    engine.setHandler([&](mock::MockExchange &exchange) {
        if (exchange.head().path() == "/server_info")
            authorization = exchange.head().headers.value("authorization").toByteArray();
        exchange.respond(200, "application/json", R"({"disaggregation_bootstrap_port":8998})");
    });
    QVERIFY(engine.listen(QHostAddress(QHostAddress::LocalHost), 0));
    const auto ended = qScopeGuard([this] { finish(); });
    Setup setup;
    setup.servers = {&engine};
    setup.change = [&](Config &config) {
        config.prefill = {{u"http://127.0.0.1:%1"_s.arg(engine.port()), {}}};
        config.engineApiKey = "engine-key";
    };
    QVERIFY(begin(setup));
    PDLB_WAIT_EQUAL(authorization, "Bearer engine-key");
}

void TstAccess::forwardedFields_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("fields");
    QTest::addColumn<QByteArray>("chain");
    forBothTransports([](TransportKind kind) {
        QTest::addRow("none, %s", transportName(kind)) << kind << QByteArray() << QByteArray("127.0.0.1");
        QTest::addRow("claimed, %s", transportName(kind))
            << kind << QByteArray("X-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8\r\n") << QByteArray("1.2.3.4, 5.6.7.8, 127.0.0.1");
    });
}

void TstAccess::forwardedFields()
{
    QFETCH(QByteArray, fields);
    QFETCH(QByteArray, chain);
    QVERIFY(beginScripted({}));
    const auto ended = qScopeGuard([this] { finishScripted(); });
    exchange("/generate", generateBody, fields);
    QCOMPARE(m_client->status(), 200);
    for (const ScriptedEngine *engine : {m_prefill.get(), m_decode.get()}) {
        QCOMPARE(engine->headers().values("x-forwarded-for"), QList<QByteArray>{chain});
        QCOMPARE(engine->headers().value("x-forwarded-proto"), "http");
        QCOMPARE(engine->headers().value("x-forwarded-host"), "pdlb");
    }
}

void TstAccess::cookiesAreNotKept()
{
    QVERIFY(beginScripted({}));
    const auto ended = qScopeGuard([this] { finishScripted(); });
    for (ScriptedEngine *engine : {m_prefill.get(), m_decode.get()})
        engine->answerRaw(rawAnswer("{}", "Set-Cookie: session=of-another-client\r\n"));
    exchange("/generate", generateBody);
    QCOMPARE(m_client->header("set-cookie"), "session=of-another-client");
    m_client = m_rig->client();
    exchange("/generate", generateBody);
    QCOMPARE(m_client->status(), 200);
    QVERIFY(!m_decode->headers().contains("cookie"));
    QVERIFY(!m_prefill->headers().contains("cookie"));
}

void TstAccess::origins_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("origin");
    QTest::addColumn<bool>("allowed");
    const auto row = [](const char *origin, bool allowed) {
        QTest::newRow(origin) << TransportKind::Direct << QByteArray(origin) << allowed;
    };
    row("https://chat.example", true);
    row("http://localhost:5173", true);
    row("https://chat.example:8443", false);
    row("http://chat.example", false);
    row("https://chat.example.evil.example", false);
    row("null", false);
    row("*", false);
}

void TstAccess::origins()
{
    QFETCH(QByteArray, origin);
    QFETCH(bool, allowed);
    for (const bool on : {false, true}) {
        QVERIFY(beginWith([on](Config &config) {
            if (on)
                config.corsOrigins = {"https://chat.example", "http://localhost:5173"};
        }));
        exchange("/generate", generateStream, "Origin: " + origin + "\r\n");
        QCOMPARE(m_client->status(), 200); // only the browser keeps the answer from the page
        QCOMPARE(m_client->header("access-control-allow-origin"), on && allowed ? origin : QByteArray());
        QCOMPARE(m_client->header("vary"), on && allowed ? "Origin" : "");
        QVERIFY(!m_client->headers().contains("access-control-allow-credentials"));
        finish();
    }
}

void TstAccess::preflight_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("origin");
    QTest::addColumn<int>("status");
    QTest::newRow("known") << TransportKind::Direct << QByteArray("https://chat.example") << 204;
    QTest::newRow("unknown") << TransportKind::Direct << QByteArray("https://evil.example") << 401;
}

void TstAccess::preflight()
{
    QFETCH(QByteArray, origin);
    QFETCH(int, status);
    QVERIFY(beginWith([](Config &config) {
        config.corsOrigins = {"https://chat.example"};
        config.apiKeys = {"secret-key-1"}; // which a preflight never carries
    }));
    m_client->get("/v1/chat/completions", "Origin: " + origin + "\r\nAccess-Control-Request-Method: POST\r\n"
                  "Access-Control-Request-Headers: authorization,content-type\r\n", "OPTIONS");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), status);
    const bool allowed = status == 204;
    QCOMPARE(m_client->header("access-control-allow-origin"), allowed ? origin : QByteArray());
    QCOMPARE(m_client->header("access-control-allow-methods"), allowed ? "POST" : "");
    QCOMPARE(m_client->header("access-control-allow-headers"), allowed ? "authorization,content-type" : "");
}

void TstAccess::enginesOrigins()
{
    QVERIFY(beginScripted({}));
    const auto ended = qScopeGuard([this] { finishScripted(); });
    for (ScriptedEngine *engine : {m_prefill.get(), m_decode.get()})
        engine->answerRaw(rawAnswer("{}", "Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Credentials: true\r\n"));
    for (const char *path : {"/generate", "/v1/models"}) {
        m_client->get(path, "Origin: https://evil.example\r\nContent-Length: 12\r\n", qstrcmp(path, "/generate") == 0 ? "POST" : "GET");
        m_client->send(R"({"text":"a"})");
        PDLB_WAIT(m_client->done());
        QCOMPARE(m_client->status(), 200);
        QVERIFY2(!m_client->raw().toLower().contains("access-control"), m_client->raw().constData());
    }
}

void TstAccess::openRoutesTakeNoBody()
{
    QVERIFY(beginWith([](Config &config) {
        config.apiKeys = {"secret-key-1"};
        config.corsOrigins = {"https://chat.example"};
    }));
    for (const QByteArray &fields : {QByteArray("Content-Length: 100000\r\n"), QByteArray("Transfer-Encoding: chunked\r\n")}) {
        for (const char *method : {"GET", "POST"}) {
            m_client = m_rig->client();
            m_client->get("/health", fields, method);
            PDLB_WAIT(m_client->done());
            QCOMPARE(m_client->status(), 413);
        }
        m_client = m_rig->client();
        m_client->get("/generate", fields + "Origin: https://chat.example\r\n", "OPTIONS");
        PDLB_WAIT(m_client->done());
        QCOMPARE(m_client->status(), 413);
    }
    m_client = m_rig->client();
    m_client->get("/health", "Content-Length: 0\r\n");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 200);
}

void TstAccess::refusedHead()
{
    QVERIFY(beginWith([](Config &config) { config.apiKeys = {"secret-key-1"}; }));
    m_client->get("/v1/models", {}, "HEAD");
    PDLB_WAIT(m_client->closed());
    QCOMPARE(m_client->status(), 401);
    QVERIFY2(m_client->raw().endsWith("\r\n\r\n"), m_client->raw().constData());
}

void TstAccess::pageMayReadRefusals()
{
    QVERIFY(beginWith([](Config &config) {
        config.corsOrigins = {"https://chat.example"};
        config.apiKeys = {"secret-key-1"};
    }));
    m_client->get("/v1/models", "Origin: https://chat.example\r\n");
    PDLB_WAIT(m_client->done());
    QCOMPARE(m_client->status(), 401);
    QCOMPARE(m_client->header("access-control-allow-origin"), "https://chat.example");
}

QTEST_GUILESS_MAIN(TstAccess)
#include "tst_access.moc"
