// SPDX-License-Identifier: Apache-2.0
#include "pd/dialect.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QSet>
#include <QTest>

#include <algorithm>
#include <thread>

using namespace pdlb;
using namespace pdlb::pd;

namespace {

constexpr auto generate = Endpoint::Generate;
constexpr auto chat = Endpoint::ChatCompletions;
constexpr auto completions = Endpoint::Completions;

const BootstrapAddress address{"10.0.0.1", 8998};

} // namespace

class TestPdPlan : public QObject
{
    Q_OBJECT

private:
    RequestPlan planOf(Endpoint endpoint, const QByteArray &body, const BootstrapAddress &bootstrap = address)
    {
        const auto shape = sglangDialect().analyse(endpoint, body);
        return shape ? sglangDialect().plan(*shape, body, bootstrap, m_rooms, m_random) : RequestPlan();
    }
    QByteArray added(const RequestPlan &plan, size_t leg = 0) const
    {
        const auto &made = plan.legs[leg];
        return "\"bootstrap_host\":\"10.0.0.1\",\"bootstrap_port\":8998,\"bootstrap_room\":" +
               QByteArray::number(plan.rooms[leg / 2]) + ",\"rid\":\"" + made.rid + '"';
    }

    SeededRandom m_random{20261122};
    RoomSource m_rooms{m_random};

private Q_SLOTS:
    void splices_data();
    void splices();
    void keepsNumbersAndEscapes();
    void hosts_data();
    void hosts();
    void nullPort();
    void batch();
    void batchOfOne();
    void sharesTheBody();
    void rids();
    void fanOut();
    void fanOutOfABatch();
    void freshRoomsEachTime();
    void steersRooms();
    void roomsAreUnique();
    void roomsOfThreads();
    void smallSourcesStayInRange();
};

void TestPdPlan::splices_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<QByteArray>("after");
    const auto row = [](const char *name, const char *body, const char *before, const char *after) {
        QTest::newRow(name) << QByteArray(body) << QByteArray(before) << QByteArray(after);
    };
    row("plain", "{\"a\":1}", "{\"a\":1,", "}");
    row("empty", "{}", "{", "}");
    row("empty with space", "{ }\n", "{ ", "}\n");
    row("white space", " { \"a\" : 1\n} ", " { \"a\" : 1\n,", "} ");
    row("cut first", "{\"bootstrap_room\":1,\"a\":1}", "{\"a\":1,", "}");
    row("cut middle", "{\"a\":1,\"bootstrap_room\":1,\"b\":2}", "{\"a\":1,\"b\":2,", "}");
    row("cut last", "{\"a\":1,\"bootstrap_room\":1}", "{\"a\":1,", "}");
    row("cut only", "{\"bootstrap\\u005froom\":1}", "{", "}");
    row("cut null rid", "{\"a\":1,\"rid\":null}", "{\"a\":1,", "}");
    row("brace in string", "{\"a\":\"}\"}", "{\"a\":\"}\",", "}");
}

void TestPdPlan::splices()
{
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, before);
    QFETCH(QByteArray, after);
    const RequestPlan plan = planOf(chat, body);
    QCOMPARE(plan.legs.size(), size_t(2));
    QCOMPARE(plan.rooms.size(), size_t(1));
    QCOMPARE(plan.legs[0].role, LegRole::Prefill);
    QCOMPARE(plan.legs[1].role, LegRole::Decode);
    const QByteArray expected = before + added(plan) + after;
    QCOMPARE(plan.legs[0].body.toByteArray(), expected);
    QCOMPARE(plan.legs[1].body.toByteArray(), expected);
    QCOMPARE(plan.legs[0].body.size(), expected.size());
    QCOMPARE(plan.legs[0].rid, plan.legs[1].rid);
    QJsonParseError error;
    const QJsonObject object = QJsonDocument::fromJson(expected, &error).object();
    QCOMPARE(error.error, QJsonParseError::NoError);
    QCOMPARE(object.value(QStringLiteral("bootstrap_host")).toString(), QStringLiteral("10.0.0.1"));
    QCOMPARE(object.value(QStringLiteral("bootstrap_port")).toInt(), 8998);
    QCOMPARE(object.value(QStringLiteral("bootstrap_room")).toInteger(), qint64(plan.rooms[0]));
    QCOMPARE(expected.count("bootstrap_room"), 1);
}

void TestPdPlan::keepsNumbersAndEscapes()
{
    // T25: what a parser and a writer would change.
    const QByteArray body =
        "{\"z\":1.0,\"b\":0.10,\"a\":1e2,\"n0\":-0.0,\"c\":9223372036854775808,\"d\":18446744073709551616,"
        "\"e\":1e400,\"f\":\"\\/\\u00e9\xc3\xa9\\ud800\",\"g\" :\t[ 1 ,2 ],\"z\":2,\"bootstrap_pair_key\":\"k\"}";
    const RequestPlan plan = planOf(chat, body);
    QCOMPARE(plan.legs[1].body.toByteArray(), body.chopped(1) + ',' + added(plan) + '}');
}

void TestPdPlan::hosts_data()
{
    QTest::addColumn<QByteArray>("host");
    for (const char *host : {"10.0.0.1", "[::1]", "prefill-0.svc", "a\"b\\c\n", "\xc3\xa9.example"})
        QTest::newRow(host) << QByteArray(host);
}

void TestPdPlan::hosts()
{
    QFETCH(QByteArray, host);
    const RequestPlan plan = planOf(chat, "{\"a\":1}", {host, 1});
    QJsonParseError error;
    const QJsonDocument document = QJsonDocument::fromJson(plan.legs[0].body.toByteArray(), &error);
    QCOMPARE(error.error, QJsonParseError::NoError);
    QCOMPARE(document.object().value(QStringLiteral("bootstrap_host")).toString().toUtf8(), host);
}

void TestPdPlan::nullPort()
{
    const RequestPlan plan = planOf(chat, "{\"a\":1}", {"h", std::nullopt});
    QVERIFY(plan.legs[0].body.toByteArray().contains("\"bootstrap_port\":null,"));
}

void TestPdPlan::batch()
{
    const QByteArray body = "{\"text\":[\"a\",\"b\",\"c\"]}";
    const RequestPlan plan = planOf(generate, body, {"[::1]", std::nullopt});
    QCOMPARE(plan.rooms.size(), size_t(3));
    const auto room = [&](size_t i) { return QByteArray::number(plan.rooms[i]); };
    QCOMPARE(plan.legs[0].body.toByteArray(),
             body.chopped(1) +
                 ",\"bootstrap_host\":[\"[::1]\",\"[::1]\",\"[::1]\"],\"bootstrap_port\":[null,null,null],"
                 "\"bootstrap_room\":[" +
                 room(0) + ',' + room(1) + ',' + room(2) + "],\"rid\":\"" + plan.legs[0].rid + "\"}");
    QVERIFY(plan.rooms[0] != plan.rooms[1] && plan.rooms[1] != plan.rooms[2] && plan.rooms[0] != plan.rooms[2]);
}

void TestPdPlan::batchOfOne()
{
    const RequestPlan plan = planOf(completions, "{\"prompt\":[\"a\"]}");
    const QByteArray rooms = "\"bootstrap_room\":[" + QByteArray::number(plan.rooms[0]) + ']';
    QVERIFY(plan.legs[0].body.toByteArray().contains(rooms));
    const RequestPlan tokens = planOf(completions, "{\"prompt\":[1,2,3]}");
    QVERIFY(tokens.legs[0].body.toByteArray().contains("\"bootstrap_host\":\"10.0.0.1\""));
    QCOMPARE(tokens.rooms.size(), size_t(1));
}

void TestPdPlan::sharesTheBody()
{
    const QByteArray body = "{\"n\":3,\"a\":\"" + QByteArray(100'000, 'x') + "\",\"bootstrap_room\":1,\"b\":1}";
    const RequestPlan plan = planOf(chat, body);
    QCOMPARE(plan.legs.size(), size_t(6));
    for (const LegPlan &leg : plan.legs) {
        qsizetype shared = 0;
        for (const auto &piece : leg.body.pieces()) {
            if (piece.owner.constData() == body.constData())
                shared += piece.size;
        }
        QVERIFY(shared > 100'000);
        QVERIFY(leg.body.size() - shared < 250);
    }
}

void TestPdPlan::rids()
{
    const QRegularExpression ours(QStringLiteral("^[0-9a-f]{32}$"));
    QSet<QByteArray> seen;
    for (int i = 0; i < 1000; ++i) {
        const RequestPlan plan = planOf(chat, "{}");
        QVERIFY(ours.match(QString::fromLatin1(plan.legs[0].rid)).hasMatch());
        seen.insert(plan.legs[0].rid);
    }
    QCOMPARE(seen.size(), 1000);

    const QByteArray longRid(32, 'a');
    const QByteArray body = "{\"rid\":\"" + longRid + "\"}";
    const RequestPlan kept = planOf(chat, body);
    QCOMPARE(kept.legs[1].rid, longRid);
    QCOMPARE(kept.legs[1].body.toByteArray().count("\"rid\""), 1);
    QVERIFY(kept.legs[1].body.toByteArray().startsWith(body.chopped(1)));

    QVERIFY(planOf(chat, "{\"rid\":\"" + QByteArray(31, 'a') + "\"}").legs[0].rid.isEmpty());
    const RequestPlan list = planOf(generate, "{\"text\":[\"a\"],\"rid\":[\"" + longRid + "\"]}");
    QVERIFY(list.legs[0].rid.isEmpty());
    QCOMPARE(list.legs[0].body.toByteArray().count("\"rid\""), 1);
}

void TestPdPlan::fanOut()
{
    const QByteArray body = "{\"n\":3,\"seed\": 40 ,\"rid\":\"mine\",\"best_of\":3,\"bootstrap_host\":0}";
    const RequestPlan plan = planOf(completions, body);
    QCOMPARE(plan.legs.size(), size_t(6));
    QCOMPARE(plan.rooms.size(), size_t(3));
    QSet<QByteArray> rids;
    for (size_t leg = 0; leg < 6; ++leg) {
        const auto &made = plan.legs[leg];
        const int sample = int(leg / 2);
        QCOMPARE(made.sample, sample);
        QCOMPARE(made.role, leg % 2 == 0 ? LegRole::Prefill : LegRole::Decode);
        QCOMPARE(made.rid.size(), 32);
        rids.insert(made.rid);
        QCOMPARE(made.body.toByteArray(),
                 "{\"n\":1,\"seed\": " + QByteArray::number(40 + sample) + " ,\"rid\":\"" + made.rid +
                     "\",\"best_of\":1,\"bootstrap_host\":\"10.0.0.1\",\"bootstrap_port\":8998,\"bootstrap_room\":" +
                     QByteArray::number(plan.rooms[leg / 2]) + '}');
    }
    QCOMPARE(rids.size(), 3);
}

void TestPdPlan::fanOutOfABatch()
{
    const QByteArray body =
        "{\"text\":[\"a\",\"b\"],\"sampling_params\":[{\"n\":2,\"sampling_seed\":5},{\"sampling_seed\":-1,\"n\": 2}]}";
    const RequestPlan plan = planOf(generate, body);
    QCOMPARE(plan.legs.size(), size_t(4));
    QCOMPARE(plan.rooms.size(), size_t(4));
    QVERIFY(
        plan.legs[0].body.toByteArray().startsWith("{\"text\":[\"a\",\"b\"],\"sampling_params\":[{\"n\":1,\"sampling_"
                                                   "seed\":5},{\"sampling_seed\":-1,\"n\": 1}],\"bootstrap"));
    const QByteArray second = plan.legs[3].body.toByteArray();
    QVERIFY(second.startsWith("{\"text\":[\"a\",\"b\"],\"sampling_params\":[{\"n\":1,\"sampling_seed\":6},{\"sampling_"
                              "seed\":0,\"n\": 1}],\"bootstrap"));
    const QByteArray rooms = '[' + QByteArray::number(plan.rooms[2]) + ',' + QByteArray::number(plan.rooms[3]) + ']';
    QVERIFY(second.contains(rooms));
}

void TestPdPlan::freshRoomsEachTime()
{
    const RequestPlan first = planOf(chat, "{}");
    const RequestPlan second = planOf(chat, "{}"); // a retry
    QVERIFY(first.rooms[0] != second.rooms[0]);
    QVERIFY(first.legs[0].rid != second.legs[0].rid);
}

void TestPdPlan::roomsAreUnique()
{
    std::vector<quint64> rooms(1'000'000);
    std::generate(rooms.begin(), rooms.end(), [this] { return m_rooms.next(); });
    quint64 ones = 0;
    quint64 zeros = 0;
    for (const quint64 room : rooms) {
        QVERIFY(room >= 1 && room <= quint64(std::numeric_limits<qint64>::max()));
        ones |= room;
        zeros |= ~room;
    }
    QCOMPARE(ones, ~quint64(0) >> 1); // every bit is used
    QCOMPARE(zeros, ~quint64(0));
    std::sort(rooms.begin(), rooms.end());
    QVERIFY(std::adjacent_find(rooms.begin(), rooms.end()) == rooms.end());
    QVERIFY(QByteArray::number(rooms.back()).toULongLong() == rooms.back());
}

void TestPdPlan::roomsOfThreads()
{
    constexpr size_t each = 100'000;
    std::vector<quint64> rooms(4 * each);
    std::vector<std::thread> threads;
    for (size_t t = 0; t < 4; ++t) {
        threads.emplace_back([this, &rooms, t] {
            for (size_t i = 0; i < each; ++i)
                rooms[t * each + i] = m_rooms.next();
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    std::sort(rooms.begin(), rooms.end());
    QVERIFY(std::adjacent_find(rooms.begin(), rooms.end()) == rooms.end());
}

namespace {

/// Keys and counter that are all the same number: the worst that a generator could give.
class ConstantRandom final : public Random
{
public:
    explicit ConstantRandom(quint64 value) : m_value(value) {}
    quint64 next64() override { return m_value; }

private:
    quint64 m_value;
};

} // namespace

void TestPdPlan::smallSourcesStayInRange()
{
    for (const quint64 value : {quint64(0), quint64(1), ~quint64(0), ~quint64(0) >> 1, quint64(1) << 63}) {
        ConstantRandom random(value);
        RoomSource source(random);
        QSet<quint64> seen;
        for (int i = 0; i < 10'000; ++i) {
            const quint64 room = source.next();
            QVERIFY(room != 0 && room >> 63 == 0);
            seen.insert(room);
        }
        QCOMPARE(seen.size(), 10'000);
    }
}

/// SGLang's follow_bootstrap_room: room % ranks is the rank, and no room comes twice for it.
void TestPdPlan::steersRooms()
{
    QSet<quint64> seen;
    const auto ranksOf = [&](const QByteArray &body, const RoomSteering &steering) {
        BootstrapAddress bootstrap = address;
        bootstrap.steering = steering;
        QList<int> ranks;
        for (const quint64 room : planOf(generate, body, bootstrap).rooms) {
            [&] { QVERIFY(room >= 1 && room <= quint64(std::numeric_limits<qint64>::max()) && !seen.contains(room)); }();
            seen += room;
            ranks += int(room % quint64(std::max(1, steering.ranks)));
        }
        return ranks;
    };
    const QByteArray batch = R"({"text":["a","b","c","d","e"]})";
    QCOMPARE(ranksOf(batch, {.ranks = 4, .first = 6}), QList<int>({2, 3, 0, 1, 2}));
    QCOMPARE(ranksOf(batch, {.ranks = 4, .first = 3, .same = true}), QList<int>({3, 3, 3, 3, 3}));
    QCOMPARE(ranksOf(batch, {.ranks = 1, .first = 3}), QList<int>({0, 0, 0, 0, 0}));
    QCOMPARE(ranksOf(R"({"text":["a","b"],"sampling_params":{"n":2}})", {.ranks = 8, .first = 7}), QList<int>({7, 0, 1, 2}));
    for (int i = 0; i < 200; ++i)
        QCOMPARE(ranksOf(R"({"text":"a"})", {.ranks = 1024, .first = quint64(i * 31)}), QList<int>({i * 31 % 1024}));
    QCOMPARE(seen.size(), 219);
}

QTEST_APPLESS_MAIN(TestPdPlan)
#include "tst_pd_plan.moc"
