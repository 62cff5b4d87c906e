// SPDX-License-Identifier: Apache-2.0

// What is kept of bodies, for how long, and what is read out of answers.
#include "pd/answer_facts.h"
#include "trace/trace_store.h"

#include <QTest>

using namespace pdlb;
using namespace pdlb::trace;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

std::shared_ptr<BodyBudget> budget(qint64 limit = 0)
{
    return std::make_shared<BodyBudget>(limit);
}

TimelinePtr recordOf(const QByteArray &id, std::shared_ptr<const KeptBodies> bodies = {})
{
    Timeline timeline;
    timeline.requestId = id;
    timeline.bodies = std::move(bodies);
    return std::make_shared<const Timeline>(std::move(timeline));
}

} // namespace

class TstKeptBodies : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void piecesHaveTimes();
    void prefixIsKept();
    void requestIsShared();
    void budgetIsRespected();
    void tailOfLongAnswers();
    void tailWhenTheBudgetIsFull();
    void nothingIsKept();
    void oldBodiesMakeRoom();
    void copiesCountTheSame();
    void pinnedStay();
    void pinsAreLimited();
    void facts_data();
    void facts();
    void factsOfList();
    void factsOfCutTail();
    void deltas_data();
    void deltas();
};

void TstKeptBodies::piecesHaveTimes()
{
    BodyRecorder recorder(budget(), 1024);
    recorder.addAnswer("abc", 10ms);
    recorder.addAnswer("defg", 25ms);
    const auto bodies = recorder.take();
    QCOMPARE(bodies->answer.bytes, "abcdefg");
    QVERIFY(bodies->answer.isWhole());
    QCOMPARE(bodies->answer.timeAt(0), Monotonic(10ms));
    QCOMPARE(bodies->answer.timeAt(2), Monotonic(10ms));
    QCOMPARE(bodies->answer.timeAt(3), Monotonic(25ms));
    QCOMPARE(bodies->answer.timeAt(100), Monotonic(25ms));
    QCOMPARE(bodies->request.timeAt(0), Monotonic(0));

    BodyRecorder many(budget(), 1 << 20);
    for (int i = 0; i < 10'000; ++i)
        many.addAnswer("x", std::chrono::milliseconds(i));
    const auto kept = many.take();
    QCOMPARE(kept->answer.pieces.size(), KeptBody::maxPieces);
    QCOMPARE(kept->answer.pieces.back().end, 10'000u);
    QCOMPARE(kept->answer.bytes.size(), 10'000);
}

void TstKeptBodies::prefixIsKept()
{
    const auto shared = budget();
    BodyRecorder recorder(shared, 10);
    recorder.setRequest(QByteArray(25, 'r'));
    recorder.addAnswer("0123456", 0ms);
    recorder.addAnswer("789abc", 0ms);
    recorder.addAnswer("d", 0ms);
    const auto bodies = recorder.take();
    QCOMPARE(bodies->request.bytes, QByteArray(10, 'r'));
    QCOMPARE(bodies->request.size, 25);
    QCOMPARE(bodies->answer.bytes, "0123456789");
    QCOMPARE(bodies->answer.size, 14);
    QVERIFY(!bodies->answer.isWhole());
    QCOMPARE(shared->cut.load(), 2);
}

void TstKeptBodies::requestIsShared()
{
    BodyRecorder recorder(budget(), 1 << 20);
    const QByteArray body(5000, 'r');
    recorder.setRequest(body);
    QCOMPARE(static_cast<const void *>(recorder.take()->request.bytes.constData()), static_cast<const void *>(body.constData()));
    // Much spare room behind it would be kept with it, and is not counted: then it is copied.
    QByteArray spacious("small");
    spacious.reserve(100'000);
    BodyRecorder other(budget(), 1 << 20);
    other.setRequest(spacious);
    const auto bodies = other.take();
    QCOMPARE(bodies->request.bytes, "small");
    QVERIFY(bodies->request.bytes.capacity() < 1000);
}

void TstKeptBodies::budgetIsRespected()
{
    const auto shared = budget(10'000);
    {
        BodyRecorder recorder(shared, 1 << 20);
        for (int i = 0; i < 1000; ++i)
            recorder.addAnswer(QByteArray(100, 'a'), 0ms);
        QVERIFY(shared->memory.used() <= 10'000);
        const auto bodies = recorder.take();
        QVERIFY(bodies->answer.bytes.capacity() <= 10'000);
        QVERIFY2(bodies->answer.bytes.size() >= 5000, "a growing body must use what there is");
        QCOMPARE(bodies->answer.size, 100'000);
        QVERIFY(shared->memory.used() > 0);
    }
    QCOMPARE(shared->memory.used(), 0); // given back with the record
}

void TstKeptBodies::tailOfLongAnswers()
{
    BodyRecorder recorder(budget(), 1000);
    QByteArray all;
    for (int i = 0; i < 3000; ++i) {
        const QByteArray piece = "piece " + QByteArray::number(i) + ' ';
        all += piece;
        recorder.addAnswer(piece, 0ms);
        QVERIFY(recorder.answerTail().size() <= 17'000);
    }
    QVERIFY(recorder.answerTail().size() >= 8 * 1024);
    QVERIFY(all.endsWith(recorder.answerTail()));
}

void TstKeptBodies::tailWhenTheBudgetIsFull()
{
    BodyRecorder recorder(budget(100), 1 << 20);
    recorder.addAnswer(QByteArray(60, 'a'), 0ms);
    recorder.addAnswer(QByteArray(60, 'b'), 0ms); // there is no room for it
    recorder.addAnswer("c", 0ms);
    QCOMPARE(recorder.answerTail(), QByteArrayView(QByteArray(60, 'a') + QByteArray(60, 'b') + 'c'));
}

void TstKeptBodies::nothingIsKept()
{
    BodyRecorder recorder(budget(), 0);
    recorder.setRequest("request");
    recorder.addAnswer("an", 0ms);
    recorder.addAnswer("swer", 0ms);
    QCOMPARE(recorder.answerTail(), QByteArrayView("answer"));
    QVERIFY(!recorder.take());
}

void TstKeptBodies::oldBodiesMakeRoom()
{
    const auto shared = budget(80'000);
    TraceStore store(100, 1 << 20, shared);
    for (int i = 0; i < 20; ++i) {
        BodyRecorder recorder(shared, 1 << 20);
        recorder.setRequest(QByteArray(10'000, 'r'));
        store.record(recordOf(QByteArray::number(i), recorder.take()));
        QVERIFY(shared->memory.used() <= 70'100);
    }
    QCOMPARE(store.size(), size_t(20)); // the records are all there
    QVERIFY(!store.find("0")->bodies);
    QVERIFY(!store.find("12")->bodies);
    QCOMPARE(store.find("19")->bodies->request.bytes.size(), 10'000);
    QVERIFY(shared->dropped.load() >= 13);
    QCOMPARE(shared->cut.load(), 0);
}

void TstKeptBodies::copiesCountTheSame()
{
    // A record that gives up its body or is pinned is replaced by a copy, which must count for as much as what it replaces.
    const auto shared = budget(80'000);
    TraceStore store(10, 10 * 16 * 1024, shared);
    for (int i = 0; i < 500; ++i) {
        Timeline timeline;
        timeline.requestId = QByteArray::number(i);
        timeline.legs.resize(1);
        for (int at = 0; at < 600; ++at)
            timeline.legs.front().times.add(std::chrono::milliseconds(at));
        BodyRecorder recorder(shared, 1 << 20);
        recorder.setRequest(QByteArray(10'000, 'r'));
        timeline.bodies = recorder.take();
        store.record(std::make_shared<const Timeline>(std::move(timeline)));
    }
    QVERIFY(shared->dropped.load() > 100);
    QCOMPARE(store.size(), size_t(10));
}

void TstKeptBodies::pinnedStay()
{
    const auto shared = budget(80'000);
    TraceStore store(3, 1 << 20, shared);
    BodyRecorder recorder(shared, 1 << 20);
    recorder.setRequest(QByteArray(10'000, 'r'));
    store.record(recordOf("kept", recorder.take()));
    QVERIFY(store.setPinned("kept", true));
    for (int i = 0; i < 20; ++i) {
        BodyRecorder other(shared, 1 << 20);
        other.setRequest(QByteArray(10'000, 'r'));
        store.record(recordOf(QByteArray::number(i), other.take()));
    }
    QCOMPARE(store.size(), size_t(4));
    QVERIFY(store.find("kept")->pinned);
    QCOMPARE(store.find("kept")->bodies->request.bytes.size(), 10'000);
    QCOMPARE(store.newest(100).back()->requestId, "kept");
    QVERIFY(!store.find("16"));
    QVERIFY(store.setPinned("kept", false)); // its place is long gone
    QVERIFY(!store.find("kept"));
    QCOMPARE(store.setPinned("kept", true).error().message, u"there is no finished request of that id, or it is too long ago"_s);
}

void TstKeptBodies::pinsAreLimited()
{
    TraceStore store;
    for (size_t i = 0; i <= TraceStore::maxPinned; ++i) {
        store.record(recordOf(QByteArray::number(i)));
        QCOMPARE(store.setPinned(QByteArray::number(i), true).has_value(), i < TraceStore::maxPinned);
    }
    QVERIFY(store.setPinned("3", true)); // is already
    QVERIFY(store.setPinned("3", false));
    QVERIFY(store.setPinned(QByteArray::number(TraceStore::maxPinned), true));
}

void TstKeptBodies::facts_data()
{
    QTest::addColumn<QByteArray>("answer");
    QTest::addColumn<bool>("isStream");
    QTest::addColumn<QByteArray>("expected"); // prompt/completion/cached reason received finished

    const auto row = [](const char *name, const QByteArray &answer, bool isStream, const QByteArray &expected) {
        QTest::newRow(name) << answer << isStream << expected;
    };
    row("chat", R"({"model":"m","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":3}}})",
        false, "5/7/3 stop - -");
    row("generate", R"({"text":"x","meta_info":{"finish_reason":{"type":"length","length":9},"prompt_tokens":4,"completion_tokens":9,"cached_tokens":0,"request_received_ts":100.5,"request_finished_ts":101.25}})",
        false, "4/9/0 length 100.5 101.25");
    row("stream with usage", "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"finish_reason\":\"stop\"}]}\n\n"
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n", true, "1/2/- stop - -");
    row("CRLF", "data: {\"choices\":[{\"finish_reason\":\"length\"}]}\r\n\r\ndata:[DONE]\r\n\r\n", true, "-/-/- length - -");
    row("generate stream", "data: {\"text\":\"a\",\"meta_info\":{\"finish_reason\":null,\"completion_tokens\":1}}\n\n"
        "data: {\"text\":\"ab\",\"meta_info\":{\"finish_reason\":{\"type\":\"stop\"},\"completion_tokens\":2}}\n\ndata: [DONE]\n\n", true, "-/2/- stop - -");
    row("no JSON", "Internal Server Error", false, "-/-/- - - -");
    row("numbers that are none", R"({"usage":{"prompt_tokens":"5","completion_tokens":-7,"prompt_tokens_details":[]},"choices":{}})", false, "-/-/- - - -");
    row("empty", "", true, "-/-/- - - -");
    row("no data", "\n\n\nevent: x\n: comment\n", true, "-/-/- - - -");
}

void TstKeptBodies::facts()
{
    QFETCH(QByteArray, answer);
    QFETCH(bool, isStream);
    const pd::AnswerFacts facts = pd::factsOfAnswer(answer, isStream);
    const auto number = [](const auto &value) { return value ? QByteArray::number(*value) : QByteArrayLiteral("-"); };
    QTEST(number(facts.promptTokens) + '/' + number(facts.completionTokens) + '/' + number(facts.cachedTokens) + ' '
          + (facts.finishReason.isEmpty() ? "-" : facts.finishReason) + ' ' + number(facts.serverReceived) + ' ' + number(facts.serverFinished), "expected");
}

void TstKeptBodies::factsOfList()
{
    const pd::AnswerFacts facts = pd::factsOfAnswer(R"([{"meta_info":{"completion_tokens":2}},{"meta_info":{"completion_tokens":40,"prompt_tokens":1}}])", false);
    QCOMPARE(facts.completionTokens, std::optional<qint64>(42));
    QCOMPARE(facts.promptTokens, std::optional<qint64>(1));
    const pd::AnswerFacts huge = pd::factsOfAnswer(R"([{"meta_info":{"completion_tokens":9223372036854775807}},{"meta_info":{"completion_tokens":9223372036854775807}}])", false);
    QVERIFY(huge.completionTokens > 0); // and no overflow
}

void TstKeptBodies::factsOfCutTail()
{
    // The tail begins in the middle of an event.
    const QByteArray stream = QByteArray(20'000, 'x') + "\"}]}\n\ndata: {\"usage\":{\"completion_tokens\":3}}\n\ndata: [DONE]\n\n";
    QCOMPARE(pd::factsOfAnswer(stream, true).completionTokens, std::optional<qint64>(3));
}

void TstKeptBodies::deltas_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<QByteArray>("expected"); // index content|reasoning, * when accumulated
    QTest::newRow("chat") << QByteArray(R"({"choices":[{"index":1,"delta":{"content":"\u00fc\n"}}]})") << QByteArray("1 \xc3\xbc\n|");
    QTest::newRow("reasoning") << QByteArray(R"({"choices":[{"index":0,"delta":{"content":null,"reasoning_content":"hm"}}]})") << QByteArray("0 |hm");
    QTest::newRow("completion") << QByteArray(R"({"choices":[{"index":0,"text":"t"}]})") << QByteArray("0 t|");
    QTest::newRow("whole chat") << QByteArray(R"({"choices":[{"message":{"content":"all"}}]})") << QByteArray("0 all|");
    QTest::newRow("generate") << QByteArray(R"({"text":"so far","index":2})") << QByteArray("2 so far|*");
    QTest::newRow("role only") << QByteArray(R"({"choices":[{"index":0,"delta":{"role":"assistant"}}]})") << QByteArray("0 |");
    QTest::newRow("usage") << QByteArray(R"({"choices":[],"usage":{}})") << QByteArray("0 |");
    QTest::newRow("rubbish") << QByteArray("[DONE]") << QByteArray("0 |");
    QTest::newRow("wild index") << QByteArray(R"({"text":"a","index":-9223372036854775808})") << QByteArray("0 a|*");
}

void TstKeptBodies::deltas()
{
    QFETCH(QByteArray, json);
    const pd::TextDelta delta = pd::readDelta(json);
    QTEST(QByteArray::number(delta.index) + ' ' + delta.content + '|' + delta.reasoning + (delta.accumulated ? "*" : ""), "expected");
}

QTEST_APPLESS_MAIN(TstKeptBodies)
#include "tst_kept_bodies.moc"
