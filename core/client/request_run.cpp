// SPDX-License-Identifier: Apache-2.0
#include "client/request_run.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTimer>

using namespace Qt::StringLiterals;

namespace pdlb::client {

namespace {

constexpr qsizetype mostBody = 64 * 1024 * 1024; ///< kept of an answer to be read as a whole
constexpr size_t mostIndexes = 4096;

double milliseconds(Monotonic time)
{
    return double(time.count()) / 1e6;
}

/// The message of an error answer in any of the usual forms, else its first bytes.
QString errorText(const QByteArray &body)
{
    const QJsonDocument document = QJsonDocument::fromJson(body);
    const QJsonValue error = document["error"_L1];
    if (error.isObject())
        return error["message"_L1].toString();
    if (error.isString())
        return error.toString();
    if (const QString message = document["message"_L1].toString(); !message.isEmpty())
        return message;
    return QString::fromUtf8(body.left(300)).simplified();
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
    connect(m_leg, &upstream::Leg::ready, m_leg, &upstream::Leg::send);
    connect(m_leg, &upstream::Leg::head, this, &RequestRun::onHead);
    connect(m_leg, &upstream::Leg::data, this, &RequestRun::onData);
    connect(m_leg, &upstream::Leg::finished, this, &RequestRun::onFinished);
    if (m_options.timeout.count() > 0) {
        QTimer::singleShot(m_options.timeout, this, [this] {
            if (m_over)
                return;
            m_leg->abort();
            m_result.error = u"no whole answer within %1 s"_s.arg(double(m_options.timeout.count()) / 1000);
            finish();
        });
    }
    if (m_leg->isReady())
        m_leg->send();
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
        m_body.append(bytes.first(std::min(bytes.size(), mostBody - m_body.size())));
        return;
    }
    m_splitter.feed(bytes);
    QByteArray event;
    while (!m_over && m_splitter.next(event))
        onEvent(event);
    if (m_splitter.overflowed()) {
        m_leg->abort();
        m_result.error = u"an event of the stream is longer than 64 MiB"_s;
        finish();
    }
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
    if (data.contains("\"error\"")) {
        const QJsonObject object = QJsonDocument::fromJson(data).object();
        if (object.contains("error"_L1)) {
            m_result.error = u"the stream reports an error: %1"_s.arg(errorText(data));
            return;
        }
    }
    pd::readFacts(data, m_result.facts);
    if (m_result.facts.finishReason == "abort" && m_result.error.isEmpty())
        m_result.error = u"the engine aborted the request"_s;
    onDelta(data);
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
    if (!whole && m_result.error.isEmpty())
        m_result.error = end.detail.isEmpty() ? u"the connection broke"_s : end.detail;
    if (m_result.status >= 400)
        m_result.error = u"status %1: %2"_s.arg(m_result.status).arg(errorText(m_body));
    else if (m_isSse && !m_done && m_result.error.isEmpty())
        m_result.error = u"the stream ended without its end marker"_s;
    if (!m_isSse && m_result.error.isEmpty()) {
        pd::readFacts(m_body, m_result.facts);
        if (m_options.keepText) {
            const pd::TextDelta delta = pd::readDelta(m_body);
            Q_EMIT text(delta.content, delta.reasoning);
        }
    }
    finish();
}

void RequestRun::finish()
{
    if (std::exchange(m_over, true))
        return;
    m_result.end = m_clock.now();
    Q_EMIT finished();
}

} // namespace pdlb::client
