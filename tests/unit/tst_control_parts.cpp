// SPDX-License-Identifier: Apache-2.0

// The parts of the admin API that need no sockets: routes with parameters, the event feed, the store of traces.
#include "control/event_feed.h"
#include "edge/route_table.h"
#include "http/path_pattern.h"
#include "trace/timeline_json.h"
#include "trace/trace_store.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>

#include <thread>

using namespace pdlb;
using namespace Qt::StringLiterals;

class TstControlParts final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void paths_data();
    void paths();
    void routes();
    void feedTellsInOrder();
    void feedIsBounded_data();
    void feedIsBounded();
    void feedFilters();
    void feedFromManyThreads();
    void storeIsBounded();
    void storeFinds();
    void timelineAsJson();
};

void TstControlParts::paths_data()
{
    QTest::addColumn<QByteArray>("pattern");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<bool>("matches");
    QTest::addColumn<QByteArrayList>("parameters");
    const auto row = [](const char *name, const char *pattern, const char *path, bool matches, const QByteArrayList &parameters = {}) {
        QTest::newRow(name) << QByteArray(pattern) << QByteArray(path) << matches << parameters;
    };
    row("one", "/a/{x}", "/a/b", true, {"b"});
    row("decoded", "/a/{x}", "/a/http%3A%2F%2Fh%3A1", true, {"http://h:1"});
    row("two", "/a/{x}/{y}", "/a/b/c", true, {"b", "c"});
    row("behind", "/a/{x}/drain", "/a/b/drain", true, {"b"});
    row("empty", "/a/{x}", "/a/", false);
    row("short", "/a/{x}", "/a", false);
    row("long", "/a/{x}", "/a/b/c", false);
    row("another end", "/a/{x}/drain", "/a/b/enable", false);
    row("another start", "/a/{x}", "/b/b", false);
    row("dots are no way up", "/a/{x}", "/a/..", true, {".."});
}

void TstControlParts::paths()
{
    QFETCH(QByteArray, pattern);
    QFETCH(QByteArray, path);
    QFETCH(bool, matches);
    const auto found = http::matchPath(pattern, path);
    QCOMPARE(found.has_value(), matches);
    QTEST(found.value_or(QByteArrayList()), "parameters");
}

void TstControlParts::routes()
{
    edge::RouteTable table;
    table.add({"/a/{x}", {"GET"}, {}});
    table.add({"/a/fixed", {"POST"}, {}});
    QVERIFY(!table.find("/a"));
    QCOMPARE(table.find("/a/b")->methods, QByteArrayList{"GET"});
    QCOMPARE(table.find("/a/fixed")->methods, QByteArrayList{"POST"});
    QVERIFY(table.find("/a/b")->serves("HEAD"));
    QVERIFY(!table.find("/a/fixed")->serves("HEAD"));
}

void TstControlParts::feedTellsInOrder()
{
    control::EventFeed feed;
    feed.publish("config", {{u"a"_s, 0}}); // nobody listens: not kept
    int woken = 0;
    control::EventFeed::Listener listener(feed, {}, [&] { ++woken; });
    QVERIFY(listener.take(1000).isEmpty());
    feed.publish("config", {{u"a"_s, 1}});
    feed.publish("server", {{u"name"_s, u"p1"_s}});
    QCOMPARE(woken, 1);
    QCOMPARE(listener.take(1), "id: 1\nevent: config\ndata: {\"a\":1}\n\n"); // no more than asked for
    QCOMPARE(listener.take(1000), "id: 2\nevent: server\ndata: {\"name\":\"p1\"}\n\n");
    QCOMPARE(woken, 1);
    feed.publish("config", {});
    QCOMPARE(woken, 2);
}

void TstControlParts::feedIsBounded_data()
{
    QTest::addColumn<qsizetype>("size"); // of one event
    QTest::addColumn<bool>("byCount");
    QTest::newRow("by count") << qsizetype(1) << true;
    QTest::newRow("by bytes") << qsizetype(64 * 1024) << false;
}

void TstControlParts::feedIsBounded()
{
    QFETCH(qsizetype, size);
    QFETCH(bool, byCount);
    using Listener = control::EventFeed::Listener;
    control::EventFeed feed;
    Listener slow(feed, {}, [] {});
    constexpr int sent = 3000;
    for (int i = 0; i < sent; ++i)
        feed.publish("x", {{u"i"_s, i}, {u"text"_s, QString(size, u'a')}});
    const QByteArray text = slow.take(std::numeric_limits<qint64>::max());
    QVERIFY2(text.startsWith("event: lost\ndata: {\"events\":"), text.left(100).constData());
    const qint64 lost = text.sliced(text.indexOf(':', 20) + 1).split('}').first().toLongLong();
    const qint64 kept = text.count("\nevent: x\n");
    QCOMPARE(lost + kept, sent); // told exactly
    QVERIFY(byCount ? kept == qint64(Listener::maxEvents) : kept * size <= Listener::maxBytes && kept > 1);
    QVERIFY(text.contains("id: 3000\n")); // the newest are kept
    feed.publish("x", {});
    QVERIFY(!slow.take(1000).contains("lost")); // told once
}

void TstControlParts::feedFilters()
{
    control::EventFeed feed;
    int woken = 0;
    control::EventFeed::Listener failed(feed, *trace::Filter::parse(u"status:5xx"_s), [&] { ++woken; });
    control::EventFeed::Listener all(feed, {}, [] {});
    for (const int status : {200, 503, 404}) {
        trace::Timeline timeline;
        timeline.requestId = "with-" + QByteArray::number(status);
        timeline.status = status;
        timeline.ended = std::chrono::seconds(1);
        feed.record(std::make_shared<const trace::Timeline>(timeline));
        QCOMPARE(woken, status == 200 ? 0 : 1); // nobody is woken for nothing
    }
    feed.publish("config", {}); // which is no request
    const QByteArray some = failed.take(100'000), every = all.take(100'000);
    QVERIFY(some.contains("with-503") && some.contains("event: config") && !some.contains("with-200") && !some.contains("with-404"));
    QCOMPARE(every.count("event: request"), 3);
}

void TstControlParts::feedFromManyThreads()
{
    control::EventFeed feed;
    control::EventFeed::Listener listener(feed, {}, [] {});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 200; ++i) {
                feed.publish("x", {});
                const control::EventFeed::Listener passing(feed, {}, [] {});
            }
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    const QByteArray text = listener.take(std::numeric_limits<qint64>::max());
    for (int id = 1; id <= 800; ++id)
        QVERIFY(text.contains("id: " + QByteArray::number(id) + '\n'));
    QCOMPARE(feed.listenerCount(), 1);
}

void TstControlParts::storeIsBounded()
{
    trace::TraceStore few(3);
    for (int i = 0; i < 5; ++i) {
        trace::Timeline timeline;
        timeline.requestId = QByteArray::number(i);
        few.record(std::make_shared<trace::Timeline>(timeline));
    }
    QCOMPARE(few.size(), size_t(3));
    QVERIFY(!few.find("1"));
    QCOMPARE(few.newest(2).front()->requestId, "4");
    QCOMPARE(few.newest(100).size(), size_t(3));

    trace::Timeline large;
    large.error = QString(10'000, u'e');
    trace::TraceStore small(1000, 3 * trace::TraceStore::bytesOf(large) + 100);
    for (int i = 0; i < 10; ++i)
        small.record(std::make_shared<trace::Timeline>(large));
    QCOMPARE(small.size(), size_t(3));
    large.error = QString(1'000'000, u'e');
    small.record(std::make_shared<trace::Timeline>(large)); // larger than everything may be
    QCOMPARE(small.size(), size_t(0));
}

void TstControlParts::storeFinds()
{
    trace::TraceStore store;
    for (const int status : {200, 503}) {
        trace::Timeline timeline;
        timeline.requestId = "again";
        timeline.status = status;
        store.record(std::make_shared<trace::Timeline>(timeline));
    }
    QCOMPARE(store.find("again")->status, 503);
    QVERIFY(!store.find("never"));
}

void TstControlParts::timelineAsJson()
{
    using namespace std::chrono_literals;
    trace::Timeline timeline;
    timeline.requestId = "r";
    timeline.received = 1s;
    timeline.rooms = {9223372036854775807u};
    timeline.ended = 1s + 2500us;
    timeline.end = trace::EndReason::DecodeCut;
    timeline.error = u"<b>\n"_s;
    trace::LegTimeline leg;
    leg.server = "d1";
    leg.firstByte = 1s + 1ms;
    timeline.legs = {leg};
    timeline.startedAt = QDateTime::currentDateTimeUtc();
    const auto jsonOf = [&] { return QJsonDocument::fromJson(trace::timelineJson(timeline, {})).object(); };
    QVERIFY(!jsonOf().contains("first_token_ms"_L1)); // nor is an error's first byte a token
    timeline.legs.front().status = 200;
    const QJsonObject json = jsonOf();
    QCOMPARE(json["rooms"_L1][0].toString(), u"9223372036854775807"_s);
    QCOMPARE(json["ended_ms"_L1].toDouble(), 2.5);
    QCOMPARE(json["first_token_ms"_L1].toDouble(), 1.0);
    QCOMPARE(json["end"_L1].toString(), u"decode_cut"_s);
    QCOMPARE(json["decode"_L1].toString(), u"d1"_s);
    QVERIFY(!json.contains("prefill"_L1));
    QVERIFY(!json.contains("picked_ms"_L1)); // it did not come to that
    QCOMPARE(json["legs"_L1][0]["first_byte_ms"_L1].toDouble(), 1.0);
    QVERIFY(!json["legs"_L1][0].toObject().contains("head_ms"_L1));
}

QTEST_APPLESS_MAIN(TstControlParts)
#include "tst_control_parts.moc"
