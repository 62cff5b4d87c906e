// SPDX-License-Identifier: Apache-2.0
#include "http/sse.h"

#include <QTest>

using namespace pdlb::http;

class TestSse : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void streams_data();
    void streams();
    void boundary();
    void dataLines();
    void overflow();
};

void TestSse::streams_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("events");
    QTest::addColumn<bool>("done");
    QTest::newRow("one") << QByteArray("data: {}\n\n") << 1 << false;
    QTest::newRow("done") << QByteArray("data: {}\n\ndata: [DONE]\n\n") << 2 << true;
    QTest::newRow("done without space") << QByteArray("data:[DONE]\n\n") << 1 << true;
    QTest::newRow("done in CRLF") << QByteArray("data: a\r\n\r\ndata: [DONE]\r\n\r\n") << 2 << true;
    QTest::newRow("done in CR") << QByteArray("data: a\r\rdata: [DONE]\r\rdata: b\n\n") << 3 << true;
    QTest::newRow("marker inside JSON") << QByteArray("data: {\"text\":\"data: [DONE]\"}\n\n") << 1 << false;
    QTest::newRow("marker with a tail") << QByteArray("data: [DONE] \n\n") << 1 << false;
    QTest::newRow("marker in another field") << QByteArray("event: [DONE]\n\n") << 0 << false;
    QTest::newRow("comments") << QByteArray(": ping\n\ndata: a\n\n") << 1 << false;
    QTest::newRow("two data lines") << QByteArray("data: a\ndata: b\n\n") << 1 << false;
    QTest::newRow("multi-byte text") << QByteArray("data: \xf0\x9f\x98\x80\n\ndata: [DONE]\n\n") << 2 << true;
}

void TestSse::streams()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, events);
    QFETCH(bool, done);
    for (qsizetype at = 0; at <= bytes.size(); ++at) {
        SseScanner scanner;
        scanner.feed(bytes.first(at));
        scanner.feed(bytes.sliced(at));
        QCOMPARE(scanner.events(), events);
        QCOMPARE(scanner.done(), done);

        SseSplitter splitter;
        QByteArray joined, event;
        bool sawDone = false;
        for (const QByteArray &piece : {bytes.first(at), bytes.sliced(at)}) {
            splitter.feed(piece);
            while (splitter.next(event)) {
                joined += event;
                sawDone = sawDone || SseSplitter::isDone(event);
            }
        }
        QCOMPARE(joined + splitter.takeRest(), bytes);
        QCOMPARE(sawDone, done);
    }
}

void TestSse::boundary()
{
    SseScanner scanner;
    QVERIFY(scanner.atEventBoundary());
    scanner.feed("data: a");
    QVERIFY(!scanner.atEventBoundary());
    scanner.feed("\n");
    QVERIFY(!scanner.atEventBoundary());
    scanner.feed("\n");
    QVERIFY(scanner.atEventBoundary());
    scanner.feed("event: x\n");
    QVERIFY(!scanner.atEventBoundary()); // what is added here would be an x
    scanner.feed("\r");
    QVERIFY(scanner.atEventBoundary());
    scanner.feed("\n");
    QVERIFY(scanner.atEventBoundary());
}

void TestSse::dataLines()
{
    QCOMPARE(SseSplitter::data("event: x\ndata: a\ndata:b\n\n"), QByteArray("a\nb"));
    QVERIFY(SseSplitter::isDone("data: [DONE]\r\n\r\n"));
    QVERIFY(!SseSplitter::isDone("data: [DONE]x\n\n"));
    QVERIFY(!SseSplitter::isDone("data: [DONE]\ndata:\n\n"));
    QVERIFY(SseSplitter::isDone(": " + QByteArray(1000, 'x') + "\ndata:[DONE]")); // other lines may be long
}

void TestSse::overflow()
{
    SseSplitter splitter(100);
    QByteArray event;
    splitter.feed(QByteArray(101, 'x'));
    QVERIFY(!splitter.next(event));
    QVERIFY(splitter.overflowed());
    SseSplitter whole(100);
    whole.feed(QByteArray(99, 'x') + "\n\n");
    QVERIFY(whole.next(event));
    QVERIFY(whole.overflowed());
}

QTEST_APPLESS_MAIN(TestSse)
#include "tst_sse.moc"
