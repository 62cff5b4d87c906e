// SPDX-License-Identifier: Apache-2.0
#include "http/header_list.h"
#include "http/sse.h"
#include "pd/byte_runs.h"

#include <QRandomGenerator>
#include <QTest>

#include <algorithm>
#include <cstring>
#include <tuple>

using namespace pdlb;
using namespace pdlb::pd;

/// What looks at many bytes at once finds the same as what looks at each: for all lengths around a step, all places in it,
/// and neighbours that only look alike.
class TestByteRuns : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void plain() { compare([](const char *p, const char *end) { return json::skipPlain(p, end); },
                           [](const char *p, const char *) { return *p == '"' || *p == '\\' || uchar(*p) < 0x20 || uchar(*p) >= 0x80; }); }
    void structure() { compare([](const char *p, const char *end) { return json::skipToStructure(p, end); },
                               [](const char *p, const char *) { return std::strchr("\"[]{}", *p) && *p; }); }
    void digits() { compare([](const char *p, const char *end) { return json::skipDigits(p, end); },
                            [](const char *p, const char *) { return *p < '0' || *p > '9'; }, "0123456789/:-"); }
    void pair() { compare([](const char *p, const char *end) { return json::findPair(p, end, 'o', 'r'); },
                          [](const char *p, const char *end) { return *p == 'o' && end - p > 1 && p[1] == 'r'; }, "or\x6e\x70qs"); }
    void lineEnd() { compare([](const char *p, const char *end) { return http::lineEnd(p, end); },
                             [](const char *p, const char *) { return *p == '\n' || *p == '\r'; }, "a\n\r\x0b\x0e\x09"); }
    void fieldValue();
    void events();

private:
    template <typename Quick, typename Stops>
    static void compare(Quick quick, Stops stops, QByteArrayView alphabet = "ab\"\\[]{}\x1f\x20\x21\x23\x5a\x5c\x5e\x7f\x80\xff\x00z");
    static QByteArray randomText(QRandomGenerator &random, qsizetype size, QByteArrayView alphabet);
};

QByteArray TestByteRuns::randomText(QRandomGenerator &random, qsizetype size, QByteArrayView alphabet)
{
    // Mostly the first one, so that runs get long.
    QByteArray text(size, alphabet[0]);
    for (char &c : text) {
        if (random.bounded(12) == 0)
            c = alphabet[random.bounded(int(alphabet.size()))];
    }
    return text;
}

template <typename Quick, typename Stops> void TestByteRuns::compare(Quick quick, Stops stops, QByteArrayView alphabet)
{
    QRandomGenerator random(7);
    for (int i = 0; i < 20000; ++i) {
        const QByteArray text = randomText(random, random.bounded(70), alphabet);
        const char *begin = text.constData() + std::min<qsizetype>(random.bounded(9), text.size());
        const char *end = text.constData() + text.size();
        const char *expected = begin;
        while (expected != end && !stops(expected, end))
            ++expected;
        const char *found = quick(begin, end);
        if (found != expected)
            QFAIL(qPrintable(QStringLiteral("at %1, not %2, of \"%3\"").arg(found - begin).arg(expected - begin)
                                 .arg(QString::fromLatin1(QByteArray(begin, end - begin).toPercentEncoding()))));
    }
}

void TestByteRuns::fieldValue()
{
    QRandomGenerator random(11);
    for (int i = 0; i < 20000; ++i) {
        const QByteArray text = randomText(random, random.bounded(40), QByteArrayView("a\t\x1f\x20\x7e\x7f\x80\xff\x00\n", 10));
        const bool good = std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || (uchar(c) >= 0x20 && c != 0x7f); });
        QCOMPARE(http::isFieldValue(text), good);
    }
    for (const char *name : {"Content-Type", "content-type", "CONTENT-TYPE", "X-Other", "Host", "Hos", ""})
        QCOMPARE(http::fieldName(name), QByteArray(name));
}

void TestByteRuns::events()
{
    // Whole events at once, and the same bytes one by one.
    QRandomGenerator random(13);
    const QByteArrayList parts{"data: {}\n\n", "data:x\n\n", "data: [DONE]\n\n", "data: [DONE] \n\n", ": c\n\n", "data: a\ndata: b\n\n",
                               "\n", "\r\n", "data: a\r\n\r\n", "data: a\r\r", "id: 1\ndata: 2\n\n", "data: no end", "data\n\n", "\n\n",
                               "data: a\n\r\n", "data: x\rdata: [DONE]\n\n"};
    for (int i = 0; i < 5000; ++i) {
        http::SseScanner whole, single;
        QByteArray all;
        for (int n = random.bounded(8); n >= 0; --n) {
            const QByteArray &part = parts[random.bounded(int(parts.size()))];
            all += part;
            whole.feed(part);
            for (const char c : part)
                single.feed(QByteArrayView(&c, 1));
            const auto state = [](const http::SseScanner &s) { return std::tuple(s.events(), s.done(), s.atEventBoundary()); };
            if (state(whole) != state(single))
                QFAIL(all.toPercentEncoding(" :[]{}").constData());
        }
    }
}

QTEST_APPLESS_MAIN(TestByteRuns)
#include "tst_byte_runs.moc"
