// SPDX-License-Identifier: Apache-2.0

// The failure table of the attempt machine: events in, actions out. Scripts are written as words:
//
//     r0 r1         leg is ready             h0=200     leg's head          b1        first byte of its body
//     d1            end marker seen          e0=ok      leg ended (ok unproven cut bad refused timeout, +w: wrote)
//     a0=500        in-band abort            gone stalled drained merged merge (failed) ttft idle total
//
// and the actions as "send", "commit1", "answer0", "cancel1", "cancel1!" (engine told), "error 502 code", "sse 502 code",
// "cut", "finish", "retry", "end ok".
#include "relay/attempt_machine.h"

#include <QTest>

using namespace pdlb;
using namespace pdlb::relay;
using namespace Qt::StringLiterals;

namespace {

using upstream::LegEndKind;

LegEndKind endKind(const QByteArray &word)
{
    static const std::pair<const char *, LegEndKind> kinds[] = {
        {"ok", LegEndKind::Complete}, {"unproven", LegEndKind::Unproven}, {"cut", LegEndKind::Cut},
        {"bad", LegEndKind::ProtocolError}, {"refused", LegEndKind::ConnectFailed}, {"timeout", LegEndKind::ConnectTimeout}};
    for (const auto &[name, kind] : kinds) {
        if (word == name)
            return kind;
    }
    qFatal("no such end: %s", word.constData());
}

Event eventOf(const QByteArray &word)
{
    if (word == "gone")
        return ClientGone{};
    if (word == "stalled")
        return ClientStalled{};
    if (word == "drained")
        return Forced{{503, "shutting_down", u"the balancer is shutting down"_s}, trace::EndReason::Drain};
    if (word == "merged")
        return MergeComplete{};
    if (word == "merge")
        return MergeFailed{u"x"_s};
    if (word == "ttft")
        return TimedOut{trace::EndReason::TimeoutFirstByte};
    if (word == "idle")
        return TimedOut{trace::EndReason::TimeoutIdle};
    if (word == "total")
        return TimedOut{trace::EndReason::TimeoutTotal};
    const int leg = word[1] - '0';
    const QByteArray value = word.size() > 3 ? word.sliced(3) : QByteArray();
    switch (word[0]) {
    case 'r': return LegReady{leg};
    case 'h': return LegHead{leg, value.toInt()};
    case 'b': return LegBody{leg};
    case 'd': return LegDone{leg};
    case 'a': return LegAborted{leg, {value.toInt(), u"said so"_s}};
    case 'e': {
        const bool wrote = value.endsWith("+w");
        return LegEnded{leg, endKind(wrote ? value.chopped(2) : value), u"why"_s, wrote, true};
    }
    default: break;
    }
    qFatal("no such event: %s", word.constData());
}

struct Namer {
    QByteArray operator()(const SendAll &) const { return "send"; }
    QByteArray operator()(const CommitAnswer &a) const { return "commit" + QByteArray::number(a.leg); }
    QByteArray operator()(const AnswerWithLeg &a) const { return "answer" + QByteArray::number(a.leg); }
    QByteArray operator()(const CancelLeg &a) const { return "cancel" + QByteArray::number(a.leg) + (a.tellEngine ? "!" : ""); }
    QByteArray operator()(const AnswerError &a) const { return "error " + QByteArray::number(a.error.status) + ' ' + a.error.code; }
    QByteArray operator()(const StreamError &a) const { return "sse " + QByteArray::number(a.error.status) + ' ' + a.error.code; }
    QByteArray operator()(const CutClient &) const { return "cut"; }
    QByteArray operator()(const FinishClient &) const { return "finish"; }
    QByteArray operator()(const Retry &) const { return "retry"; }
    QByteArray operator()(const Conclude &a) const { return "end " + QByteArray(trace::endReasonName(a.reason)); }
};

enum Mode { Plain = 0, Stream = 1, MayRetry = 2, NeedsPrefill = 4, Buffered = 8 };

} // namespace

class TstAttemptMachine : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void table_data();
    void table();
    void neverARetryAfterAWrite_data();
    void neverARetryAfterAWrite();
    void oneConclusionWhateverHappens();
    void messagesNameTheLeg();
    void retriesThatCanBeAfforded();

private:
    static QByteArray run(AttemptMachine &machine, const QByteArray &script);
    static AttemptMachine make(int legs, int mode);
};

AttemptMachine TstAttemptMachine::make(int legs, int mode)
{
    std::vector<pd::LegRole> roles;
    AttemptMachine::Options options;
    for (int i = 0; i < legs; ++i) {
        roles.push_back(i % 2 ? pd::LegRole::Decode : pd::LegRole::Prefill);
        options.names.push_back((i % 2 ? u"decode d1"_s : u"prefill p1"_s));
    }
    options.stream = mode & Stream;
    options.mayRetry = mode & MayRetry;
    options.needsPrefillBody = mode & NeedsPrefill;
    options.buffered = mode & Buffered;
    return AttemptMachine(roles, options);
}

QByteArray TstAttemptMachine::run(AttemptMachine &machine, const QByteArray &script)
{
    QByteArrayList words;
    for (const QByteArray &word : script.split(' ')) {
        for (const Action &action : machine.step(eventOf(word)))
            words += std::visit(Namer(), action);
    }
    return words.join(", ");
}

void TstAttemptMachine::table_data()
{
    QTest::addColumn<int>("mode");
    QTest::addColumn<int>("legs");
    QTest::addColumn<QByteArray>("script");
    QTest::addColumn<QByteArray>("actions");
    const auto row = [](const char *name, int mode, const char *script, const char *actions, int legs = 2) {
        QTest::newRow(name) << mode << legs << QByteArray(script) << QByteArray(actions);
    };

    // Good ends.
    row("good", Plain, "r0 r1 h0=200 b0 e0=ok h1=200 b1 e1=ok", "send, commit1, finish, end ok");
    row("good, decode first", Plain, "r1 r0 h1=200 b1 e1=ok h0=200 b0 e0=ok", "send, commit1, finish, end ok");
    row("good stream", Stream, "r0 r1 h1=200 h0=200 b0 b1 d1 e1=ok e0=ok", "send, commit1, finish, end ok");
    row("empty body", Plain, "r0 r1 h0=200 e0=ok h1=200 e1=ok", "send, commit1, finish, end ok");
    row("close-delimited", Plain, "r0 r1 h1=200 b1 e1=unproven", "send, commit1, finish, end ok");
    row("close-delimited stream with end marker", Stream, "r0 r1 h1=200 b1 d1 e1=unproven", "send, commit1, finish, end ok");
    row("stream cut behind its end marker (T49)", Stream, "r0 r1 h1=200 b1 d1 e1=cut+w", "send, commit1, finish, end ok");
    row("merge waits for prefill", Stream | NeedsPrefill, "r0 r1 h0=200 h1=200 b1 d1 e1=ok e0=ok", "send, commit1, finish, end ok");
    row("merge, whole answer", Buffered | NeedsPrefill, "r0 r1 h0=200 h1=200 b1 e1=ok b0 e0=ok", "send, commit1, finish, end ok");
    row("nothing is committed by a head", Stream, "r0 r1 h1=200 h0=200", "send");

    // Connecting.
    row("P refused, retry", MayRetry, "e0=refused", "cancel1, retry");
    row("P refused after D is ready, retry", MayRetry, "r1 e0=refused", "cancel1, retry");
    row("D times out, retry", Stream | MayRetry, "r0 e1=timeout", "cancel0, retry");
    row("P refused, no other pair (T34)", Plain, "r1 e0=refused", "cancel1, error 502 prefill_unreachable, end prefill_conn");
    row("D refused, no other pair (T35)", Plain, "r0 e1=refused", "cancel0, error 502 decode_unreachable, end decode_conn");
    row("P timeout, no other pair (T36)", Plain, "e0=timeout", "cancel1, error 504 prefill_unreachable, end timeout_connect");
    row("D timeout, no other pair", Stream, "e1=timeout", "cancel0, error 504 decode_unreachable, end timeout_connect");
    row("one leg written, other cannot connect", MayRetry, "r0 r1 e1=refused",
        "send, cancel0!, error 502 decode_unreachable, end decode_conn");
    row("refused but something was written", MayRetry, "e0=refused+w", "cancel1, error 502 prefill_unreachable, end prefill_conn");

    // Prefill.
    row("P 400 before D (T37)", Plain, "r0 r1 h0=400 b0 e0=ok", "send, cancel1!, answer0, finish, end prefill_http");
    row("P 503 before D, stream (T38)", Stream, "r0 r1 h1=200 h0=503 b0 e0=ok", "send, cancel1!, answer0, finish, end prefill_http");
    row("P 429", Plain, "r0 r1 h0=429 e0=ok", "send, cancel1!, answer0, finish, end prefill_http");
    row("P 500 after D began, stream", Stream, "r0 r1 h1=200 b1 h0=500", "send, commit1, cancel0!, cancel1!, sse 500 prefill_error, end prefill_http");
    row("P 500 after D began", Plain, "r0 r1 h1=200 b1 h0=500", "send, commit1, cancel0!, cancel1!, cut, end prefill_http");
    row("P redirects", Plain, "r0 r1 h0=307 e0=ok", "send, cancel1!, answer0, finish, end prefill_http");
    row("P's error answer is cut", Plain, "r0 r1 h0=500 b0 e0=cut+w", "send, cancel1!, answer0, cut, end prefill_http");
    row("P's error answer ends at the close", Plain, "r0 r1 h0=500 b0 e0=unproven", "send, cancel1!, answer0, finish, end prefill_http");
    row("P aborts in its stream, D silent (T39)", Stream, "r0 r1 h0=200 h1=200 a0=500", "send, cancel0!, cancel1!, error 502 prefill_abort, end prefill_abort");
    row("P aborts by the client's fault", Stream, "r0 r1 h0=200 h1=200 a0=400", "send, cancel0!, cancel1!, error 400 prefill_abort, end prefill_abort");
    row("P aborts, D streams", Stream, "r0 r1 h0=200 h1=200 b1 a0=500", "send, commit1, cancel0!, cancel1!, sse 502 prefill_abort, end prefill_abort");
    row("P closes before an answer", Plain, "r0 r1 e0=cut+w", "send, cancel1!, error 502 prefill_failed, end prefill_conn");
    row("P garbage", Plain, "r0 r1 e0=bad+w", "send, cancel1!, error 502 prefill_failed, end prefill_conn");
    row("P cut after D's head, stream", Stream, "r0 r1 h0=200 h1=200 b1 e0=cut+w", "send, commit1, cancel1!, sse 502 prefill_failed, end prefill_conn");
    row("P cut, D streams on after P was whole", Stream, "r0 r1 h0=200 e0=ok h1=200 b1 d1 e1=ok", "send, commit1, finish, end ok");
    row("P cut after D's end marker", Stream, "r0 r1 h0=200 h1=200 b1 d1 e0=cut+w e1=ok", "send, commit1, finish, end ok");
    row("P 500 after D's end marker", Stream, "r0 r1 h1=200 b1 d1 h0=500 e1=unproven e0=ok", "send, commit1, finish, end ok");
    row("P aborts after D's end marker", Stream, "r0 r1 h0=200 h1=200 b1 d1 a0=500 e0=ok e1=cut+w", "send, commit1, finish, end ok");
    row("P cut, D's end marker waits for P", Stream | NeedsPrefill, "r0 r1 h0=200 h1=200 b1 d1 e0=cut+w", "send, commit1, cancel1!, sse 502 prefill_failed, end prefill_conn");
    row("P cut, D's end marker did not wait", Stream | NeedsPrefill, "r0 r1 h0=200 h1=200 b1 d1 merged e0=cut+w e1=ok", "send, commit1, finish, end ok");
    row("P sets D's end marker free", Stream | NeedsPrefill, "r0 r1 h0=200 h1=200 b1 d1 e1=ok merged e0=ok", "send, commit1, finish, end ok");
    row("P hangs, nothing needed it", Stream | NeedsPrefill, "r0 r1 h0=200 h1=200 b1 d1 merged e1=ok", "send, commit1, finish, end ok");
    row("P fails after the end", Stream, "r0 r1 h1=200 b1 d1 e1=ok h0=500 e0=cut+w", "send, commit1, finish, end ok");

    // Decode.
    row("D 400 to a stream (T40)", Stream, "r0 r1 h0=200 h1=400 b1 e1=ok", "send, cancel0!, answer1, finish, end decode_http");
    row("D 503", Plain, "r0 r1 h1=503 b1 e1=ok", "send, cancel0!, answer1, finish, end decode_http");
    row("D 503 after P was whole", Plain, "r0 r1 h0=200 e0=ok h1=503 e1=ok", "send, answer1, finish, end decode_http");
    row("D redirect (T53)", Plain, "r0 r1 h1=302 e1=ok", "send, cancel0!, answer1, finish, end decode_http");
    row("D closes (T41)", Plain, "r0 r1 e1=cut+w", "send, cancel0!, error 502 decode_failed, end decode_conn");
    row("D garbage (T43)", Stream, "r0 r1 e1=bad+w", "send, cancel0!, error 502 decode_failed, end decode_conn");
    row("D cut behind its head, nothing sent (T48)", Stream, "r0 r1 h1=200 e1=cut+w", "send, cancel0!, error 502 decode_failed, end decode_cut");
    row("D cut mid-stream (T48)", Stream, "r0 r1 h1=200 b1 e1=cut+w", "send, commit1, cancel0!, sse 502 decode_failed, end decode_cut");
    row("D cut in a partly sent answer", Plain, "r0 r1 h1=200 b1 e1=cut+w", "send, commit1, cancel0!, cut, end decode_cut");
    row("D's stream ends without end marker", Stream, "r0 r1 h1=200 b1 e1=unproven", "send, commit1, cancel0!, sse 502 decode_failed, end decode_cut");
    row("D bad chunk mid-stream", Stream, "r0 r1 h1=200 b1 e1=bad+w", "send, commit1, cancel0!, sse 502 decode_failed, end decode_cut");
    row("D cut in a merged answer", Buffered | NeedsPrefill, "r0 r1 h1=200 b1 e1=cut+w", "send, cancel0!, error 502 decode_failed, end decode_cut");
    row("D aborts in its stream", Stream, "r0 r1 h1=200 a1=500 b1 d1 e1=ok", "send, commit1, finish, cancel0!, end decode_abort");
    row("D aborts, P was whole", Stream, "r0 r1 h0=200 e0=ok h1=200 a1=500 b1 d1 e1=ok", "send, commit1, finish, end decode_abort");
    row("merge fails, nothing sent", Buffered | NeedsPrefill, "r0 r1 h0=200 h1=200 merge", "send, cancel0!, cancel1!, error 502 merge_failed, end decode_http");
    row("merge fails mid-stream", Stream | NeedsPrefill, "r0 r1 h0=200 h1=200 b1 merge", "send, commit1, cancel0!, cancel1!, sse 502 merge_failed, end decode_http");

    // The client and the clock.
    row("client gone before anything was sent", Plain, "r0 gone", "cancel0, cancel1, end client_gone");
    row("client gone before the first byte (T69)", Stream, "r0 r1 gone", "send, cancel0!, cancel1!, end client_gone");
    row("client gone mid-stream", Stream, "r0 r1 h1=200 b1 gone", "send, commit1, cancel0!, cancel1!, end client_gone");
    row("client gone, P was whole", Stream, "r0 r1 h0=200 e0=ok h1=200 b1 gone", "send, commit1, cancel1!, end client_gone");
    row("client gone after the end", Stream, "r0 r1 h1=200 b1 d1 e1=ok gone", "send, commit1, finish, end ok");
    row("client gone after the end marker: nothing to abort (T69)", Stream, "r0 r1 h0=200 h1=200 b1 d1 gone", "send, commit1, finish, cancel0, cancel1, end ok");
    row("client stalled", Stream, "r0 r1 h1=200 b1 stalled", "send, commit1, cancel0!, cancel1!, cut, end stalled_client");
    row("first-byte timeout (T46)", Plain, "r0 r1 ttft", "send, cancel0!, cancel1!, error 504 timeout_first_byte, end timeout_first_byte");
    row("idle timeout (T47)", Stream, "r0 r1 h1=200 b1 idle", "send, commit1, cancel0!, cancel1!, sse 504 timeout_idle, end timeout_idle");
    row("idle timeout of a whole answer", Plain, "r0 r1 h1=200 b1 idle", "send, commit1, cancel0!, cancel1!, cut, end timeout_idle");
    row("request timeout", Plain, "r0 r1 total", "send, cancel0!, cancel1!, error 504 timeout_total, end timeout_total");
    row("request timeout after the end marker", Stream, "r0 r1 h0=200 e0=ok h1=200 b1 d1 total", "send, commit1, finish, cancel1, end ok");
    row("shutdown after the end marker", Stream, "r0 r1 h0=200 h1=200 b1 d1 drained", "send, commit1, finish, cancel0, cancel1, end ok");
    row("shutdown before the answer", Plain, "r0 r1 drained", "send, cancel0!, cancel1!, error 503 shutting_down, end drain");
    row("shutdown mid-stream", Stream, "r0 r1 h1=200 b1 drained", "send, commit1, cancel0!, cancel1!, sse 503 shutting_down, end drain");
    row("timeout while P's error is forwarded", Stream, "r0 r1 h0=400 b0 total", "send, cancel1!, answer0, cancel0!, cut, end timeout_total");

    // Fan-out: legs are P D P D.
    row("fan-out, good", Buffered, "r0 r1 r2 r3 h1=200 b1 e1=ok h3=200 b3 e3=ok", "send, commit1, finish, end ok", 4);
    row("fan-out stream, both heads first", Stream, "r0 r1 r2 r3 h1=200 b1 h3=200 b3 d1 e1=ok d3 e3=ok", "send, commit1, finish, end ok", 4);
    row("fan-out waits for every connection", Stream, "r0 r1 r2", "", 4);
    row("fan-out, one refused", MayRetry, "r0 r1 r2 e3=refused", "cancel0, cancel1, cancel2, retry", 4);
    row("fan-out, one D 400", Stream, "r0 r1 r2 r3 h1=200 h3=400 e3=ok", "send, cancel0!, cancel1!, cancel2!, answer3, finish, end decode_http", 4);
    row("fan-out stream, P cut after one end marker", Stream, "r0 r1 r2 r3 h1=200 b1 h3=200 b3 d1 e2=cut+w",
        "send, commit1, cancel0!, cancel1!, cancel3!, sse 502 prefill_failed, end prefill_conn", 4);
    row("fan-out stream, P cut after both end markers", Stream, "r0 r1 r2 r3 h1=200 b1 h3=200 b3 d1 d3 e2=cut+w e1=ok e3=ok",
        "send, commit1, finish, end ok", 4);
    row("fan-out, one D cut mid-stream", Stream, "r0 r1 r2 r3 h1=200 b1 h3=200 b3 e3=cut+w",
        "send, commit1, cancel0!, cancel1!, cancel2!, sse 502 decode_failed, end decode_cut", 4);
    row("fan-out, one P 500", Buffered, "r0 r1 r2 r3 h0=200 e0=ok h2=500 e2=ok", "send, cancel1!, cancel3!, answer2, finish, end prefill_http", 4);
    row("fan-out, client gone", Stream, "r0 r1 r2 r3 h1=200 b1 e1=ok h3=200 b3 gone",
        "send, commit1, cancel0!, cancel2!, cancel3!, end client_gone", 4);
}

void TstAttemptMachine::table()
{
    QFETCH(int, mode);
    QFETCH(int, legs);
    QFETCH(QByteArray, script);
    QFETCH(QByteArray, actions);
    AttemptMachine machine = make(legs, mode);
    QCOMPARE(run(machine, script), actions);
    QCOMPARE(machine.isConcluded(), actions.contains("end ") || actions.contains("retry"));
}

void TstAttemptMachine::neverARetryAfterAWrite_data()
{
    QTest::addColumn<QByteArray>("failure");
    for (const char *failure : {"e0=cut+w", "e1=cut+w", "e0=refused+w", "e1=refused", "e0=timeout", "e1=bad+w", "h0=503", "h1=500",
                                "a0=500", "ttft", "total"})
        QTest::newRow(failure) << QByteArray(failure);
}

void TstAttemptMachine::neverARetryAfterAWrite()
{
    QFETCH(QByteArray, failure);
    for (const int mode : {int(MayRetry), MayRetry | Stream, MayRetry | Buffered}) {
        AttemptMachine machine = make(2, mode);
        const QByteArray actions = run(machine, "r0 r1 " + failure);
        QVERIFY2(actions.startsWith("send") && !actions.contains("retry"), actions.constData());
    }
}

void TstAttemptMachine::oneConclusionWhateverHappens()
{
    // Every order of a few events, twice over: never a second answer, never an action after the end.
    QByteArrayList events{"r0", "r1", "h0=200", "h1=200", "b1", "d1", "e1=ok", "e0=cut+w", "a0=500", "gone", "total", "h0=500"};
    quint32 seed = 1;
    for (int round = 0; round < 5000; ++round) {
        for (qsizetype i = events.size() - 1; i > 0; --i) {
            seed = seed * 1664525 + 1013904223;
            events.swapItemsAt(i, qsizetype((seed >> 8) % quint32(i + 1)));
        }
        for (const int mode : {int(Plain), int(Stream), Buffered | NeedsPrefill, Stream | MayRetry}) {
            AttemptMachine machine = make(2, mode);
            const QByteArray actions = run(machine, events.join(' '));
            const qsizetype ends = actions.count("end ") + actions.count("retry");
            QVERIFY2(ends == 1, (events.join(' ') + " → " + actions).constData());
            const qsizetype answers = actions.count("error ") + actions.count("commit") + actions.count("answer");
            QVERIFY2(answers <= 1, (events.join(' ') + " → " + actions).constData());
            QVERIFY(machine.isConcluded());
        }
    }
}

void TstAttemptMachine::messagesNameTheLeg()
{
    AttemptMachine machine = make(2, Plain);
    const auto actions = machine.step(LegEnded{1, LegEndKind::ConnectFailed, u"connection refused"_s, false});
    QString told;
    for (const Action &action : actions) {
        if (const auto *error = std::get_if<AnswerError>(&action))
            told = error->error.message;
    }
    QVERIFY2(told.contains("decode d1"_L1) && told.contains("connection refused"_L1), qPrintable(told));
    const auto *end = std::get_if<Conclude>(&actions.back());
    QVERIFY(end);
    QCOMPARE(end->detail, told);
}

void TstAttemptMachine::retriesThatCanBeAfforded()
{
    for (const bool affordable : {true, false}) {
        AttemptMachine machine = make(2, MayRetry);
        QVERIFY(machine.mayRetry());
        const auto actions = machine.step(LegEnded{1, LegEndKind::ConnectFailed, u"connection refused"_s, false, affordable});
        const bool retried = std::any_of(actions.begin(), actions.end(), [](const Action &a) { return std::holds_alternative<Retry>(a); });
        QCOMPARE(retried, affordable);
        QVERIFY(!machine.mayRetry());
    }
    AttemptMachine sent = make(2, MayRetry);
    sent.step(LegReady{0});
    QVERIFY(sent.mayRetry());
    sent.step(LegReady{1}); // both are written
    QVERIFY(!sent.mayRetry());
}

QTEST_APPLESS_MAIN(TstAttemptMachine)
#include "tst_attempt_machine.moc"
