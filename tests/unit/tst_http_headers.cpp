// SPDX-License-Identifier: Apache-2.0
#include "http/header_list.h"
#include "http/message_reader.h"
#include "http/message_writer.h"

#include <QTest>

using namespace pdlb::http;

class TestHttpHeaders : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void hopByHopFieldsStay();
    void connectionCannotRemoveAuthorization();
    void duplicatesKeepOrder();
    void illegalFieldsAreNotWritten();
    void writtenHeadReadsBack();
    void chunks();
};

void TestHttpHeaders::hopByHopFieldsStay()
{
    HeaderList list;
    list.add("Connection", "keep-alive, X-Secret");
    for (const char *name : {"X-Secret", "Keep-Alive", "TE", "Trailer", "Upgrade", "Proxy-Connection", "Expect",
                             "Transfer-Encoding", "Content-Length", "proxy-authorization"})
        list.add(name, "v");
    list.add("X-Kept", "1");
    const HeaderList kept = endToEndHeaders(list);
    QCOMPARE(kept.size(), 1);
    QCOMPARE(kept.value("x-kept").toByteArray(), QByteArray("1"));
}

void TestHttpHeaders::connectionCannotRemoveAuthorization()
{
    HeaderList list;
    list.add("Connection", "Authorization, content-type");
    list.add("Authorization", "Bearer k");
    list.add("Content-Type", "application/json");
    QCOMPARE(endToEndHeaders(list).size(), 2);
}

void TestHttpHeaders::duplicatesKeepOrder()
{
    HeaderList list;
    list.add("Set-Cookie", "a");
    list.add("set-cookie", "b");
    QCOMPARE(list.values("SET-COOKIE"), (QList<QByteArray>{"a", "b"}));
    list.set("Set-Cookie", "c");
    QCOMPARE(list.values("set-cookie"), QList<QByteArray>{"c"});
}

void TestHttpHeaders::illegalFieldsAreNotWritten()
{
    HeaderList list;
    list.add("A", "b\r\nInjected: 1");
    list.add("B C", "d");
    list.add("E", "f");
    QCOMPARE(writeRequestHead("GET", "/", list), QByteArray("GET / HTTP/1.1\r\nE: f\r\n\r\n"));
    QCOMPARE(writeResponseHead(200, "O\nK", {}), QByteArray("HTTP/1.1 200 OK\r\n\r\n"));
}

void TestHttpHeaders::writtenHeadReadsBack()
{
    HeaderList list;
    list.add("Content-Length", "0");
    list.add("X", "\xe9 y");
    const QByteArray bytes = writeResponseHead(503, "Busy", list);
    ResponseReader reader;
    QByteArrayView input = bytes;
    QCOMPARE(reader.next(input), ReadEvent::Head);
    QCOMPARE(reader.head().status, 503);
    QCOMPARE(reader.head().reason, QByteArray("Busy"));
    QCOMPARE(reader.head().headers.value("x").toByteArray(), QByteArray("\xe9 y"));
}

void TestHttpHeaders::chunks()
{
    QByteArray out;
    appendChunk(out, "");
    appendChunk(out, QByteArray(26, 'x'));
    out += lastChunk;
    QCOMPARE(out, "1a\r\n" + QByteArray(26, 'x') + "\r\n0\r\n\r\n");
}

QTEST_APPLESS_MAIN(TestHttpHeaders)
#include "tst_http_headers.moc"
