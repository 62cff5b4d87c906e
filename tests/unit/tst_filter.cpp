// SPDX-License-Identifier: Apache-2.0
#include "trace/filter.h"
#include "trace/filter_fields.h"

#include <QFile>
#include <QSet>
#include <QTest>

using namespace pdlb;
using namespace pdlb::trace;
using namespace Qt::StringLiterals;

namespace {

constexpr Monotonic start = std::chrono::seconds(100);
constexpr Monotonic now = start + std::chrono::seconds(9);

Monotonic after(int ms)
{
    return start + std::chrono::milliseconds(ms);
}

/// A stream that went well: 2 ms in the queue, first token after 600 ms, 2 s in all.
Timeline good()
{
    Timeline t;
    t.requestId = "req-1";
    t.rid = "abc123";
    t.rooms = {42, 9223372036854775807ULL};
    t.endpoint = "/v1/chat/completions";
    t.model = "Llama-3.1-8B";
    t.stream = true;
    t.requestBytes = 5000;
    t.answerBytes = 12000;
    t.policy = "least_in_flight";
    t.attempts = 1;
    t.received = start;
    t.picked = after(2);
    t.ended = after(2000);
    t.status = 200;
    LegTimeline prefill{.prefill = true, .server = "p1"};
    prefill.sent = after(3);
    prefill.ended = after(503);
    LegTimeline decode{.server = "d2"};
    decode.firstByte = after(600);
    decode.status = 200;
    decode.events = 57;
    for (const int ms : {600, 610, 620, 700}) // gaps of 10, 10 and 80 ms
        decode.times.add(after(ms));
    t.legs = {prefill, decode};
    t.facts.promptTokens = 100;
    t.facts.completionTokens = 57;
    t.facts.cachedTokens = 64;
    t.facts.finishReason = "stop";
    t.context.traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    t.peer = "192.0.2.7";
    return t;
}

/// The same engines, decode cut it.
Timeline cut()
{
    Timeline t = good();
    t.requestId = "req-2";
    t.model = "qwen";
    t.end = EndReason::DecodeCut;
    t.error = u"decode d2 failed: Connection reset"_s;
    t.legs[1].abortSent = true;
    t.attempts = 2;
    t.pinned = true;
    t.faults = {"leg:decode -> cut"};
    t.facts = {};
    auto bodies = std::make_shared<KeptBodies>();
    bodies->request.bytes = "{\"prompt\":\"Tell me about Otters\"}";
    bodies->answer.bytes = "data: {\"text\":\"They swim\"}\n\n";
    t.bodies = bodies;
    return t;
}

/// Refused by a prefill, nothing was streamed.
Timeline refused()
{
    Timeline t = good();
    t.requestId = "req-3";
    t.stream = false;
    t.status = 503;
    t.end = EndReason::PrefillHttp;
    t.legs[0].server = "p2";
    t.legs[1].firstByte = {};
    t.legs[1].times = {};
    t.facts = {};
    t.batch = 4;
    return t;
}

/// Still waits for its first token.
Timeline running()
{
    Timeline t = good();
    t.requestId = "req-4";
    t.status = 0;
    t.ended = {};
    t.legs[1].firstByte = {};
    t.legs[1].times = {};
    t.facts = {};
    t.observations = std::make_shared<Observations>();
    Explanation explanation;
    explanation.phase = PdPhase::PrefillQueue;
    t.observations->addExplanation(explanation);
    return t;
}

} // namespace

class TstFilter : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void matches_data();
    void matches();
    void errors_data();
    void errors();
    void completions_data();
    void completions();
    void everyFieldCanBeAskedFor();
    void everyKeyIsDocumented();
    void deepNesting();
    void longTexts();
};

void TstFilter::matches_data()
{
    QTest::addColumn<QString>("hits"); // g(ood) c(ut) r(efused) w(aiting)
    const auto row = [](const char *filter, const char *hits) { QTest::newRow(filter) << QString::fromLatin1(hits); };
    row("", "gcrw");
    row("   ", "gcrw");
    row("status:200", "gc");
    row("status:5xx", "r");
    row("STATUS:5XX", "r");
    row("status:400..503", "r");
    row("status>=500", "r");
    row("status:>=500", "r");
    row("status!=200", "r"); // what has no status has no other one
    row("status:200,503", "gcr");
    row("status!=200,503", "");
    row("is:running", "w");
    row("is:done", "gcr");
    row("is:ok", "g");
    row("-is:ok", "crw");
    row("not is:ok", "crw");
    row("is:failed", "cr");
    row("is:stream", "gcw");
    row("is:retried", "c");
    row("is:aborted", "c");
    row("is:batch", "r");
    row("is:ok,failed", "gcr");
    row("end:decode_cut", "c");
    row("end:decode_*", "c");
    row("end!=ok", "crw");
    row("end:ok", "g");
    row("leg:prefill", "r");
    row("leg:decode", "c");
    row("pair:p1/d2", "gcw");
    row("pair:p2/*", "r");
    row("pair:*/d2", "gcrw");
    row("-pair:p1/d2", "r");
    row("prefill:P1", "gcw");
    row("decode:d*", "gcrw");
    row("decode:d", "");
    row("model:llama", "grw");
    row("model=qwen", "c");
    row("model=llama", ""); // = wants the whole
    row("model:llama*", "grw");
    row("model!=qwen", "grw");
    row("model:\"llama-3\"", "grw");
    row("room:42", "gcrw");
    row("room:9223372036854775807", "gcrw");
    row("room:4", "");
    row("id:req-3", "r");
    row("rid:ABC", "gcrw");
    row("policy:least_in_flight", "gcrw");
    row("error:\"connection reset\"", "c");
    row("ttft>500ms", "gc");
    row("ttft>500", "gc");
    row("ttft>0.5s", "gc");
    row("ttft>600ms", "");
    row("ttft>=600ms", "gc");
    row("ttft<1s", "gc");
    row("ttft:500ms..700ms", "gc");
    row("total>5s", "w"); // until now
    row("total<=2000ms", "gcr");
    row("queue<=2000us", "gcrw");
    row("prefill-time=500ms", "gcrw");
    row("events>56", "gcrw");
    row("in>4k", "gcrw");
    row("in>5k", "");
    row("out:12000", "gcrw");
    row("attempts>1", "c");
    row("qwen", "c");
    row("\"Connection RESET\"", "c");
    row("p2", "r");
    row("\"a \\\"quoted\\\" text\"", "");
    row("itl.p99>50ms", "gc");
    row("itl.max:80ms", "gc");
    row("itl.p50<20ms", "gc");
    row("itl.mean>34ms", "");
    row("itl.mean>33ms", "gc");
    row("tokens.in:100", "g");
    row("tokens.out>50", "g");
    row("tokens.cached>=64", "g");
    row("finish:stop", "g");
    row("phase:prefill_queue", "w");
    row("phase:prefill_*", "w");
    row("trace:4bf92f35", "gcrw");
    row("peer:192.0.2.7", "gcrw");
    row("body:otters", "c");
    row("body:\"They Swim\"", "c");
    row("otters", ""); // bodies only where they are asked for
    row("fault:cut", "c");
    row("is:pinned", "c");
    row("is:faulted", "c");
    row("is:stuck", "w");
    row("is:ok or is:running", "gw");
    row("is:ok OR end:decode_cut and model:qwen", "gc");
    row("(is:ok or end:decode_cut) and model:qwen", "c");
    row("not (is:ok or is:running)", "cr");
    row("-(is:ok or is:running) model:qwen", "c");
    row("not not is:ok", "g");
    row("status:200 is:stream ttft>500ms -end:ok", "c");
    row("\"\"", "gcrw");
    row("order", ""); // no "or" followed by "der"
    row("/v1/chat", "gcrw");
}

void TstFilter::matches()
{
    QFETCH(QString, hits);
    const auto filter = Filter::parse(QString::fromUtf8(QTest::currentDataTag()));
    if (!filter)
        QFAIL(qPrintable(filter.error().message));
    QString found;
    for (const auto &[letter, timeline] : {std::pair{u'g', good()}, {u'c', cut()}, {u'r', refused()}, {u'w', running()}}) {
        if (filter->matches(timeline, now))
            found += letter;
    }
    QCOMPARE(found, hits);
    // And as the balancer keeps them.
    QString again;
    for (auto [letter, timeline] : {std::pair{u'g', good()}, {u'c', cut()}, {u'r', refused()}, {u'w', running()}}) {
        timeline.searchText = searchTextOf(timeline);
        if (filter->matches(timeline, now))
            again += letter;
    }
    QCOMPARE(again, hits);
    QCOMPARE(filter->isEmpty(), QString::fromUtf8(QTest::currentDataTag()).trimmed().isEmpty());
}

void TstFilter::errors_data()
{
    QTest::addColumn<int>("column");
    QTest::addColumn<int>("length");
    QTest::addColumn<QString>("part");
    const auto row = [](const char *filter, int column, int length, const char *part) {
        QTest::newRow(filter) << column << length << QString::fromLatin1(part);
    };
    row("stats:200", 0, 5, "\"stats\" is no key; known are status");
    row("is:ok ttft>abc", 11, 3, "expected a duration");
    row("status:6xx", 7, 3, "expected a status");
    row("status:", 7, 0, "a value is missing behind status");
    row("status:503..400", 7, 8, "the smaller number first");
    row("is:okay", 3, 4, "\"is\" knows running");
    row("is>ok", 3, 2, "is has no order");
    row("model<x", 6, 1, "model has no order");
    row("pair:p1", 5, 2, "PREFILL/DECODE");
    row("pair!=p1/d1", 6, 5, "use -pair:p1/d1");
    row("in>5parsecs", 3, 8, "expected a size");
    row("events>many", 7, 4, "expected a number");
    row("(is:ok", 0, 1, "not closed");
    row("is:ok)", 5, 1, "no (");
    row("()", 1, 1, "missing before )");
    row("or is:ok", 0, 2, "missing before \"or\"");
    row("is:ok or", 8, 0, "a condition is missing");
    row("is:ok and", 9, 0, "a condition is missing");
    row("not", 3, 0, "a condition is missing");
    row("\"open", 0, 5, "closing quote");
    row("model:\"open\\", 6, 6, "closing quote");
    row("http://x", 0, 4, "Put it in quotes");
    row(":x", 0, 0, "");
}

void TstFilter::errors()
{
    QFETCH(int, column);
    QFETCH(int, length);
    QFETCH(QString, part);
    const auto filter = Filter::parse(QString::fromUtf8(QTest::currentDataTag()));
    if (part.isEmpty()) {
        QVERIFY(filter); // a text like any other
        return;
    }
    QVERIFY(!filter);
    QVERIFY2(filter.error().message.contains(part), qPrintable(filter.error().message));
    QCOMPARE(filter.error().column, column);
    QCOMPARE(filter.error().length, length);
}

void TstFilter::completions_data()
{
    QTest::addColumn<int>("cursor");
    QTest::addColumn<QStringList>("first"); // what comes first
    QTest::addColumn<int>("from");
    const auto row = [](const char *text, int cursor, const QStringList &first, int from) { QTest::newRow(text) << cursor << first << from; };
    row("st", 2, {u"status:"_s}, 0);
    row("is:ok tt", 8, {u"ttft>"_s}, 6);
    row("is:ok -en", 9, {u"end:"_s, u"endpoint:"_s}, 7);
    row("(mod", 4, {u"model:"_s}, 1);
    row("is:r", 4, {u"running"_s, u"retried"_s}, 3);
    row("end:decode_c", 12, {u"decode_conn"_s, u"decode_cut"_s}, 4);
    row("status:200,5", 12, {u"5xx"_s, u"502"_s}, 11);
    row("nonsense:x", 10, {}, 0);
    row("is:ok model:", 3, {u"running"_s, u"done"_s}, 3); // in the middle
}

void TstFilter::completions()
{
    QFETCH(int, cursor);
    QFETCH(QStringList, first);
    QFETCH(int, from);
    const QString text = QString::fromUtf8(QTest::currentDataTag());
    const auto found = completeFilter(text, cursor);
    QVERIFY(found.size() >= first.size());
    if (first.isEmpty())
        QVERIFY(found.isEmpty());
    for (qsizetype i = 0; i < first.size(); ++i) {
        QCOMPARE(found[i].text, first[i]);
        QCOMPARE(found[i].from, from);
        QCOMPARE(found[i].length, cursor - from);
    }
}

void TstFilter::everyFieldCanBeAskedFor()
{
    for (const Field &field : filterFields()) {
        QString value = u"1"_s;
        if (field.kind == FieldKind::Flag)
            value = u"ok"_s;
        else if (field.kind == FieldKind::Pair)
            value = u"p1/d1"_s;
        const auto filter = Filter::parse(QLatin1StringView(field.key) + u":"_s + value);
        QVERIFY2(filter, field.key);
        filter->matches(good(), now);
        filter->matches(running(), now);
        filter->matches(Timeline(), now);
        QVERIFY(*field.help);
    }
    for (const FlagWord &flag : flagWords())
        QVERIFY(Filter::parse(u"is:"_s + QLatin1StringView(flag.word)));
}

void TstFilter::everyKeyIsDocumented()
{
    QFile page(QStringLiteral(PDLB_FILTER_PAGE));
    QVERIFY(page.open(QIODevice::ReadOnly));
    QSet<QString> documented; // what stands in code in the first column of a table
    while (!page.atEnd()) {
        const QString line = QString::fromUtf8(page.readLine());
        if (!line.startsWith(u"| `"))
            continue;
        const QStringList parts = line.sliced(1, line.indexOf(u'|', 1) - 1).split(u'`');
        for (qsizetype i = 1; i < parts.size(); i += 2)
            documented.insert(parts[i]);
    }
    for (const Field &field : filterFields())
        QVERIFY2(documented.contains(QLatin1StringView(field.key)), field.key);
    for (const FlagWord &flag : flagWords())
        QVERIFY2(documented.contains(QLatin1StringView(flag.word)), flag.word);
}

void TstFilter::deepNesting()
{
    for (const QString &text : {QString(10000, u'('), u"not "_s.repeated(5000) + u"x"_s, QString(5000, u'-') + u"x"_s}) {
        const auto filter = Filter::parse(text);
        QVERIFY(!filter);
        QVERIFY2(filter.error().message.contains(u"deeper"_s), qPrintable(filter.error().message));
    }
    QVERIFY(Filter::parse(QString(50, u'(') + u"x"_s + QString(50, u')')));
}

void TstFilter::longTexts()
{
    QVERIFY(!Filter::parse(QString(70000, u'x')));
    const auto filter = Filter::parse(u"model:"_s + u"*a"_s.repeated(1000));
    QVERIFY(filter);
    Timeline t = good();
    t.model = QByteArray(256, 'a');
    QVERIFY(!filter->matches(t, now));
}

QTEST_APPLESS_MAIN(TstFilter)
#include "tst_filter.moc"
