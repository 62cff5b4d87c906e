// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_http_server.h"
#include "tst_mock_client.h"

#include <QSignalSpy>
#include <QTest>

using namespace pdlb;
using namespace pdlb::mock;
using namespace std::chrono_literals;

/// The little server under the mock engines.
class TestMockHttp : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        m_server = std::make_unique<MockHttpServer>();
        m_server->setHandler([](MockExchange &x) { x.respond(200, "text/plain", x.head().method + ' ' + x.body()); });
        QVERIFY(m_server->listen(QHostAddress(QHostAddress::LocalHost), 0));
        m_client = std::make_unique<RawClient>(m_server->port());
        QVERIFY(m_client->connected);
    }

    void cleanup()
    {
        m_client.reset();
        QTRY_COMPARE(m_server->openConnections(), 0);
        m_server.reset();
    }

    void keepAlive()
    {
        for (int i = 0; i < 3; ++i) {
            m_client->post("/a?x=1", QByteArray("body"));
            QTRY_VERIFY(m_client->complete);
            QCOMPARE(m_client->status(), 200);
            QCOMPARE(m_client->body, QByteArray("POST body"));
        }
        QCOMPARE(m_server->connectionCount(), 1);
        QCOMPARE(m_server->requestCount(), 3);
        QCOMPARE(m_server->requestCount("/a"), 3);
        QCOMPARE(m_server->openConnections(), 1);
    }

    void pipelined()
    {
        m_client->send("GET /1 HTTP/1.1\r\nHost: m\r\n\r\nGET /2 HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n");
        QTRY_VERIFY(m_client->closed);
        QCOMPARE(m_client->raw.count("HTTP/1.1 200 OK"), 2);
        QVERIFY(!m_client->wasReset);
    }

    void pipelinedBehindALateAnswer()
    {
        QPointer<MockExchange> held;
        m_server->setHandler([&](MockExchange &x) {
            if (x.head().path() == "/late")
                held = &x;
            else
                x.respond(200, "text/plain", "second");
        });
        m_client->send("GET /late HTTP/1.1\r\nHost: m\r\n\r\nGET /2 HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n");
        QTRY_VERIFY(held);
        QCOMPARE(m_server->requestCount(), 1);
        held->respond(200, "text/plain", "first");
        QTRY_VERIFY(m_client->closed);
        QVERIFY(m_client->raw.indexOf("first") < m_client->raw.indexOf("second"));
        QVERIFY(m_client->raw.contains("second"));
    }

    void headHasNoBody()
    {
        m_client->reader->setHeadRequest(true);
        m_client->send("HEAD / HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n");
        QTRY_VERIFY(m_client->closed);
        QVERIFY(m_client->raw.endsWith("\r\n\r\n"));
    }

    void http10IsCloseDelimited()
    {
        m_server->setHandler([](MockExchange &x) {
            x.beginChunked(200, {});
            x.writeChunk("one");
            x.writeChunk("two");
            x.endChunked();
        });
        m_client->send("GET / HTTP/1.0\r\n\r\n");
        QTRY_VERIFY(m_client->closed);
        QVERIFY(!m_client->raw.contains("chunked"));
        QCOMPARE(m_client->body, QByteArray("onetwo"));
    }

    void chunks()
    {
        m_server->setHandler([](MockExchange &x) {
            x.beginChunked(200, {});
            x.writeChunk("one");
            x.writeChunk({});
            x.writeChunk("two");
            x.endChunked();
        });
        m_client->get("/");
        QTRY_VERIFY(m_client->complete);
        QVERIFY(m_client->raw.endsWith("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"));
    }

    void badRequest()
    {
        m_client->send("GET / HTTP/1.1\r\nno colon\r\n\r\n");
        QTRY_VERIFY(m_client->closed);
        QCOMPARE(m_client->status(), 400);
        QVERIFY(!m_client->wasReset);
    }

    void expectContinue()
    {
        m_client->send("POST / HTTP/1.1\r\nHost: m\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
        QTRY_VERIFY(m_client->raw.startsWith("HTTP/1.1 100"));
        m_client->send("ok");
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->body, QByteArray("POST ok"));
    }

    void clientGone()
    {
        QPointer<MockExchange> held;
        int gone = 0;
        m_server->setHandler([&](MockExchange &x) {
            held = &x;
            QObject::connect(&x, &MockExchange::clientGone, this, [&] { ++gone; });
        });
        m_client->get("/");
        QTRY_VERIFY(held);
        m_client->disconnect();
        QTRY_COMPARE(gone, 1);
        QTRY_VERIFY(!held);
    }

    void staleKeepAlive()
    {
        m_server->setKeepAlive(20ms);
        m_client->get("/");
        QTRY_VERIFY(m_client->complete);
        QTRY_VERIFY(m_client->closed);
        QVERIFY(!m_client->wasReset);
    }

    void earlyAnswerReachesASendingClient()
    {
        m_server->setHeadHandler([](MockExchange &x) { x.respond(413, "text/plain", "too large"); });
        m_client->send("POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 100000000\r\n\r\n");
        const QByteArray part(64 * 1024, 'x');
        for (int i = 0; i < 100; ++i) {
            m_client->send(part);
            QTest::qWait(0);
        }
        QTRY_VERIFY(m_client->complete);
        QCOMPARE(m_client->status(), 413);
        QCOMPARE(m_server->requestCount(), 1);
    }

    void stopReading()
    {
        m_server->setHeadHandler([](MockExchange &x) { x.stopReading(); });
        m_client->send("POST / HTTP/1.1\r\nHost: m\r\nContent-Length: 1000000000\r\n\r\n");
        const QByteArray part(1024 * 1024, 'x');
        // The kernel's buffers and 1 MiB of ours fill up, then nothing moves.
        int refused = 0;
        qint64 sent = 0;
        while (refused < 20 && sent < 500'000'000) {
            const qint64 n = m_client->send(part);
            refused = n < 0 ? refused + 1 : 0;
            sent += qMax(n, qint64(0));
            QTest::qWait(1);
        }
        QCOMPARE(refused, 20);
        m_server->dropConnections(); // a socket nobody reads does not notice that the client leaves
    }

    void ports()
    {
        MockHttpServer second;
        const auto taken = second.listen(QHostAddress(QHostAddress::LocalHost), m_server->port());
        QVERIFY(!taken);
        QVERIFY(taken.error().message.contains(QStringLiteral("127.0.0.1:%1").arg(m_server->port())));
        m_server->stopListening();
        QVERIFY(second.listen(QHostAddress(QHostAddress::LocalHost), m_server->port()));
        m_server->dropConnections();
        QTRY_VERIFY(m_client->closed);
        QVERIFY(m_client->wasReset);
    }

private:
    std::unique_ptr<MockHttpServer> m_server;
    std::unique_ptr<RawClient> m_client;
};

QTEST_GUILESS_MAIN(TestMockHttp)
#include "tst_mock_http.moc"
