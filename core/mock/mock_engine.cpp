// SPDX-License-Identifier: Apache-2.0
#include "mock/mock_engine.h"

namespace pdlb::mock {

namespace {

bool isWildcard(const QHostAddress &address)
{
    return address == QHostAddress(QHostAddress::AnyIPv4) || address == QHostAddress(QHostAddress::AnyIPv6)
           || address == QHostAddress(QHostAddress::Any);
}

} // namespace

MockEngine::MockEngine(Role role, const MockOptions &options, Rendezvous *hub, QObject *parent)
    : QObject(parent),
      m_core{role, options, MockText(options.text), hub ? hub : &m_ownHub, options.bootstrapPort}, m_log(options.logBytes)
{
    m_http.setHeadHandler([this](MockExchange &exchange) { onHead(exchange); });
    m_http.setHandler([this](MockExchange &exchange) { onRequest(exchange); });
    if (role == Role::Prefill)
        m_bootstrap = new MockBootstrap(options, this);
}

MockEngine::~MockEngine()
{
    // Tasks refer to members, and the hub must forget this prefill.
    kill();
    qDeleteAll(findChildren<GenerationTask *>());
}

QHostAddress MockEngine::address() const
{
    if (m_core.options.host == QLatin1String("localhost"))
        return QHostAddress(QHostAddress::LocalHost);
    return QHostAddress(m_core.options.host);
}

QUrl MockEngine::url() const
{
    QUrl url;
    url.setScheme(QStringLiteral("http"));
    // A wildcard is no address to connect to.
    const bool v6 = address().protocol() == QAbstractSocket::IPv6Protocol;
    const QString loopback = v6 ? QStringLiteral("::1") : QStringLiteral("127.0.0.1");
    url.setHost(isWildcard(address()) ? loopback : m_core.options.host);
    url.setPort(port());
    return url;
}

Result<void> MockEngine::start()
{
    if (address().isNull()) {
        return failure(QStringLiteral("cannot listen on \"%1\": it is no IP address; write one of this machine, like "
                                      "127.0.0.1 or ::1")
                           .arg(m_core.options.host));
    }
    const quint16 httpPort = port() != 0 ? port() : m_core.options.port;
    m_http.setKeepAlive(m_core.options.keepAlive);
    if (!m_http.isListening()) {
        if (auto done = m_http.listen(address(), httpPort); !done)
            return done;
    }
    if (!m_bootstrap)
        return {};
    if (!m_bootstrap->http().isListening()) {
        if (auto done = m_bootstrap->listen(address(), m_core.bootstrapPort); !done) {
            m_http.stopListening();
            return done;
        }
    }
    m_core.bootstrapPort = m_bootstrap->http().port();
    m_bootstrap->setHttpPort(port());
    setRegistered(m_bootstrap->isRegistered());
    return {};
}

Result<void> MockEngine::become(Role role)
{
    if (role == m_core.role)
        return {};
    if (m_core.role == Role::Prefill) {
        setRegistered(false);
        delete std::exchange(m_bootstrap, nullptr);
        m_core.bootstrapPort = m_core.options.bootstrapPort;
    }
    m_core.role = role;
    if (role != Role::Prefill)
        return {};
    m_bootstrap = new MockBootstrap(m_core.options, this);
    m_core.bootstrapPort = m_core.options.bootstrapPort;
    return start(); // which leaves what listens already
}

void MockEngine::stopListening()
{
    m_http.stopListening();
}

void MockEngine::kill()
{
    m_http.stopListening();
    if (m_bootstrap) {
        m_bootstrap->http().stopListening();
        m_bootstrap->http().dropConnections();
        if (m_core.hub)
            m_core.hub->removePrefill(m_core.bootstrapPort);
    }
    m_http.dropConnections();
    const auto tasks = m_tasks;
    for (GenerationTask *task : tasks)
        task->cancel();
}

Result<void> MockEngine::restart()
{
    kill();
    return start();
}

void MockEngine::addFault(const Fault &fault)
{
    if (fault.kind == Fault::Kind::Stale)
        m_http.setKeepAlive(fault.stale);
    m_faults.add(fault);
}

void MockEngine::addFault(const QString &spec)
{
    const auto fault = parseFault(spec);
    if (!fault)
        qFatal("%s", qPrintable(fault.error().message));
    addFault(*fault);
}

void MockEngine::clearFaults()
{
    m_faults.clear();
    m_http.setKeepAlive(m_core.options.keepAlive);
}

void MockEngine::setRegistered(bool registered)
{
    if (!m_bootstrap || !m_core.hub)
        return;
    m_bootstrap->setRegistered(registered);
    if (!registered) {
        m_core.hub->removePrefill(m_core.bootstrapPort);
        return;
    }
    // Bound to every address, any name may lead here.
    QList<QByteArray> hosts;
    if (!isWildcard(address()))
        hosts = {m_core.options.host.toUtf8(), '[' + m_core.options.host.toUtf8() + ']', "localhost"};
    m_core.hub->addPrefill(m_core.bootstrapPort, hosts);
}

void MockEngine::onHead(MockExchange &exchange)
{
    const http::RequestHead &head = exchange.head();
    if (head.method == "POST")
        m_log.countPost(head.path());
    const auto fault = m_faults.take(head.path(), true);
    if (!fault)
        return;
    m_log.add(head, {});
    if (fault->kind == Fault::Kind::NoRead)
        exchange.stopReading();
    else
        respondStatus(exchange, *fault);
}

void MockEngine::onRequest(MockExchange &exchange)
{
    m_log.add(exchange.head(), exchange.body());
    const QByteArray path = exchange.head().path();
    Q_EMIT requestReceived(path);
    const auto fault = m_faults.take(path, false);
    if (!fault) {
        serve(exchange, nullptr);
    } else if (fault->delay.count() > 0) {
        QTimer::singleShot(fault->delay, &exchange,
                           [this, &exchange, fault = *fault] { applyFault(exchange, fault); });
    } else {
        applyFault(exchange, *fault);
    }
}

void MockEngine::applyFault(MockExchange &exchange, const Fault &fault)
{
    if (fault.framing)
        exchange.setFraming(*fault.framing);
    switch (fault.kind) {
    case Fault::Kind::Status:
        respondStatus(exchange, fault);
        return;
    case Fault::Kind::Hang:
        return;
    case Fault::Kind::Garbage:
    case Fault::Kind::Raw:
        exchange.writeRaw(fault.kind == Fault::Kind::Raw ? fault.raw : QByteArray("\x16\x03\x01 no HTTP here\r\n\r\n"));
        if (fault.cut.how == Cut::How::Fin)
            exchange.close();
        else if (fault.cut.how == Cut::How::Reset)
            exchange.reset();
        return;
    case Fault::Kind::Break:
        if (fault.cut.point == Cut::Point::BeforeHead && fault.cut.how == Cut::How::Reset)
            exchange.reset();
        else if (fault.cut.point == Cut::Point::BeforeHead && fault.cut.how == Cut::How::Fin)
            exchange.close();
        else
            exchange.setCut(fault.cut);
        break;
    case Fault::Kind::None:
    case Fault::Kind::Abort:
    case Fault::Kind::KvFail:
    case Fault::Kind::NoRead:
    case Fault::Kind::Stale:
        break;
    }
    if (!exchange.answered())
        serve(exchange, &fault);
}

void MockEngine::respondStatus(MockExchange &exchange, const Fault &fault)
{
    http::HeaderList headers;
    headers.add("server", "uvicorn");
    headers.add("content-type", "application/json");
    if (fault.retryAfter >= 0)
        headers.add("retry-after", QByteArray::number(fault.retryAfter));
    for (const http::Header &header : fault.headers)
        headers.add(header.name, header.value);
    const QString message = fault.message.isEmpty() ? QStringLiteral("scripted fault") : fault.message;
    exchange.respond(fault.status, headers, fault.body.isEmpty() ? errorBody(fault.status, message) : fault.body);
}

} // namespace pdlb::mock
