// SPDX-License-Identifier: Apache-2.0
#include "random_timeline.h"

#include "util/stable_hash.h"

using namespace Qt::StringLiterals;

namespace pdlb::test {

namespace {

class Maker
{
public:
    explicit Maker(Random &random) : m_random(random) {}

    trace::Timeline make()
    {
        trace::Timeline t;
        t.serial = 1 + m_random.below(1 << 30);
        t.startedAt = QDateTime::fromMSecsSinceEpoch(1'700'000'000'000 + qint64(m_random.below(1'000'000'000)), Qt::UTC);
        t.received = std::chrono::milliseconds(t.startedAt.toMSecsSinceEpoch());
        m_now = t.received;
        t.requestId = "req-" + QByteArray::number(m_random.next64(), 16);
        t.context = {hex(32), chance(2) ? hex(16) : QByteArray(), hex(16), chance(2)};
        t.rid = hex(32);
        for (quint64 i = m_random.below(4); i > 0; --i)
            t.rooms.append(m_random.next64() >> 1);
        t.peer = "10.0.0.1";
        t.endpoint = "/v1/chat/completions";
        t.target = t.endpoint + "?user=a%20b&n=1";
        t.requestHeaders = headers();
        t.model = chance(2) ? QByteArray("llama \"3\"\n\xc3\xbc") : QByteArray();
        t.stream = chance(2);
        t.batch = 1 + qsizetype(m_random.below(3));
        t.samples = 1 + int(m_random.below(2));
        t.requestBytes = qint64(m_random.below(100'000));
        t.answerBytes = qint64(m_random.below(100'000));
        t.policy = "least_in_flight";
        t.attempts = 1 + int(m_random.below(3));
        if (chance(2)) {
            t.queued = later();
            t.queuePosition = 1 + qint64(m_random.below(9));
            t.admitted = later();
        }
        if (chance(8)) // refused
            return refused(t);
        t.picked = later();
        if (t.attempts > 1)
            t.earlierLegs = {leg(true, 0, false), leg(false, 0, false)};
        for (int sample = 0; sample < t.samples; ++sample) {
            t.legs.push_back(leg(true, sample, t.stream));
            t.legs.push_back(leg(false, sample, t.stream));
        }
        t.clientHead = later();
        t.ended = later();
        t.status = t.legs.back().status;
        t.end = trace::EndReason(m_random.below(trace::endReasonCount));
        if (t.end != trace::EndReason::Ok)
            t.error = u"decode d1: \"reset\"\tby peer ü"_s;
        t.facts = {.promptTokens = 12, .completionTokens = qint64(m_random.below(99)), .cachedTokens = {}, .finishReason = "stop", .model = "m",
                   .serverReceived = 1.7e9 + 0.123456, .serverFinished = {}, .serverQueueTime = 0.25};
        if (chance(2))
            t.bodies = bodies();
        if (chance(3))
            t.observations = observations(t.received);
        if (chance(4))
            t.faults = {"leg:decode -> cut"};
        t.pinned = chance(5);
        if (chance(5))
            t.comment = u"look at \"this\" ü"_s;
        return t;
    }

private:
    bool chance(quint64 of) { return m_random.below(of) == 0; }
    trace::Moment later() { return m_now += Monotonic(qint64(m_random.below(50'000'000))); }
    QByteArray hex(int digits)
    {
        QByteArray text;
        while (text.size() < digits)
            text += QByteArray::number(m_random.next64() | 1, 16).rightJustified(16, '0');
        return text.first(digits);
    }
    static http::HeaderList headers()
    {
        http::HeaderList list;
        list.add("Host", "localhost:30000");
        list.add("Content-Type", "application/json");
        list.add("X-Name", "a \"quoted\" \xc3\xbc");
        list.add("X-Name", "again");
        return list;
    }

    trace::Timeline refused(trace::Timeline t)
    {
        t.attempts = 0;
        t.status = 429;
        t.end = trace::EndReason::Overload;
        t.error = u"the queue is full"_s;
        t.clientHead = later();
        t.ended = t.clientHead;
        return t;
    }

    trace::LegTimeline leg(bool prefill, int sample, bool stream)
    {
        trace::LegTimeline leg;
        leg.prefill = prefill;
        leg.sample = sample;
        leg.server = prefill ? "p1" : "d2";
        leg.serverId = stableHash(leg.server);
        leg.url = "http://10.0.0.2:30001";
        const Monotonic before = m_now;
        leg.opened = later();
        leg.reused = chance(2);
        leg.spanId = hex(16);
        if (chance(10)) {
            leg.error = u"connection refused"_s;
            leg.ended = later();
            m_now = before;
            return leg;
        }
        leg.ready = later();
        leg.sent = later();
        leg.head = later();
        leg.firstByte = later();
        leg.status = chance(5) ? 503 : 200;
        leg.headers.add("Content-Type", stream ? "text/event-stream" : "application/json");
        if (!prefill && stream) {
            Monotonic at = *leg.firstByte;
            for (quint64 i = m_random.below(3000); i > 0; --i)
                leg.times.add(at += Monotonic(1000 * qint64(m_random.below(20'000))));
            leg.events = leg.times.count();
            m_now = std::max(m_now, at);
        }
        leg.bytes = qint64(m_random.below(10'000));
        leg.cancelled = chance(5);
        leg.abortSent = leg.cancelled;
        leg.ended = later();
        leg.facts.cachedTokens = prefill ? std::optional<qint64>(3) : std::nullopt;
        if (!prefill)
            return leg;
        m_now = before; // the legs run at the same time
        return leg;
    }

    trace::KeptBody body(const QByteArray &bytes, qint64 size, bool pieces)
    {
        trace::KeptBody kept;
        kept.bytes = bytes;
        kept.size = size;
        for (quint32 end = 7, at = 0; pieces && end < quint32(bytes.size()); end += 7)
            kept.pieces.push_back({end, at += 100});
        if (pieces)
            kept.pieces.push_back({quint32(bytes.size()), 999'999});
        return kept;
    }

    std::shared_ptr<const trace::KeptBodies> bodies()
    {
        auto kept = std::make_shared<trace::KeptBodies>();
        const QByteArray request = R"({"model":"llama","messages":[{"role":"user","content":"grüß \" dich"}]})";
        kept->request = body(request, request.size(), false);
        const QByteArray events = "data: {\"a\":1}\n\ndata: {\"b\":\"\xc3\xbc\"}\n\ndata: [DONE]\n\n";
        kept->answer = body(events, events.size() + (chance(2) ? 1000 : 0), true);
        if (chance(2))
            kept->prefill = body(QByteArray("\xff\xfe\x00\x01 no text", 12), 12, true);
        return kept;
    }

    static std::shared_ptr<trace::Observations> observations(Monotonic from)
    {
        auto found = std::make_shared<trace::Observations>();
        found->addAbortAnswer({"p1", from + std::chrono::microseconds(1'234'567), 0, u"no answer"_s});
        trace::Explanation explanation;
        explanation.at = from + std::chrono::seconds(3);
        explanation.phase = trace::PdPhase::KvTransfer;
        explanation.sentence = u"KV is under way"_s;
        explanation.advice = u"look at the network"_s;
        explanation.prefill.at = explanation.at;
        explanation.prefill.running = 3;
        explanation.prefill.tokenUsage = 0.5;
        found->addExplanation(explanation);
        return found;
    }

    Random &m_random;
    Monotonic m_now{0};
};

} // namespace

trace::Timeline randomTimeline(Random &random)
{
    return Maker(random).make();
}

} // namespace pdlb::test
