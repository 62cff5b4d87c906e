// SPDX-License-Identifier: Apache-2.0
#include "trace/otlp_sender.h"

#include "trace/export/exporter.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QLoggingCategory>
#include <QNetworkProxy>
#include <QNetworkReply>
#include <QRandomGenerator>

using namespace Qt::StringLiterals;

namespace pdlb::trace {

namespace {

Q_LOGGING_CATEGORY(lcOtlp, "pdlb.otlp")

constexpr Monotonic tellEvery = std::chrono::minutes(1);
constexpr qsizetype maxBody = 4 * 1024 * 1024; // collectors take 20 MiB by default

bool mayRetry(int status)
{
    return status == 429 || status == 502 || status == 503 || status == 504;
}

} // namespace

OtlpSender::OtlpSender(Options options, QObject *parent) : QObject(parent), m_options([&] {
    if (options.endpoint.path().isEmpty() || options.endpoint.path() == "/"_L1)
        options.endpoint.setPath(u"/v1/traces"_s);
    return std::move(options);
}())
{
    m_manager.setProxy(QNetworkProxy::NoProxy);
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &OtlpSender::send);
}

OtlpSender::~OtlpSender()
{
    if (m_reply)
        m_reply->disconnect(this);
}

void OtlpSender::record(const TimelinePtr &timeline)
{
    if (!timeline->context.sampled)
        return;
    TimelinePtr oldest; // freed behind the lock
    const std::scoped_lock lock(m_mutex);
    if (m_queue.size() >= m_options.maxQueue) {
        oldest = std::move(m_queue.front());
        m_queue.pop_front();
        m_dropped.fetch_add(1, std::memory_order_relaxed);
    }
    m_queue.push_back(timeline);
    if (!std::exchange(m_armed, true))
        QMetaObject::invokeMethod(this, &OtlpSender::arm, Qt::QueuedConnection);
}

void OtlpSender::arm()
{
    if (!m_timer.isActive() && !m_reply)
        m_timer.start(m_options.delay);
}

void OtlpSender::flush()
{
    if (!m_reply && !isIdle()) {
        m_timer.stop();
        send();
    }
}

bool OtlpSender::isIdle() const
{
    const std::scoped_lock lock(m_mutex);
    return !m_armed;
}

void OtlpSender::send()
{
    if (m_batch > 0) { // another attempt
        post();
        return;
    }
    const auto exporter = makeOtlpExporter({});
    m_body = exporter->begin();
    for (size_t i = 0; i < m_options.maxBatch && m_body.size() < maxBody; ++i) {
        TimelinePtr timeline;
        {
            const std::scoped_lock lock(m_mutex);
            if (m_queue.empty())
                break;
            timeline = std::move(m_queue.front());
            m_queue.pop_front();
        }
        const QByteArray spans = exporter->write(*timeline);
        m_body += spans;
        m_batch += spans.isEmpty() ? 0 : 1;
    }
    m_body += exporter->finish();
    m_attempt = 0;
    if (m_batch > 0)
        post();
    else
        next();
}

void OtlpSender::post()
{
    ++m_attempt;
    QNetworkRequest request(m_options.endpoint);
    request.setHeader(QNetworkRequest::ContentTypeHeader, u"application/json"_s);
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    if (m_options.tls)
        request.setSslConfiguration(*m_options.tls);
    request.setTransferTimeout(int(m_options.timeout.count()));
    for (const http::Header &header : m_options.headers)
        request.setRawHeader(header.name, header.value);
    m_reply = m_manager.post(request, m_body);
    connect(m_reply, &QNetworkReply::finished, this, [this, reply = m_reply] { finished(reply); });
}

void OtlpSender::finished(QNetworkReply *reply)
{
    m_reply = nullptr;
    reply->deleteLater();
    const int status = reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (status == 0 || (reply->error() != QNetworkReply::NoError && status < 300)) {
        retry(reply->errorString(), {});
        return;
    }
    if (mayRetry(status)) {
        retry(u"status %1"_s.arg(status), retryAfter(reply->rawHeader("Retry-After"), QDateTime::currentDateTimeUtc()));
        return;
    }
    const QByteArray body = reply->read(64 * 1024);
    if (status < 200 || status >= 300) {
        giveUp(u"status %1 %2"_s.arg(status).arg(QString::fromUtf8(body.left(200)).simplified()));
        return;
    }
    // Rejected spans are not sent again: so says the specification.
    const QJsonObject partial = QJsonDocument::fromJson(body)["partialSuccess"_L1].toObject();
    const QJsonValue rejected = partial["rejectedSpans"_L1];
    if ((rejected.isString() ? rejected.toString().toLongLong() : rejected.toInteger()) > 0) {
        giveUp(u"spans were rejected: %1"_s.arg(partial["errorMessage"_L1].toString().left(200).simplified()));
        return;
    }
    m_sent.fetch_add(m_batch, std::memory_order_relaxed);
    next();
}

void OtlpSender::retry(const QString &reason, std::optional<std::chrono::milliseconds> after)
{
    if (m_attempt >= m_options.attempts) {
        giveUp(u"%1, %2 times"_s.arg(reason).arg(m_attempt));
        return;
    }
    const auto doubled = m_options.firstPause * (qint64(1) << std::min(m_attempt - 1, 20));
    const auto pause = std::min(m_options.longestPause, after.value_or(doubled));
    // Never earlier than the collector asked for.
    const double jitter = after ? 1 + 0.1 * QRandomGenerator::global()->generateDouble() : 0.8 + 0.4 * QRandomGenerator::global()->generateDouble();
    m_timer.start(std::chrono::milliseconds(qint64(double(pause.count()) * jitter)));
}

void OtlpSender::giveUp(const QString &reason)
{
    const qint64 dropped = m_dropped.fetch_add(m_batch, std::memory_order_relaxed) + m_batch;
    const Monotonic now = SteadyClock::instance().now();
    if (m_toldAt.count() == 0 || now - m_toldAt >= tellEvery) {
        m_toldAt = now;
        qCWarning(lcOtlp, "%s does not take the spans of %lld requests: %s; %lld were dropped so far",
                  qUtf8Printable(m_options.endpoint.toString(QUrl::RemoveUserInfo | QUrl::RemoveQuery)), static_cast<long long>(m_batch), qUtf8Printable(reason),
                  static_cast<long long>(dropped));
    }
    next();
}

void OtlpSender::next()
{
    m_body.clear();
    m_batch = 0;
    {
        const std::scoped_lock lock(m_mutex);
        m_armed = !m_queue.empty();
        if (m_armed) {
            m_timer.start(m_queue.size() >= m_options.maxBatch ? std::chrono::milliseconds(0) : m_options.delay);
            return;
        }
    }
    Q_EMIT idle();
}

std::optional<std::chrono::milliseconds> OtlpSender::retryAfter(const QByteArray &field, const QDateTime &now)
{
    bool isNumber = false;
    const qint64 seconds = field.trimmed().toLongLong(&isNumber);
    if (isNumber)
        return std::chrono::seconds(std::clamp<qint64>(seconds, 0, 86'400));
    // RFC 9110 §5.6.7: "Sun, 06 Nov 1994 08:49:37 GMT"
    const QDateTime date = QLocale::c().toDateTime(QString::fromLatin1(field.trimmed()), u"ddd, dd MMM yyyy hh:mm:ss 'GMT'"_s);
    if (!date.isValid())
        return {};
    return std::chrono::milliseconds(std::max<qint64>(0, now.msecsTo(QDateTime(date.date(), date.time(), Qt::UTC))));
}

Result<http::HeaderList> OtlpSender::parseHeaders(const QByteArrayList &texts)
{
    http::HeaderList headers;
    const auto add = [&](const QByteArray &name, const QByteArray &value) {
        if (!http::isToken(name) || !http::isFieldValue(value))
            return false;
        headers.add(name, value);
        return true;
    };
    const auto wrong = failure(u"header fields for OTLP: expected NAME=VALUE[,NAME=VALUE…], or NAME: VALUE on each line"_s);
    for (const QByteArray &text : texts) {
        const qsizetype colon = text.indexOf(':'), equals = text.indexOf('=');
        if (colon > 0 && (equals < 0 || colon < equals)) {
            if (!add(text.first(colon).trimmed(), text.sliced(colon + 1).trimmed()))
                return wrong;
            continue;
        }
        const QByteArrayList pairs = text.split(',');
        for (const QByteArray &pair : pairs) {
            const qsizetype at = pair.indexOf('=');
            if (at < 1 || !add(pair.first(at).trimmed(), QByteArray::fromPercentEncoding(pair.sliced(at + 1).trimmed())))
                return wrong;
        }
    }
    return headers;
}

} // namespace pdlb::trace
