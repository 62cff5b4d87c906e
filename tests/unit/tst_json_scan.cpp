// SPDX-License-Identifier: Apache-2.0
#include "pd/json_edit.h"

#include <QElapsedTimer>
#include <QRandomGenerator>
#include <QRegularExpression>
#include <QTest>

using namespace pdlb::pd;
using json::NonFinite;
using json::Type;
using json::Value;

namespace {

Value valueOf(const QByteArray &text)
{
    const auto document = json::scan(text);
    return document ? Value(document->value.in(text)) : Value();
}

bool isValid(const QByteArray &text)
{
    return bool(json::scan(text));
}

} // namespace

class TestJsonScan : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void accepts_data();
    void accepts();
    void refuses_data();
    void refuses();
    void refusesEveryTruncation();
    void depth();
    void tooManyMembers();
    void agreesWithTheGrammar();
    void everyByteInAString();
    void utf8_data();
    void utf8();
    void nonFinite();
    void members();
    void navigates();
    void decodes_data();
    void decodes();
    void decodesUpToALimit();
    void integers_data();
    void integers();
    void replaces();
    void setsMembers();
    void quotes();
};

void TestJsonScan::accepts_data()
{
    QTest::addColumn<QByteArray>("text");
    const char *texts[] = {"{}",
                           "[]",
                           " \t\r\n{ \n} ",
                           "null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "-0.0",
                           "1e2",
                           "1E+2",
                           "1e-2",
                           "0.5",
                           "123456789012345678901234567890",
                           "1e400",
                           "\"\"",
                           "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
                           "\"\\u00e9\"",
                           "\"\\ud800\"",
                           "[1,2,[3,{\"a\":[]}],\"x\"]",
                           "{\"\":{\"\":\"\"}}",
                           "{\"a\":1,\"a\":2}",
                           "[[],{},[{}]]",
                           "{ \"a\" : [ 1 , 2 ] , \"b\" : null }",
                           "\"12345678\"",
                           "\"1234567\"",
                           "\"\x7f\""};
    for (const char *text : texts)
        QTest::newRow(text) << QByteArray(text);
}

void TestJsonScan::accepts()
{
    QFETCH(QByteArray, text);
    const auto document = json::scan(text);
    QVERIFY2(document, document ? "" : document.error().what);
    QCOMPARE(document->value.in(text).toByteArray(), text.trimmed());
    QCOMPARE(document->type, json::typeAt(text.trimmed().front()));
}

void TestJsonScan::refuses_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<int>("offset");
    const auto row = [](const char *name, const QByteArray &text, int offset) {
        QTest::newRow(name) << text << offset;
    };
    row("empty", "", 0);
    row("white space", " \n", 2);
    row("BOM", "\xef\xbb\xbf{}", 0);
    row("trailing comma in object", "{\"a\":1,}", 7);
    row("trailing comma in array", "[1,]", 3);
    row("leading comma", "[,1]", 1);
    row("two commas", "[1,,2]", 3);
    row("trailing garbage", "{} x", 3);
    row("second value", "{}{}", 2);
    row("closed too often", "{}}", 2);
    row("wrong bracket", "[1}", 2);
    row("wrong brace", "{\"a\":1]", 6);
    row("NaN", "{\"a\":NaN}", 5);
    row("Infinity", "[Infinity]", 1);
    row("-Infinity", "[-Infinity]", 1);
    row("leading zero", "[01]", 1);
    row("negative leading zero", "[-01]", 1);
    row("plus", "[+1]", 1);
    row("lone minus", "[-]", 1);
    row("no fraction", "[1.]", 3);
    row("no integer part", "[.5]", 1);
    row("no exponent", "[1e]", 3);
    row("no exponent after sign", "[1e+]", 4);
    row("hexadecimal", "[0x10]", 2);
    row("single quotes", "{'a':1}", 1);
    row("bare name", "{a:1}", 1);
    row("number as name", "{1:1}", 1);
    row("no colon", "{\"a\" 1}", 5);
    row("no value", "{\"a\":}", 5);
    row("comment", "{/**/}", 1);
    row("no comma", "[1 2]", 3);
    row("truncated word", "[tru]", 1);
    row("word in capitals", "[True]", 1);
    row("raw newline", "[\"a\nb\"]", 3);
    row("raw NUL", QByteArray("[\"a\0b\"]", 7), 3);
    row("raw 0x1f after seven", "[\"1234567\x1f\"]", 9);
    row("bad escape", "[\"\\x\"]", 2);
    row("NUL escape", QByteArray("[\"\\\0\"]", 6), 2);
    row("short unicode escape", "[\"\\u12\"]", 2);
    row("bad unicode escape", "[\"\\u12g4\"]", 2);
    row("unterminated string", "[\"a", 3);
    row("ends in escape", "[\"a\\", 4);
    row("ends in unicode escape", "[\"\\u00", 6);
    row("NUL outside", QByteArray("[1,\0]", 5), 3);
    row("form feed as space", "[\f1]", 1);
    row("no-break space", "[\xc2\xa0 1]", 1);
}

void TestJsonScan::refuses()
{
    QFETCH(QByteArray, text);
    QFETCH(int, offset);
    // An exact heap copy, so that AddressSanitizer sees a read beyond the end.
    const std::vector<char> copy(text.begin(), text.end());
    const auto document = json::scan(QByteArrayView(copy.data(), qsizetype(copy.size())));
    QVERIFY(!document);
    QCOMPARE(document.error().offset, qsizetype(offset));
    QVERIFY(qstrlen(document.error().what) > 10);
}

void TestJsonScan::refusesEveryTruncation()
{
    const QByteArray whole =
        "{\"a\":[1,-2.5e3,true,false,null],\"b\\u00e9\":{\"c\":\"d\\n\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\"}}";
    QVERIFY(json::scan(whole));
    for (qsizetype size = 0; size < whole.size(); ++size) {
        const std::vector<char> part(whole.begin(), whole.begin() + size);
        const auto document = json::scan(QByteArrayView(part.data(), size));
        QVERIFY2(!document, QByteArray::number(size).constData());
        QVERIFY(document.error().offset <= size);
    }
}

void TestJsonScan::depth()
{
    const auto nested = [](int depth) -> QByteArray { return QByteArray(depth, '[') + QByteArray(depth, ']'); };
    QVERIFY(isValid(nested(1024)));
    QVERIFY(!isValid(nested(1025)));
    QByteArray objects;
    for (int i = 0; i < 1024; ++i)
        objects += "{\"a\":";
    QVERIFY(isValid(objects + "1" + QByteArray(1024, '}')));
    QVERIFY(!isValid("[" + objects + "1" + QByteArray(1024, '}') + "]"));
    // Mixed brackets are told apart at every depth, also across the words that remember them.
    QByteArray mixed;
    for (int i = 0; i < 500; ++i)
        mixed += "[{\"a\":";
    QByteArray closing;
    for (int i = 0; i < 500; ++i)
        closing += "}]";
    QVERIFY(isValid(mixed + "1" + closing));
    for (const qsizetype at : {0, 1, 63, 64, 127, 128, 500, 998, 999}) {
        QByteArray wrong = closing;
        wrong[at] = wrong[at] == '}' ? ']' : '}';
        QVERIFY(!isValid(mixed + "1" + wrong));
    }
    QElapsedTimer timer;
    timer.start();
    const auto document = json::scan(QByteArray(100'000, '['));
    QVERIFY(!document);
    QCOMPARE(document.error().offset, 1024);
    QVERIFY(timer.elapsed() < 50);
}

void TestJsonScan::tooManyMembers()
{
    const auto object = [](int members) {
        QByteArray text("{");
        for (int i = 0; i < members; ++i)
            text += "\"a\":1,";
        text.back() = '}';
        return text;
    };
    QCOMPARE(json::scan(object(16384))->members.size(), size_t(16384));
    QVERIFY(!isValid(object(16385)));
    QVERIFY(isValid("[" + object(20000) + "]")); // only the top is remembered
}

/// Mutated texts judged by the grammar of RFC 8259 as a recursive pattern.
void TestJsonScan::agreesWithTheGrammar()
{
    const QRegularExpression grammar(QStringLiteral(R"((?x)
        (?(DEFINE)
            (?<space> [\ \t\r\n]*+ )
            (?<string> "(?: [^"\\\x00-\x1f]++ | \\["\\/bfnrt] | \\u[0-9a-fA-F]{4} )*+" )
            (?<number> -?+(?: 0 | [1-9][0-9]*+ )(?: \.[0-9]++ )?+(?: [eE][+-]?+[0-9]++ )?+ )
            (?<array> \[(?&space)(?: (?&value)(?&space)(?: ,(?&space)(?&value)(?&space) )*+ )?+\] )
            (?<member> (?&string)(?&space):(?&space)(?&value)(?&space) )
            (?<object> \{(?&space)(?: (?&member)(?: ,(?&space)(?&member) )*+ )?+\} )
            (?<value> (?: (?&string) | (?&number) | (?&array) | (?&object) | true | false | null ) )
        )
        \A(?&space)(?&value)(?&space)\z)"));
    QVERIFY2(grammar.isValid(), qPrintable(grammar.errorString()));
    const QByteArray seeds[] = {"{\"a\":[1,-2.5e3,true,false,null],\"b\":{\"c\":\"d\\n\\u00e9\"},\"x\":\"\"}",
                                "[[1,2],[],{\"k\":{}},\"\\\"\\\\\",0.1,-0,12e-1]",
                                "{ \"a\" : \"b\" , \"c\" : [ 1 , 2 ] }"};
    const QByteArray alphabet = "{}[]\",:\\ \n01.-+eEtfnula\"";
    QRandomGenerator random(20261122);
    int accepted = 0;
    for (int round = 0; round < 60'000; ++round) {
        QByteArray text = seeds[random.bounded(3)];
        for (int edits = random.bounded(1, 4); edits > 0; --edits) {
            const auto at = qsizetype(random.bounded(int(text.size())));
            const char c = alphabet[random.bounded(int(alphabet.size()))];
            switch (random.bounded(3)) {
            case 0:
                text[at] = c;
                break;
            case 1:
                text.insert(at, c);
                break;
            default:
                text.remove(at, random.bounded(1, 3));
            }
        }
        const bool ours = isValid(text);
        accepted += ours ? 1 : 0;
        QVERIFY2(ours == grammar.match(QString::fromLatin1(text)).hasMatch(), text.constData());
        if (ours) // navigation must be at home in whatever was accepted
            QVERIFY(!valueOf(text).member("a").bytes().contains('\0'));
    }
    QVERIFY(accepted > 1000);
}

void TestJsonScan::everyByteInAString()
{
    for (int byte = 0; byte < 256; ++byte) {
        for (int before = 0; before < 18; ++before) {
            const QByteArray text = '"' + QByteArray(before, 'a') + char(byte) + QByteArray(9, 'b') + '"';
            const bool good = byte >= 0x20 && byte < 0x80 && byte != '"';
            const bool escape = byte == '\\'; // followed by b
            QCOMPARE(isValid(text), good || escape);
        }
    }
}

void TestJsonScan::utf8_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("good");
    const auto row = [](const char *hex, bool good) { QTest::newRow(hex) << QByteArray::fromHex(hex) << good; };
    for (const char *hex :
         {"c280", "dfbf", "e0a080", "ed9fbf", "ee8080", "efbfbf", "f0908080", "f48fbfbf", "efbbbf", "e4bda0e5a5bd"})
        row(hex, true);
    for (const char *hex : {"80",       "bf",       "c0af", "c1bf",   "c2",     "c241",     "e080af",   "e09fbf",
                            "eda080",   "edbfbf",   "e282", "e28241", "e24180", "f08080af", "f08fbfbf", "f4908080",
                            "f5808080", "f8888080", "fe",   "ff",     "f09f98", "f09f9841", "f0419f98"})
        row(hex, false);
}

void TestJsonScan::utf8()
{
    QFETCH(QByteArray, bytes);
    QFETCH(bool, good);
    for (int before = 0; before < 9; ++before) {
        QCOMPARE(isValid('"' + QByteArray(before, 'a') + bytes + '"'), good);
        QCOMPARE(isValid("{\"" + QByteArray(before, 'a') + bytes + "zzzzzzzzz\":1}"), good);
    }
    QVERIFY(!isValid(bytes)); // never outside a string
}

void TestJsonScan::nonFinite()
{
    const QByteArray text = "[NaN,Infinity,-Infinity,-1]";
    QVERIFY(!isValid(text));
    QVERIFY(json::scan(text, NonFinite::Accept));
    QVERIFY(!json::scan("[NaNs]", NonFinite::Accept));
    QVERIFY(!json::scan("[-NaN]", NonFinite::Accept));
    int count = 0;
    for (json::Elements elements{Value(text)}; elements.next(); ++count)
        QCOMPARE(elements.value().type(), Type::Number);
    QCOMPARE(count, 4);
}

void TestJsonScan::members()
{
    const QByteArray text =
        " { \"a\" : [1, [2,3], {}] , \"b\\u005fc\":{\"x\":1,\"y\":[]},\"d\":[],\"e\":\"s\",\"a\":-1 } ";
    const auto document = json::scan(text);
    QVERIFY(document);
    const auto &members = document->members;
    QCOMPARE(members.size(), size_t(5));
    QCOMPARE(members[0].key.in(text), QByteArrayView("\"a\""));
    QCOMPARE(members[0].value.in(text), QByteArrayView("[1, [2,3], {}]"));
    QCOMPARE(members[0].count, 3);
    QCOMPARE(members[0].name(text), QByteArrayView("a"));
    QCOMPARE(members[1].name(text), QByteArrayView("b_c"));
    QCOMPARE(members[1].type, Type::Object);
    QCOMPARE(members[1].count, 2);
    QCOMPARE(members[2].count, 0);
    QCOMPARE(members[3].type, Type::String);
    QCOMPARE(members[4].value.in(text), QByteArrayView("-1"));
    QVERIFY(json::scan("[{\"a\":1}]")->members.empty());
}

void TestJsonScan::navigates()
{
    const QByteArray text =
        "{\"a\":{\"b\":[10,\"x]\\\"}\",{\"c\":null},[ ]]},\"\\u0061\":{\"z\":1 , \"z\":2},\"e\":[]}";
    const Value root = valueOf(text);
    QVERIFY(root.member("a").member("b").type() == Type::Absent); // the later duplicate hides it
    QCOMPARE(root.member("a").member("z").integer(), 2);
    QVERIFY(!root.member("nothing").exists());
    QVERIFY(!root.member("e").first().exists());
    QVERIFY(!Value().member("a").exists());
    QVERIFY(!root.first().exists());
    const QByteArray listText = "[10,\"x]\\\"}\", {\"c\":null} ,[ ] ]";
    const Value list = valueOf(listText);
    QStringList seen;
    for (json::Elements elements(list); elements.next();)
        seen += QString::fromLatin1(elements.value().bytes());
    QCOMPARE(seen, QStringList({QStringLiteral("10"), QStringLiteral("\"x]\\\"}\""), QStringLiteral("{\"c\":null}"),
                                QStringLiteral("[ ]")}));
    QCOMPARE(list.first().integer(), 10);
    QCOMPARE(root.member("e").spanIn(text).in(text), QByteArrayView("[]"));
    const QByteArray spaced = "[ 1 ]";
    QCOMPARE(valueOf(spaced).inside(), QByteArrayView("1"));
}

void TestJsonScan::decodes_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("plain") << QByteArray("\"abc\"") << QByteArray("abc");
    QTest::newRow("empty") << QByteArray("\"\"") << QByteArray("");
    QTest::newRow("escapes") << QByteArray("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"") << QByteArray("\"\\/\b\f\n\r\t");
    QTest::newRow("unicode") << QByteArray("\"\\u0041\\u00e9\\u20AC\"") << QByteArray("A\xc3\xa9\xe2\x82\xac");
    QTest::newRow("NUL") << QByteArray("\"a\\u0000b\"") << QByteArray("a\0b", 3);
    QTest::newRow("pair") << QByteArray("\"\\ud83d\\ude00!\"") << QByteArray("\xf0\x9f\x98\x80!");
    QTest::newRow("lone high") << QByteArray("\"\\ud83dx\"") << QByteArray("\xef\xbf\xbdx");
    QTest::newRow("lone low") << QByteArray("\"\\ude00\"") << QByteArray("\xef\xbf\xbd");
    QTest::newRow("two highs") << QByteArray("\"\\ud83d\\ud83d\\ude00\"") << QByteArray("\xef\xbf\xbd\xf0\x9f\x98\x80");
    QTest::newRow("high, then other escape") << QByteArray("\"\\ud83d\\n\"") << QByteArray("\xef\xbf\xbd\n");
}

void TestJsonScan::decodes()
{
    QFETCH(QByteArray, json);
    QFETCH(QByteArray, text);
    QCOMPARE(valueOf(json).string(), text);
}

void TestJsonScan::decodesUpToALimit()
{
    QCOMPARE(valueOf("\"abcdef\"").string(4), QByteArray("abcd"));
    QCOMPARE(valueOf("\"ab\xe2\x82\xac\"").string(4), QByteArray("ab")); // no half characters
    QCOMPARE(valueOf("\"\\n\\n\\n\"").string(2), QByteArray("\n\n"));
    QCOMPARE(valueOf("\"abc\\u20ac\"").string(5), QByteArray("abc"));
    QCOMPARE(valueOf("\"abc\\u20ac\"").string(6), QByteArray("abc\xe2\x82\xac"));
    QVERIFY(valueOf("1").string().isNull());
    QVERIFY(!valueOf("\"\"").string().isNull());
}

void TestJsonScan::integers_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QVariant>("number");
    const auto row = [](const char *json, const QVariant &number) {
        QTest::newRow(json) << QByteArray(json) << number;
    };
    row("0", qint64(0));
    row("-5", qint64(-5));
    row("9007199254740993", qint64(9007199254740993)); // 2^53 + 1: a double cannot
    row("9223372036854775807", std::numeric_limits<qint64>::max());
    row("-9223372036854775808", std::numeric_limits<qint64>::min());
    for (const char *other : {"9223372036854775808", "1.0", "1e2", "true", "\"1\"", "null", "[1]"})
        row(other, QVariant());
}

void TestJsonScan::integers()
{
    QFETCH(QByteArray, json);
    QFETCH(QVariant, number);
    const auto integer = valueOf(json).integer();
    QCOMPARE(integer ? QVariant(*integer) : QVariant(), number);
}

void TestJsonScan::replaces()
{
    const QByteArray text = "abcdef";
    QCOMPARE(json::replaced(text, {}), text);
    QCOMPARE(json::replaced(text, {{{4, 6}, "X"}, {{0, 1}, ""}, {{2, 2}, "++"}}), QByteArray("b++cdX"));
}

void TestJsonScan::setsMembers()
{
    const auto set = [](const QByteArray &text) {
        return json::replaced(text, {json::setMember(text, valueOf(text), "index", "7")});
    };
    QCOMPARE(set("{}"), QByteArray("{\"index\":7}"));
    QCOMPARE(set("{ \"a\":1}"), QByteArray("{\"index\":7, \"a\":1}"));
    QCOMPARE(set("{\"a\":1,\"index\" : null }"), QByteArray("{\"a\":1,\"index\" : 7 }"));
}

void TestJsonScan::quotes()
{
    QByteArray all;
    for (int c = 0; c < 128; ++c)
        all += char(c);
    all += "\xe2\x82\xac";
    QByteArray quoted;
    json::appendQuoted(quoted, all);
    QVERIFY(isValid(quoted));
    QCOMPARE(valueOf(quoted).string(), all);
}

QTEST_APPLESS_MAIN(TestJsonScan)
#include "tst_json_scan.moc"
