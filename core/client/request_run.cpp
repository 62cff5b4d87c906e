// SPDX-License-Identifier: Apache-2.0
#include "client/request_run.h"

#include "pd/json_value.h"

#include <QTimerEvent>

using namespace Qt::StringLiterals;

namespace pdlb::client {

namespace {

constexpr qsizetype mostBody = 64 * 1024 * 1024; ///< kept of an answer to be read as a whole
constexpr size_t mostIndexes = 4096;

double milliseconds(Monotonic time)
{
    return double(time.count()) / 1e6;
}

/// Engines may quote whole prompts.
constexpr qsizetype longestQuote = 300;

QString quoted(QByteArrayView text)
{
    return QString::fromUtf8(text.first(std::min(text.size(), longestQuote))).simplified();
}

/// What an answer or an event says of an error: {"error": {"message": …}}, {"error": "…"}; empty: nothing.
QString reportedError(pd::json::Value object)
{
    using pd::json::Type;
    const pd::json::Value error = object.member("error");
    if (!error.exists() || error.is(Type::Null) || error.is(Type::False))
        return {};
    const pd::json::Value message = error.is(Type::Object) ? error.member("message") : error;
    return quoted(message.is(Type::String) ? QByteArrayView(message.string(longestQuote)) : error.bytes());
}

/// The whole text as a value; absent: it is no JSON.
pd::json::Value valueOf(QByteArrayView text)
{
    const auto document = pd::json::scan(text, pd::json::NonFinite::Accept);
    return document ? pd::json::Value(text.sliced(document->value.begin, document->value.size())) : pd::json::Value();
}

/// The message of an error answer in any of the usual forms, else its first bytes.
QString errorText(const QByteArray &body)
{
    const pd::json::Value value = valueOf(body);
    if (const QString reported = reportedError(value); !reported.isEmpty())
        return reported;
    const pd::json::Value message = value.member("message");
    return quoted(message.is(pd::json::Type::String) ? QByteArrayView(message.string(longestQuote)) : QByteArrayView(body));
}

} // namespace

std::optional<double> RequestResult::itl() const
{
    const qint64 tokens = facts.completionTokens.value_or(0);
    if (!firstContent || !lastContent || tokens < 2 || !stream)
        return {};
    return milliseconds(*lastContent - *firstContent) / double(tokens - 1);
}

std::optional<double> RequestResult::tokensPerSecond() const
{
    const auto gap = itl();
    return gap && *gap > 0 ? std::optional(1000 / *gap) : std::nullopt;
}

RequestRun::RequestRun(upstream::UpstreamTransport &transport, const upstream::Origin &origin, RequestBytes request, const Clock &clock, QObject *parent,
                       Options options)
    : QObject(parent), m_transport(transport), m_origin(origin), m_request(std::move(request)), m_clock(clock), m_options(options)
{
}

void RequestRun::start(std::optional<Monotonic> intended)
{
    m_result.start = intended.value_or(m_clock.now());
    upstream::LegRequest request;
    request.origin = m_origin;
    request.target = m_request.target;
    request.headers = std::move(m_request.headers);
    request.body = BytePieces(m_request.body);
    m_leg = m_transport.open(std::move(request), this);
    auto *told = new upstream::LegSignals(m_leg);
    connect(told, &upstream::LegSignals::ready, m_leg, &upstream::Leg::send);
    connect(told, &upstream::LegSignals::head, this, &RequestRun::onHead);
    connect(told, &upstream::LegSignals::data, this, &RequestRun::onData);
    connect(told, &upstream::LegSignals::finished, this, &RequestRun::onFinished);
    if (m_options.timeout.count() > 0)
        m_timeout.start(int(m_options.timeout.count()), this);
    if (m_leg->isReady())
        m_leg->send();
}

void RequestRun::timerEvent(QTimerEvent *event)
{
    if (event->timerId() == m_timeout.timerId())
        fail(u"no whole answer within %1 s"_s.arg(double(m_options.timeout.count()) / 1000));
}

void RequestRun::fail(const QString &error)
{
    if (m_over)
        return;
    m_leg->abort();
    m_result.error = error;
    finish();
}

void RequestRun::abort()
{
    if (m_over)
        return;
    m_leg->abort();
    m_result.aborted = true;
    finish();
}

void RequestRun::onHead(const http::ResponseHead &head)
{
    m_result.status = head.status;
    m_isSse = head.headers.value("content-type").toByteArray().trimmed().toLower().startsWith("text/event-stream");
    m_result.stream = m_isSse;
    m_result.requestId = head.headers.value("x-request-id").toByteArray();
    m_result.prefill = head.headers.value("x-pdlb-prefill").toByteArray();
    m_result.decode = head.headers.value("x-pdlb-decode").toByteArray();
    m_result.room = head.headers.value("x-pdlb-room").toByteArray();
}

void RequestRun::onData(QByteArrayView bytes)
{
    if (!m_result.firstByte)
        m_result.firstByte = m_clock.now();
    m_result.bytes += bytes.size();
    if (m_options.keepRaw)
        Q_EMIT raw(bytes);
    if (m_over)
        return;
    if (!m_isSse) {
        if (bytes.size() > mostBody - m_body.size())
            fail(u"the answer is longer than 64 MiB"_s);
        else
            m_body.append(bytes);
        return;
    }
    m_splitter.feed(bytes);
    QByteArray event;
    while (!m_over && m_splitter.next(event))
        onEvent(event);
    if (m_splitter.overflowed())
        fail(u"an event of the stream is longer than 64 MiB"_s);
}

void RequestRun::onEvent(const QByteArray &event)
{
    const QByteArray data = http::SseSplitter::data(event);
    if (data.isEmpty())
        return;
    if (data == "[DONE]") {
        m_done = true;
        return;
    }
    ++m_result.events;
    if (!data.trimmed().startsWith('{')) {
        noteError(u"an event of the stream is no JSON object: %1"_s.arg(quoted(data)));
        return;
    }
    if (data.contains("\"error\"")) {
        if (const QString reported = reportedError(valueOf(data)); !reported.isEmpty()) {
            noteError(u"the stream reports an error: %1"_s.arg(reported));
            return;
        }
    }
    takeFacts(data);
    onDelta(data);
}

void RequestRun::takeFacts(const QByteArray &json)
{
    pd::readFacts(json, m_result.facts);
    if (m_result.facts.finishReason == "abort")
        noteError(u"the engine aborted the request"_s);
}

/// The first one is what went wrong.
void RequestRun::noteError(const QString &error)
{
    if (m_result.error.isEmpty())
        m_result.error = error;
}

void RequestRun::onDelta(const QByteArray &json)
{
    pd::TextDelta delta = pd::readDelta(json);
    if (delta.accumulated) {
        const size_t index = size_t(std::clamp<int>(delta.index, 0, mostIndexes - 1));
        if (m_accumulated.size() <= index)
            m_accumulated.resize(index + 1);
        const qsizetype known = std::exchange(m_accumulated[index], delta.content.size());
        delta.content = delta.content.sliced(std::min(known, delta.content.size()));
    }
    if (delta.isEmpty())
        return;
    const Monotonic now = m_clock.now();
    if (!m_result.firstContent)
        m_result.firstContent = now;
    else
        m_result.gaps.add(milliseconds(now - *m_result.lastContent));
    if (!delta.content.isEmpty() && !m_result.firstOutput)
        m_result.firstOutput = now;
    m_result.lastContent = now;
    ++m_result.chunks;
    if (m_options.keepText)
        Q_EMIT text(delta.content, delta.reasoning);
}

void RequestRun::onFinished(const upstream::LegEnd &end)
{
    if (m_over)
        return;
    const bool whole = end.kind == upstream::LegEndKind::Complete || end.kind == upstream::LegEndKind::Unproven;
    if (!whole)
        noteError(end.detail.isEmpty() ? u"the connection broke"_s : end.detail);
    if (m_result.status > 0 && m_result.status != 200) {
        const QString said = m_isSse ? m_result.error : errorText(m_body);
        m_result.error = u"status %1: %2"_s.arg(m_result.status).arg(said.isEmpty() ? u"nothing further"_s : said);
    } else if (m_isSse && m_result.error.isEmpty()) {
        if (!m_done)
            noteError(u"the stream ended without its end marker"_s);
        else if (m_result.events == 0)
            noteError(u"the stream holds no event but its end marker"_s);
    }
    if (!m_isSse && m_result.error.isEmpty())
        readWhole();
    finish();
}

void RequestRun::readWhole()
{
    const pd::json::Value value = valueOf(m_body);
    if (!value.is(pd::json::Type::Object) && !value.is(pd::json::Type::Array)) {
        noteError(m_body.isEmpty() ? u"the answer is empty"_s : u"the answer is no JSON: %1"_s.arg(quoted(m_body)));
        return;
    }
    if (const QString reported = reportedError(value); !reported.isEmpty()) {
        noteError(u"the answer reports an error: %1"_s.arg(reported));
        return;
    }
    takeFacts(m_body);
    if (m_options.keepText) {
        const pd::TextDelta delta = pd::readDelta(m_body);
        if (!delta.isEmpty())
            Q_EMIT text(delta.content, delta.reasoning);
    }
}

void RequestRun::finish()
{
    if (std::exchange(m_over, true))
        return;
    m_timeout.stop();
    m_result.end = m_clock.now();
    Q_EMIT finished();
}

} // namespace pdlb::client
