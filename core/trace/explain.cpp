// SPDX-License-Identifier: Apache-2.0
#include "trace/explain.h"

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

QString seconds(Monotonic time)
{
    return u"%1 s"_s.arg(double(time.count()) / 1e9, 0, 'f', 1);
}

/// "prefill p1"
QString nameOf(const LegTimeline *leg)
{
    if (!leg)
        return u"the engine"_s;
    return (leg->prefill ? u"prefill "_s : u"decode "_s) + QString::fromUtf8(leg->server);
}

QString requests(qint64 count)
{
    return count == 1 ? u"1 request"_s : u"%1 requests"_s.arg(count);
}

QString percent(double share)
{
    return u"%1 %"_s.arg(100 * share, 0, 'f', 0);
}

bool isSome(const std::optional<qint64> &count)
{
    return count.value_or(0) > 0;
}

/// One look at one request; each question either answers or leaves it to the next.
class Explainer
{
public:
    Explainer(const Timeline &timeline, const PairSamples &samples, Monotonic now)
        : m_timeline(timeline), m_prefill(timeline.leg(true)), m_decode(timeline.leg(false)), m_now(now)
    {
        m_result.at = now;
        m_result.prefill = samples.prefill;
        m_result.decode = samples.decode;
        m_result.bootstrap = samples.bootstrap;
    }

    Explanation run()
    {
        if (!beforeSending() && !afterFirstToken()) {
            if (m_prefill && m_prefill->ended && m_prefill->isGood())
                afterPrefill();
            else if (!bootstrap())
                prefill();
        }
        return std::move(m_result);
    }

private:
    bool say(PdPhase phase, const QString &sentence, const QString &advice)
    {
        m_result.phase = phase;
        m_result.sentence = sentence;
        m_result.advice = advice;
        return true;
    }

    QString since(Monotonic from) const { return seconds(m_now - from); }

    bool beforeSending()
    {
        if (m_timeline.stalled)
            return say(PdPhase::Client, u"the client has taken nothing for %1: its connection is full and the engines are held back"_s
                           .arg(since(*m_timeline.stalled)), u"look at the client or at a proxy in front of it"_s);
        if (m_timeline.legs.empty()) {
            return say(PdPhase::WaitingForPair, m_timeline.queued
                           ? u"waits in the balancer's queue for %1, it began at position %2"_s.arg(since(*m_timeline.queued)).arg(m_timeline.queuePosition)
                           : u"no pair has been picked for %1"_s.arg(since(m_timeline.received)),
                       u"all servers are at their limits: --max-in-flight, --server-max-in-flight, or more servers"_s);
        }
        for (const LegTimeline &leg : m_timeline.legs) {
            if (!leg.ready && !leg.ended)
                return say(PdPhase::Connecting, u"%1 (%2) has not accepted the connection for %3"_s
                               .arg(nameOf(&leg), QString::fromUtf8(leg.url), since(leg.opened.value_or(m_timeline.received))),
                           u"is that engine's machine reachable from here? --connect-timeout ends such attempts"_s);
        }
        for (const LegTimeline &leg : m_timeline.legs) {
            if (!leg.sent && !leg.ended)
                return say(PdPhase::Sending, u"%1 has not taken the whole request (%2 bytes) for %3"_s
                               .arg(nameOf(&leg)).arg(m_timeline.requestBytes).arg(since(leg.ready.value_or(m_timeline.received))),
                           u"the engine's HTTP server is blocked or the network is slow: look at its log and CPU"_s);
        }
        return false;
    }

    bool afterFirstToken()
    {
        if (!m_timeline.firstToken())
            return false;
        const LoadSample &load = m_result.decode;
        QString sentence = u"%1 has generated, its last of %2 events came %3 ago"_s
                               .arg(nameOf(m_decode)).arg(m_decode ? m_decode->events : 0).arg(since(silentSince(m_timeline)));
        if (isSome(load.decodeRetractedQueue))
            return say(PdPhase::Decoding, sentence + u"; %1 there were retracted for lack of KV cache"_s.arg(requests(*load.decodeRetractedQueue)),
                       u"decode's KV cache is full: fewer running requests there, or a larger --mem-fraction-static"_s);
        if (!load.error.isEmpty())
            return say(PdPhase::Decoding, sentence + u"; it does not answer /v1/loads: %1"_s.arg(load.error),
                       u"decode hangs or is gone: look at its log"_s);
        if (load.running == std::optional<qint64>(0))
            return say(PdPhase::Decoding, sentence + u"; it says that it runs no request"_s,
                       u"the request was lost in decode, by a restart perhaps: look at its log"_s);
        return say(PdPhase::Decoding, sentence + runningText(load), u"decode is slow or paused: look at its running requests and /pause_generation"_s);
    }

    static QString runningText(const LoadSample &load)
    {
        if (!load.running)
            return {};
        QString text = u"; it runs %1"_s.arg(requests(*load.running));
        if (load.runningLimit)
            text += u" of %1"_s.arg(*load.runningLimit);
        if (load.tokenUsage)
            text += u", KV cache %1 full"_s.arg(percent(*load.tokenUsage));
        return text;
    }

    /// Prefill has answered: the KV cache is there (§4.5).
    void afterPrefill()
    {
        const LoadSample &load = m_result.decode;
        const QString done = u"prefill is done and its KV cache transferred since %1"_s.arg(since(*m_prefill->ended));
        if (!load.error.isEmpty()) {
            say(PdPhase::Unknown, done + u", but %1 does not answer /v1/loads: %2"_s.arg(nameOf(m_decode), load.error),
                u"decode hangs: look at its log"_s);
        } else if (isSome(load.waiting) || isSome(load.decodeTransferQueue)) {
            say(PdPhase::DecodeQueue, done + u"; it waits in the queue of %1 (%2 waiting)%3"_s
                    .arg(nameOf(m_decode)).arg(load.waiting.value_or(0) + load.decodeTransferQueue.value_or(0)).arg(runningText(load)),
                u"decode is full: more decodes, or a larger --max-running-requests there"_s);
        } else if (!m_timeline.stream && load.running.value_or(1) > 0) {
            say(PdPhase::Decoding, done + u"; %1 generates, and since the answer is not streamed nothing is seen until its end%2"_s
                    .arg(nameOf(m_decode), runningText(load)), u"nothing needs to be wrong; \"stream\": true would show each token"_s);
        } else if (load.running == std::optional<qint64>(0)) {
            say(PdPhase::Unknown, done + u", but %1 says that it has no request"_s.arg(nameOf(m_decode)),
                u"the request was lost in decode, by a restart perhaps: look at its log"_s);
        } else {
            say(PdPhase::Decoding, done + u"; %1 has not sent its first token%2"_s.arg(nameOf(m_decode), runningText(load)),
                u"decode is busy with other requests or hangs: look at its log"_s);
        }
    }

    bool bootstrap()
    {
        const BootstrapSample &server = m_result.bootstrap;
        const QString prefill = nameOf(m_prefill);
        if (!server.error.isEmpty())
            return say(PdPhase::Bootstrapping, u"the bootstrap server of %1 at %2 does not answer (%3): decode cannot fetch from it where prefill is"_s
                           .arg(prefill, server.address, server.error),
                       u"compare the port with prefill's --disaggregation-bootstrap-port; the balancer's --prefill URL PORT overrides it"_s);
        if (!server.registered)
            return say(PdPhase::Bootstrapping, u"%1 has not registered with its bootstrap server at %2 yet"_s.arg(prefill, server.address),
                       u"prefill still loads, or some of its ranks did not start: look at its log"_s);
        const quint16 port = portOf(m_prefill);
        if (server.prefillPort && port != 0 && *server.prefillPort != port)
            return say(PdPhase::Bootstrapping, u"the bootstrap server at %1 belongs to the prefill on port %2, not to %3 on port %4: the bootstrap ports are crossed"_s
                           .arg(server.address).arg(*server.prefillPort).arg(prefill).arg(port),
                       u"give each --prefill URL the bootstrap port of that very engine"_s);
        return false;
    }

    static quint16 portOf(const LegTimeline *leg)
    {
        return leg ? quint16(leg->url.sliced(leg->url.lastIndexOf(':') + 1).toUShort()) : quint16(0);
    }

    void prefill()
    {
        const LoadSample &load = m_result.prefill;
        const LoadSample &peer = m_result.decode;
        const QString who = nameOf(m_prefill);
        const QString sent = u"for %1"_s.arg(since(m_prefill && m_prefill->sent ? *m_prefill->sent : m_timeline.received));
        if (!load.error.isEmpty()) {
            say(PdPhase::Unknown, u"%1 has had the request %2 and does not answer /v1/loads: %3"_s.arg(who, sent, load.error),
                u"prefill hangs, is overloaded or is no SGLang engine: look at its log"_s);
        } else if (isSome(load.prefillBootstrapQueue)) {
            afterHandshake(sent);
        } else if (isSome(load.prefillInflightQueue)) {
            QString rate;
            if (load.kvSpeed)
                rate = u", lately at %1 GB/s"_s.arg(*load.kvSpeed, 0, 'f', 1);
            say(PdPhase::KvTransfer, u"%1 has computed and transfers the KV cache to %2 (%3 under way%4)"_s
                    .arg(who, nameOf(m_decode), requests(*load.prefillInflightQueue), rate),
                u"look at the network between the two: --disaggregation-ib-device, RDMA counters, MC_TE_METRIC"_s);
        } else if (isSome(load.waiting)) {
            say(PdPhase::PrefillQueue, u"waits %1 in the queue of %2 (%3 waiting)%4"_s.arg(sent, who).arg(*load.waiting).arg(runningText(load)),
                u"prefill is the bottleneck: more prefills, or another --prefill-policy"_s);
        } else if (isSome(load.running)) {
            say(PdPhase::PrefillCompute, u"%1 computes the prompt %2%3"_s.arg(who, sent, runningText(load)),
                u"a long prompt or large chunks: look at its --chunked-prefill-size and throughput"_s);
        } else if (isSome(peer.decodePreallocQueue)) {
            noRoom();
        } else if (load.waiting && load.running) {
            say(PdPhase::Unknown, u"neither queue of %1 holds a request, yet it has not answered %2"_s.arg(who, sent),
                u"the request was lost in prefill, by a restart perhaps: look at its log"_s);
        } else {
            say(PdPhase::Unknown, u"%1 has not answered %2 and does not say what it does"_s.arg(who, sent), u"look at its log"_s);
        }
    }

    /// Prefill waits for decode.
    void afterHandshake(const QString &sent)
    {
        const LoadSample &peer = m_result.decode;
        if (isSome(peer.decodePreallocQueue) && peer.tokenUsage.value_or(0) >= 0.9) {
            noRoom();
            return;
        }
        QString sentence = u"%1 waits %2 for the handshake with %3 (%4 in its bootstrap queue"_s
                               .arg(nameOf(m_prefill), sent, nameOf(m_decode), requests(*m_result.prefill.prefillBootstrapQueue));
        if (!peer.error.isEmpty())
            sentence += u"); decode does not answer /v1/loads: %1"_s.arg(peer.error);
        else if (isSome(peer.decodePreallocQueue))
            sentence += u", %1 in decode's prealloc queue)"_s.arg(*peer.decodePreallocQueue);
        else
            sentence += u", none in decode's prealloc queue)"_s;
        say(PdPhase::Bootstrapping, sentence,
            u"decode cannot reach prefill's bootstrap server, or does not know the room: check the address that decode is told, and both logs"_s);
    }

    void noRoom()
    {
        const LoadSample &peer = m_result.decode;
        say(PdPhase::DecodePrealloc, u"%1 has no room for the KV cache yet (%2 in its prealloc queue)%3"_s
                .arg(nameOf(m_decode), requests(*peer.decodePreallocQueue), runningText(peer)),
            u"decode is full: more decodes, shorter outputs, or a larger --mem-fraction-static"_s);
    }

    const Timeline &m_timeline;
    const LegTimeline *m_prefill;
    const LegTimeline *m_decode;
    Monotonic m_now;
    Explanation m_result;
};

} // namespace

Monotonic silentSince(const Timeline &timeline)
{
    Monotonic last = timeline.received;
    for (const LegTimeline &leg : timeline.legs) {
        if (leg.prefill)
            continue;
        if (leg.firstByte)
            last = std::max(last, *leg.firstByte);
        if (leg.times.count() > 0)
            last = std::max(last, leg.times.last());
    }
    return last;
}

Explanation explain(const Timeline &timeline, const PairSamples &samples, Monotonic now)
{
    return Explainer(timeline, samples, now).run();
}

} // namespace pdlb::trace
