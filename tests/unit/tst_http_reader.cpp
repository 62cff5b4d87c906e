// SPDX-License-Identifier: Apache-2.0
#include "http/message_reader.h"

#include <QTest>

using namespace pdlb::http;

namespace {

/// What a reader made of some bytes, in a form that can be compared.
struct Verdict {
    int status = 0; ///< 0: no error
    QList<QByteArray> messages; ///< "METHOD target body" or "status body" of each complete message
    bool operator==(const Verdict &) const = default;
};

QByteArray describe(const RequestReader &reader)
{
    return reader.head().method + ' ' + reader.head().target;
}

QByteArray describe(const ResponseReader &reader)
{
    return QByteArray::number(reader.head().status);
}

/// Feeds the bytes in the given pieces and collects complete messages until an error.
template <typename Reader> Verdict read(const QList<QByteArray> &pieces, bool closed = false)
{
    Reader reader;
    Verdict verdict;
    QByteArray body;
    for (const QByteArray &piece : pieces) {
        QByteArrayView input = piece;
        for (auto event = reader.next(input); event != ReadEvent::NeedMore; event = reader.next(input)) {
            if (event == ReadEvent::Body)
                body += reader.body();
            if (event == ReadEvent::Error) {
                verdict.status = reader.error().status;
                return verdict;
            }
            if (event == ReadEvent::End) {
                verdict.messages += describe(reader) + ' ' + body;
                body.clear();
                reader.reset();
            }
        }
    }
    if constexpr (std::is_same_v<Reader, ResponseReader>) {
        if (closed && reader.endsAtClose())
            verdict.messages += describe(reader) + ' ' + body;
    }
    return verdict;
}

QList<QByteArray> splitAt(const QByteArray &bytes, qsizetype at)
{
    return {bytes.first(at), bytes.sliced(at)};
}

QList<QByteArray> bytewise(const QByteArray &bytes)
{
    QList<QByteArray> pieces;
    for (const char c : bytes)
        pieces += QByteArray(1, c);
    return pieces;
}

QByteArray post(const QByteArray &fields, const QByteArray &body = {})
{
    return "POST /generate HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" + body;
}

QByteArray chunked(const QByteArray &body)
{
    return post("Transfer-Encoding: chunked\r\n", body);
}

} // namespace

class TestHttpReader : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void requests_data();
    void requests();
    void responses_data();
    void responses();
    void persistence_data();
    void persistence();
    void limitsHoldWithoutLineEnd();
    void refusesGarbageBeforeALineEnd();
    void largeBodyIsNotHeld();
    void headResponseHasNoBody();
    void absoluteFormBecomesOriginForm();
};

void TestHttpReader::requests_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("message");
    const auto refuse = [](const char *name, const QByteArray &bytes, int status = 400) {
        QTest::newRow(name) << bytes << status << QByteArray();
    };
    const auto accept = [](const char *name, const QByteArray &bytes, const QByteArray &body) {
        QTest::newRow(name) << bytes << 0 << QByteArray("POST /generate " + body);
    };
    refuse("length and coding", post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"));
    refuse("coding and length", post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"));
    refuse("two lengths differing", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"));
    refuse("two lengths identical", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"));
    for (const char *length : {"3, 3", "-1", "+3", "0x3", "1_0", "3Z", "", "18446744073709551615", "9223372036854775808"})
        refuse(length, post("Content-Length: " + QByteArray(length) + "\r\n", "abc"));
    accept("length with a leading zero", post("Content-Length: 010\r\n", "0123456789"), "0123456789");
    refuse("space before the colon", post("Content-Length : 3\r\n", "abc"));
    refuse("no colon", post("Content-Length\r\n", "abc"));
    refuse("coding xchunked", post("Transfer-Encoding: xchunked\r\n"));
    refuse("coding gzip", post("Transfer-Encoding: gzip\r\n"), 501);
    refuse("coding chunked, identity", post("Transfer-Encoding: chunked, identity\r\n"));
    refuse("coding twice", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"));
    refuse("coding folded", post("Transfer-Encoding:\r\n chunked\r\n"));
    refuse("coding with a vertical tab", post("Transfer-Encoding: \x0b" "chunked\r\n"));
    refuse("coding in HTTP/1.0", "POST /generate HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    accept("chunks", chunked("3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"), "abcdef");
    for (const char *size : {"zz", "", "0x3", "+3", "-3", "3_", " 3", "00000000000000003", "fffffffffffffffff"})
        refuse(size, chunked(QByteArray(size) + "\r\nabc\r\n0\r\n\r\n"));
    accept("chunk extension", chunked("3;a=b\r\nabc\r\n0\r\n\r\n"), "abc");
    refuse("chunk extension with CR", chunked("3;a\rb\r\nabc\r\n0\r\n\r\n"));
    refuse("chunk extension of 64 KB", chunked("3;" + QByteArray(65536, 'x') + "\r\nabc\r\n0\r\n\r\n"));
    refuse("chunk data without CR LF", chunked("3\r\nabcd\r\n0\r\n\r\n"));
    refuse("chunk with bare LF", chunked("3\nabc\n0\n\n"));
    accept("trailer dropped", chunked("3\r\nabc\r\n0\r\nX: GET /admin HTTP/1.1\r\n\r\n"), "abc");
    accept("trailer without colon", chunked("3\r\nabc\r\n0\r\nXX\r\n\r\n"), "abc");
    refuse("folded field", post("A: b\r\n c\r\n"));
    refuse("space before the first field", "POST / HTTP/1.1\r\n Host: x\r\n\r\n");
    refuse("bare LF lines", "POST / HTTP/1.1\nHost: x\n\n");
    refuse("CR in a value", post("A: b\rc\r\n"));
    refuse("NUL in a value", post(QByteArray("A: b\0c\r\n", 8)));
    refuse("NUL in a name", post(QByteArray("A\0: b\r\n", 7)));
    refuse("control in a value", post("A: \x01\r\n"));
    accept("obs-text in a value", post("A: \xe9\r\n"), "");
    refuse("non-ASCII name", post("\xc3\xa9: b\r\n"));
    refuse("empty name", post(": b\r\n"));
    refuse("name with parenthesis", post("a(b: c\r\n"));
    accept("name with underscore", post("a_b: c\r\n"), "");
    refuse("no Host", "POST / HTTP/1.1\r\n\r\n");
    refuse("two Hosts", "POST / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
    refuse("Host with user info", "POST / HTTP/1.1\r\nHost: a@b/c\r\n\r\n");
    refuse("absolute form of another host", "POST http://y/generate HTTP/1.1\r\nHost: x\r\n\r\n");
    refuse("absolute form of a longer host", "POST http://xy/generate HTTP/1.1\r\nHost: x\r\n\r\n");
    refuse("CONNECT", "CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n", 405);
    refuse("HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505);
    refuse("HTTP/2.0", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505);
    refuse("HTTPx1y1", "GET / HTTPx1y1\r\nHost: x\r\n\r\n");
    refuse("http/1.1", "GET / http/1.1\r\nHost: x\r\n\r\n");
    refuse("HTTP/0.9", "GET /\r\n\r\n");
    refuse("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    refuse("control in the method", "G\x01T / HTTP/1.1\r\nHost: x\r\n\r\n");
    refuse("two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n");
    refuse("tab", "GET\t/ HTTP/1.1\r\nHost: x\r\n\r\n");
    refuse("trailing token", "GET / HTTP/1.1 x\r\nHost: x\r\n\r\n");
    refuse("space in the path", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n");
    refuse("raw UTF-8 path", "GET /\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n");
    refuse("NUL in the path", QByteArray("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n", 28));
    refuse("fragment", "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n");
    refuse("URI of 9 KB", "GET /" + QByteArray(9000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414);
    accept("field of 9 KB", post("A: " + QByteArray(9000, 'b') + "\r\n"), "");
    refuse("field of 70 KB", post("A: " + QByteArray(70000, 'b') + "\r\n"), 431);
    refuse("101 fields", post(QByteArray("A: b\r\n").repeated(100)), 431);
    accept("100 fields", post(QByteArray("A: b\r\n").repeated(99)), "");
    refuse("block of 40 KB", post(QByteArray("A: " + QByteArray(10000, 'b') + "\r\n").repeated(4)), 431);
    refuse("block of 40 KB without CR", post(QByteArray("A: " + QByteArray(10000, 'b') + "\r\n").repeated(3)
                                             + "A: " + QByteArray(10000, 'b') + '\n'), 431);
    refuse("garbage of 9 KB", QByteArray(9000, '(') + "\r\n");
    accept("two leading empty lines", "\r\n\r\n" + post(""), "");
    refuse("1000 leading empty lines", QByteArray("\r\n").repeated(1000) + post(""));
    refuse("another expectation", post("Expect: 200-maybe\r\n"), 417);
    accept("length 0", post("Content-Length: 0\r\n"), "");
    accept("neither length nor coding", post(""), "");
    QTest::newRow("two pipelined") << post("Content-Length: 1\r\n", "a") + post("Content-Length: 1\r\n", "b") << 0
                                   << QByteArray("POST /generate a|POST /generate b");
}

void TestHttpReader::requests()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, status);
    QFETCH(QByteArray, message);
    const Verdict whole = read<RequestReader>({bytes});
    QCOMPARE(whole.status, status);
    if (status == 0)
        QCOMPARE(whole.messages.join('|'), message);
    else
        QVERIFY2(whole.messages.isEmpty(), "a part of a refused message was taken for a message");
    QCOMPARE(read<RequestReader>(bytewise(bytes)), whole);
    const qsizetype step = std::max<qsizetype>(1, bytes.size() / 2000);
    for (qsizetype at = 0; at <= bytes.size(); at += step)
        QVERIFY2(read<RequestReader>(splitAt(bytes, at)) == whole, qPrintable(QString::number(at)));
}

void TestHttpReader::responses_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("good");
    QTest::addColumn<QByteArray>("message");
    const auto refuse = [](const char *name, const QByteArray &bytes) {
        QTest::newRow(name) << bytes << false << QByteArray();
    };
    const auto accept = [](const char *name, const QByteArray &bytes, const QByteArray &message) {
        QTest::newRow(name) << bytes << true << message;
    };
    const QByteArray ok = "HTTP/1.1 200 OK\r\n";
    accept("length", ok + "Content-Length: 2\r\n\r\n{}", "200 {}");
    accept("chunked", ok + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", "200 {}");
    accept("until close", ok + "\r\n{}", "200 {}");
    accept("trailer", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n", "200 abc");
    accept("no reason", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\n{}", "200 {}");
    accept("HTTP/1.0", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", "200 {}");
    accept("100 first", "HTTP/1.1 100 Continue\r\n\r\n" + ok + "Content-Length: 2\r\n\r\n{}", "200 {}");
    accept("103 first", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" + ok + "Content-Length: 2\r\n\r\n{}", "200 {}");
    accept("204", "HTTP/1.1 204 No Content\r\n\r\n", "204 ");
    accept("302", "HTTP/1.1 302 F\r\nLocation: http://evil/\r\nContent-Length: 0\r\n\r\n", "302 ");
    refuse("length and coding", ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n");
    refuse("two lengths", ok + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}");
    refuse("negative length", ok + "Content-Length: -2\r\n\r\n{}");
    refuse("junk length", ok + "Content-Length: 2x\r\n\r\n{}");
    for (const char *size : {"zz", "0x3", "-3", "fffffffffffffffff"})
        refuse(size, ok + "Transfer-Encoding: chunked\r\n\r\n" + size + "\r\nabc\r\n0\r\n\r\n");
    refuse("chunk without CR LF", ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n");
    refuse("coding gzip", ok + "Transfer-Encoding: gzip\r\n\r\nabc");
    refuse("status 99", "HTTP/1.1 099 X\r\n\r\n");
    refuse("status 2000", "HTTP/1.1 2000 X\r\n\r\n");
    refuse("HTTP/2.0", "HTTP/2.0 200 OK\r\n\r\n");
    refuse("garbage", "SSH-2.0-OpenSSH_9\r\n");
    refuse("101", "HTTP/1.1 101 Switching Protocols\r\n\r\n");
    refuse("no colon", ok + "Oops\r\n\r\n");
    refuse("space before the colon", ok + "Content-Length : 2\r\n\r\n{}");
    refuse("folded", ok + "A: b\r\n c\r\n\r\n");
    refuse("NUL in a value", ok + QByteArray("A: b\0c\r\n\r\n", 10));
    refuse("CR in a value", ok + "A: b\rc\r\n\r\n");
    refuse("101 fields", ok + QByteArray("A: b\r\n").repeated(101) + "\r\n");
}

void TestHttpReader::responses()
{
    QFETCH(QByteArray, bytes);
    QFETCH(bool, good);
    QFETCH(QByteArray, message);
    const Verdict whole = read<ResponseReader>({bytes}, true);
    QCOMPARE(whole.status == 0, good);
    QCOMPARE(whole.messages.join('|'), message);
    QCOMPARE(read<ResponseReader>(bytewise(bytes), true), whole);
    for (qsizetype at = 0; at <= bytes.size(); ++at)
        QVERIFY2(read<ResponseReader>(splitAt(bytes, at), true) == whole, qPrintable(QString::number(at)));
}

void TestHttpReader::persistence_data()
{
    QTest::addColumn<QByteArray>("head");
    QTest::addColumn<bool>("keepAlive");
    QTest::newRow("1.1") << QByteArray("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") << true;
    QTest::newRow("1.1 close") << QByteArray("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n") << false;
    QTest::newRow("1.0") << QByteArray("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n") << false;
    QTest::newRow("1.0 keep-alive") << QByteArray("HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n") << true;
    QTest::newRow("until close") << QByteArray("HTTP/1.1 200 OK\r\n\r\n") << false;
    QTest::newRow("204 with a body announced") << QByteArray("HTTP/1.1 204 No\r\nContent-Length: 2\r\n\r\n") << false;
}

void TestHttpReader::persistence()
{
    QFETCH(QByteArray, head);
    QFETCH(bool, keepAlive);
    ResponseReader reader;
    QByteArrayView input = head;
    QCOMPARE(reader.next(input), ReadEvent::Head);
    QCOMPARE(reader.head().keepAlive, keepAlive);
}

void TestHttpReader::limitsHoldWithoutLineEnd()
{
    RequestReader reader;
    const QByteArray piece(1024, 'a');
    int pieces = 0;
    for (; pieces < 100; ++pieces) {
        QByteArrayView input = piece;
        if (reader.next(input) == ReadEvent::Error)
            break;
    }
    QCOMPARE(reader.error().status, 414);
    QVERIFY(pieces <= 8);
}

void TestHttpReader::refusesGarbageBeforeALineEnd()
{
    for (const QByteArray &bytes : {QByteArray("\x16\x03\x01"), QByteArray(" ")}) {
        RequestReader reader;
        QByteArrayView input = bytes;
        QCOMPARE(reader.next(input), ReadEvent::Error);
    }
    ResponseReader reader;
    QByteArrayView input = "SSH-2.0";
    QCOMPARE(reader.next(input), ReadEvent::Error);
}

void TestHttpReader::largeBodyIsNotHeld()
{
    RequestReader reader;
    const QByteArray head = post("Content-Length: 1000000\r\n");
    QByteArrayView input = head;
    QCOMPARE(reader.next(input), ReadEvent::Head);
    const QByteArray body(1'000'000, 'x');
    input = body;
    QCOMPARE(reader.next(input), ReadEvent::Body);
    QVERIFY(reader.body().data() == body.constData());
    QCOMPARE(reader.next(input), ReadEvent::End);
}

void TestHttpReader::headResponseHasNoBody()
{
    ResponseReader reader;
    reader.setHeadRequest(true);
    QByteArrayView input = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    QCOMPARE(reader.next(input), ReadEvent::Head);
    QCOMPARE(reader.next(input), ReadEvent::End);
    QVERIFY(reader.head().keepAlive);
}

void TestHttpReader::absoluteFormBecomesOriginForm()
{
    RequestReader reader;
    QByteArrayView input = "GET http://Host:80/a?b HTTP/1.1\r\nHost: host:80\r\n\r\n";
    QCOMPARE(reader.next(input), ReadEvent::Head);
    QCOMPARE(reader.head().target, QByteArray("/a?b"));
    QCOMPARE(reader.head().path(), QByteArray("/a"));
    QCOMPARE(reader.head().query(), QByteArray("b"));
}

QTEST_APPLESS_MAIN(TestHttpReader)
#include "tst_http_reader.moc"
