// SPDX-License-Identifier: Apache-2.0

// Answers made of both legs' words: log-probabilities, routed experts, and n > 1 as requests of their own.
#include "scripts.h"

#include "mock/mock_request.h"

#include <QJsonArray>

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;

namespace {

/// The mock prefill scores a prompt token -0.25 (the first: null), decode knows one place, -9.5.
bool isMerged(const QJsonValue &list, qsizetype promptTokens)
{
    const QJsonArray array = list.toArray();
    if (array.size() != promptTokens + 1 || !array[0][0].isNull() || array.last()[0].toDouble() != -9.5)
        return false;
    for (qsizetype i = 1; i < promptTokens; ++i) {
        if (array[i][0].toDouble() != -0.25)
            return false;
    }
    return true;
}

} // namespace

class TstMerge : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void logprobs_data() { transports(); }
    void logprobs();
    void batchLogprobs_data() { transports(); }
    void batchLogprobs();
    void streamedLogprobs_data() { transports(); }
    void streamedLogprobs();
    void noLogprobsDoNotWait_data();
    void noLogprobsDoNotWait();
    void routedExperts_data();
    void routedExperts();
    void samples_data();
    void samples();
    void impossibleSamples_data();
    void impossibleSamples();
    void aSampleFails_data();
    void aSampleFails();
    void aSampleIsCut_data();
    void aSampleIsCut();
    void prefillBehindTheEnd_data();
    void prefillBehindTheEnd();
    void prefillCannotBeRead_data() { transports(); }
    void prefillCannotBeRead();
};

void TstMerge::logprobs()
{
    QVERIFY(begin());
    exchange("/generate", R"({"text":"one two three four","return_logprob":true,"logprob_start_len":0,"top_logprobs_num":2,)"
                          R"("token_ids_logprob":[5,6],"sampling_params":{"max_new_tokens":3}})");
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->header("content-type"), "application/json");
    QCOMPARE(m_client->end(), Client::End::Length);
    const QJsonObject meta = m_client->json()["meta_info"_L1].toObject();
    const qsizetype tokens = meta["prompt_tokens"_L1].toInteger();
    QCOMPARE(tokens, 4);
    QVERIFY2(isMerged(meta["input_token_logprobs"_L1], tokens), m_client->body().constData());
    QCOMPARE(meta["input_top_logprobs"_L1].toArray().size(), tokens + 1);
    QCOMPARE(meta["input_token_ids_logprobs"_L1].toArray().size(), tokens + 1);
    QCOMPARE(meta["output_token_logprobs"_L1].toArray().size(), 3);
    QCOMPARE(meta["output_token_logprobs"_L1][0][0].toDouble(), -0.5); // decode's
}

void TstMerge::batchLogprobs()
{
    QVERIFY(begin());
    exchange("/generate", R"({"text":["one two","one two three four five","one"],"return_logprob":true,"sampling_params":{"max_new_tokens":2}})");
    QCOMPARE(m_client->status(), 200);
    const QJsonArray list = QJsonDocument::fromJson(m_client->body()).array();
    QCOMPARE(list.size(), 3);
    const qsizetype tokens[] = {2, 5, 1};
    for (qsizetype i = 0; i < 3; ++i)
        QVERIFY2(isMerged(list[i]["meta_info"_L1]["input_token_logprobs"_L1], tokens[i]), m_client->body().constData());
}

void TstMerge::streamedLogprobs()
{
    QVERIFY(begin());
    exchange("/generate", R"({"text":["one two","one two three"],"return_logprob":true,"stream":true,"sampling_params":{"max_new_tokens":4}})");
    QCOMPARE(m_client->status(), 200);
    QCOMPARE(m_client->end(), Client::End::Terminator);
    const QList<QByteArray> events = m_client->events();
    QCOMPARE(events.size(), 9);
    QCOMPARE(events.last(), "[DONE]");
    for (const QByteArray &event : events.first(8)) {
        const QJsonObject answer = QJsonDocument::fromJson(event).object();
        // Each event has its own prompt's, in every event that carries the member.
        QVERIFY2(isMerged(answer["meta_info"_L1]["input_token_logprobs"_L1], answer["index"_L1].toInt() ? 3 : 2), event.constData());
    }
}

void TstMerge::noLogprobsDoNotWait_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("body");
    forBothTransports([](TransportKind kind) {
        QTest::addRow("whole, %s", transportName(kind)) << kind << QByteArray(R"({"text":"a","return_logprob":false})");
        QTest::addRow("stream, %s", transportName(kind)) << kind << QByteArray(R"({"text":"a","return_logprob":false,"stream":true})");
    });
}

void TstMerge::noLogprobsDoNotWait()
{
    QFETCH(QByteArray, body);
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    QVERIFY(begin(scripted(prefill, decode)));
    prefill.answerRaw({});
    decode.answerRaw(body.contains("stream") ? rawStream({"data: {}\n\n", "data: [DONE]\n\n"}) : rawAnswer("{}"));
    exchange("/generate", body);
    QVERIFY2(m_client->status() == 200 && m_client->whole(), m_client->describe().constData());
    QVERIFY(prefill.request()); // has not answered yet
    prefill.request()->respond(200, "application/json", "{}");
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "ok");
}

void TstMerge::routedExperts_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<bool>("stream");
    forBothTransports([](TransportKind kind) {
        for (const char *path : {"/generate", "/v1/chat/completions", "/v1/completions"}) {
            QTest::addRow("%s, %s", path, transportName(kind)) << kind << QByteArray(path) << false;
            QTest::addRow("%s stream, %s", path, transportName(kind)) << kind << QByteArray(path) << true;
        }
    });
}

void TstMerge::routedExperts()
{
    QFETCH(QByteArray, path);
    QFETCH(bool, stream);
    QVERIFY(begin());
    QByteArray body = path == "/generate" ? R"({"text":"one two three","sampling_params":{"max_new_tokens":2})"
        : path == "/v1/completions"       ? R"({"model":"m","prompt":"one two three","max_tokens":2)"
                                          : R"({"model":"m","messages":[{"role":"user","content":"one two three"}],"max_tokens":2)";
    body += R"(,"return_routed_experts":true)" + QByteArray(stream ? R"(,"stream":true})" : "}");
    exchange(path, body);
    QVERIFY2(m_client->status() == 200 && m_client->whole(), m_client->describe().constData());
    QJsonObject answer = m_client->json();
    if (stream) {
        for (const QByteArray &event : m_client->events()) {
            if (event.contains("routed_experts"))
                answer = QJsonDocument::fromJson(event).object();
        }
    }
    const QJsonValue value = path == "/generate" ? answer["meta_info"_L1]["routed_experts"_L1] : answer["sglext"_L1]["routed_experts"_L1];
    const QByteArray experts = QByteArray::fromBase64(value.toString().toLatin1());
    const qsizetype prompt = experts.count('P');
    QVERIFY2(prompt >= 4 * 3 && experts == QByteArray(prompt, 'P') + QByteArray(4 * 2, 'D'), experts.constData());
}

void TstMerge::samples_data()
{
    routedExperts_data();
}

void TstMerge::samples()
{
    QFETCH(QByteArray, path);
    QFETCH(bool, stream);
    QVERIFY(begin());
    QByteArray body = path == "/generate" ? R"({"text":"one two","sampling_params":{"n":3,"max_new_tokens":2})"
        : path == "/v1/completions"       ? R"({"model":"m","prompt":"one two","n":3,"max_tokens":2)"
                                          : R"({"model":"m","messages":[{"role":"user","content":"x"}],"n":3,"max_tokens":2)";
    body += stream ? R"(,"stream":true,"stream_options":{"include_usage":true}})" : "}";
    if (path == "/generate")
        body.replace(R"(,"stream_options":{"include_usage":true})", "");
    exchange(path, body);
    QVERIFY2(m_client->status() == 200 && m_client->whole(), m_client->describe().constData());
    // Three requests with n = 1 at each engine, with rooms and rids of their own.
    QCOMPARE(m_rig->posts(m_rig->prefill(), path), 3);
    QCOMPARE(m_rig->posts(m_rig->decode(), path), 3);
    QCOMPARE(m_rig->decode().hungSamples(), 0);
    QSet<quint64> rooms;
    for (const mock::RecordedRequest &request : m_rig->decode().requests()) {
        if (request.path() == path)
            for (const quint64 room : request.rooms())
                rooms.insert(room);
    }
    QVERIFY(rooms.size() >= 3);
    QSet<int> indexes;
    if (stream) {
        const QList<QByteArray> events = m_client->events();
        QCOMPARE(events.count("[DONE]"), 1);
        QCOMPARE(events.last(), "[DONE]");
        QSet<QString> ids;
        for (const QByteArray &event : events) {
            const QJsonObject chunk = QJsonDocument::fromJson(event).object();
            if (path == "/generate" && chunk.contains("index"_L1))
                indexes.insert(chunk["index"_L1].toInt());
            for (const QJsonValue &choice : chunk["choices"_L1].toArray())
                indexes.insert(choice["index"_L1].toInt());
            if (chunk.contains("id"_L1))
                ids.insert(chunk["id"_L1].toString());
        }
        if (path != "/generate") {
            QCOMPARE(ids.size(), 1); // one answer for the client
            const QJsonObject usage = QJsonDocument::fromJson(events[events.size() - 2])["usage"_L1].toObject();
            QCOMPARE(usage["completion_tokens"_L1].toInt(), 6);
        }
    } else if (path == "/generate") {
        const QJsonArray list = QJsonDocument::fromJson(m_client->body()).array();
        QCOMPARE(list.size(), 3);
        indexes = {0, 1, 2};
    } else {
        for (const QJsonValue &choice : m_client->json()["choices"_L1].toArray())
            indexes.insert(choice["index"_L1].toInt());
        QCOMPARE(m_client->json()["usage"_L1]["completion_tokens"_L1].toInt(), 6);
    }
    QCOMPARE(indexes, (QSet<int>{0, 1, 2}));
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.last().samples, 3);
}

void TstMerge::impossibleSamples_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("body");
    const auto row = [](const char *name, const char *path, const char *body) {
        QTest::newRow(name) << TransportKind::Direct << QByteArray(path) << QByteArray(body);
    };
    row("zero", "/v1/completions", R"({"prompt":"a","n":0})");
    row("negative", "/v1/completions", R"({"prompt":"a","n":-1})");
    row("text", "/v1/chat/completions", R"({"messages":[],"n":"2"})");
    row("fraction", "/v1/completions", R"({"prompt":"a","n":1.5})");
    row("huge", "/generate", R"({"text":"a","sampling_params":{"n":1000000000}})");
    row("beyond integers", "/generate", R"({"text":"a","sampling_params":{"n":99999999999999999999}})");
    row("different in a batch", "/generate", R"({"text":["a","b"],"sampling_params":[{"n":2},{"n":3}]})");
    row("list of rids", "/generate", R"({"text":["a","b"],"rid":["x","y"],"sampling_params":{"n":2}})");
    row("beam search", "/v1/completions", R"({"prompt":"a","n":2,"use_beam_search":true})");
    row("best_of", "/v1/completions", R"({"prompt":"a","n":2,"best_of":4})");
}

void TstMerge::impossibleSamples()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, body);
    QVERIFY(begin());
    exchange(path, body);
    QVERIFY2(m_client->status() == 400, m_client->describe().constData());
    QVERIFY(!m_client->errorCode().isEmpty());
    QCOMPARE(m_rig->posts(m_rig->decode()), 0);
    QCOMPARE(m_rig->posts(m_rig->prefill()), 0);
}

void TstMerge::aSampleFails_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<QString>("fault");
    QTest::addColumn<bool>("stream");
    QTest::addColumn<int>("status"); // 200: broken off in the stream
    forBothTransports([](TransportKind kind) {
        for (const bool stream : {false, true}) {
            const auto row = [&](const char *fault, int status) {
                QTest::addRow("%s%s, %s", fault, stream ? " stream" : "", transportName(kind))
                    << kind << QString::fromLatin1(fault) << stream << status;
            };
            row("decode:status=500,count=1", 500);
            row("prefill:status=429,count=1", 429);
            row("decode:close=before-head,count=1", 502);
        }
        QTest::addRow("decode:close=mid-stream stream, %s", transportName(kind)) << kind << u"decode:close=mid-stream,count=1"_s << true << 200;
    });
}

void TstMerge::aSampleFails()
{
    QFETCH(QString, fault);
    QFETCH(bool, stream);
    QFETCH(int, status);
    QVERIFY(begin());
    (fault.startsWith("decode"_L1) ? m_rig->decode() : m_rig->prefill()).addFault(fault);
    exchange("/generate", R"({"text":"a","stream":)" + QByteArray(stream ? "true" : "false") + R"(,"sampling_params":{"n":3,"max_new_tokens":50}})");
    if (isQnam() && status == 200 && m_client->status() == 200 && m_client->whole())
        QSKIP(qnamFraming);
    QVERIFY2(m_client->status() == status || (status == 200 && m_client->status() == 502), m_client->describe().constData());
    QCOMPARE(m_client->whole(), m_client->status() != 200);
    PDLB_WAIT_EQUAL(m_rig->decode().running(), 0);
    PDLB_WAIT_EQUAL(m_rig->prefill().running(), 0);
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QVERIFY(m_rig->traces.lastEnd() != "ok");
    QVERIFY(m_rig->posts(m_rig->decode()) <= 3);
}

void TstMerge::aSampleIsCut_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("stream");
    forBothTransports([](TransportKind kind) {
        QTest::addRow("whole, %s", transportName(kind)) << kind << false;
        QTest::addRow("stream, %s", transportName(kind)) << kind << true;
    });
}

void TstMerge::aSampleIsCut()
{
    // The close may be the end of such a body or not: a stream has its end marker to tell, a whole answer its JSON.
    QFETCH(bool, stream);
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    QVERIFY(begin(scripted(prefill, decode)));
    const QByteArray type = stream ? "text/event-stream" : "application/json";
    decode.answerRaw("HTTP/1.1 200 OK\r\nContent-Type: " + type + "\r\n\r\n" + (stream ? "data: {\"text\":\"a" : "{\"text\":\"a"));
    exchange("/generate", R"({"text":"a","stream":)" + QByteArray(stream ? "true" : "false") + R"(,"sampling_params":{"n":2}})");
    QVERIFY2(m_client->status() == 502 && m_client->whole(), m_client->describe().constData());
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    if (stream)
        QCOMPARE(m_rig->traces.lastEnd(), "decode_cut");
    else
        QVERIFY(m_rig->traces.lastEnd() != "ok");
}

void TstMerge::prefillBehindTheEnd_data()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::addColumn<bool>("dies");
    forBothTransports([](TransportKind kind) {
        QTest::addRow("dies, %s", transportName(kind)) << kind << true;
        QTest::addRow("silent, %s", transportName(kind)) << kind << false;
    });
}

void TstMerge::prefillBehindTheEnd()
{
    // Log-probabilities were asked for, but no event of decode's waits for prefill's: the stream is out.
    QFETCH(bool, dies);
    ScriptedEngine prefill;
    ScriptedEngine decode;
    const auto ended = qScopeGuard([this] { finish(); });
    QVERIFY(begin(scripted(prefill, decode)));
    prefill.answerRaw({});
    decode.answerRaw({});
    const QByteArray events = "data: {}\n\ndata: [DONE]\n\n";
    m_client->post("/generate", QByteArray(R"({"text":"a","return_logprob":true,"stream":true})"));
    PDLB_WAIT(prefill.request() && decode.request() && decode.request()->bodyComplete());
    decode.request()->beginChunked(200, eventStream());
    decode.request()->writeChunk(events);
    PDLB_WAIT(m_client->body() == events);
    if (dies)
        prefill.request()->reset();
    PDLB_WAIT(m_client->done()); // soon after the end marker, though decode's answer has no end
    QVERIFY2(m_client->whole() && m_client->body() == events, m_client->describe().constData());
    if (!dies)
        prefill.request()->reset();
    PDLB_WAIT_EQUAL(m_rig->traces.size(), 1);
    QCOMPARE(m_rig->traces.lastEnd(), "ok");
}

void TstMerge::prefillCannotBeRead()
{
    QVERIFY(begin());
    m_rig->prefill().addFault(rawFault(rawAnswer("this is no JSON")));
    m_rig->decode().addFault(rawFault(rawAnswer(R"({"meta_info":{"input_token_logprobs":[]}})")));
    exchange("/generate", R"({"text":"a","return_logprob":true})");
    QVERIFY2(m_client->whole(), m_client->describe().constData());
    QVERIFY2(m_client->status() == 502 || m_client->body() == R"({"meta_info":{"input_token_logprobs":[]}})",
             m_client->describe().constData());
}

QTEST_GUILESS_MAIN(TstMerge)
#include "tst_merge.moc"
