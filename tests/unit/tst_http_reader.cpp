// SPDX-License-Identifier: Apache-2.0
#include "http/message_reader.h"
#include "tables/client_rows.h"
#include "tables/engine_rows.h"
#include "tables/split_positions.h"

#include <QTest>

using namespace pdlb;
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

/// Whole, byte by byte, and in two pieces: the verdict is always the same.
template <typename Reader> Verdict readAllWays(const QByteArray &bytes, bool closed = false)
{
    const Verdict whole = read<Reader>({bytes}, closed);
    if (read<Reader>(bytewise(bytes), closed) != whole)
        QTest::qFail("another verdict for single bytes", __FILE__, __LINE__);
    for (const qsizetype at : tables::splitPositions(bytes.size(), 1000)) {
        if (read<Reader>(splitAt(bytes, at), closed) != whole)
            QTest::qFail(("another verdict for a split at " + QByteArray::number(at)).constData(), __FILE__, __LINE__);
    }
    return whole;
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
    void tableIsWhole();
    void clientTable_data();
    void clientTable();
    void engineTable_data();
    void engineTable();
    void requests_data();
    void requests();
    void persistence_data();
    void persistence();
    void limitsHoldWithoutLineEnd();
    void refusesGarbageBeforeALineEnd();
    void largeBodyIsNotHeld();
    void headResponseHasNoBody();
    void absoluteFormBecomesOriginForm();
};

void TestHttpReader::tableIsWhole()
{
    QSet<QByteArray> ids;
    for (const tables::ClientRow &row : tables::clientRows())
        ids.insert(row.id);
    for (int i = 1; i <= 112; ++i)
        QVERIFY2(ids.remove("C" + QByteArray::number(i)), QByteArray::number(i).constData());
    for (const tables::EngineRow &row : tables::engineRows())
        ids.insert(row.id);
    for (int i = 1; i <= 46; ++i)
        QVERIFY2(ids.remove("U" + QByteArray::number(i)), QByteArray::number(i).constData());
    QVERIFY(ids.isEmpty());
}

void TestHttpReader::clientTable_data()
{
    QTest::addColumn<int>("index");
    int index = 0;
    for (const tables::ClientRow &row : tables::clientRows())
        QTest::addRow("%s %s", row.id, row.name) << index++;
}

void TestHttpReader::clientTable()
{
    QFETCH(int, index);
    const tables::ClientRow &row = tables::clientRows()[size_t(index)];
    const Verdict whole = readAllWays<RequestReader>(row.bytes);
    if (whole.status != 0) {
        // Of two pipelined requests none is refused: there is no row with a good request in front of a bad one.
        QVERIFY2(row.answers.value(0).contains(whole.status), QByteArray::number(whole.status).constData());
        QVERIFY2(whole.messages.isEmpty(), "a part of a refused message was taken for a message");
    } else {
        QVERIFY2(!row.isMalformed(), "taken for a good request");
        QList<QByteArray> wanted;
        for (const tables::SeenRequest &request : row.requests)
            wanted.append(request.method + ' ' + request.target + ' ' + request.body);
        QCOMPARE(whole.messages, wanted);
    }
}

void TestHttpReader::engineTable_data()
{
    QTest::addColumn<int>("index");
    int index = 0;
    for (const tables::EngineRow &row : tables::engineRows())
        QTest::addRow("%s %s", row.id, row.name) << index++;
}

void TestHttpReader::engineTable()
{
    QFETCH(int, index);
    const tables::EngineRow &row = tables::engineRows()[size_t(index)];
    const Verdict whole = readAllWays<ResponseReader>(row.bytes, row.ending == tables::Ending::Fin);
    const QList<QByteArray> answer{QByteArray::number(row.status) + ' ' + row.body};
    if (row.wanted == tables::Wanted::Answer) {
        // What follows an answer that may not be reused is not looked at.
        QCOMPARE(whole.messages.value(0), answer.first());
        QVERIFY(whole.status == 0 || !row.reusable);
    } else if (row.wanted == tables::Wanted::AnswerOrRefusal && whole.status == 0) {
        QCOMPARE(whole.messages, answer);
    } else {
        QVERIFY(whole.messages.isEmpty());
        QVERIFY(row.wanted == tables::Wanted::Abort || whole.status != 0 || row.bytes.isEmpty());
    }
}

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
    // Where the limits are, and which of two allowed answers is this reader's.
    refuse("coding gzip", post("Transfer-Encoding: gzip\r\n"), 501);
    refuse("coding xchunked", post("Transfer-Encoding: xchunked\r\n"));
    refuse("17 chunk digits", chunked("00000000000000003\r\nabc\r\n0\r\n\r\n"));
    accept("16 chunk digits", chunked("0000000000000003\r\nabc\r\n0\r\n\r\n"), "abc");
    refuse("HTTP/1.2", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505);
    refuse("empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n");
    refuse("101 fields", post(QByteArray("A: b\r\n").repeated(100)), 431);
    accept("100 fields", post(QByteArray("A: b\r\n").repeated(99)), "");
    refuse("block of 40 KB", post(QByteArray("A: " + QByteArray(10000, 'b') + "\r\n").repeated(4)), 431);
    refuse("block of 40 KB without CR", post(QByteArray("A: " + QByteArray(10000, 'b') + "\r\n").repeated(3)
                                             + "A: " + QByteArray(10000, 'b') + '\n'), 431);
    refuse("garbage of 9 KB", QByteArray(9000, '(') + "\r\n");
    accept("length 0", post("Content-Length: 0\r\n"), "");
}

void TestHttpReader::requests()
{
    QFETCH(QByteArray, bytes);
    QFETCH(int, status);
    QFETCH(QByteArray, message);
    const Verdict whole = readAllWays<RequestReader>(bytes);
    QCOMPARE(whole.status, status);
    QCOMPARE(whole.messages.join('|'), message);
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
