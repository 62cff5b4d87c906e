// SPDX-License-Identifier: Apache-2.0
#include "upstream/direct_transport.h"

#include "http/message_reader.h"
#include "http/message_writer.h"
#include "util/decimal.h"

#include <QHostInfo>
#include <QPointer>

#include <cerrno>

using namespace Qt::StringLiterals;

namespace pdlb::upstream {

namespace {

/// Engines' heads: some carry large headers; still bounded.
constexpr http::HeadLimits responseLimits{.requestLine = 8 * 1024, .field = 64 * 1024, .block = 64 * 1024, .fields = 100};

/// How long one of several addresses of a name is waited for before the next one is tried.
constexpr std::chrono::milliseconds alternativeDelay{250};

/// Of socket() and connect(): what was lacking is ours. EADDRNOTAVAIL: every local port is in use.
bool isExhaustion(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL;
}

class DirectLeg final : public Leg, private StreamSocket::Observer
{
    Q_OBJECT

public:
    DirectLeg(LegRequest request, ConnectionPool &pool, QObject *owner)
        : Leg(owner), m_request(std::move(request)), m_pool(&pool), m_authority(m_request.authority.isEmpty() ? m_request.origin.authority() : m_request.authority)
    {
        m_reader.setHeadRequest(m_request.method == "HEAD");
    }
    ~DirectLeg() override { StreamSocket::dispose(std::move(m_socket)); }

    void start();
    bool isReady() const override { return m_socket && m_socket->isConnected(); }
    void send() override;
    void pause() override { setReading(false); }
    void resume() override { setReading(true); }
    void abort() override;
    bool wroteAnything() const override { return m_wrote || (m_socket && m_socket->wroteAnything()); }
    bool reusedConnection() const override { return m_reused; }

private:
    void socketConnected() override;
    void socketData(QByteArrayView bytes) override;
    void socketDrained() override;
    void socketClosed(int error) override;

    void connectAnew();
    void startConnectTimer(std::chrono::milliseconds limit);
    void resolved(const QHostInfo &info);
    void connectNext();
    void connectTimedOut();
    void loseKeptConnection();
    void setReading(bool on);
    void finish(LegEndKind kind, const QString &detail);
    void complete(bool reusable);
    QByteArray requestHead();

    // What each read looks at comes first.
    bool m_reused = false;
    bool m_sendAsked = false; ///< send() was called
    bool m_sent = false; ///< the request was given to the socket
    bool m_drained = false; ///< the whole request is with the kernel
    bool m_gotHead = false;
    bool m_wrote = false;
    bool m_over = false;
    std::unique_ptr<StreamSocket> m_socket;
    http::ResponseReader m_reader{responseLimits};
    LegRequest m_request;
    QPointer<ConnectionPool> m_pool;
    QByteArray m_authority;
    QList<QHostAddress> m_addresses; ///< still to be tried
    std::unique_ptr<QTimer> m_connectTimer; ///< of a connection that is not a kept one
    int m_lastError = 0;
};

void DirectLeg::start()
{
    m_socket = m_pool->take(m_authority);
    m_reused = m_socket != nullptr;
    if (m_socket)
        m_socket->setObserver(this);
    else
        connectAnew();
}

void DirectLeg::connectAnew()
{
    m_reused = false;
    if (!m_connectTimer) {
        m_connectTimer = std::make_unique<QTimer>();
        m_connectTimer->setSingleShot(true);
        connect(m_connectTimer.get(), &QTimer::timeout, this, &DirectLeg::connectTimedOut);
    }
    startConnectTimer(m_request.connectTimeout);
    const QHostAddress literal(QString::fromLatin1(m_request.origin.host));
    if (!literal.isNull()) {
        m_addresses = {literal};
        connectNext();
    } else {
        QHostInfo::lookupHost(QString::fromUtf8(m_request.origin.host), this, [this](const QHostInfo &info) { resolved(info); });
    }
}

void DirectLeg::startConnectTimer(std::chrono::milliseconds limit)
{
    if (limit.count() > 0)
        m_connectTimer->start(limit);
    else
        m_connectTimer->stop();
}

void DirectLeg::resolved(const QHostInfo &info)
{
    if (m_over)
        return;
    if (info.error() != QHostInfo::NoError || info.addresses().isEmpty()) {
        finish(LegEndKind::ConnectFailed, u"the host name does not resolve (%1)"_s.arg(info.errorString()));
        return;
    }
    m_addresses = info.addresses();
    connectNext();
}

void DirectLeg::connectNext()
{
    StreamSocket::dispose(std::move(m_socket));
    if (m_addresses.isEmpty()) {
        finish(isExhaustion(m_lastError) ? LegEndKind::Exhausted : LegEndKind::ConnectFailed, describeSocketError(m_lastError));
        return;
    }
    m_socket = std::make_unique<StreamSocket>();
    m_socket->setObserver(this);
    m_socket->connectTo(m_addresses.takeFirst(), m_request.origin.port);
    startConnectTimer(m_addresses.isEmpty() ? m_request.connectTimeout : alternativeDelay);
}

void DirectLeg::connectTimedOut()
{
    if (isReady())
        return;
    if (!m_addresses.isEmpty())
        connectNext(); // a dead address must not hide a living one
    else
        finish(LegEndKind::ConnectTimeout, u"no connection within %1 ms"_s.arg(m_request.connectTimeout.count()));
}

void DirectLeg::socketConnected()
{
    if (m_connectTimer)
        m_connectTimer->stop();
    if (m_sendAsked)
        send();
    else
        observer().legReady();
}

QByteArray DirectLeg::requestHead()
{
    if (!m_request.body.isEmpty() || m_request.method == "POST")
        m_request.headers.add("Content-Length"_ba, decimal(m_request.body.size()));
    return http::writeRequestHead(m_request.method, m_request.origin.basePath, m_request.target, m_authority, m_request.headers);
}

void DirectLeg::send()
{
    if (m_over || m_sent)
        return;
    m_sendAsked = true;
    if (!isReady())
        return; // the kept connection was lost while the other legs connected
    m_sent = true;
    const QByteArray head = requestHead();
    m_request.headers = {};
    m_socket->write(head, std::exchange(m_request.body, {}));
}

void DirectLeg::socketDrained()
{
    if (!m_sent || m_drained)
        return;
    m_drained = true;
    observer().legSent();
}

void DirectLeg::socketData(QByteArrayView bytes)
{
    if (!m_sent) {
        // What an engine says unasked on a kept connection is its farewell (a 408); on a new one it is nonsense.
        if (m_reused)
            loseKeptConnection();
        else
            finish(LegEndKind::ProtocolError, u"the engine spoke before it was asked"_s);
        return;
    }
    for (;;) {
        switch (m_reader.next(bytes)) {
        case http::ReadEvent::NeedMore:
            return;
        case http::ReadEvent::Head:
            m_gotHead = true;
            observer().legHead(m_reader.head());
            break;
        case http::ReadEvent::Body:
            observer().legData(m_reader.body());
            break;
        case http::ReadEvent::End:
            complete(bytes.isEmpty());
            return;
        case http::ReadEvent::Error:
            finish(LegEndKind::ProtocolError,
                   u"not a valid HTTP/1.1 answer: %1"_s.arg(QLatin1StringView(m_reader.error().what)));
            return;
        }
        if (m_over)
            return;
    }
}

void DirectLeg::complete(bool reusable)
{
    // Bytes behind the answer, an unfinished upload or a "close" make the connection useless for another request.
    if (reusable && m_drained && m_reader.head().keepAlive && m_pool) {
        m_wrote = true;
        m_socket->setReading(true);
        m_pool->put(m_authority, std::move(m_socket));
    }
    finish(LegEndKind::Complete, {});
}

void DirectLeg::socketClosed(int error)
{
    m_wrote = m_wrote || (m_socket && m_socket->wroteAnything());
    if (!m_sent && m_reused) {
        loseKeptConnection();
    } else if (!m_sent) {
        m_lastError = error;
        connectNext(); // of the name's addresses, if there is one left
    } else if (error == 0 && m_reader.endsAtClose()) {
        finish(LegEndKind::Unproven, {});
    } else {
        finish(LegEndKind::Cut, describeSocketError(error)
                                    + (m_gotHead ? u" in the middle of the answer"_s : u" before an answer"_s));
    }
}

void DirectLeg::loseKeptConnection()
{
    // Closed between its last request and this one, of which nothing was written: a new connection is no re-send.
    StreamSocket::dispose(std::move(m_socket));
    connectAnew();
}

void DirectLeg::setReading(bool on)
{
    if (m_socket)
        m_socket->setReading(on);
}

void DirectLeg::abort()
{
    m_wrote = wroteAnything();
    m_over = true;
    if (m_connectTimer)
        m_connectTimer->stop();
    StreamSocket::dispose(std::move(m_socket));
}

void DirectLeg::finish(LegEndKind kind, const QString &detail)
{
    if (m_over)
        return;
    abort();
    observer().legFinished({kind, detail});
}

} // namespace

DirectTransport::DirectTransport(QObject *parent) : UpstreamTransport(parent) {}

Leg *DirectTransport::open(LegRequest request, QObject *owner)
{
    auto *leg = new DirectLeg(std::move(request), m_pool, owner);
    leg->start();
    return leg;
}

} // namespace pdlb::upstream

#include "direct_transport.moc"
