// SPDX-License-Identifier: Apache-2.0
#include "pd/dialect.h"

#include <QElapsedTimer>
#include <QTest>

using namespace pdlb;
using namespace pdlb::pd;

namespace {

constexpr auto generate = Endpoint::Generate;
constexpr auto chat = Endpoint::ChatCompletions;
constexpr auto completions = Endpoint::Completions;

Result<RequestShape, ApiError> analyse(Endpoint endpoint, const QByteArray &body)
{
    return sglangDialect().analyse(endpoint, body);
}

/// The code of the refusal, or "ok".
QByteArray codeOf(Endpoint endpoint, const QByteArray &body)
{
    const auto shape = analyse(endpoint, body);
    return shape ? QByteArray("ok") : shape.error().code;
}

/// The body with only its cuts made.
QByteArray afterCuts(const RequestShape &shape, const QByteArray &body)
{
    QByteArray left;
    qsizetype done = 0;
    for (const BodyEdit &edit : shape.edits) {
        if (edit.kind != BodyEdit::Kind::Cut)
            continue;
        left += body.sliced(done, edit.span.begin - done);
        done = edit.span.end;
    }
    return left += body.sliced(done);
}

} // namespace

Q_DECLARE_METATYPE(Endpoint)

class TestPdShape : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void paths();
    void refuses_data();
    void refuses();
    void refusalsSayWhere();
    void deepNestingIsRefusedQuickly();
    void batches_data();
    void batches();
    void samples_data();
    void samples();
    void fanOutEdits();
    void spans_data();
    void spans();
    void cuts_data();
    void cuts();
    void lastDuplicateWins();
    void flags();
    void rid();
    void model();
    void tooManyRooms();
};

void TestPdShape::paths()
{
    QCOMPARE(endpointPath(generate), QByteArray("/generate"));
    QCOMPARE(endpointPath(chat), QByteArray("/v1/chat/completions"));
    QCOMPARE(endpointPath(completions), QByteArray("/v1/completions"));
}

void TestPdShape::refuses_data()
{
    QTest::addColumn<Endpoint>("endpoint");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("code");
    const auto row = [](const char *name, Endpoint endpoint, const QByteArray &body, const char *code) {
        QTest::newRow(name) << endpoint << body << QByteArray(code);
    };
    row("T21 empty", chat, "", "empty_body");
    row("T21 white space", chat, " \r\n\t ", "empty_body");
    row("T22 list", chat, "[]", "json_object_expected");
    row("T22 string", chat, "\"x\"", "json_object_expected");
    row("T22 null", chat, "null", "json_object_expected");
    row("T22 number", chat, " 1", "json_object_expected");
    row("T23 truncated", chat, "{\"a\":1", "invalid_json");
    row("T23 trailing comma", chat, "{\"a\":1,}", "invalid_json");
    row("T23 trailing garbage", chat, "{\"a\":1}}", "invalid_json");
    row("T23 NaN", chat, "{\"a\":NaN}", "invalid_json");
    row("T23 invalid UTF-8", chat, "{\"a\":\"\xc0\xaf\"}", "invalid_json");
    row("T23 raw control", chat, "{\"a\":\"\n\"}", "invalid_json");
    row("T23 two objects", chat, "{}{}", "invalid_json");
    row("T31 BOM", chat, "\xef\xbb\xbf{}", "invalid_json");
    row("no text", generate, "{\"text\":[]}", "empty_batch");
    row("no ids", generate, "{\"input_ids\":[ ]}", "empty_batch");
    row("no ids, null text", generate, "{\"text\":null,\"input_ids\":[]}", "empty_batch");
    row("no embeds", generate, "{\"input_embeds\":[]}", "empty_batch");
    row("no vector", generate, "{\"input_embeds\":[[]]}", "empty_batch");
    row("no prompt", completions, "{\"prompt\":[]}", "empty_batch");
    for (const char *n : {"0", "-1", "129", "1.0", "1e0", "\"2\"", "true", "[1]", "99999999999999999999"})
        row(n, chat, QByteArray("{\"n\":").append(n) + '}', "unsupported_n");
    row("n of completions", completions, "{\"n\":0}", "unsupported_n");
    row("n of generate", generate, "{\"sampling_params\":{\"n\":0}}", "unsupported_n");
    row("n of a batch item", generate, "{\"text\":[\"a\",\"b\"],\"sampling_params\":[{\"n\":1},{\"n\":2.5}]}",
        "unsupported_n");
    row("unequal n", generate, "{\"text\":[\"a\",\"b\"],\"sampling_params\":[{\"n\":2},{\"n\":3}]}", "unsupported_n");
    row("n of one item only", generate, "{\"text\":[\"a\",\"b\"],\"sampling_params\":[{\"n\":2},{}]}", "unsupported_n");
    row("params of other length", generate, "{\"text\":[\"a\"],\"sampling_params\":[{\"n\":2},{\"n\":2}]}",
        "batch_mismatch");
    row("params without a batch", generate, "{\"text\":\"a\",\"sampling_params\":[{\"n\":2},{\"n\":2}]}",
        "batch_mismatch");
    row("best_of", completions, "{\"n\":2,\"best_of\":3}", "unsupported_best_of");
    row("best_of of generate", generate, "{\"sampling_params\":{\"n\":2,\"best_of\":3}}", "unsupported_best_of");
    row("beam search", chat, "{\"n\":2,\"use_beam_search\":true}", "unsupported_beam_search");
    row("rid list", chat, "{\"n\":2,\"rid\":[\"a\",\"b\"]}", "unsupported_rid");
    row("rid number", chat, "{\"n\":2,\"rid\":5}", "unsupported_rid");
    row("seed too large", chat, "{\"n\":2,\"seed\":9223372036854775807}", "unsupported_seed");
    row("seed no integer", chat, "{\"n\":2,\"seed\":1.5}", "unsupported_seed");
}

void TestPdShape::refuses()
{
    QFETCH(Endpoint, endpoint);
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, code);
    const auto shape = analyse(endpoint, body);
    QVERIFY(!shape);
    QCOMPARE(shape.error().code, code);
    QCOMPARE(shape.error().status, 400);
    QVERIFY(shape.error().message.size() > 30);
}

void TestPdShape::refusalsSayWhere()
{
    const auto broken = analyse(chat, "{\"a\":1,}");
    QVERIFY2(broken.error().message.contains(QStringLiteral("byte 7")), qPrintable(broken.error().message));
    const auto empty = analyse(generate, "{\"input_ids\":[]}");
    QCOMPARE(empty.error().param, QByteArray("input_ids"));
    QVERIFY(empty.error().message.contains(QStringLiteral("\"input_ids\"")));
    const auto n = analyse(chat, "{\"n\":0}");
    QCOMPARE(n.error().param, QByteArray("n"));
    QVERIFY2(n.error().message.contains(QStringLiteral("\"n\" is 0;")), qPrintable(n.error().message));
    // A hostile value is not echoed at length, nor does it act as a format.
    const auto big = analyse(chat, "{\"n\":\"%1%2%3" + QByteArray(100'000, 'x') + "\"}");
    QVERIFY(big.error().message.size() < 300);
    QVERIFY(big.error().message.contains(QStringLiteral("%1%2%3")));
    QVERIFY(big.error().message.contains(QStringLiteral("1 to 128")));
}

void TestPdShape::deepNestingIsRefusedQuickly()
{
    QElapsedTimer timer;
    timer.start();
    QCOMPARE(codeOf(chat, "{\"a\":" + QByteArray(100'000, '[')), QByteArray("invalid_json"));
    QCOMPARE(codeOf(chat, QByteArray(100'000, '[')), QByteArray("invalid_json"));
    QCOMPARE(codeOf(chat, "{\"a\":" + QByteArray(100'000, '[') + QByteArray(100'000, ']') + "}"),
             QByteArray("invalid_json"));
    QVERIFY(timer.elapsed() < 50);
}

void TestPdShape::batches_data()
{
    QTest::addColumn<Endpoint>("endpoint");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("size"); // 0: no batch
    const auto row = [](Endpoint endpoint, const char *body, int size) {
        QTest::newRow(body) << endpoint << QByteArray(body) << size;
    };
    row(generate, "{\"text\":\"a\"}", 0);
    row(generate, "{\"text\":\"\"}", 0);
    row(generate, "{\"text\":[\"a\"]}", 1);
    row(generate, "{\"text\":[\"a\",\"b\",\"c\"]}", 3);
    row(generate, "{\"text\":[ \"a,[\" , \"]b\\\",\" ]}", 2);
    row(generate, "{\"text\":null,\"input_ids\":[[1],[2]]}", 2);
    row(generate, "{\"text\":\"a\",\"input_ids\":[[1],[2]]}", 0);
    row(generate, "{\"input_ids\":[1,2,3]}", 0);
    row(generate, "{\"input_ids\":[-1]}", 0);
    row(generate, "{\"input_ids\":[[1,2],[3]]}", 2);
    row(generate, "{\"input_ids\":[[]]}", 1);
    row(generate, "{\"input_ids\":null,\"input_embeds\":[[0.5],[0.5]]}", 0);
    row(generate, "{\"input_embeds\":[[0.5,1],[2,3]]}", 0);
    row(generate, "{\"input_embeds\":[[-1]]}", 0);
    row(generate, "{\"input_embeds\":[[[0.5],[1]],[[2]],[[3]]]}", 3);
    row(generate, "{\"input_embeds\":null}", 0);
    row(generate, "{\"input_embeds\":7}", 0);
    row(generate, "{\"prompt\":[\"a\",\"b\"]}", 0);
    row(generate, "{\"t\\u0065xt\":[\"a\",\"b\"]}", 2);
    row(generate, "{\"text\":[\"a\"],\"text\":\"b\"}", 0);
    row(completions, "{\"prompt\":\"a\"}", 0);
    row(completions, "{\"prompt\":[\"a\",\"b\",\"c\"]}", 3);
    row(completions, "{\"prompt\":[1,2,3]}", 0);
    row(completions, "{\"prompt\":[[1,2],[3]]}", 2);
    row(completions, "{\"prompt\":null}", 0);
    row(completions, "{\"text\":[\"a\",\"b\"]}", 0);
    row(chat, "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}", 0);
    row(chat, "{\"text\":[\"a\"],\"prompt\":[\"a\",\"b\"],\"input_ids\":[[1]]}", 0);
    row(chat, "{}", 0);
}

void TestPdShape::batches()
{
    QFETCH(Endpoint, endpoint);
    QFETCH(QByteArray, body);
    QFETCH(int, size);
    const auto shape = analyse(endpoint, body);
    QVERIFY2(shape, shape ? "" : qPrintable(shape.error().message));
    QCOMPARE(shape->batch, size > 0);
    QCOMPARE(shape->batchSize, qsizetype(std::max(size, 1)));
    QCOMPARE(shape->insertAt, body.size() - 1);
}

void TestPdShape::samples_data()
{
    QTest::addColumn<Endpoint>("endpoint");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("samples");
    const auto row = [](Endpoint endpoint, const char *body, int samples) {
        QTest::newRow(body) << endpoint << QByteArray(body) << samples;
    };
    row(chat, "{}", 1);
    row(chat, "{\"n\":null}", 1);
    row(chat, "{\"n\":1}", 1);
    row(chat, "{\"n\":128}", 128);
    row(chat, "{\"n\":0,\"n\":2}", 2);
    row(chat, "{\"\\u006e\":3}", 3);
    row(chat, "{\"sampling_params\":{\"n\":3}}", 1);
    row(completions, "{\"n\":2,\"best_of\":2}", 2);
    row(completions, "{\"n\":1,\"best_of\":5}", 1); // not ours to judge when nothing is fanned out
    row(completions, "{\"n\":2,\"best_of\":null,\"use_beam_search\":false}", 2);
    row(generate, "{\"n\":3}", 1);
    row(generate, "{\"sampling_params\":null}", 1);
    row(generate, "{\"sampling_params\":{}}", 1);
    row(generate, "{\"sampling_params\":{\"n\":3}}", 3);
    row(generate, "{\"sampling_params\":{\"n\":3,\"n\":4}}", 4);
    row(generate, "{\"sampling_params\":{\"n\":3},\"sampling_params\":{}}", 1);
    row(generate, "{\"text\":[\"a\",\"b\"],\"sampling_params\":[{\"n\":2},{\"n\":2}]}", 2);
    row(generate, "{\"text\":[\"a\",\"b\"],\"sampling_params\":[{\"n\":1},{}]}", 1);
}

void TestPdShape::samples()
{
    QFETCH(Endpoint, endpoint);
    QFETCH(QByteArray, body);
    QFETCH(int, samples);
    const auto shape = analyse(endpoint, body);
    QVERIFY2(shape, shape ? "" : qPrintable(shape.error().message));
    QCOMPARE(shape->samples, samples);
    if (samples == 1)
        QVERIFY(shape->edits.empty());
}

void TestPdShape::fanOutEdits()
{
    const QByteArray body = "{\"seed\":-7,\"bootstrap_host\":1,\"best_of\":2,\"rid\":\"r\",\"n\":2}";
    const auto shape = analyse(completions, body);
    QVERIFY(shape);
    using Kind = BodyEdit::Kind;
    const std::vector<std::pair<Kind, QByteArray>> expected = {{Kind::Seed, "-7"},
                                                               {Kind::Cut, "\"bootstrap_host\":1,"},
                                                               {Kind::One, "2"},
                                                               {Kind::Rid, "\"r\""},
                                                               {Kind::One, "2"}};
    QCOMPARE(shape->edits.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
        QCOMPARE(shape->edits[i].kind, expected[i].first);
        QCOMPARE(shape->edits[i].span.in(body), QByteArrayView(expected[i].second));
    }
    QCOMPARE(shape->edits[0].seed, -7);
}

void TestPdShape::cuts_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("left");
    const auto row = [](const char *name, const char *body, const char *left) {
        QTest::newRow(name) << QByteArray(body) << QByteArray(left);
    };
    row("none", "{\"a\":1}", "{\"a\":1}");
    row("first", "{\"bootstrap_host\":\"x\",\"a\":1}", "{\"a\":1}");
    row("middle", "{\"a\":1,\"bootstrap_port\":1,\"b\":2}", "{\"a\":1,\"b\":2}");
    row("last", "{\"a\":1,\"bootstrap_room\":5}", "{\"a\":1}");
    row("only", "{\"bootstrap_room\":5}", "{}");
    row("all", "{\"bootstrap_room\":5,\"bootstrap_host\":[\"a,b\",\"}\"],\"bootstrap_port\":null}", "{}");
    row("duplicates",
        "{\"bootstrap_room\":1,\"a\":1,\"bootstrap_room\":2,\"bootstrap_room\":3,\"b\":2,\"bootstrap_room\":4}",
        "{\"a\":1,\"b\":2}");
    row("last two", "{\"a\":1,\"bootstrap_room\":5,\"bootstrap_host\":1}", "{\"a\":1}");
    row("first and last", "{\"bootstrap_room\":5,\"a\":1,\"bootstrap_host\":1}", "{\"a\":1}");
    row("escaped", "{\"a\":1,\"bootstrap\\u005froom\":5,\"b\":2}", "{\"a\":1,\"b\":2}");
    row("all escaped", "{\"\\u0062ootstrap_por\\u0074\":5}", "{}");
    row("white space", "{ \"bootstrap_room\" : 5 , \"a\" : 1 , \"bootstrap_host\" : 2 }", "{  \"a\" : 1  }");
    row("white space, only", "{\n\t\"bootstrap_room\" : 5\n}", "{\n\t\n}");
    row("comma in values", "{\"a\":\"x,\",\"bootstrap_room\":\",\",\"b\":[1,2]}", "{\"a\":\"x,\",\"b\":[1,2]}");
    row("pair key stays", "{\"bootstrap_pair_key\":1,\"bootstrap_rooms\":2}",
        "{\"bootstrap_pair_key\":1,\"bootstrap_rooms\":2}");
    row("nested stays", "{\"a\":{\"bootstrap_room\":5}}", "{\"a\":{\"bootstrap_room\":5}}");
    row("case matters", "{\"Bootstrap_Room\":5}", "{\"Bootstrap_Room\":5}");
    row("null rid", "{\"rid\":null,\"a\":1}", "{\"a\":1}");
    row("null rid after bootstrap", "{\"a\":1,\"bootstrap_room\":1,\"rid\":null}", "{\"a\":1}");
    row("rid stays", "{\"rid\":\"x\",\"a\":1}", "{\"rid\":\"x\",\"a\":1}");
    row("last rid is null", "{\"rid\":\"x\",\"a\":1,\"rid\":null}", "{\"a\":1}");
}

void TestPdShape::cuts()
{
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, left);
    const auto shape = analyse(chat, body);
    QVERIFY2(shape, shape ? "" : qPrintable(shape.error().message));
    QCOMPARE(afterCuts(*shape, body), left);
    QCOMPARE(shape->hasMembers, left.contains('"'));
    QCOMPARE(shape->insertAt, body.lastIndexOf('}'));
    qsizetype done = 0;
    for (const BodyEdit &edit : shape->edits) {
        QVERIFY(edit.span.begin >= done && edit.span.end > edit.span.begin);
        done = edit.span.end;
    }
    QVERIFY(done <= shape->insertAt);
}

void TestPdShape::lastDuplicateWins()
{
    QVERIFY(analyse(chat, "{\"stream\":false,\"stream\":true}")->stream); // T27
    QVERIFY(!analyse(chat, "{\"stream\":true,\"stream\":false}")->stream);
    QVERIFY(analyse(chat, "{\"stream\":false,\"str\\u0065am\":true}")->stream);
    QCOMPARE(analyse(chat, "{\"model\":\"a\",\"model\":\"b\"}")->model, QByteArray("b"));
}

void TestPdShape::flags()
{
    for (const char *body :
         {"{\"stream\":1}", "{\"stream\":\"true\"}", "{\"stream\":null}", "{\"a\":{\"stream\":true}}", "{}"})
        QVERIFY(!analyse(chat, body)->stream);
    QVERIFY(analyse(generate, "{\"return_logprob\":true}")->returnLogprob);
    QVERIFY(analyse(generate, "{\"return_logprob\":[false,true]}")->returnLogprob);
    QVERIFY(!analyse(generate, "{\"return_logprob\":[false,false]}")->returnLogprob);
    QVERIFY(!analyse(generate, "{\"return_logprob\":false}")->returnLogprob);
    QVERIFY(!analyse(chat, "{\"return_logprob\":true}")->returnLogprob);
    QVERIFY(analyse(chat, "{\"return_routed_experts\":true}")->returnRoutedExperts);
    QVERIFY(!analyse(chat, "{\"return_routed_experts\":null}")->returnRoutedExperts);
}

void TestPdShape::rid()
{
    const auto none = analyse(chat, "{}");
    QVERIFY(!none->hasRid && none->clientRid.isEmpty());
    const auto string = analyse(chat, "{\"rid\":\"a\\u0062c\"}");
    QVERIFY(string->hasRid);
    QCOMPARE(string->clientRid, QByteArray("abc"));
    const auto list = analyse(chat, "{\"rid\":[\"a\"]}");
    QVERIFY(list->hasRid && list->clientRid.isEmpty());
    const auto null = analyse(chat, "{\"rid\":null}");
    QVERIFY(!null->hasRid);
    const auto huge = analyse(chat, "{\"rid\":\"" + QByteArray(5000, 'x') + "\"}");
    QVERIFY(huge->hasRid && huge->clientRid.isEmpty());
}

void TestPdShape::model()
{
    QCOMPARE(analyse(chat, "{\"model\":\"Qwen\\/Qwen3\"}")->model, QByteArray("Qwen/Qwen3"));
    QCOMPARE(analyse(chat, "{\"model\":\"" + QByteArray(9000, 'm') + "\"}")->model, QByteArray(256, 'm'));
    QVERIFY(analyse(chat, "{\"model\":5}")->model.isEmpty());
}

void TestPdShape::tooManyRooms()
{
    const auto batch = [](int prompts, int n) -> QByteArray {
        QByteArray list;
        for (int i = 0; i < prompts; ++i)
            list += "\"\",";
        return "{\"prompt\":[" + list.chopped(1) + "],\"n\":" + QByteArray::number(n) + '}';
    };
    QCOMPARE(codeOf(completions, batch(65536, 1)), QByteArray("ok"));
    QCOMPARE(codeOf(completions, batch(65537, 1)), QByteArray("batch_too_large"));
    QCOMPARE(codeOf(completions, batch(512, 128)), QByteArray("ok"));
    QCOMPARE(codeOf(completions, batch(513, 128)), QByteArray("batch_too_large"));
}

void TestPdShape::spans_data()
{
    QTest::addColumn<Endpoint>("endpoint");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("prompt");
    QTest::addColumn<QByteArray>("key"); // of the member "user"
    QTest::addColumn<int>("rank"); // -1: none
    const auto row = [](const char *name, Endpoint endpoint, const char *body, const char *prompt, const char *key, int rank) {
        QTest::newRow(name) << endpoint << QByteArray(body) << QByteArray(prompt) << QByteArray(key) << rank;
    };
    row("nothing", chat, "{}", "", "", -1);
    row("chat", chat, R"({"prompt":"x", "messages" : [{"a":1}] ,"user":"u1"})", R"([{"a":1}])", R"("u1")", -1);
    row("completions", completions, R"({"user":7,"messages":[],"prompt":["a","b"]})", R"(["a","b"])", "7", -1);
    row("generate", generate, R"({"text":"a\"b","input_ids":[1],"u\u0073er":{"x":[]}})", R"("a\"b")", R"({"x":[]})", -1);
    row("tokens", generate, R"({"text":null,"input_ids":[1,2]})", "[1,2]", "", -1);
    row("the last of several", chat, R"({"user":1,"user":2,"messages":1,"messages":[2]})", "[2]", "2", -1);
    row("null", chat, R"({"user":1,"user":null,"messages":null})", "", "", -1);
    row("rank", chat, R"({"routed_dp_rank":3})", "", "", 3);
    row("rank's old name", generate, R"({"data_parallel_rank":2})", "", "", 2);
    row("prefill's own rank", chat, R"({"disagg_prefill_dp_rank":1})", "", "", 1);
    row("several ranks", chat, R"({"routed_dp_rank":5,"disagg_prefill_dp_rank":1,"data_parallel_rank":2})", "", "", 5);
    row("no ranks", chat, R"({"routed_dp_rank":-1,"disagg_prefill_dp_rank":"1","data_parallel_rank":1.5})", "", "", -1);
    row("huge rank", chat, R"({"routed_dp_rank":4294967299})", "", "", -1);
}

void TestPdShape::spans()
{
    QFETCH(Endpoint, endpoint);
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, prompt);
    QFETCH(QByteArray, key);
    QFETCH(int, rank);
    const auto shape = sglangDialect().analyse(endpoint, body, "user");
    QVERIFY(shape);
    QCOMPARE(shape->prompt.in(body).toByteArray(), prompt);
    QCOMPARE(shape->key.in(body).toByteArray(), key);
    QCOMPARE(shape->prefillRank.value_or(-1), rank);
    QCOMPARE(analyse(endpoint, body)->key.size(), 0);
}

QTEST_APPLESS_MAIN(TestPdShape)
#include "tst_pd_shape.moc"
