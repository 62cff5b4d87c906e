// SPDX-License-Identifier: Apache-2.0
#include "rig.h"

#include "config/config_json.h"
#include "models/event_model.h"
#include "models/log_model.h"
#include "models/matrix_model.h"
#include "models/server_import.h"
#include "models/server_model.h"
#include "models/tester_request.h"
#include "models/trace_model.h"
#include "models/trace_text.h"
#include "trace/recent_stats.h"
#include "trace/kept_bodies.h"

#include <QAbstractItemModelTester>
#include <QJsonDocument>
#include <QMimeData>
#include <QSignalSpy>

using namespace Qt::StringLiterals;
using namespace pdlb;
using namespace pdlb::gui;
using namespace pdlb::guitest;

namespace {

QStringList column(const QAbstractItemModel &model, int column)
{
    QStringList list;
    for (int row = 0; row < model.rowCount(); ++row)
        list += model.index(row, column).data().toString();
    return list;
}

std::vector<trace::TimelinePtr> finished(quint64 from, quint64 to)
{
    std::vector<trace::TimelinePtr> list;
    for (quint64 serial = from; serial <= to; ++serial)
        list.push_back(madeUp(serial, TraceModel::now() - std::chrono::seconds(5)));
    return list;
}

trace::Filter filter(const QString &text)
{
    return *trace::Filter::parse(text);
}

Config twoByTwo()
{
    Config config;
    config.prefill = {{.url = u"http://a:1"_s, .bootstrapPort = BootstrapPort::fixed(8998)}, {.url = u"http://b:1"_s}};
    config.decode = {{.url = u"http://c:1"_s}, {.url = u"http://d:1"_s}};
    config.nameServers();
    return config;
}

} // namespace

class TstModels final : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void rowsComeAndGo();
    void runningBecomesFinished();
    void runningThatIsNotToldAnyMoreGoes();
    void pinnedStays();
    void sortingHoldsBack();
    void bodiesAreGivenBack();
    void namesAreNoMarkup();
    void eventsOfAStream();
    void eventsAreBounded();
    void log();
    void draftIsUndone();
    void draftFollowsWhatIsInForce();
    void pairsFollowTheirServers();
    void serverCells();
    void serversMove();
    void matrix();
    void import_data();
    void import();
    void importKeepsNames();
    void presets();
    void history();
    void recentStats();
};

void TstModels::rowsComeAndGo()
{
    TraceModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    model.setLimits({.rows = 100});
    model.add(finished(1, 60));
    QCOMPARE(model.rowCount(), 60);
    model.setFilter(filter(u"status:502"_s));
    const int failed = model.rowCount();
    QVERIFY(failed > 3);
    for (int row = 0; row < failed; ++row)
        QCOMPARE(model.timeline(row)->status, 502);
    model.add(finished(61, 260)); // evicts while filtered
    QVERIFY(model.total() <= 100);
    QVERIFY(model.total() >= 95);
    QCOMPARE(model.timeline(0)->status, 502);
    model.setFilter({});
    QCOMPARE(size_t(model.rowCount()), model.total());
    QCOMPARE(model.timeline(model.rowCount() - 1)->serial, 260u);
    QCOMPARE(column(model, TraceModel::NumberColumn).last(), u"260"_s);
    qint64 bytes = model.bytes();
    model.setLimits({.rows = 100, .bytes = bytes / 2});
    QVERIFY(model.bytes() <= bytes / 2);
    QVERIFY(model.total() > 20);
    model.clear();
    QCOMPARE(model.rowCount(), 0);
    QCOMPARE(model.bytes(), 0);
}

void TstModels::runningBecomesFinished()
{
    TraceModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    const Monotonic now = TraceModel::now();
    const auto first = madeUp(1, now, true);
    model.setRunning({madeUp(2, now, true), first});
    QCOMPARE(column(model, TraceModel::StateColumn), QStringList({u"⟳ running"_s, u"⟳ running"_s}));
    model.setComment(0, u"look"_s);
    QSignalSpy changes(&model, &QAbstractItemModel::dataChanged);
    model.add({madeUp(1, now)});
    QCOMPARE(model.rowCount(), 2); // in its place
    QVERIFY(!changes.isEmpty());
    QCOMPARE(column(model, TraceModel::StateColumn), QStringList({u"✔ 200"_s, u"⟳ running"_s}));
    QCOMPARE(model.timeline(0)->comment, u"look"_s);
    // A filter that it matches only later.
    model.setFilter(filter(u"is:done"_s));
    QCOMPARE(model.rowCount(), 1);
    model.add({madeUp(2, now)});
    QCOMPARE(model.rowCount(), 2);
}

void TstModels::runningThatIsNotToldAnyMoreGoes()
{
    TraceModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    const auto one = madeUp(1, TraceModel::now(), true);
    model.setRunning({one});
    model.setRunning({}); // its record may be under way
    QCOMPARE(model.rowCount(), 1);
    for (int i = 0; i < 10; ++i)
        model.setRunning({});
    QCOMPARE(model.rowCount(), 0);
    QCOMPARE(model.total(), 0u);
    QCOMPARE(model.bytes(), 0);
}

void TstModels::pinnedStays()
{
    TraceModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    model.setLimits({.rows = 20});
    model.add(finished(1, 5));
    model.setPinned(2, true);
    const quint64 number = model.number(2);
    model.add(finished(6, 200));
    QCOMPARE(model.number(0), number);
    model.setFilter(filter(u"is:pinned"_s));
    QCOMPARE(model.rowCount(), 1);
    model.clear();
    QCOMPARE(model.total(), 1u);
    model.setPinned(0, false);
    model.clear();
    QCOMPARE(model.total(), 0u);
}

void TstModels::sortingHoldsBack()
{
    TraceModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    model.add(finished(1, 50));
    const QPersistentModelIndex kept = model.index(10, TraceModel::IdColumn);
    const QString id = kept.data().toString();
    model.sort(TraceModel::TotalColumn, Qt::DescendingOrder);
    QCOMPARE(kept.data().toString(), id);
    for (int row = 1; row < model.rowCount(); ++row)
        QVERIFY(totalOf(*model.timeline(row - 1), {}) >= totalOf(*model.timeline(row), {}));
    model.add(finished(51, 60));
    QCOMPARE(model.rowCount(), 50);
    QCOMPARE(model.heldBack(), 10);
    model.resume();
    QCOMPARE(model.rowCount(), 60);
    QCOMPARE(model.heldBack(), 0);
    QCOMPARE(model.timeline(59)->serial, 60u);
}

void TstModels::bodiesAreGivenBack()
{
    const auto budget = std::make_shared<trace::BodyBudget>(qint64(1'000'000));
    TraceModel model;
    model.setBodyBudget(budget);
    for (quint64 serial = 1; serial <= 30; ++serial) {
        auto timeline = std::make_shared<trace::Timeline>(*madeUp(serial, TraceModel::now()));
        trace::BodyRecorder recorder(budget, 100'000);
        recorder.setRequest(QByteArray(60'000, 'x'));
        timeline->bodies = recorder.take();
        model.add({std::shared_ptr<const trace::Timeline>(std::move(timeline))});
    }
    QVERIFY(budget->memory.used() <= 1'000'000);
    QVERIFY(model.timeline(29)->bodies); // the newest have theirs
    QVERIFY(!model.timeline(0)->bodies);
    QCOMPARE(model.rowCount(), 30);
}

void TstModels::namesAreNoMarkup()
{
    auto timeline = std::make_shared<trace::Timeline>(*madeUp(1, TraceModel::now()));
    timeline->model = "<img src=x><b>model</b>\n\x1b[31m";
    TraceModel model;
    model.add({std::shared_ptr<const trace::Timeline>(std::move(timeline))});
    const QModelIndex index = model.index(0, TraceModel::ModelColumn);
    QVERIFY(!index.data().toString().contains(QChar(0x1b)));
    QVERIFY(!index.data().toString().contains(u'\n'));
    QVERIFY(!index.data(Qt::ToolTipRole).toString().contains(u"<img"_s));
}

void TstModels::eventsOfAStream()
{
    auto timeline = std::make_shared<trace::Timeline>(*madeUp(1, TraceModel::now()));
    trace::BodyRecorder recorder(std::make_shared<trace::BodyBudget>(qint64(1'000'000)), 100'000);
    const QByteArray answer = R"(data: {"choices":[{"delta":{"role":"assistant"}}]}

data: {"choices":[{"delta":{"content":"Hel"}}]}

data: {"choices":[{"delta":{"content":"lo <b>"}}]}

data: [DONE]

)";
    recorder.addAnswer(QByteArrayView(answer).first(70), std::chrono::milliseconds(10)); // ends within the second event
    recorder.addAnswer(QByteArrayView(answer).sliced(70), std::chrono::milliseconds(30));
    timeline->bodies = recorder.take();
    EventModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    model.setAnswer(*timeline);
    QCOMPARE(model.rowCount(), 4);
    QCOMPARE(model.text(), u"Hello <b>"_s);
    QCOMPARE(column(model, EventModel::TimeColumn), QStringList({u"10 ms"_s, u"30 ms"_s, u"30 ms"_s, u"30 ms"_s}));
    QCOMPARE(column(model, EventModel::DeltaColumn).first(2), QStringList({u"–"_s, u"20 ms"_s}));
    QCOMPARE(model.gaps(), std::vector<double>({20, 0})); // the end marker is no event of the text
    QCOMPARE(model.toJsonLines().count('\n'), 4);
}

void TstModels::eventsAreBounded()
{
    EventModel model;
    for (int i = 0; i < 60; ++i) {
        std::vector<StreamEvent> events(1000);
        for (StreamEvent &event : events)
            event.text = u"x"_s;
        model.append(std::move(events));
    }
    QCOMPARE(model.total(), 60'000);
    QCOMPARE(size_t(model.rowCount()), EventModel::most);
    QCOMPARE(model.text().size(), 60'000);
}

void TstModels::log()
{
    LogModel model;
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    for (int i = 0; i < 5; ++i) {
        std::deque<LogEntry> entries(5000, LogEntry{QDateTime::currentDateTime(), LogEntry::Level::Info, u"c"_s, u"batch %1"_s.arg(i)});
        model.add(std::move(entries));
    }
    QCOMPARE(size_t(model.rowCount()), LogModel::most);
    QCOMPARE(model.index(0, LogModel::TextColumn).data().toString(), u"batch 1"_s);
}

void TstModels::draftIsUndone()
{
    ConfigDraft draft(nullptr);
    draft.setBase(twoByTwo());
    QVERIFY(!draft.isChanged());
    draft.change(u"one"_s, [](Config &config) { config.prefill[0].weight = 3; }, u"p1/weight"_s);
    draft.change(u"two"_s, [](Config &config) { config.prefill[0].weight = 4; }, u"p1/weight"_s);
    QCOMPARE(draft.undoStack().count(), 1); // typing in one cell
    draft.setPaired(u"p1"_s, u"d2"_s, false);
    draft.change(u"nothing"_s, [](Config &) {});
    QCOMPARE(draft.undoStack().count(), 2);
    QCOMPARE(draft.changes(), QStringList({u"p1 weight 1 → 4"_s, u"p1 → d2 disabled"_s}));
    const Config changed = draft.config();
    draft.undoStack().undo();
    draft.undoStack().undo();
    QVERIFY(!draft.isChanged());
    draft.undoStack().redo();
    draft.undoStack().redo();
    QCOMPARE(configToJson(draft.config()), configToJson(changed));
    draft.discard();
    QVERIFY(!draft.isChanged());
    draft.undoStack().undo();
    QCOMPARE(configToJson(draft.config()), configToJson(changed)); // even that
}

void TstModels::draftFollowsWhatIsInForce()
{
    ConfigDraft draft(nullptr);
    draft.setBase(twoByTwo());
    Config other = twoByTwo();
    other.policy = u"round_robin"_s;
    draft.setBase(other);
    QCOMPARE(draft.config().policy, u"round_robin"_s);
    draft.change(u"mine"_s, [](Config &config) { config.decode[1].enabled = false; });
    other.policy = u"least_in_flight"_s;
    draft.setBase(other); // somebody else changed it: mine stays, compared with theirs
    QCOMPARE(draft.config().policy, u"round_robin"_s);
    QVERIFY(!draft.config().decode[1].enabled);
    QVERIFY(draft.changes().contains(u"d2 disabled"_s));
    draft.markApplied(draft.config());
    QVERIFY(!draft.isChanged());
}

void TstModels::pairsFollowTheirServers()
{
    ConfigDraft draft(nullptr);
    draft.setBase(twoByTwo());
    ServerModel model(draft, nullptr);
    draft.setPaired(u"p1"_s, u"d1"_s, false);
    QVERIFY(model.setData(model.index(0, ServerModel::NameColumn), u"first"_s));
    QVERIFY(!ConfigDraft::isPaired(draft.config(), u"first"_s, u"d1"_s));
    QVERIFY(draft.problems().isEmpty());
    model.remove({0});
    QVERIFY(draft.config().pairs.isEmpty());
    QVERIFY(draft.problems().isEmpty());
    // Only listed pairs.
    draft.change(u"listed"_s, [](Config &config) { config.pairing = Pairing::Listed; });
    QVERIFY(!ConfigDraft::isPaired(draft.config(), u"p2"_s, u"d1"_s));
    draft.setPaired(u"p2"_s, u"d1"_s, true);
    QVERIFY(ConfigDraft::isPaired(draft.config(), u"p2"_s, u"d1"_s));
    QVERIFY(draft.problems().isEmpty());
}

void TstModels::serverCells()
{
    ConfigDraft draft(nullptr);
    draft.setBase(twoByTwo());
    ServerModel model(draft, nullptr);
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    QCOMPARE(column(model, ServerModel::RoleColumn), QStringList({u"prefill"_s, u"prefill"_s, u"decode"_s, u"decode"_s}));
    QCOMPARE(column(model, ServerModel::BootstrapColumn), QStringList({u"8998"_s, u"auto"_s, u"–"_s, u"–"_s}));
    QVERIFY(model.setData(model.index(1, ServerModel::BootstrapColumn), u"9000"_s));
    QSignalSpy refused(&model, &ServerModel::editRefused);
    QVERIFY(!model.setData(model.index(1, ServerModel::BootstrapColumn), u"port!"_s));
    QCOMPARE(refused.count(), 1);
    QCOMPARE(model.index(1, ServerModel::BootstrapColumn).data().toString(), u"9000"_s);
    QVERIFY(model.setData(model.index(2, ServerModel::UrlColumn), u"ftp://x"_s));
    QVERIFY(!model.index(2, ServerModel::UrlColumn).data(ServerModel::ProblemRole).toString().isEmpty());
    QVERIFY(!draft.problems().isEmpty());
    QVERIFY(model.setData(model.index(2, ServerModel::UrlColumn), u"e:5"_s));
    QCOMPARE(draft.config().decode[0].url, u"http://e:5"_s);
    QVERIFY(draft.problems().isEmpty());
    QVERIFY(model.setData(model.index(3, ServerModel::EnabledColumn), int(Qt::Unchecked), Qt::CheckStateRole));
    QVERIFY(!draft.config().decode[1].enabled);
    model.setMany({0, 2}, ServerModel::WeightColumn, 7);
    QCOMPARE(column(model, ServerModel::WeightColumn), QStringList({u"7"_s, u"1"_s, u"7"_s, u"1"_s}));
    model.duplicate({0});
    QCOMPARE(column(model, ServerModel::UrlColumn)[2], u"http://a:2"_s); // two of one URL would be a mistake
    QVERIFY(draft.problems().isEmpty());
    QVERIFY(model.setData(model.index(0, ServerModel::RoleColumn), u"decode"_s));
    QCOMPARE(draft.config().decode.size(), 3);
}

void TstModels::serversMove()
{
    ConfigDraft draft(nullptr);
    draft.setBase(twoByTwo());
    ServerModel model(draft, nullptr);
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    const auto drag = [&model](int from, int to) {
        const std::unique_ptr<QMimeData> data(model.mimeData({model.index(from, 0)}));
        model.dropMimeData(data.get(), Qt::MoveAction, to, 0, {});
    };
    drag(0, 2); // behind p2, before d1
    QCOMPARE(column(model, ServerModel::NameColumn), QStringList({u"p2"_s, u"p1"_s, u"d1"_s, u"d2"_s}));
    drag(3, 2);
    QCOMPARE(column(model, ServerModel::NameColumn), QStringList({u"p2"_s, u"p1"_s, u"d2"_s, u"d1"_s}));
    drag(0, 4); // becomes a decode server
    QCOMPARE(draft.config().decode.size(), 3);
    QCOMPARE(column(model, ServerModel::NameColumn), QStringList({u"p1"_s, u"d2"_s, u"d1"_s, u"p2"_s}));
    QCOMPARE(draft.undoStack().count(), 3);
    QSignalSpy dropped(&model, &ServerModel::textDropped);
    QMimeData text;
    text.setText(u"--prefill http://x:1"_s);
    model.dropMimeData(&text, Qt::CopyAction, 0, 0, {});
    QCOMPARE(dropped.count(), 1);
}

void TstModels::matrix()
{
    ConfigDraft draft(nullptr);
    trace::RecentStats stats;
    MatrixModel model(draft, stats, nullptr);
    const QAbstractItemModelTester tester(&model, QAbstractItemModelTester::FailureReportingMode::Fatal);
    draft.setBase(twoByTwo());
    QCOMPARE(model.rowCount(), 2);
    QCOMPARE(model.columnCount(), 2);
    stats.add(*madeUp(2, TraceModel::now()), 1); // p2, d1
    stats.add(*madeUp(1, TraceModel::now()), 1);
    draft.setPaired(u"p1"_s, u"d2"_s, false);
    QCOMPARE(model.cell(model.index(0, 1))->state, MatrixModel::CellState::Off);
    QVERIFY(model.cell(model.index(1, 0))->ttftP50);
    model.setVerdicts({{{u"p1"_s, u"d1"_s}, {.verdict = u"fails"_s, .findings = {{u"error"_s, u"page_size_mismatch"_s, u"p1/d1"_s, u"page size differs"_s, {}, {}}}}}});
    QCOMPARE(model.cell(model.index(0, 0))->state, MatrixModel::CellState::Bad);
    QCOMPARE(model.index(0, 0).data().toString(), u"page size mismatch"_s);
    draft.change(u"off"_s, [](Config &config) { config.decode[0].enabled = false; });
    QCOMPARE(model.cell(model.index(0, 0))->word, u"d1 disabled"_s);
}

void TstModels::import_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<QStringList>("servers"); // "p http://a:1 8998"
    QTest::addColumn<QString>("problem");
    const auto good = [](const char *name, const QString &text, const QStringList &servers) { QTest::newRow(name) << text << servers << QString(); };
    const auto bad = [](const char *name, const QString &text, const QString &problem) { QTest::newRow(name) << text << QStringList() << problem; };
    good("router", u"python3 -m sglang_router.launch_router --pd-disaggregation \\\n  --prefill http://a:30000 8998 --decode 'http://b:30001' --policy random"_s,
         {u"p http://a:30000 8998"_s, u"d http://b:30001 auto"_s});
    good("serve", u"pdlb serve --prefill http://a:1 none --prefill http://b:1 --decode http://c:1"_s,
         {u"p http://a:1 none"_s, u"p http://b:1 auto"_s, u"d http://c:1 auto"_s});
    good("one side", u"--decode http://c:1"_s, {u"d http://c:1 auto"_s});
    good("lines", u"# mine\nprefill http://a:1 8998\ndecode: b:2\n\nc:3"_s, {u"p http://a:1 8998"_s, u"p http://c:3 auto"_s, u"d http://b:2 auto"_s});
    good("array", uR"([{"role":"decode","url":"http://a:1"},"http://b:1"])"_s, {u"p http://b:1 auto"_s, u"d http://a:1 auto"_s});
    good("admin API", uR"({"servers":[{"role":"prefill","name":"x","url":"http://a:1","state":{"status":"up"}}]})"_s, {u"p http://a:1 auto"_s});
    good("file", uR"({"version":1,"prefill":[{"url":"http://a:1","bootstrap_port":8998}],"decode":[{"url":"http://b:1"}]})"_s,
         {u"p http://a:1 8998"_s, u"d http://b:1 auto"_s});
    bad("nothing", u"  \n"_s, u"there is nothing yet"_s);
    bad("nonsense", u"the quick brown fox"_s, u"line 1"_s);
    bad("unknown flag", u"--prefill http://a:1 --decod http://b:1"_s, u"decod"_s);
    bad("open quote", u"--prefill 'http://a:1"_s, u"not closed"_s);
    bad("broken JSON", u"{\"version\": 1,"_s, u"none"_s);
    bad("wrong type", uR"({"version":1,"prefill":[{"url":5}]})"_s, u"$.prefill[0].url"_s);
    bad("bad port", u"prefill http://a:1 99999"_s, u"line 1"_s);
    bad("too much", u"prefill http://a:1 8998 more words"_s, u"too much"_s);
    bad("comment only", u"# nothing"_s, u"no server"_s);
}

void TstModels::import()
{
    QFETCH(QString, text);
    QFETCH(QStringList, servers);
    QFETCH(QString, problem);
    const auto imported = importServers(text, Role::Prefill);
    if (!problem.isEmpty()) {
        QVERIFY(!imported);
        QVERIFY2(imported.error().message.contains(problem), qPrintable(imported.error().message));
        return;
    }
    QVERIFY2(imported, imported ? "" : qPrintable(imported.error().message));
    QStringList found;
    for (const ServerConfig &server : imported->prefill)
        found += u"p %1 %2"_s.arg(server.url, server.bootstrapPort.toString());
    for (const ServerConfig &server : imported->decode)
        found += u"d %1 %2"_s.arg(server.url, server.bootstrapPort.toString());
    QCOMPARE(found, servers);
}

void TstModels::importKeepsNames()
{
    const Config before = twoByTwo();
    const auto imported = importServers(flagsOf(before) + u" --decode http://new:1"_s, Role::Prefill);
    QVERIFY(imported);
    const Config after = withImported(before, *imported, false);
    QCOMPARE(ConfigDraft::differences(before, after), QStringList({u"+ d3"_s}));
    const auto less = importServers(u"--prefill http://a:1 8998 --decode http://c:1"_s, Role::Prefill);
    QCOMPARE(ConfigDraft::differences(before, withImported(before, *less, true)), QStringList({u"− p2"_s, u"− d2"_s}));
}

void TstModels::presets()
{
    TesterRequest request;
    request.target = {TesterTarget::Kind::Pair, u"p1/d2"_s};
    request.spec.model = u"m"_s;
    request.spec.messages = {{u"system"_s, u"be brief"_s}, {u"user"_s, u"\"hi\"\n"_s}};
    request.spec.maxTokens = 7;
    request.spec.temperature = 0.5;
    request.spec.apiKey = "secret";
    request.spec.extra = {{u"top_k"_s, 3}};
    const QJsonObject json = request.toJson();
    QVERIFY(!QJsonDocument(json).toJson().contains("secret"));
    const auto again = TesterRequest::fromJson(json);
    QVERIFY(again);
    QVERIFY(again->target == request.target);
    QCOMPARE(again->spec.messages.size(), 2);
    QCOMPARE(again->spec.messages[1].content, u"\"hi\"\n"_s);
    QCOMPARE(again->spec.maxTokens, request.spec.maxTokens);
    QCOMPARE(again->spec.extra, request.spec.extra);
    QVERIFY(again->spec.includeUsage);
    QVERIFY(!TesterRequest::fromJson({}));
    QVERIFY(!TesterRequest::fromJson({{u"version"_s, 1}, {u"endpoint"_s, u"/v1/embeddings"_s}}));
}

void TstModels::history()
{
    QTemporaryDir folder;
    const QString file = folder.filePath(u"deep/history.json"_s);
    {
        TesterHistory history(file);
        for (int i = 0; i < 120; ++i) {
            TesterRequest request;
            request.spec.messages = {{u"user"_s, u"question %1"_s.arg(i)}};
            history.add(request);
        }
        QCOMPARE(history.list().size(), TesterHistory::most);
    }
    const TesterHistory again(file);
    QCOMPARE(again.list().size(), TesterHistory::most);
    QCOMPARE(again.list().first().title(), u"question 119"_s);
    QCOMPARE(QFile::permissions(file) & (QFileDevice::ReadOther | QFileDevice::ReadGroup), QFileDevice::Permissions());
    QFile broken(file);
    QVERIFY(broken.open(QIODevice::WriteOnly));
    broken.write("[{]");
    broken.close();
    QVERIFY(TesterHistory(file).list().isEmpty());
}

void TstModels::recentStats()
{
    trace::RecentStats stats;
    for (qint64 second = 0; second < 10; ++second) {
        for (quint64 serial = 1; serial <= 20; ++serial)
            stats.add(*madeUp(serial, TraceModel::now()), 100 + second);
        stats.setInFlight(second, 100 + second);
    }
    QCOMPARE(stats.rate(110, 5), 20.0);
    QCOMPARE(stats.rate(200, 5), 0.0);
    const auto points = stats.points(90, 110, 5);
    QCOMPARE(points.size(), 4u);
    QCOMPARE(points[1].requests, 0.0);
    QVERIFY(!points[1].ttftP50);
    QCOMPARE(points[2].requests, 20.0);
    QCOMPARE(*points[3].inFlight, 9.0);
    QVERIFY(*points[2].ttftP50 > 100 && *points[2].ttftP99 >= *points[2].ttftP50);
    QVERIFY(points[2].legs.contains("p1") && points[2].legs.contains("d1"));
    QVERIFY(points[2].ends[size_t(trace::EndReason::DecodeConn)] > 0);
    const auto pair = stats.pair("p1", "d1");
    QVERIFY(pair.good > 0 && pair.failed > 0 && pair.ttftP50);
    QCOMPARE(stats.pair("p9", "d9").good, 0);
    // Only the last hour is known.
    stats.add(*madeUp(1, TraceModel::now()), 100 + trace::RecentStats::history + 50);
    QCOMPARE(stats.points(0, 200, 200)[0].requests, 0.0);
}

QTEST_MAIN(TstModels)

#include "tst_models.moc"
