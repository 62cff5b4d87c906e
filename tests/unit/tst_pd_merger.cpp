// SPDX-License-Identifier: Apache-2.0
#include "pd/answer_joiner.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRandomGenerator>
#include <QTest>

using namespace pdlb;
using namespace pdlb::pd;

namespace {

constexpr auto generate = Endpoint::Generate;
constexpr auto chat = Endpoint::ChatCompletions;
constexpr auto completions = Endpoint::Completions;
constexpr auto prefill = LegRole::Prefill;
constexpr auto decode = LegRole::Decode;

/// One answer of one leg.
struct Answer {
    LegRole role;
    int sample;
    QByteArray body;
};

std::unique_ptr<AnswerMerger> mergerOf(Endpoint endpoint, const QByteArray &request)
{
    const auto shape = sglangDialect().analyse(endpoint, request);
    return shape ? sglangDialect().merger(*shape) : nullptr;
}

/// Feeds whole answers one after the other, each in two parts cut at `cut`. "error" when the merger refuses.
QByteArray merged(AnswerMerger &merger, const std::vector<Answer> &answers, qsizetype cut = 0)
{
    QByteArray out;
    for (const Answer &answer : answers) {
        const qsizetype at = std::min(cut, answer.body.size());
        for (const auto &step : {merger.feed(answer.role, answer.sample, QByteArrayView(answer.body).first(at)),
                                 merger.feed(answer.role, answer.sample, QByteArrayView(answer.body).sliced(at)),
                                 merger.end(answer.role, answer.sample)}) {
            if (!step)
                return "error";
            out += *step;
        }
    }
    return merger.isComplete() ? out : "incomplete";
}

QByteArray merged(Endpoint endpoint, const QByteArray &request, const std::vector<Answer> &answers, qsizetype cut = 0)
{
    const auto merger = mergerOf(endpoint, request);
    return merger ? merged(*merger, answers, cut) : "no merger";
}

/// Takes what a sum of byte arrays makes.
Result<QByteArray> feed(AnswerMerger &merger, LegRole role, int sample, const QByteArray &bytes)
{
    return merger.feed(role, sample, bytes);
}

/// One event.
QByteArray sse(const QByteArray &data)
{
    return "data: " + data + "\n\n";
}

const QByteArray logprobs = "{\"text\":\"a\",\"return_logprob\":true}";
const QByteArray streamedLogprobs = "{\"text\":\"a\",\"return_logprob\":true,\"stream\":true}";
const QByteArray done = "data: [DONE]\n\n";

} // namespace

class TestPdMerger : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void onlyWhereNeeded();
    void lists_data();
    void lists();
    void allLists();
    void batchByPosition();
    void bodiesInAnyOrder();
    void bodiesOfOtherForms();
    void eventsAtEveryCut();
    void eventsByIndex();
    void eventsPassAtOnce();
    void eventsAreHeldInOrder();
    void eventsOfOtherForms();
    void holdLimit();
    void experts_data();
    void experts();
    void expertsOfOpenAi();
    void fanOutOfChat();
    void fanOutOfHugeNumbers();
    void fanOutOfABatch();
    void fanOutOfGenerate();
    void fanOutRefuses_data();
    void fanOutRefuses();
    void fanOutEventsOfChat();
    void fanOutEventsOfGenerate();
    void fanOutEventsOfCutStreams();
    void behindDone();
    void fanOutInterleavings();
    void fanOutWithLogprobs();
    void inBand_data();
    void inBand();
};

void TestPdMerger::onlyWhereNeeded()
{
    QVERIFY(!mergerOf(generate, "{\"text\":\"a\"}"));
    QVERIFY(!mergerOf(generate, "{\"text\":\"a\",\"return_logprob\":false}"));
    QVERIFY(!mergerOf(chat, "{\"return_logprob\":true,\"logprobs\":true}"));
    QVERIFY(!mergerOf(chat, "{\"n\":1}"));
    QVERIFY(mergerOf(generate, logprobs));
    QVERIFY(mergerOf(chat, "{\"n\":2}"));
    QVERIFY(mergerOf(chat, "{\"return_routed_experts\":true}"));
}

void TestPdMerger::lists_data()
{
    QTest::addColumn<QByteArray>("ofPrefill");
    QTest::addColumn<QByteArray>("ofDecode");
    QTest::addColumn<QByteArray>("expected");
    const auto row = [](const char *name, const char *ofPrefill, const char *ofDecode, const char *expected) {
        QTest::newRow(name) << QByteArray(ofPrefill) << QByteArray(ofDecode) << QByteArray(expected);
    };
    row("both", ",\"input_token_logprobs\":[[null,1,\"a\"],[-0.50,2,null]]",
        ",\"input_token_logprobs\":[[-1e-3,3,null]]",
        ",\"input_token_logprobs\":[[null,1,\"a\"],[-0.50,2,null],[-1e-3,3,null]]");
    row("white space", ",\"input_token_logprobs\" : [ 1 , 2 ]", ", \"input_token_logprobs\" : [ 3 ] ",
        ", \"input_token_logprobs\" : [1 , 2,3] ");
    row("decode empty", ",\"input_token_logprobs\":[1]", ",\"input_token_logprobs\":[]",
        ",\"input_token_logprobs\":[1]");
    row("prefill empty", ",\"input_token_logprobs\":[]", ",\"input_token_logprobs\":[ 1]",
        ",\"input_token_logprobs\":[ 1]");
    row("both empty", ",\"input_token_logprobs\":[]", ",\"input_token_logprobs\":[]", ",\"input_token_logprobs\":[]");
    row("decode null", ",\"input_token_logprobs\":[1,2]", ",\"input_token_logprobs\":null",
        ",\"input_token_logprobs\":[1,2]");
    row("prefill null", ",\"input_token_logprobs\":null", ",\"input_token_logprobs\":[1]",
        ",\"input_token_logprobs\":[1]");
    row("both null", ",\"input_token_logprobs\":null", ",\"input_token_logprobs\":null",
        ",\"input_token_logprobs\":null");
    row("decode absent", ",\"input_token_logprobs\":[1]", "", "");
    row("prefill absent", "", ",\"input_token_logprobs\":[1]", ",\"input_token_logprobs\":[1]");
    row("no finite number", ",\"input_token_logprobs\":[-Infinity]", ",\"input_token_logprobs\":[NaN]",
        ",\"input_token_logprobs\":[-Infinity,NaN]");
    row("escaped key", ",\"input_token\\u005flogprobs\":[1]", ",\"input_top_logprobs\":[2]",
        ",\"input_top_logprobs\":[2]");
    row("output stays", ",\"output_token_logprobs\":[1]", ",\"output_token_logprobs\":[2]",
        ",\"output_token_logprobs\":[2]");
}

void TestPdMerger::lists()
{
    QFETCH(QByteArray, ofPrefill);
    QFETCH(QByteArray, ofDecode);
    QFETCH(QByteArray, expected);
    const QByteArray head = "{\"text\":\"x\",\"meta_info\":{\"id\":\"r\"";
    QCOMPARE(merged(generate, logprobs, {{prefill, 0, head + ofPrefill + "}}"}, {decode, 0, head + ofDecode + "}}\n"}}),
             QByteArray(head + expected + "}}\n"));
    const QByteArray event = sse(head + expected + "}}") + done;
    QCOMPARE(
        merged(generate, streamedLogprobs,
               {{prefill, 0, sse(head + ofPrefill + "}}") + done}, {decode, 0, sse(head + ofDecode + "}}") + done}}),
        event);
}

void TestPdMerger::allLists()
{
    QCOMPARE(
        merged(generate, logprobs,
               {{prefill, 0,
                 "{\"meta_info\":{\"input_token_logprobs\":[1],\"input_top_logprobs\":[[2]],\"input_token_ids_"
                 "logprobs\":[3]}}"},
                {decode, 0,
                 "{\"meta_info\":{\"input_token_ids_logprobs\":[6],\"input_top_logprobs\":[null],\"x\":1.0,\"input_"
                 "token_logprobs\":[4]}}"}}),
        QByteArray("{\"meta_info\":{\"input_token_ids_logprobs\":[3,6],\"input_top_logprobs\":[[2],null],\"x\":1.0,"
                   "\"input_token_logprobs\":[1,4]}}"));
}

void TestPdMerger::batchByPosition()
{
    const QByteArray request = "{\"text\":[\"a\",\"b\",\"c\"],\"return_logprob\":[true,false,true]}";
    QCOMPARE(merged(generate, request,
                    {{prefill, 0,
                      "[{\"meta_info\":{\"input_token_logprobs\":[1]}},{\"meta_info\":{}},{\"meta_info\":{\"input_"
                      "token_logprobs\":[3]}}]"},
                     {decode, 0,
                      " [{\"meta_info\":{\"input_token_logprobs\":[10]}}, "
                      "{\"meta_info\":{\"a\":1}},{\"meta_info\":{\"input_token_logprobs\":[30]}} ]"}}),
             QByteArray(" [{\"meta_info\":{\"input_token_logprobs\":[1,10]}}, {\"meta_info\":{\"a\":1}},"
                        "{\"meta_info\":{\"input_token_logprobs\":[3,30]}} ]"));
}

void TestPdMerger::bodiesInAnyOrder()
{
    const QByteArray first = "{\"meta_info\":{\"input_token_logprobs\":[1]}}";
    const QByteArray second = "{\"meta_info\":{\"input_token_logprobs\":[2]}}";
    const QByteArray expected = "{\"meta_info\":{\"input_token_logprobs\":[1,2]}}";
    for (qsizetype cut = 0; cut <= second.size(); ++cut) {
        QCOMPARE(merged(generate, logprobs, {{prefill, 0, first}, {decode, 0, second}}, cut), expected);
        QCOMPARE(merged(generate, logprobs, {{decode, 0, second}, {prefill, 0, first}}, cut), expected);
    }
    const auto merger = mergerOf(generate, logprobs);
    QCOMPARE(*feed(*merger, decode, 0, second), QByteArray());
    QCOMPARE(*merger->end(decode, 0), QByteArray());
    QVERIFY(!merger->isComplete());
    QCOMPARE(*feed(*merger, prefill, 0, first), QByteArray());
    QCOMPARE(*merger->end(prefill, 0), expected);
    QVERIFY(merger->isComplete());
}

void TestPdMerger::bodiesOfOtherForms()
{
    // None of the members: decode's bytes, whatever they are, without waiting for prefill.
    for (const char *body :
         {"{\"text\":\"x\"}", "not json", "", "{\"meta_info\":{}}", "{\"text\":\"input_token_logprobs\"}",
          "{\"input_token_logprobs\":[1]}", "[\"input_token_logprobs\"]", "null"}) {
        QCOMPARE(merged(generate, logprobs, {{decode, 0, body}}), QByteArray(body));
        QCOMPARE(merged(generate, logprobs, {{decode, 0, body}, {prefill, 0, "whatever"}}), QByteArray(body));
    }
    const QByteArray good = "{\"meta_info\":{\"input_token_logprobs\":[1]}}";
    QCOMPARE(merged(generate, logprobs, {{prefill, 0, good}, {decode, 0, good.chopped(1)}}), QByteArray("error"));
    QCOMPARE(merged(generate, logprobs, {{prefill, 0, good.chopped(1)}, {decode, 0, good}}), QByteArray("error"));
    QCOMPARE(merged(generate, logprobs, {{prefill, 0, ""}, {decode, 0, good}}), QByteArray("error"));
    QCOMPARE(merged(generate, logprobs, {{prefill, 0, "[]"}, {decode, 0, good}}), good);
    QCOMPARE(merged(generate, logprobs, {{decode, 0, good}}), QByteArray("incomplete"));
}

void TestPdMerger::eventsAtEveryCut()
{
    const QByteArray first =
        ": hello\n\n" + sse("{\"text\":\"\",\"meta_info\":{\"input_token_logprobs\":[1,2]}}") + done;
    const QByteArray second =
        sse("{\"text\":\"a\",\"meta_info\":{\"input_token_logprobs\":[3]}}") + ": ping\n\n" +
        "event: x\r\ndata:{\"text\":\"b\",\"meta_info\":{\"input_token_logprobs\":null}}\r\nid: 5\r\n\r\n" +
        sse("{\"text\":\"data: [DONE]\\n\\ninput_token_logprobs\",\"meta_info\":{}}") + done;
    const QByteArray expected =
        sse("{\"text\":\"a\",\"meta_info\":{\"input_token_logprobs\":[1,2,3]}}") + ": ping\n\n" +
        "event: x\r\ndata:{\"text\":\"b\",\"meta_info\":{\"input_token_logprobs\":[1,2]}}\r\nid: 5\r\n\r\n" +
        sse("{\"text\":\"data: [DONE]\\n\\ninput_token_logprobs\",\"meta_info\":{}}") + done;
    for (qsizetype cut = 0; cut <= second.size(); ++cut) {
        QCOMPARE(merged(generate, streamedLogprobs, {{prefill, 0, first}, {decode, 0, second}}, cut), expected);
        QCOMPARE(merged(generate, streamedLogprobs, {{decode, 0, second}, {prefill, 0, first}}, cut), expected);
    }
}

void TestPdMerger::eventsByIndex()
{
    const QByteArray request = "{\"text\":[\"a\",\"b\"],\"return_logprob\":true,\"stream\":true}";
    const auto event = [](const char *index, const char *list) -> QByteArray {
        return sse(QByteArray("{\"meta_info\":{\"input_token_logprobs\":") + list + "}" + index + '}');
    };
    // Engines accumulate: the last event of an index counts. Without an index it is 0.
    const QByteArray first = event("", "[1]") + event(",\"index\":1", "[10]") + event(",\"index\":0", "[1,2]") +
                             event(",\"index\":1", "null") + done;
    QCOMPARE(merged(generate, request,
                    {{prefill, 0, first},
                     {decode, 0,
                      event(",\"index\":1", "[11]") + event(",\"index\":0", "[3]") + event(",\"index\":2", "[9]") +
                          event("", "[4]") + done}}),
             event(",\"index\":1", "[10,11]") + event(",\"index\":0", "[1,2,3]") + event(",\"index\":2", "[9]") +
                 event("", "[1,2,4]") + done);
}

void TestPdMerger::eventsPassAtOnce()
{
    const auto merger = mergerOf(generate, streamedLogprobs);
    const QByteArray event = sse("{\"text\":\"a\",\"meta_info\":{\"id\":\"r\"}}");
    QCOMPARE(*feed(*merger, decode, 0, event), event);
    QCOMPARE(*feed(*merger, decode, 0, event + event.first(5)), event);
    QCOMPARE(*feed(*merger, decode, 0, event.sliced(5)), event);
    QVERIFY(!merger->isComplete());
    QCOMPARE(*feed(*merger, decode, 0, done), done);
    QVERIFY(merger->isComplete()); // nothing needed prefill
    QCOMPARE(*merger->end(decode, 0), QByteArray());
}

void TestPdMerger::eventsAreHeldInOrder()
{
    const auto merger = mergerOf(generate, streamedLogprobs);
    const QByteArray plain = sse("{\"text\":\"a\"}");
    const QByteArray needy = sse("{\"meta_info\":{\"input_token_logprobs\":[2]}}");
    QCOMPARE(*feed(*merger, decode, 0, plain + needy + plain), plain);
    QCOMPARE(*feed(*merger, decode, 0, plain + done), QByteArray());
    QCOMPARE(*merger->end(decode, 0), QByteArray());
    QVERIFY(!merger->isComplete());
    QCOMPARE(*feed(*merger, prefill, 0, sse("{\"meta_info\":{\"input_token_logprobs\":[1]}}")), QByteArray());
    QCOMPARE(*merger->end(prefill, 0),
             QByteArray(sse("{\"meta_info\":{\"input_token_logprobs\":[1,2]}}") + plain + plain + done));
    QVERIFY(merger->isComplete());
}

void TestPdMerger::eventsOfOtherForms()
{
    const QByteArray first = sse("{\"meta_info\":{\"input_token_logprobs\":[1]}}") + done;
    const auto run = [&](const QByteArray &second) {
        return merged(generate, streamedLogprobs, {{prefill, 0, first}, {decode, 0, second}});
    };
    // JSON over several data lines is put on one.
    QCOMPARE(run("id: 1\ndata: {\"meta_info\":\ndata: {\"input_token_logprobs\":[2]}}\n\n"),
             QByteArray("id: 1\ndata: {\"meta_info\": {\"input_token_logprobs\":[1,2]}}\n\n"));
    // Left as it is when nothing is to be changed in it.
    const QByteArray lines = "data: {\"a\":\ndata: \"input_token_logprobs\"}\n\n";
    QCOMPARE(run(lines), lines);
    QCOMPARE(run(": input_token_logprobs\n\n"), QByteArray(": input_token_logprobs\n\n"));
    QCOMPARE(run("data: plain text\n\nno end"), QByteArray("data: plain text\n\nno end"));
    QCOMPARE(run("data: {\"input_token_logprobs\n\n"), QByteArray("error"));
    // Prefill's last event may lack its empty line.
    QCOMPARE(merged(generate, streamedLogprobs, {{prefill, 0, first.first(first.indexOf("\n\n"))}, {decode, 0, first}}),
             QByteArray(sse("{\"meta_info\":{\"input_token_logprobs\":[1,1]}}") + done));
}

void TestPdMerger::holdLimit()
{
    const auto joiner = [](const QByteArray &request) {
        return std::make_unique<AnswerJoiner>(*sglangDialect().analyse(generate, request), 1000);
    };
    const QByteArray small(400, ' ');
    for (const LegRole role : {prefill, decode}) {
        const auto merger = joiner(logprobs);
        QVERIFY(feed(*merger, role, 0, small));
        QVERIFY(feed(*merger, role == prefill ? decode : prefill, 0, small)); // booked apart
        QVERIFY(feed(*merger, role, 0, small));
        QVERIFY(!feed(*merger, role, 0, small));
    }
    const auto events = joiner(streamedLogprobs);
    const QByteArray needy = sse("{\"meta_info\":{\"input_token_logprobs\":[" + QByteArray(400, ' ') + "]}}");
    QVERIFY(feed(*events, decode, 0, needy));
    QVERIFY(feed(*events, decode, 0, needy));
    QVERIFY(!feed(*events, decode, 0, needy));

    const auto released = joiner(streamedLogprobs);
    QVERIFY(feed(*released, decode, 0, needy + needy));
    QVERIFY(released->end(prefill, 0));
    for (int i = 0; i < 100; ++i)
        QCOMPARE(feed(*released, decode, 0, needy)->size(), needy.size());
    // Of prefill's events only the last lists are kept.
    const auto kept = joiner(streamedLogprobs);
    for (int i = 0; i < 100; ++i)
        QVERIFY(feed(*kept, prefill, 0, needy));
}

void TestPdMerger::experts_data()
{
    QTest::addColumn<QByteArray>("ofPrefill");
    QTest::addColumn<QByteArray>("ofDecode");
    QTest::addColumn<QByteArray>("expected");
    const auto base64 = [](const char *bytes) -> QByteArray { return '"' + QByteArray(bytes).toBase64() + '"'; };
    QTest::newRow("longer") << base64("abc") << base64("XYZdef") << base64("abcdef");
    QTest::newRow("unaligned") << base64("abcd") << base64("WXYZe") << base64("abcde");
    QTest::newRow("equal") << base64("abc") << base64("xyz") << base64("abc");
    QTest::newRow("shorter") << base64("abcd") << base64("x") << base64("abcd");
    QTest::newRow("decode null") << base64("abcd") << QByteArray("null") << base64("abcd");
    QTest::newRow("prefill null") << QByteArray("null") << base64("abcd") << base64("abcd");
    QTest::newRow("escaped slash") << QByteArray("\"\\/\\/\\/\\/\"") << QByteArray("\"AAAAAAAA\"")
                                   << QByteArray("\"////AAAA\"");
    QTest::newRow("no base64") << QByteArray("\"abc?\"") << base64("abcd") << base64("abcd");
    QTest::newRow("no base64 of decode") << base64("abc") << QByteArray("\"?\"") << QByteArray("\"?\"");
    QTest::newRow("list") << base64("abc") << QByteArray("[[1]]") << QByteArray("[[1]]");
}

void TestPdMerger::experts()
{
    QFETCH(QByteArray, ofPrefill);
    QFETCH(QByteArray, ofDecode);
    QFETCH(QByteArray, expected);
    const auto wrap = [](const QByteArray &value) -> QByteArray {
        return "{\"meta_info\":{\"routed_experts\":" + value + "}}";
    };
    QCOMPARE(merged(generate, "{\"return_routed_experts\":true}",
                    {{prefill, 0, wrap(ofPrefill)}, {decode, 0, wrap(ofDecode)}}),
             wrap(expected));
    QCOMPARE(merged(generate, "{\"return_routed_experts\":true,\"stream\":true}",
                    {{prefill, 0, sse(wrap(ofPrefill))}, {decode, 0, sse(wrap(ofDecode)) + done}}),
             QByteArray(sse(wrap(expected)) + done));
}

void TestPdMerger::expertsOfOpenAi()
{
    const QByteArray top = "{\"choices\":[],\"sglext\":{\"routed_experts\":\"%\"}}";
    const QByteArray choice = "{\"choices\":[{\"index\":1,\"sglext\":{\"routed_experts\":\"%\"}},{\"index\":0,"
                              "\"sglext\":null},{\"index\":2}]}";
    for (QByteArray form : {top, choice}) {
        const auto with = [&form](const char *bytes) {
            return QByteArray(form).replace('%', QByteArray(bytes).toBase64());
        };
        QCOMPARE(
            merged(chat, "{\"return_routed_experts\":true}", {{prefill, 0, with("abc")}, {decode, 0, with("xxxdef")}}),
            with("abcdef"));
        QCOMPARE(merged(completions, "{\"return_routed_experts\":true,\"stream\":true}",
                        {{decode, 0, sse("{\"choices\":[{\"text\":\"t\"}]}") + sse(with("xxxdef")) + done},
                         {prefill, 0, sse(with("abc")) + done}}),
                 QByteArray(sse("{\"choices\":[{\"text\":\"t\"}]}") + sse(with("abcdef")) + done));
    }
}

void TestPdMerger::fanOutOfChat()
{
    const auto answer = [](const char *id, const char *text, int tokens) -> QByteArray {
        return QByteArray("{\"id\":\"") + id +
               "\",\"created\":1.0, \"choices\": [{\"index\":0,\"message\":{\"content\":\"" + text +
               "\"},\"finish_reason\":\"stop\"}] ,\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":" +
               QByteArray::number(tokens) + ",\"total_tokens\":" + QByteArray::number(7 + tokens) +
               ",\"prompt_tokens_details\":{\"cached_tokens\":3},\"reasoning_tokens\":2,"
               "\"completion_tokens_details\":{\"reasoning_tokens\":2,\"x\":null}}}";
    };
    const QByteArray expected =
        "{\"id\":\"A\",\"created\":1.0, \"choices\": ["
        "{\"index\":0,\"message\":{\"content\":\"a\"},\"finish_reason\":\"stop\"},"
        "{\"index\":1,\"message\":{\"content\":\"b\"},\"finish_reason\":\"stop\"},"
        "{\"index\":2,\"message\":{\"content\":\"c\"},\"finish_reason\":\"stop\"}] ,"
        "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":60,\"total_tokens\":67,\"prompt_tokens_details\":{"
        "\"cached_tokens\":3},"
        "\"reasoning_tokens\":6,\"completion_tokens_details\":{\"reasoning_tokens\":6,\"x\":null}}}";
    std::vector<Answer> answers = {
        {decode, 0, answer("A", "a", 10)}, {decode, 1, answer("B", "b", 20)}, {decode, 2, answer("C", "c", 30)}};
    for (qsizetype cut = 0; cut < 200; cut += 7) {
        QCOMPARE(merged(chat, "{\"n\":3}", answers, cut), expected);
        std::rotate(answers.begin(), answers.begin() + 1, answers.end());
    }
    // Prefill's answers are of no use here and not waited for.
    const auto merger = mergerOf(chat, "{\"n\":3}");
    QCOMPARE(*feed(*merger, prefill, 1, "{}"), QByteArray());
    QCOMPARE(*merger->end(prefill, 1), QByteArray());
    QCOMPARE(merged(*merger, answers), expected);
}

void TestPdMerger::fanOutOfHugeNumbers()
{
    // No index and no count: they overflow nothing and stay as they are.
    const QByteArray choice = "\"choices\":[{\"index\":9223372036854775807}]";
    const QByteArray answer = "{" + choice + ",\"usage\":{\"completion_tokens\":9223372036854775807}}";
    QCOMPARE(merged(chat, "{\"n\":2}", {{decode, 0, answer}, {decode, 1, answer}}),
             QByteArray("{\"choices\":[{\"index\":0},{\"index\":1}],"
                        "\"usage\":{\"completion_tokens\":9223372036854775807}}"));
    QCOMPARE(merged(chat, "{\"n\":2,\"stream\":true}", {{decode, 1, sse("{" + choice + "}")}, {decode, 0, done}}),
             sse("{\"choices\":[{\"index\":1}]}"));
}

void TestPdMerger::fanOutOfABatch()
{
    const auto answer = [](const char *text) -> QByteArray {
        return QByteArray("{\"choices\":[{\"text\":\"1") + text + "\",\"index\":1},{\"text\":\"0" + text +
               "\", \"index\" : 0}]}";
    };
    QCOMPARE(
        merged(completions, "{\"prompt\":[\"p\",\"q\"],\"n\":2}", {{decode, 1, answer("b")}, {decode, 0, answer("a")}}),
        QByteArray("{\"choices\":[{\"text\":\"0a\", \"index\" : 0},{\"text\":\"0b\", \"index\" : 1},"
                   "{\"text\":\"1a\",\"index\":2},{\"text\":\"1b\",\"index\":3}]}"));
}

void TestPdMerger::fanOutOfGenerate()
{
    QCOMPARE(merged(generate, "{\"text\":\"a\",\"sampling_params\":{\"n\":2}}",
                    {{decode, 1, " {\"text\":\"b\"}\n"}, {decode, 0, "{\"text\":\"a\"}"}}),
             QByteArray("[{\"text\":\"a\"},{\"text\":\"b\"}]"));
    QCOMPARE(merged(generate, "{\"text\":[\"p\",\"q\"],\"sampling_params\":{\"n\":2}}",
                    {{decode, 0, "[{\"t\":\"p0\"}, {\"t\":\"q0\"}]"}, {decode, 1, "[{\"t\":\"p1\"},{\"t\":\"q1\"}]"}}),
             QByteArray("[{\"t\":\"p0\"},{\"t\":\"p1\"},{\"t\":\"q0\"},{\"t\":\"q1\"}]"));
}

void TestPdMerger::fanOutRefuses_data()
{
    QTest::addColumn<QByteArray>("body");
    for (const char *body : {"", "no", "[]", "{}", "{\"choices\":null}", "{\"choices\":[1]}", "{\"choices\":[]} x"})
        QTest::newRow(body) << QByteArray(body);
}

void TestPdMerger::fanOutRefuses()
{
    QFETCH(QByteArray, body);
    QCOMPARE(merged(chat, "{\"n\":2}", {{decode, 0, "{\"choices\":[]}"}, {decode, 1, body}}), QByteArray("error"));
    QCOMPARE(merged(chat, "{\"n\":2}", {{decode, 0, body}, {decode, 1, "{\"choices\":[]}"}}), QByteArray("error"));
}

namespace {

QByteArray chunk(const QByteArray &id, const QByteArray &text)
{
    return sse("{\"id\":\"" + id + "\",\"x\":1.0,\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text +
               "\"}}],\"usage\":null}");
}

QByteArray usage(const QByteArray &id, int tokens)
{
    return sse("{\"id\":\"" + id + "\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"total_tokens\":" +
               QByteArray::number(5 + tokens) + ",\"completion_tokens\":" + QByteArray::number(tokens) + "}}");
}

} // namespace

void TestPdMerger::fanOutEventsOfChat()
{
    const QByteArray request = "{\"n\":2,\"stream\":true}";
    const auto merger = mergerOf(chat, request);
    const auto index1 = [](QByteArray event) { return event.replace("\"index\":0", "\"index\":1"); };
    QCOMPARE(*feed(*merger, decode, 1, chunk("B", "x")), index1(chunk("B", "x")));
    QCOMPARE(*feed(*merger, decode, 0, chunk("A", "data: [DONE]") + ": ping\n\n"),
             QByteArray(chunk("B", "data: [DONE]") + ": ping\n\n"));
    QCOMPARE(*feed(*merger, decode, 1, usage("B", 10) + done), QByteArray());
    QCOMPARE(*merger->end(decode, 1), QByteArray());
    QCOMPARE(*feed(*merger, decode, 0, chunk("A", "y")), chunk("B", "y"));
    QCOMPARE(*feed(*merger, decode, 0, sse("{\"error\":{\"message\":\"m\"}}")), sse("{\"error\":{\"message\":\"m\"}}"));
    QCOMPARE(*feed(*merger, decode, 0,
                   sse("{\"id\":\"A\",\"choices\":[{\"delta\":{}},{}],\"usage\":{\"completion_tokens\":1}}")),
             sse("{\"id\":\"B\",\"choices\":[{\"index\":0,\"delta\":{}},{\"index\":2}],\"usage\":{\"completion_"
                 "tokens\":1}}"));
    QVERIFY(!merger->isComplete());
    QCOMPARE(*feed(*merger, decode, 0, usage("A", 20) + done), QByteArray(usage("B", 30) + done));
    QCOMPARE(*merger->end(decode, 0), QByteArray());
    QVERIFY(merger->isComplete());
    QVERIFY(!feed(*mergerOf(chat, request), decode, 0, sse("{\"choices\":")));
}

void TestPdMerger::fanOutEventsOfGenerate()
{
    const auto merger = mergerOf(generate, "{\"text\":[\"a\",\"b\"],\"stream\":true,\"sampling_params\":{\"n\":3}}");
    QCOMPARE(*feed(*merger, decode, 1, sse("{\"text\":\"x\",\"meta_info\":{\"index\":9},\"index\":1}")),
             sse("{\"text\":\"x\",\"meta_info\":{\"index\":9},\"index\":4}"));
    QCOMPARE(*feed(*merger, decode, 2, sse("{\"text\":\"x\",\"meta_info\":{}}")),
             sse("{\"index\":2,\"text\":\"x\",\"meta_info\":{}}"));
    QCOMPARE(*feed(*merger, decode, 0, sse("{\"error\":{}}") + sse("hello") + done),
             QByteArray(sse("{\"error\":{}}") + sse("hello")));
    QCOMPARE(*feed(*merger, decode, 1, done), QByteArray());
    QCOMPARE(*feed(*merger, decode, 2, done), done);
}

void TestPdMerger::fanOutEventsOfCutStreams()
{
    // One sample ends without [DONE]: neither may the client's answer have one.
    const QByteArray out =
        merged(chat, "{\"n\":2,\"stream\":true}",
               {{decode, 0, chunk("A", "a").chopped(2)}, {decode, 1, chunk("A", "b") + usage("A", 3) + done}});
    QCOMPARE(out, QByteArray(chunk("A", "a") + chunk("A", "b").replace("\"index\":0", "\"index\":1") + usage("A", 3)));

    // However it is cut, another sample's next event stays an event of its own.
    for (const QByteArray cut : {"data: 1", "data: 1\n", "data: 1\r", "data: 1\r\n", " ", ": x\r", "data: 1\n\r"}) {
        const auto merger = mergerOf(chat, "{\"n\":2,\"stream\":true}");
        QVERIFY(feed(*merger, decode, 0, cut));
        const QByteArray first = *merger->end(decode, 0);
        http::SseSplitter splitter;
        splitter.feed(first + *feed(*merger, decode, 1, "data: 2\n\n"));
        QByteArray event;
        for (QByteArray last; splitter.next(last);)
            event = last;
        QCOMPARE(event, "data: 2\n\n");
    }
}

/// What follows [DONE] is nobody's business: it goes through, and cannot spoil the answer.
void TestPdMerger::behindDone()
{
    for (const QByteArray rest : {"data: {\"input_token_logprobs\":\n\n", ": cut"}) {
        const auto merger = mergerOf(generate, streamedLogprobs);
        QCOMPARE(*feed(*merger, decode, 0, done), done);
        const auto fed = feed(*merger, decode, 0, rest);
        QVERIFY(fed);
        const auto ended = merger->end(decode, 0);
        QVERIFY(ended);
        QCOMPARE(*fed + *ended, rest);
    }
}

/// Whatever the order and the cuts, each sample's events come out in its order, with one usage and one [DONE] at the
/// end.
void TestPdMerger::fanOutInterleavings()
{
    constexpr int samples = 3;
    QByteArray streams[samples];
    for (int s = 0; s < samples; ++s) {
        for (int i = 0; i < 4; ++i)
            streams[s] +=
                chunk("id" + QByteArray::number(s), "s" + QByteArray::number(s) + '-' + QByteArray::number(i));
        streams[s] += usage("id" + QByteArray::number(s), 1 + s) + done;
    }
    QRandomGenerator random(7);
    for (int round = 0; round < 500; ++round) {
        const auto merger = mergerOf(chat, "{\"n\":3,\"stream\":true,\"stream_options\":{\"include_usage\":true}}");
        QByteArray left[samples] = {streams[0], streams[1], streams[2]};
        QByteArray out;
        for (int open = samples; open > 0;) {
            const int s = random.bounded(samples);
            if (left[s].isNull())
                continue;
            const qsizetype size = std::min<qsizetype>(random.bounded(1, 150), left[s].size());
            const auto fed = feed(*merger, decode, s, left[s].first(size));
            QVERIFY(fed);
            out += *fed;
            left[s].remove(0, size);
            if (!left[s].isEmpty())
                continue;
            const auto ended = merger->end(decode, s);
            QVERIFY(ended);
            out += *ended;
            left[s] = QByteArray();
            --open;
        }
        QVERIFY(merger->isComplete());
        QVERIFY(out.endsWith(done));
        QCOMPARE(out.count("[DONE]"), 1);
        int next[samples] = {};
        QString id;
        int usages = 0;
        http::SseSplitter splitter;
        splitter.feed(out.chopped(done.size()));
        for (QByteArray event; splitter.next(event);) {
            const QJsonObject object = QJsonDocument::fromJson(http::SseSplitter::data(event)).object();
            if (id.isNull())
                id = object.value(QStringLiteral("id")).toString();
            QCOMPARE(object.value(QStringLiteral("id")).toString(), id);
            const QJsonArray choices = object.value(QStringLiteral("choices")).toArray();
            if (choices.isEmpty()) {
                ++usages;
                const QJsonObject sum = object.value(QStringLiteral("usage")).toObject();
                QCOMPARE(sum.value(QStringLiteral("completion_tokens")).toInt(), 6);
                QCOMPARE(sum.value(QStringLiteral("total_tokens")).toInt(), 11);
                continue;
            }
            QCOMPARE(usages, 0);
            const int s = choices.at(0).toObject().value(QStringLiteral("index")).toInt();
            QCOMPARE(choices.at(0)
                         .toObject()
                         .value(QStringLiteral("delta"))
                         .toObject()
                         .value(QStringLiteral("content"))
                         .toString(),
                     QStringLiteral("s%1-%2").arg(s).arg(next[s]++));
        }
        QCOMPARE(usages, 1);
        QCOMPARE(next[0] + next[1] + next[2], 12);
    }
}

void TestPdMerger::fanOutWithLogprobs()
{
    const auto answer = [](int list) -> QByteArray {
        return "{\"text\":\"t\",\"meta_info\":{\"input_token_logprobs\":[" + QByteArray::number(list) + "]}}";
    };
    QCOMPARE(merged(generate, "{\"text\":\"a\",\"return_logprob\":true,\"sampling_params\":{\"n\":2}}",
                    {{decode, 1, answer(4)}, {prefill, 0, answer(1)}, {decode, 0, answer(2)}, {prefill, 1, answer(3)}}),
             QByteArray("[{\"text\":\"t\",\"meta_info\":{\"input_token_logprobs\":[1,2]}},"
                        "{\"text\":\"t\",\"meta_info\":{\"input_token_logprobs\":[3,4]}}]"));

    const auto merger =
        mergerOf(generate, "{\"text\":\"a\",\"stream\":true,\"return_logprob\":true,\"sampling_params\":{\"n\":2}}");
    QCOMPARE(*feed(*merger, decode, 1, sse(answer(4)) + done), QByteArray()); // held for prefill of sample 1
    QCOMPARE(*merger->end(decode, 1), QByteArray());
    QCOMPARE(*feed(*merger, prefill, 0, sse(answer(1)) + done), QByteArray());
    QCOMPARE(*merger->end(prefill, 0), QByteArray());
    QCOMPARE(*feed(*merger, decode, 0, sse(answer(2)) + done),
             sse("{\"index\":0,\"text\":\"t\",\"meta_info\":{\"input_token_logprobs\":[1,2]}}"));
    QCOMPARE(*merger->end(decode, 0), QByteArray());
    QVERIFY(!merger->isComplete());
    QCOMPARE(*feed(*merger, prefill, 1, sse(answer(3)) + done), QByteArray());
    QCOMPARE(*merger->end(prefill, 1),
             QByteArray(sse("{\"index\":1,\"text\":\"t\",\"meta_info\":{\"input_token_logprobs\":[3,4]}}") + done));
    QVERIFY(merger->isComplete());
}

void TestPdMerger::inBand_data()
{
    QTest::addColumn<QByteArray>("event");
    QTest::addColumn<int>("status"); // -1: no error
    QTest::addColumn<QString>("message");
    const auto row = [](const char *name, const QByteArray &data, int status, const char *message = "") {
        QTest::newRow(name) << data << status << QString::fromUtf8(message);
    };
    row("generate",
        sse("{\"text\":\"\",\"meta_info\":{\"finish_reason\":{\"type\":\"abort\",\"message\":\"Decode transfer "
            "failed\",\"status_code\":500,\"err_type\":\"x\"}}}"),
        500, "Decode transfer failed");
    row("generate, no status",
        sse("{\"meta_info\":{\"finish_reason\":{\"type\": \"abort\",\"message\":\"m\",\"status_code\":null}}}"), 0,
        "m");
    row("generate, no message", sse("{\"meta_info\":{\"finish_reason\":{\"type\":\"abort\"}}}"), 0,
        "The engine aborted the request.");
    row("value error",
        sse("{\"error\":{\"message\":\"too long "
            "\\u00e9\",\"type\":\"invalid_request_error\",\"code\":400,\"retryable\":false}}"),
        400, "too long \xc3\xa9");
    row("error object", sse("{\"object\":\"error\",\"message\":\"m\",\"type\":\"t\",\"param\":null,\"code\":503}"), 503,
        "m");
    row("nested error object", sse("{\"error\":{\"object\":\"error\",\"message\":\"m\",\"code\":\"429\"}}"), 429, "m");
    row("strange code", sse("{\"error\":{\"message\":\"m\",\"code\":\"bad_thing\"}}"), 0, "m");
    row("code no status", sse("{\"error\":{\"message\":\"m\",\"code\":99999999999999}}"), 0, "m");
    row("chat", sse("{\"choices\":[{\"finish_reason\":null},{\"finish_reason\":\"abort\"}]}"), 0,
        "The engine aborted the request.");
    row("several lines", "event: error\ndata: {\"error\":\ndata: {\"message\":\"m\"}}\n\n", 0, "m");
    row("text about it",
        sse("{\"text\":\"an \\\"error\\\" or \\\"abort\\\"\",\"meta_info\":{\"finish_reason\":{\"type\":\"stop\"}}}"),
        -1);
    row("text is the word", sse("{\"text\":\"error\",\"meta_info\":{\"finish_reason\":null}}"), -1);
    row("text is abort", sse("{\"choices\":[{\"index\":0,\"text\":\"abort\",\"finish_reason\":\"stop\"}]}"), -1);
    row("null error", sse("{\"error\":null,\"text\":\"a\"}"), -1);
    row("nested elsewhere",
        sse("{\"choices\":[{\"delta\":{\"error\":{\"message\":\"m\"},\"finish_reason\":\"abort\"}}]}"), -1);
    row("no JSON", sse("\"error\" \"abort\""), -1);
    row("comment", ": \"error\"\n\n", -1);
    row("list", sse("[\"error\"]"), -1);
    row("done", done, -1);
    row("empty", "", -1);
}

void TestPdMerger::inBand()
{
    QFETCH(QByteArray, event);
    QFETCH(int, status);
    QFETCH(QString, message);
    const auto error = sglangDialect().inBandError(event);
    QCOMPARE(error.has_value(), status >= 0);
    if (!error)
        return;
    QCOMPARE(error->status, status);
    QCOMPARE(error->message, message);
}

QTEST_APPLESS_MAIN(TestPdMerger)
#include "tst_pd_merger.moc"
