// SPDX-License-Identifier: Apache-2.0
#include "upstream/qnam_transport.h"

#include <QHash>
#include <QNetworkAccessManager>
#include <QNetworkProxy>
#include <QNetworkReply>
#include <QPointer>
#include <QSslError>
#include <QTimer>
#include <QUrl>
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
#include <QHttp1Configuration>
#endif

using namespace Qt::StringLiterals;

namespace pdlb::upstream {

struct QnamTransport::Slot {
    QNetworkAccessManager manager;
    QHash<QByteArray, int> active; ///< by authority
};

namespace {

#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
constexpr int connectionsPerHost = 255;
#else
constexpr int connectionsPerHost = 6;
#endif
constexpr qint64 readBuffer = 64 * 1024;

/// An upload that cannot be rewound: the manager then reports an error where it would send the request again.
class OneShotDevice final : public QIODevice
{
    Q_OBJECT

public:
    OneShotDevice(QByteArray bytes, QObject *parent) : QIODevice(parent), m_bytes(std::move(bytes))
    {
        open(ReadOnly | Unbuffered);
    }
    bool isSequential() const override { return true; }
    bool reset() override { return false; }
    bool atEnd() const override { return m_position >= m_bytes.size(); }
    qint64 bytesAvailable() const override { return m_bytes.size() - m_position; }
    bool touched() const { return m_touched; }

protected:
    qint64 readData(char *to, qint64 limit) override
    {
        m_touched = true;
        const qint64 part = std::min<qint64>(limit, m_bytes.size() - m_position);
        if (part <= 0)
            return -1;
        std::copy_n(m_bytes.constData() + m_position, part, to);
        m_position += part;
        return part;
    }
    qint64 writeData(const char *, qint64) override { return -1; }

private:
    QByteArray m_bytes;
    qint64 m_position = 0;
    bool m_touched = false;
};

/// The manager takes whatever comes for framing; what it was given shows whether its reading was a guess.
bool isFramingSound(const http::HeaderList &headers)
{
    const QList<QByteArray> lengths = headers.values("content-length");
    const QList<QByteArray> codings = headers.values("transfer-encoding");
    const auto isNumber = [](const QByteArray &value) {
        return !value.isEmpty() && value.size() <= 18
            && std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; });
    };
    return lengths.size() + codings.size() <= 1 && std::all_of(lengths.begin(), lengths.end(), isNumber)
        && std::all_of(codings.begin(), codings.end(), [](const QByteArray &value) { return http::equalsIgnoreCase(value, "chunked"); });
}

class QnamLeg final : public Leg
{
    Q_OBJECT

public:
    QnamLeg(LegRequest request, const ClientTls &tls, QObject *owner, QNetworkAccessManager *manager,
            std::function<void()> release)
        : Leg(owner), m_request(std::move(request)), m_tls(tls), m_manager(manager), m_release(std::move(release))
    {
    }
    ~QnamLeg() override { abort(); }

    /// The manager shows no connection before the request is sent.
    bool isReady() const override { return true; }
    void send() override;
    void pause() override { m_paused = true; }
    void resume() override;
    void abort() override;
    /// The manager works in a thread of its own: once asked, only a failed connect proves that nothing left.
    bool wroteAnything() const override { return m_asked && !m_neverConnected; }
    bool reusedConnection() const override { return false; }

private:
    QNetworkRequest networkRequest() const;
    bool surelyWrote() const { return m_gotHead || m_wrote || (m_device && m_device->touched()); }
    void readHead();
    void deliver();
    void replyFinished();
    void finish(LegEndKind kind, const QString &detail);

    LegRequest m_request;
    ClientTls m_tls;
    QNetworkAccessManager *m_manager;
    std::function<void()> m_release;
    QPointer<QNetworkReply> m_reply;
    QPointer<OneShotDevice> m_device;
    QTimer m_connectTimer;
    http::ResponseHead m_head;
    qint64 m_received = 0;
    bool m_gotHead = false;
    bool m_paused = false;
    bool m_replyDone = false;
    bool m_asked = false; ///< send() was called
    bool m_neverConnected = false;
    bool m_wrote = false;
    bool m_over = false;
};

QNetworkRequest QnamLeg::networkRequest() const
{
    const QByteArray url = m_request.origin.url() + m_request.target;
    QNetworkRequest request(QUrl::fromEncoded(url, QUrl::StrictMode));
    if (m_request.origin.tls && m_tls)
        request.setSslConfiguration(*m_tls);
    if (!m_request.origin.peerName.isEmpty())
        request.setPeerVerifyName(QString::fromUtf8(m_request.origin.peerName));
    for (const http::Header &header : m_request.headers) {
        // Qt 6.4 writes whatever it is given, line breaks too.
        if (!http::isToken(header.name) || !http::isFieldValue(header.value))
            continue;
        const QByteArray earlier = request.rawHeader(header.name);
        request.setRawHeader(header.name, earlier.isEmpty() ? header.value : earlier + ", " + header.value);
    }
    for (const char *name : {"Accept-Encoding", "User-Agent", "Accept-Language"}) {
        if (!request.hasRawHeader(name)) // otherwise the manager makes up its own
            request.setRawHeader(name, qstrcmp(name, "Accept-Encoding") == 0 ? "identity" : qstrcmp(name, "User-Agent") == 0 ? "pdlb" : "*");
    }
    request.setAttribute(QNetworkRequest::RedirectPolicyAttribute, QNetworkRequest::ManualRedirectPolicy);
    request.setAttribute(QNetworkRequest::CookieLoadControlAttribute, QNetworkRequest::Manual);
    request.setAttribute(QNetworkRequest::CookieSaveControlAttribute, QNetworkRequest::Manual);
    request.setAttribute(QNetworkRequest::AuthenticationReuseAttribute, QNetworkRequest::Manual);
    request.setAttribute(QNetworkRequest::CacheLoadControlAttribute, QNetworkRequest::AlwaysNetwork);
    request.setAttribute(QNetworkRequest::CacheSaveControlAttribute, false);
    request.setAttribute(QNetworkRequest::DoNotBufferUploadDataAttribute, true);
    request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
    request.setAttribute(QNetworkRequest::ConnectionCacheExpiryTimeoutSecondsAttribute, 3);
#if QT_VERSION >= QT_VERSION_CHECK(6, 5, 0)
    QHttp1Configuration configuration;
    configuration.setNumberOfConnectionsPerHost(connectionsPerHost);
    request.setHttp1Configuration(configuration);
#endif
    return request;
}

void QnamLeg::send()
{
    if (m_over || m_reply)
        return;
    m_asked = true;
    QNetworkRequest request = networkRequest();
    if (m_request.method == "POST") {
        if (!request.hasRawHeader("Content-Type")) // otherwise the manager complains and claims a form
            request.setRawHeader("Content-Type", "application/octet-stream");
        const QByteArray body = m_request.body.toByteArray();
        request.setHeader(QNetworkRequest::ContentLengthHeader, body.size());
        auto *device = new OneShotDevice(body, nullptr);
        m_device = device;
        m_reply = m_manager->post(request, device);
        device->setParent(m_reply);
    } else {
        m_reply = m_manager->sendCustomRequest(request, m_request.method);
    }
    m_request.body = {};
    if (m_request.connectTimeout.count() > 0) {
        m_connectTimer.setSingleShot(true);
        connect(&m_connectTimer, &QTimer::timeout, this, [this] {
            if (!surelyWrote())
                finish(LegEndKind::ConnectTimeout, u"no connection within %1 ms"_s.arg(m_request.connectTimeout.count()));
        });
        m_connectTimer.start(m_request.connectTimeout);
    }
    connect(m_reply, &QNetworkReply::requestSent, this, [this] {
        m_wrote = true;
        m_connectTimer.stop();
        m_reply->setReadBufferSize(readBuffer); // set earlier it would be lost
        observer().legSent();
    });
    connect(m_reply, &QNetworkReply::metaDataChanged, this, &QnamLeg::readHead);
    connect(m_reply, &QNetworkReply::readyRead, this, &QnamLeg::deliver);
    connect(m_reply, &QNetworkReply::finished, this, &QnamLeg::replyFinished);
}

void QnamLeg::readHead()
{
    const int status = m_reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
    if (m_over || m_gotHead || status < 200)
        return;
    m_gotHead = true;
    m_reply->setReadBufferSize(readBuffer); // once more: an answer that overtakes requestSent would come unbounded
    m_head.status = status;
    m_head.reason = m_reply->attribute(QNetworkRequest::HttpReasonPhraseAttribute).toByteArray();
    bool sound = true;
    for (const QNetworkReply::RawHeaderPair &pair : m_reply->rawHeaderPairs()) {
        for (const QByteArray &value : pair.second.split('\n')) { // several Set-Cookie come joined by line feeds
            sound = sound && http::isToken(pair.first) && http::isFieldValue(value);
            m_head.headers.add(pair.first, value);
        }
    }
    m_head.framing = http::Framing::UntilClose;
    if (status == 204 || status == 304 || m_request.method == "HEAD") // whatever its fields promise
        m_head.framing = http::Framing::None;
    else if (m_head.headers.hasToken("transfer-encoding", "chunked"))
        m_head.framing = http::Framing::Chunked;
    else if (m_head.headers.contains("content-length"))
        m_head.framing = http::Framing::Length;
    m_head.contentLength = m_head.headers.value("content-length").toLongLong();
    if (!sound || status > 599 || !isFramingSound(m_head.headers))
        finish(LegEndKind::ProtocolError, u"not a valid HTTP/1.1 answer"_s);
    else
        observer().legHead(m_head);
}

void QnamLeg::deliver()
{
    if (m_over || m_paused || !m_gotHead || !m_reply->isOpen())
        return;
    const QByteArray bytes = m_reply->readAll();
    m_received += bytes.size();
    if (!bytes.isEmpty())
        observer().legData(bytes);
}

void QnamLeg::resume()
{
    m_paused = false;
    if (!m_reply)
        return;
    QMetaObject::invokeMethod(this, [this] {
        if (m_over || m_paused)
            return;
        deliver();
        if (m_replyDone && !m_over && !m_paused)
            replyFinished();
    }, Qt::QueuedConnection);
}

void QnamLeg::replyFinished()
{
    m_replyDone = true;
    if (m_over || m_paused)
        return;
    readHead();
    deliver();
    if (m_over || m_paused)
        return;
    const QNetworkReply::NetworkError error = m_reply->error();
    const QString text = m_reply->errorString();
    // With a status the status is the truth; the error code then only repeats it, except for these.
    const bool broken = error == QNetworkReply::RemoteHostClosedError || error == QNetworkReply::UnknownNetworkError
        || error == QNetworkReply::ProtocolFailure || error == QNetworkReply::OperationCanceledError
        || error == QNetworkReply::ContentReSendError || error == QNetworkReply::TemporaryNetworkFailureError;
    if (!m_gotHead) {
        const bool connecting = !surelyWrote() && error != QNetworkReply::RemoteHostClosedError;
        finish(connecting ? LegEndKind::ConnectFailed : LegEndKind::Cut, text);
    } else if (m_head.framing == http::Framing::None) {
        finish(LegEndKind::Complete, {});
    } else if (m_head.framing == http::Framing::Length) {
        const bool whole = m_received == m_head.contentLength;
        finish(whole ? LegEndKind::Complete : LegEndKind::Cut, whole ? QString() : text);
    } else if (broken) {
        finish(LegEndKind::Cut, text);
    } else {
        finish(LegEndKind::Unproven, {}); // "no error" proves nothing here
    }
}

void QnamLeg::abort()
{
    m_over = true;
    m_connectTimer.stop();
    if (m_reply) {
        m_reply->disconnect(this);
        m_reply->abort();
        m_reply->deleteLater();
        m_reply = nullptr;
    }
    if (m_release)
        std::exchange(m_release, nullptr)();
}

void QnamLeg::finish(LegEndKind kind, const QString &detail)
{
    if (m_over)
        return;
    m_neverConnected = kind == LegEndKind::ConnectFailed || kind == LegEndKind::ConnectTimeout;
    abort();
    observer().legFinished({kind, detail});
}

} // namespace

QnamTransport::QnamTransport(const ClientTls &tls, QObject *parent) : UpstreamTransport(parent), m_tls(tls) {}

QnamTransport::~QnamTransport() = default;

std::shared_ptr<QnamTransport::Slot> QnamTransport::slotFor(const QByteArray &authority)
{
    for (const auto &slot : m_slots) {
        if (slot->active.value(authority) < connectionsPerHost)
            return slot;
    }
    auto slot = std::make_shared<Slot>();
    slot->manager.setProxy(QNetworkProxy::NoProxy);
    m_slots.push_back(slot);
    return slot;
}

Leg *QnamTransport::open(LegRequest request, QObject *owner)
{
    const QByteArray authority = request.origin.authority();
    const std::shared_ptr<Slot> slot = slotFor(authority);
    ++slot->active[authority];
    return new QnamLeg(std::move(request), m_tls, owner, &slot->manager, [slot, authority] { --slot->active[authority]; });
}

} // namespace pdlb::upstream

#include "qnam_transport.moc"
