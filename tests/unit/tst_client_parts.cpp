// SPDX-License-Identifier: Apache-2.0

// The parts of send and bench that need no socket: what is sent, where prompts come from, percentiles, comparisons.
#include "client/bench_report.h"
#include "client/replay_run.h"
#include "client/trace_lookup.h"
#include "trace/timeline_json.h"

#include <QBuffer>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QTest>

#include <algorithm>
#include <cmath>

using namespace pdlb;
using namespace pdlb::client;
using namespace std::chrono_literals;
using namespace Qt::StringLiterals;

namespace {

/// An entry of a HAR; `more` replaces members of its request.
QJsonObject harEntry(const QString &url, const QString &time = u"2026-01-02T03:04:05.678901+01:00"_s, const QJsonObject &more = {})
{
    QJsonObject request{{u"method"_s, u"POST"_s}, {u"url"_s, url}, {u"postData"_s, QJsonObject{{u"text"_s, u"{\"prompt\":\"a\"}"_s}}}};
    for (auto it = more.begin(); it != more.end(); ++it)
        request[it.key()] = it.value();
    const QJsonObject content{{u"mimeType"_s, u"application/json"_s}, {u"text"_s, u"{\"usage\":{\"completion_tokens\":7}}"_s}};
    return {{u"startedDateTime"_s, time}, {u"time"_s, 12.5}, {u"request"_s, request},
            {u"response"_s, QJsonObject{{u"status"_s, 200}, {u"content"_s, content}}}};
}

QByteArray har(const QJsonArray &entries)
{
    return QJsonDocument(QJsonObject{{u"log"_s, QJsonObject{{u"creator"_s, QJsonObject{{u"name"_s, u"Firefox"_s}}}, {u"entries"_s, entries}}}}).toJson();
}

Recording recording(QByteArray text)
{
    QBuffer file(&text);
    file.open(QIODevice::ReadOnly);
    return readRecording(file);
}

QJsonObject bodyOf(const RequestSpec &spec)
{
    return QJsonDocument::fromJson(spec.toBytes().body).object();
}

/// A report whose E2E times are these.
BenchReport reportOf(const std::vector<double> &times)
{
    BenchReport report;
    report.seconds = 10;
    for (const double ms : times) {
        RequestResult result;
        result.end = Monotonic(qint64(ms * 1e6));
        result.prefill = "p1";
        result.decode = ms > 500 ? "d2" : "d1";
        report.all.add(result);
        report.slices.add(report.seconds * double(report.all.good) / double(times.size() + 1), result);
        report.pairs[result.pair()].add(result);
    }
    return report;
}

/// So many times around a mean, the same ones for the same seed.
std::vector<double> around(double mean, int count, quint32 seed)
{
    SeededRandom random(seed);
    std::vector<double> times;
    for (int i = 0; i < count; ++i)
        times.push_back(mean * (0.8 + 0.4 * double(random.below(1'000'000)) / 1e6));
    return times;
}

} // namespace

class TstClientParts : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void chatBody();
    void generateBody();
    void extraGoesLast();
    void rawBody();
    void headersOfRequests();
    void guesses_data();
    void guesses();
    void quantiles();
    void smallCountsHaveNoTail();
    void extremes();
    void sums();
    void definitions();
    void generatorIsRepeatable();
    void generatorSharesPrefix();
    void jsonLines();
    void shareGpt();
    void brokenPrompts();
    void promptsWithoutEnd();
    void promptsWithByteOrderMark();
    void comparison();
    void comparisonOfRubbish();
    void slowPairStandsOut();
    void otherLoadsAreTold();
    void driftIsNoise();
    void slices();
    void serversCannotDriveTheTerminal();
    void tracesTell();
    void foreignHar();
    void cutHar();
    void entriesWithoutTime();
    void recordedCredentialsStay();
    void recordedTargetsAreChecked();
    void recordingsOfRubbish_data();
    void recordingsOfRubbish();
    void replaysAddUp();
};

void TstClientParts::chatBody()
{
    RequestSpec spec;
    spec.model = u"m"_s;
    spec.messages = {{u"system"_s, u"be brief"_s}, {u"user"_s, u"\"hi\"\n"_s}};
    spec.maxTokens = 5;
    spec.temperature = 0.5;
    spec.stop = {u"x"_s};
    spec.samples = 2;
    const QJsonObject body = bodyOf(spec);
    QCOMPARE(body["messages"_L1][1]["content"_L1].toString(), u"\"hi\"\n"_s);
    QCOMPARE(body["max_tokens"_L1].toInt(), 5);
    QCOMPARE(body["n"_L1].toInt(), 2);
    QVERIFY(body["stream"_L1].toBool());
    QVERIFY(body["stream_options"_L1]["include_usage"_L1].toBool());
    QVERIFY(spec.toBytes().stream);
    QCOMPARE(spec.toBytes().target, "/v1/chat/completions");
    spec.stream = false;
    QVERIFY(!bodyOf(spec).contains("stream"_L1) && !bodyOf(spec).contains("stream_options"_L1));
}

void TstClientParts::generateBody()
{
    RequestSpec spec;
    spec.endpoint = pd::Endpoint::Generate;
    spec.prompt = u"p"_s;
    spec.maxTokens = 7;
    spec.seed = 9007199254740993;
    QCOMPARE(bodyOf(spec)["sampling_params"_L1]["max_new_tokens"_L1].toInt(), 7);
    QCOMPARE(bodyOf(spec)["sampling_params"_L1]["sampling_seed"_L1].toInteger(), 9007199254740993);
    QCOMPARE(bodyOf(spec)["text"_L1].toString(), u"p"_s);
    spec.extra = {{u"input_ids"_s, QJsonArray{1, 2}}};
    QVERIFY(!bodyOf(spec).contains("text"_L1));
}

void TstClientParts::extraGoesLast()
{
    RequestSpec spec;
    spec.maxTokens = 5;
    spec.extra = {{u"max_tokens"_s, 9}, {u"stream"_s, false}, {u"logprobs"_s, true}};
    QCOMPARE(bodyOf(spec)["max_tokens"_L1].toInt(), 9);
    QVERIFY(bodyOf(spec)["logprobs"_L1].toBool());
    QVERIFY(!spec.toBytes().stream);
}

void TstClientParts::rawBody()
{
    RequestSpec spec;
    spec.maxTokens = 5;
    spec.rawBody = "{ \"text\" : \"as it is\", \"stream\":true }";
    QCOMPARE(spec.toBytes().body, spec.rawBody);
    QVERIFY(spec.toBytes().stream);
}

void TstClientParts::headersOfRequests()
{
    RequestSpec spec;
    spec.apiKey = "secret";
    spec.pair = "p1/d2";
    spec.headers.add("X-Custom", "1");
    const http::HeaderList headers = spec.toBytes().headers;
    QCOMPARE(headers.value("authorization"), QByteArrayView("Bearer secret"));
    QCOMPARE(headers.value("x-pdlb-pair"), QByteArrayView("p1/d2"));
    QCOMPARE(headers.value("x-custom"), QByteArrayView("1"));
}

void TstClientParts::guesses_data()
{
    QTest::addColumn<QByteArray>("path"); // or a part of the error, with !
    QTest::newRow(R"({"messages":[]})") << QByteArray("/v1/chat/completions");
    QTest::newRow(R"({"prompt":"a"})") << QByteArray("/v1/completions");
    QTest::newRow(R"({"text":["a"]})") << QByteArray("/generate");
    QTest::newRow(R"({"input_ids":[1]})") << QByteArray("/generate");
    QTest::newRow(R"({"model":"m"})") << QByteArray("!neither \"messages\"");
    QTest::newRow("[1]") << QByteArray("!no JSON object");
    QTest::newRow("{\"a\":}") << QByteArray("!no JSON: ");
    QTest::newRow("") << QByteArray("!no JSON");
}

void TstClientParts::guesses()
{
    QFETCH(QByteArray, path);
    const auto endpoint = guessEndpoint(QTest::currentDataTag());
    if (path.startsWith('!'))
        QVERIFY2(!endpoint && endpoint.error().message.contains(QString::fromUtf8(path.mid(1))), endpoint ? "accepted" : qPrintable(endpoint.error().message));
    else
        QCOMPARE(pd::endpointPath(*endpoint), path);
}

void TstClientParts::quantiles()
{
    Distribution values;
    for (int i = 1; i <= 10'000; ++i)
        values.add(i / 10.0); // 0.1 … 1000 ms, evenly
    QCOMPARE(values.count(), 10'000);
    QVERIFY(std::abs(values.mean() - 500.05) < 0.001);
    for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999}) {
        const double expected = 1000 * share;
        QVERIFY2(std::abs(values.quantile(share) - expected) < 0.007 * expected, qPrintable(QString::number(values.quantile(share))));
        const auto estimate = values.estimate(share);
        QVERIFY(estimate->low <= estimate->value && estimate->value <= estimate->high);
    }
    // Half of 10,000 even values lies within ± 1 % of ranks.
    QVERIFY(values.estimate(0.5)->low < 495 && values.estimate(0.5)->high > 505);
    QVERIFY(values.estimate(0.5)->low > 480 && values.estimate(0.5)->high < 520);
    const auto mean = values.meanEstimate();
    QVERIFY(mean.low > 490 && mean.low < 500 && mean.high > 500 && mean.high < 510);
}

void TstClientParts::smallCountsHaveNoTail()
{
    Distribution values;
    QVERIFY(!values.estimate(0.5));
    for (int i = 0; i < 99; ++i)
        values.add(1);
    QVERIFY(!values.estimate(0.99)); // no value would lie beyond
    values.add(1);
    QVERIFY(values.estimate(0.99));
    QVERIFY(!values.estimate(0.999));
}

void TstClientParts::extremes()
{
    Distribution values;
    for (const double value : {0.0, -1.0, 1e-9, 1e12})
        values.add(value);
    QCOMPARE(values.most(), 1e12);
    QCOMPARE(values.least(), -1.0);
    QCOMPARE(values.quantile(1), 1e12);
    QCOMPARE(values.quantile(0), -1.0);
}

void TstClientParts::sums()
{
    Distribution a, b, both;
    for (int i = 0; i < 1000; ++i) {
        (i % 3 ? a : b).add(i);
        both.add(i);
    }
    Distribution joined;
    joined.add(a);
    joined.add(b);
    joined.add(Distribution());
    QCOMPARE(joined.count(), both.count());
    QCOMPARE(joined.quantile(0.9), both.quantile(0.9));
    QCOMPARE(joined.mean(), both.mean());
    QCOMPARE(joined.least(), 0.0);
    QCOMPARE(joined.most(), 999.0);
}

void TstClientParts::definitions()
{
    RequestResult result;
    result.start = 1s;
    result.stream = true;
    QVERIFY(!result.ttft() && !result.itl());
    result.firstContent = 1s + 40ms;
    result.firstOutput = 1s + 90ms;
    result.lastContent = 1s + 140ms;
    result.end = 1s + 150ms;
    QCOMPARE(*result.ttft(), 40.0);
    QCOMPARE(*result.ttfo(), 90.0);
    QVERIFY(!result.itl()); // nobody says how many tokens there were
    result.facts.completionTokens = 1;
    QVERIFY(!result.itl());
    result.facts.completionTokens = 11;
    QCOMPARE(*result.itl(), 10.0);
    QCOMPARE(*result.tokensPerSecond(), 100.0);
    QCOMPARE(result.duration(), 150.0);
}

void TstClientParts::generatorIsRepeatable()
{
    GeneratorOptions options;
    options.inputTokens = 100;
    options.outputTokens = 50;
    options.spread = 0.5;
    const auto a = makeGenerator(options);
    const auto b = makeGenerator(options);
    QSet<int> lengths;
    for (int i = 0; i < 50; ++i) {
        const RequestSpec one = a->next();
        const QString prompt = one.messages.first().content;
        QCOMPARE(prompt, b->next().messages.first().content);
        const qsizetype count = prompt.split(u' ', Qt::SkipEmptyParts).size();
        QVERIFY(count >= 50 && count <= 150);
        QVERIFY(*one.maxTokens >= 25 && *one.maxTokens <= 75);
        lengths.insert(int(count));
    }
    QVERIFY(lengths.size() > 10);
    options.seed = 2;
    QVERIFY(makeGenerator(options)->next().messages.first().content != makeGenerator({})->next().messages.first().content);
}

void TstClientParts::generatorSharesPrefix()
{
    GeneratorOptions options;
    options.inputTokens = 200;
    options.sharedPrefix = 0.75;
    options.base.endpoint = pd::Endpoint::Generate;
    const auto source = makeGenerator(options);
    const QStringList a = source->next().prompt.split(u' ');
    const QStringList b = source->next().prompt.split(u' ');
    QCOMPARE(a.mid(0, 150), b.mid(0, 150));
    QVERIFY(a[150] != b[150]); // and nothing beyond
}

void TstClientParts::jsonLines()
{
    QBuffer file;
    file.setData("{\"prompt\":\"a\",\"max_tokens\":3}\n\n{\"messages\":[{\"role\":\"user\",\"content\":\"b\"}]}\n{\"input_ids\":[5]}");
    file.open(QIODevice::ReadOnly);
    RequestSpec base;
    base.model = u"m"_s;
    base.maxTokens = 9;
    const LoadedPrompts loaded = loadPrompts(file, base);
    QCOMPARE(loaded.used, 3);
    QVERIFY(loaded.problems.isEmpty());
    RequestSpec first = loaded.source->next();
    QCOMPARE(bodyOf(first)["max_tokens"_L1].toInt(), 3); // its own
    QCOMPARE(bodyOf(first)["model"_L1].toString(), u"m"_s);
    QCOMPARE(bodyOf(first)["prompt"_L1].toString(), u"a"_s);
    const QJsonObject second = bodyOf(loaded.source->next());
    QCOMPARE(second["messages"_L1][0]["content"_L1].toString(), u"b"_s);
    QCOMPARE(second["max_tokens"_L1].toInt(), 9);
    QVERIFY(!bodyOf(loaded.source->next()).contains("text"_L1));
    QCOMPARE(bodyOf(loaded.source->next())["prompt"_L1].toString(), u"a"_s); // over again
}

void TstClientParts::shareGpt()
{
    QBuffer file;
    file.setData(R"([{"conversations":[{"from":"system","value":"s"},{"from":"human","value":"ask"},{"from":"gpt","value":"x"}]},
                     {"conversations":[{"from":"gpt","value":"only an answer"}]}, 7, {"conversation":[{"role":"user","content":"other"}]}])");
    file.open(QIODevice::ReadOnly);
    const LoadedPrompts loaded = loadPrompts(file, {});
    QCOMPARE(loaded.used, 2);
    QCOMPARE(loaded.skipped, 2);
    QVERIFY(loaded.problems.first().startsWith(u"entry 2: "));
    QCOMPARE(loaded.source->next().messages.first().content, u"ask"_s);
    QCOMPARE(loaded.source->next().messages.first().content, u"other"_s);
}

void TstClientParts::brokenPrompts()
{
    QBuffer file;
    file.setData("not json\n{\"prompt\":\"good\"}\n{\"prompt\":\"cut of");
    file.open(QIODevice::ReadOnly);
    const LoadedPrompts loaded = loadPrompts(file, {});
    QCOMPARE(loaded.used, 1);
    QVERIFY(loaded.problems[0].startsWith(u"line 1: the body is no JSON"));
    QVERIFY(loaded.problems[1].startsWith(u"line 3: the body is no JSON"));
    QBuffer array;
    array.setData("[{\"conversations\":");
    array.open(QIODevice::ReadOnly);
    QVERIFY(!loadPrompts(array, {}).source);
    QBuffer empty;
    empty.open(QIODevice::ReadOnly);
    QVERIFY(!loadPrompts(empty, {}).source);
}

void TstClientParts::promptsWithoutEnd()
{
    QFile zeros(u"/dev/zero"_s);
    QVERIFY(zeros.open(QIODevice::ReadOnly));
    const LoadedPrompts loaded = loadPrompts(zeros, {});
    QVERIFY(!loaded.source);
    QVERIFY2(loaded.problems.value(0).startsWith(u"line 1: "), qPrintable(loaded.problems.value(0)));
}

void TstClientParts::promptsWithByteOrderMark()
{
    QByteArray text("\xef\xbb\xbf[{\"conversations\":[{\"from\":\"human\",\"value\":\"hi\"}]}]");
    QBuffer file(&text);
    QVERIFY(file.open(QIODevice::ReadOnly));
    QCOMPARE(loadPrompts(file, {}).used, 1);
}

void TstClientParts::comparison()
{
    const auto json = [](const std::vector<double> &times) { return benchJson(reportOf(times), {}); };
    const auto same = compareBench(json(around(100, 1000, 1)), json(around(100, 1000, 2)));
    QVERIFY2(same.contains(u"within noise") && !same.contains(u"higher\n") && !same.contains(u"lower\n"), qPrintable(same));
    const auto slower = compareBench(json(around(100, 1000, 1)), json(around(120, 1000, 2)));
    QVERIFY2(slower.contains(u"E2E p50") && slower.contains(u"higher"), qPrintable(slower));
    const auto faster = compareBench(json(around(100, 1000, 1)), json(around(80, 1000, 2)));
    QVERIFY2(faster.contains(u"lower"), qPrintable(faster));
    // Few requests: a difference of 5 % is nothing.
    const auto few = compareBench(json(around(100, 10, 1)), json(around(105, 10, 2)));
    QVERIFY2(!few.contains(u"higher"), qPrintable(few));
}

void TstClientParts::comparisonOfRubbish()
{
    const QJsonObject good = benchJson(reportOf({1, 2}), {});
    QVERIFY(readBenchReport(QJsonDocument(good).toJson()));
    QVERIFY(!readBenchReport("{}") && !readBenchReport({}) && !readBenchReport("[1]"));
    QVERIFY(!readBenchReport(R"({"v":2,"all":{}})"));
    const auto cut = readBenchReport(QJsonDocument(good).toJson().chopped(10));
    QVERIFY(!cut && cut.error().message.contains(u"at byte"));
    QVERIFY(compareBench(QJsonObject{{u"v"_s, 1}, {u"all"_s, QJsonObject{{u"e2e_ms"_s, 7}}}}, good).contains(u"before"));
    QVERIFY(benchText(BenchReport(), {}).startsWith(u"0 good, 0 failed"));
}

void TstClientParts::slowPairStandsOut()
{
    std::vector<double> times = around(100, 200, 1);
    QVERIFY(!benchText(reportOf(times), {}).contains(u"slow"));
    for (const double ms : around(900, 50, 2))
        times.push_back(ms);
    const QString text = benchText(reportOf(times), {});
    QVERIFY2(text.contains(u"p1/d2") && text.contains(u"<- slow"), qPrintable(text));
    QVERIFY(text.indexOf(u"<- slow") > text.indexOf(u"p1/d2"));
}

void TstClientParts::otherLoadsAreTold()
{
    BenchOptions options{.concurrency = 8, .prompts = {{u"endpoint"_s, u"chat"_s}}};
    const QJsonObject before = benchJson(reportOf({1, 2}), options);
    QVERIFY(!compareBench(before, before).contains(u"not the same load"));
    options.concurrency = 16;
    options.prompts[u"endpoint"_s] = u"\x1b[2J"_s;
    const QString text = compareBench(before, benchJson(reportOf({1, 2}), options));
    QVERIFY2(text.contains(u"concurrency: 8 -> 16") && text.contains(u"endpoint: chat -> "), qPrintable(text));
    QVERIFY(!text.contains(u'\x1b'));
}

void TstClientParts::driftIsNoise()
{
    // The same requests, once as they come and once with the slow ones all at the end: the second run is less sure of its mean.
    std::vector<double> times = around(100, 2000, 1);
    const auto width = [](const BenchReport &report) {
        const QJsonArray mean = benchJson(report, {})["all"_L1]["e2e_ms"_L1]["mean"_L1].toArray();
        return mean[2].toDouble() - mean[1].toDouble();
    };
    const double mixed = width(reportOf(times));
    std::sort(times.begin(), times.end());
    QVERIFY(width(reportOf(times)) > 3 * mixed);
}

void TstClientParts::slices()
{
    BenchSlices slices;
    QVERIFY(slices.parts(0).empty());
    QVERIFY(slices.parts(1).empty());
    RequestResult result;
    result.facts.completionTokens = 3;
    for (int second = 0; second < 1000; ++second)
        slices.add(second, result);
    const std::vector<BenchGroup> parts = slices.parts(1000);
    QCOMPARE(parts.size(), BenchSlices::count);
    for (const BenchGroup &part : parts)
        QCOMPARE(part.completionTokens, 3 * part.good);
    const BenchSlices::Rates rates = slices.rates(1000);
    for (size_t i = 0; i < BenchSlices::count; ++i) {
        QVERIFY(std::abs(rates.requests[i] - 1) < 0.05);
        QVERIFY(std::abs(rates.completionTokens[i] - 3) < 0.15);
    }
    // Eight at a time that end together, every ten seconds: as much work in each part.
    BenchSlices bursts;
    result.end = std::chrono::seconds(10);
    for (int second = 10; second <= 200; second += 10) {
        for (int i = 0; i < 8; ++i)
            bursts.add(second, result);
    }
    QVERIFY(spreadOfMean(bursts.rates(200).requests) < 0.02);
    slices.add(1e300, result); // nothing that a clock says breaks it
    slices.add(-1, result);
    QCOMPARE(spreadOfMean({5, 5, 5}), 0.0);
    QVERIFY(spreadOfMean({4, 6}) > 1);
}

void TstClientParts::serversCannotDriveTheTerminal()
{
    BenchReport report = reportOf({1, 2});
    report.errors[u"bad \x1b[2J"_s] = 1;
    report.pairs["p\xc2\x9b" "1/d1"].good = 1;
    const QString text = benchText(report, {});
    QVERIFY(text.contains(u"bad ") && !text.contains(u'\x1b') && !text.contains(QChar(0x9b)));
}

void TstClientParts::tracesTell()
{
    const QJsonObject prefill{{u"role"_s, u"prefill"_s}, {u"server"_s, u"p1"_s}, {u"sent_ms"_s, 1.0}, {u"ended_ms"_s, 5.0}};
    const QJsonObject decode{{u"role"_s, u"decode"_s}, {u"server"_s, u"d2"_s}, {u"first_byte_ms"_s, 7.0}, {u"cancelled"_s, true}, {u"abort_sent"_s, true}};
    QJsonObject trace{{u"end"_s, u"client_gone"_s}, {u"prefill"_s, u"p1"_s}, {u"decode"_s, u"d2"_s}, {u"picked_ms"_s, 0.5}, {u"legs"_s, QJsonArray{prefill, decode}}};
    ServerView view = serverView(trace);
    QCOMPARE(view.pair, u"p1/d2"_s);
    QCOMPARE(view.prefill, std::optional(4.0));
    QCOMPARE(view.decodeFirst, std::optional(2.0));
    QCOMPARE(view.cancelled, QStringList{u"d2"_s});
    QCOMPARE(view.told, QStringList{u"d2"_s});
    QCOMPARE(view.finished, QStringList{u"p1"_s});
    // Until it was cancelled is not how long it takes.
    QJsonObject cut = prefill;
    cut[u"cancelled"_s] = true;
    trace[u"legs"_s] = QJsonArray{cut, decode};
    view = serverView(trace);
    QVERIFY(!view.prefill && !view.decodeFirst);
    QCOMPARE(view.cancelled.size(), 2);
    QVERIFY(serverView({}).pair.isEmpty());
}

void TstClientParts::foreignHar()
{
    const QString gateway = u"https://gateway.example/api/v1/completions?x=1"_s;
    const Recording read = recording(har({harEntry(gateway), 7, harEntry(u"https://gateway.example/favicon.ico"_s),
                                          harEntry(gateway, u"2026-01-02T03:04:06.178901+01:00"_s),
                                          harEntry(gateway, {}, {{u"postData"_s, QJsonValue()}}), harEntry(gateway, {}, {{u"method"_s, u"GET"_s}})}));
    QCOMPARE(read.requests.size(), size_t(2));
    QCOMPARE(read.skipped, 4);
    QVERIFY(read.problems[0].startsWith(u"entry 2: ") && read.problems[1].startsWith(u"entry 3: ") && read.problems[2].startsWith(u"entry 5: it holds no body"));
    QCOMPARE(read.requests[0].target, "/v1/completions?x=1");
    QCOMPARE(read.requests[0].body, R"({"prompt":"a"})");
    QCOMPARE(read.requests[0].tokens, std::optional<qint64>(7));
    QCOMPARE(read.requests[0].duration, std::optional(12.5));
    QCOMPARE(std::chrono::milliseconds(500), std::chrono::duration_cast<std::chrono::milliseconds>(read.requests[1].at));
}

void TstClientParts::cutHar()
{
    const QByteArray whole = har({harEntry(u"http://x/generate"_s), harEntry(u"http://x/generate"_s)});
    const qsizetype second = whole.lastIndexOf("postData");
    for (const qsizetype size : {second, whole.size() - 10}) {
        const Recording read = recording(whole.first(size));
        QCOMPARE(read.requests.size(), size == second ? size_t(1) : size_t(2));
        QVERIFY(read.problems.size() == 1 && read.problems[0].startsWith(u"byte "));
    }
    QVERIFY(recording(whole.first(60)).requests.empty());
}

void TstClientParts::entriesWithoutTime()
{
    // They must not be 56 years away from the others.
    const Recording read = recording(har({harEntry(u"http://x/generate"_s, {}), harEntry(u"http://x/generate"_s), harEntry(u"http://x/generate"_s, u"soon"_s)}));
    QCOMPARE(read.requests.size(), size_t(3));
    for (const RecordedRequest &request : read.requests)
        QCOMPARE(request.at.count(), 0);
}

void TstClientParts::recordedCredentialsStay()
{
    QJsonArray headers;
    for (const char *name : {"Authorization", "Api-Key", "Cookie", "Proxy-Authorization", "Host", ":authority", "X-Mine"})
        headers.append(QJsonObject{{u"name"_s, QString::fromLatin1(name)}, {u"value"_s, u"v"_s}});
    const Recording read = recording(har({harEntry(u"http://x/generate"_s, {}, {{u"headers"_s, headers}})}));
    QCOMPARE(read.requests.size(), size_t(1));
    QCOMPARE(read.requests[0].headers.size(), 1);
    QCOMPARE(read.requests[0].headers.value("x-mine"), QByteArrayView("v"));
}

void TstClientParts::recordedTargetsAreChecked()
{
    // They are sent with the user's key.
    QByteArray text;
    for (const QString &target : {u"/generate?a=b"_s, u"/admin/v1/servers"_s, u"/generate?a HTTP/1.1\r\nX: y"_s, u"/generate HTTP/1.1\r\nX: y\r\n\r\n"_s, u"/generate?\u00fc"_s}) {
        trace::Timeline timeline;
        timeline.requestId = "r";
        timeline.endpoint = "/generate";
        timeline.target = target.toUtf8();
        trace::BodyRecorder recorder(std::make_shared<trace::BodyBudget>(0), 100);
        recorder.setRequest("{}");
        timeline.bodies = recorder.take();
        text += trace::timelineJson(timeline, {.bodies = true}) + '\n';
    }
    const Recording read = recording(text);
    QCOMPARE(read.requests.size(), size_t(1));
    QCOMPARE(read.requests[0].target, "/generate?a=b");
    QCOMPARE(read.skipped, 4);
    QVERIFY2(read.problems[0].contains(u"it is no request to a PD endpoint (/admin/v1/servers)"), qPrintable(read.problems[0]));
}

void TstClientParts::recordingsOfRubbish_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const char *text : {"", "{", "[]", "{}", "{\"log\":{}}", "{\"log\":{\"entries\":[", "{\"log\":{\"entries\":[[}", "{\"v\":1}\n{\"v\":", "\x00\xff"})
        QTest::newRow(text) << QByteArray(text);
}

void TstClientParts::recordingsOfRubbish()
{
    QFETCH(QByteArray, text);
    const Recording read = recording(text);
    QVERIFY(read.requests.empty());
    QCOMPARE(read.problems.isEmpty(), read.skipped == 0);
}

void TstClientParts::replaysAddUp()
{
    RecordedRequest good;
    good.status = 200;
    good.good = true;
    good.duration = 10;
    RecordedRequest bad;
    bad.status = 200; // but cut off
    RequestResult fine;
    fine.status = 200;
    RequestResult failed;
    failed.error = u"refused"_s;
    RequestResult aborted;
    aborted.aborted = true;
    ReplaySummary summary;
    summary.add(good, fine);
    summary.add(good, failed);
    summary.add(bad, fine);
    summary.add(bad, failed);
    summary.add(good, aborted);
    QVERIFY2(summary.text().startsWith(u"1 good as before, 1 failed as before, 1 only failed before, 1 only failed now, 1 aborted"), qPrintable(summary.text()));
    QCOMPARE(summary.worseNow, 1);
    QVERIFY(replayLine(bad, failed).contains(u"200!"));
}

QTEST_APPLESS_MAIN(TstClientParts)
#include "tst_client_parts.moc"
