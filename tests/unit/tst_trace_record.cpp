// SPDX-License-Identifier: Apache-2.0
#include "trace/event_times.h"
#include "trace/redact.h"
#include "trace/trace_context.h"

#include <QTest>

using namespace pdlb;
using namespace pdlb::trace;
using namespace Qt::StringLiterals;

namespace {

Monotonic us(qint64 micros)
{
    return std::chrono::microseconds(micros);
}

} // namespace

class TstTraceRecord : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void fewTimesAreAllKept();
    void manyTimesAreThinnedOut();
    void gaps();
    void noGaps();
    void traceparents_data();
    void traceparents();
    void continuedTraces();
    void secretHeaders();
    void secretTargets_data();
    void secretTargets();
    void secretBodies_data();
    void secretBodies();
};

void TstTraceRecord::fewTimesAreAllKept()
{
    EventTimes times;
    QCOMPARE(times.count(), 0);
    QVERIFY(times.times().empty());
    for (int i = 0; i < int(EventTimes::limit); ++i)
        times.add(us(1000 + 10 * i));
    QCOMPARE(times.times().size(), EventTimes::limit);
    QCOMPARE(times.stride(), 1u);
    QCOMPARE(times.times().front(), us(1000));
    QCOMPARE(times.times()[7], us(1070));
    QCOMPARE(times.first(), us(1000));
}

void TstTraceRecord::manyTimesAreThinnedOut()
{
    EventTimes times;
    constexpr qint64 count = 1'000'000;
    for (qint64 i = 0; i < count; ++i)
        times.add(us(5 + 20 * i));
    QCOMPARE(times.count(), count);
    const std::vector<Monotonic> kept = times.times();
    QVERIFY(kept.size() <= EventTimes::limit && kept.size() >= EventTimes::limit / 2);
    for (size_t i = 0; i < kept.size(); ++i) // each is the time of event i * stride
        QCOMPARE(kept[i], us(5 + 20 * qint64(i) * times.stride()));
    QCOMPARE(times.last(), us(5 + 20 * (count - 1)));
    QCOMPARE(*times.gapQuantile(0.5), us(20));
}

void TstTraceRecord::gaps()
{
    // 1 … 1000 ms, in an order that says nothing.
    EventTimes times;
    Monotonic at = us(0);
    times.add(at);
    for (qint64 i = 0; i < 1000; ++i)
        times.add(at += us(1000 * ((i * 377) % 1000 + 1)));
    for (const double quantile : {0.01, 0.1, 0.5, 0.9, 0.95, 0.99}) {
        const double found = double(times.gapQuantile(quantile)->count()) / 1e6;
        QVERIFY2(std::abs(found - quantile * 1000) <= quantile * 1000 * 0.07, qPrintable(u"%1: %2"_s.arg(quantile).arg(found)));
    }
    QCOMPARE(*times.gapMax(), us(1'000'000));
    QCOMPARE(*times.gapQuantile(1), us(1'000'000));
    QCOMPARE(*times.gapMean(), us(500'500));
}

void TstTraceRecord::noGaps()
{
    EventTimes times;
    QVERIFY(!times.gapQuantile(0.5) && !times.gapMean() && !times.gapMax());
    times.add(us(1));
    QVERIFY(!times.gapQuantile(0.5) && !times.gapMean() && !times.gapMax());
    times.add(us(1));
    QCOMPARE(*times.gapQuantile(0.5), us(0));
    times.add(std::chrono::hours(5)); // beyond the scale
    QCOMPARE(*times.gapQuantile(1), *times.gapMax());
}

void TstTraceRecord::traceparents_data()
{
    QTest::addColumn<bool>("valid");
    const auto row = [](const char *text, bool valid) { QTest::newRow(text) << valid; };
    row("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true);
    row("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", true);
    row("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true);
    row("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", true);
    row("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.more", false);
    row("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more", false);
    row("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false);
    row("00-00000000000000000000000000000000-b7ad6b7169203331-01", false);
    row("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false);
    row("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false);
    row("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1", false);
    row("00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01", false);
    row("", false);
    row("00", false);
}

void TstTraceRecord::traceparents()
{
    QFETCH(bool, valid);
    const auto context = TraceContext::parse(QTest::currentDataTag());
    QCOMPARE(context.has_value(), valid);
    if (!valid)
        return;
    QCOMPARE(context->traceId, "0af7651916cd43dd8448eb211c80319c"_ba);
    QCOMPARE(context->parentId, "b7ad6b7169203331"_ba);
    QCOMPARE(context->sampled, QByteArrayView(QTest::currentDataTag()).sliced(53).startsWith("01"));
}

void TstTraceRecord::continuedTraces()
{
    SeededRandom random(1);
    const auto continued = TraceContext::continued("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", random);
    QCOMPARE(continued.traceId, "0af7651916cd43dd8448eb211c80319c"_ba);
    QCOMPARE(continued.traceparent("00f067aa0ba902b7"), "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-00"_ba);
    const auto fresh = TraceContext::continued("nonsense", random);
    QVERIFY(fresh.parentId.isEmpty());
    const auto again = TraceContext::parse(fresh.traceparent(makeSpanId(random)));
    QVERIFY(again);
    QCOMPARE(again->traceId, fresh.traceId);
    QVERIFY(fresh.spanId != makeSpanId(random));
}

void TstTraceRecord::secretHeaders()
{
    http::HeaderList headers;
    headers.add("AUTHORIZATION", "Bearer s3cret");
    headers.add("X-Api-Key", "s3cret");
    headers.add("cookie", "a=s3cret");
    headers.add("Set-Cookie", "a=s3cret");
    headers.add("X-Model", "llama");
    const http::HeaderList clean = redactHeaders(headers);
    QCOMPARE(clean.size(), headers.size());
    for (const http::Header &header : clean)
        QVERIFY(!header.value.contains("s3cret"));
    QCOMPARE(clean.value("x-model"), QByteArrayView("llama"));
}

void TstTraceRecord::secretTargets_data()
{
    QTest::addColumn<QByteArray>("clean");
    const auto row = [](const char *target, const char *clean) { QTest::newRow(target) << QByteArray(clean); };
    row("/v1/models", "/v1/models");
    row("/x?a=1&api_key=s3cret&b=2", "/x?a=1&api_key=[redacted]&b=2");
    row("/x?API%5fKEY=s3cret", "/x?API%5fKEY=[redacted]");
    row("/x?token=s3cret&", "/x?token=[redacted]&");
    row("/x?monkey=1&keys=2&key", "/x?monkey=1&keys=2&key");
}

void TstTraceRecord::secretTargets()
{
    QFETCH(QByteArray, clean);
    QCOMPARE(redactTarget(QTest::currentDataTag()), clean);
}

void TstTraceRecord::secretBodies_data()
{
    QTest::addColumn<QByteArray>("clean");
    const auto row = [](const char *body, const char *clean) { QTest::newRow(body) << QByteArray(clean); };
    row(R"({"model":"m","messages":[{"content":"api_key"}]})", R"({"model":"m","messages":[{"content":"api_key"}]})");
    row(R"({"api_key":"s3cret","x":1})", R"({"api_key":"[redacted]","x":1})");
    row(R"({"a":{"API_KEY" : "s3\"cret"}})", R"({"a":{"API_KEY" : "[redacted]"}})");
    row(R"({"api_key":5,"password":"p"})", R"({"api_key":5,"password":"[redacted]"})");
    row(R"({"api_key":"s3cre)", R"({"api_key":"[redacted]")"); // cut off in the middle
    row(R"({"key":"a","token":"b"})", R"({"key":"a","token":"b"})");
    row(R"({"x":"\)", R"({"x":"\)");
    row(R"("api_key")", R"("api_key")");
    row("", "");
    row("\"", "\"");
}

void TstTraceRecord::secretBodies()
{
    QFETCH(QByteArray, clean);
    QCOMPARE(redactBody(QTest::currentDataTag()), clean);
}

QTEST_APPLESS_MAIN(TstTraceRecord)
#include "tst_trace_record.moc"
