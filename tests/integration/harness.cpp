// SPDX-License-Identifier: Apache-2.0
#include "harness.h"

#include <QDeadlineTimer>
#include <QDir>
#include <QFile>
#include <QLoggingCategory>
#include <QSignalSpy>
#include <QThreadPool>
#include <QTimer>

using namespace Qt::StringLiterals;

namespace pdlb::test {

namespace {

const QByteArrayList generationPaths{"/generate", "/v1/chat/completions", "/v1/completions"};

QByteArray statusField(const QByteArray &name)
{
    QFile file(u"/proc/self/status"_s);
    if (!file.open(QIODevice::ReadOnly))
        return {};
    const QByteArrayList lines = file.readAll().split('\n');
    for (const QByteArray &line : lines) {
        if (line.startsWith(name + ':'))
            return line.sliced(name.size() + 1).simplified();
    }
    return {};
}

} // namespace

bool waitFor(const std::function<bool()> &condition)
{
    QDeadlineTimer deadline(30000);
    QTimer ticker; // conditions may change in other threads without an event here
    ticker.start(2);
    while (!condition()) {
        if (deadline.hasExpired())
            return false;
        QCoreApplication::processEvents(QEventLoop::AllEvents | QEventLoop::WaitForMoreEvents);
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    }
    return true;
}

void TraceLog::record(const trace::TimelinePtr &timeline)
{
    const std::scoped_lock lock(m_mutex);
    m_list.append(*timeline);
}

qsizetype TraceLog::size() const
{
    const std::scoped_lock lock(m_mutex);
    return m_list.size();
}

trace::Timeline TraceLog::at(qsizetype i) const
{
    const std::scoped_lock lock(m_mutex);
    return m_list.value(i);
}

QByteArray TraceLog::lastEnd() const
{
    const std::scoped_lock lock(m_mutex);
    return m_list.isEmpty() ? QByteArray() : QByteArray(trace::endReasonName(m_list.last().end));
}

void TraceLog::clear()
{
    const std::scoped_lock lock(m_mutex);
    m_list.clear();
}

mock::MockOptions quickEngine()
{
    mock::MockOptions options;
    options.prefillTps = 0;
    options.kvMs = 0;
    options.decodeMs = 0;
    options.defaultMaxTokens = 8;
    return options;
}

int openDescriptors()
{
    return int(QDir(u"/proc/self/fd"_s).entryList(QDir::Files | QDir::System | QDir::NoDotAndDotDot).size());
}

int threadCount()
{
    return statusField("Threads").toInt();
}

qint64 residentBytes()
{
    return statusField("VmRSS").split(' ').value(0).toLongLong() * 1024;
}

QByteArray toJson(const QJsonObject &object)
{
    return QJsonDocument(object).toJson(QJsonDocument::Compact);
}

const char *transportName(TransportKind kind)
{
    return kind == TransportKind::Qnam ? "qnam" : "direct";
}

Rig::Rig(const Setup &setup)
    : fleet({.prefills = setup.prefills, .decodes = setup.decodes, .engine = setup.engine}), m_setup(setup)
{
}

bool Rig::start()
{
    QLoggingCategory::setFilterRules(u"pdlb.*=false"_s);
    // Threads that scanned a large body go soon, so that they do not look like leaks.
    QThreadPool::globalInstance()->setExpiryTimeout(100);
    if (const auto done = fleet.start(); !done) {
        qWarning("%s", qPrintable(done.error().message));
        return false;
    }
    Config config;
    config.port = 0;
    config.workers = 1;
    config.health.enabled = m_setup.health; // probes would disturb those who count requests and connections …
    config.breaker.enabled = m_setup.health; // … and engines that fail on purpose are not to be left alone
    config.transport = m_setup.transport;
    for (int i = 0; i < fleet.prefills(); ++i)
        config.prefill.append({prefill(i).url().toString(), {}});
    for (int i = 0; i < fleet.decodes(); ++i)
        config.decode.append({decode(i).url().toString()});
    if (m_setup.change)
        m_setup.change(config);
    const QByteArray credentials = config.apiKeys.isEmpty() ? QByteArray() : "X-API-Key: " + config.apiKeys.first() + "\r\n";
    balancer.setTraceSink(&traces);
    if (m_setup.clock)
        balancer.setClock(m_setup.clock);
    QSignalSpy listening(&balancer, &Balancer::listening);
    if (const auto done = balancer.start(config); !done) {
        qWarning("%s", qPrintable(done.error().message));
        return false;
    }
    return waitFor([&] { return !listening.isEmpty(); }) && warmUp(credentials);
}

bool Rig::warmUp(const QByteArray &credentials)
{
    // QNetworkAccessManager makes its thread with the first request, the balancer's control plane has one too.
    const QByteArrayList targets{"/health", "/server_info"};
    for (const QByteArray &target : targets) {
        Client client(port());
        client.get(target, credentials);
        if (!waitFor([&] { return client.done(); }))
            return false;
    }
    if (m_setup.transport == TransportKind::Qnam) {
        Client client(port());
        client.post("/generate", QByteArray(R"({"text":"warm up","sampling_params":{"max_new_tokens":1}})"), credentials);
        // Whatever the answer is: engines may be scripted to fail.
        if (!waitFor([&] { return client.done() && balancer.inFlight() == 0; }))
            return false;
    }
    traces.clear();
    const auto remember = [this](mock::MockEngine &engine) {
        for (const QByteArray &path : generationPaths)
            m_before[&engine][path] = engine.postCount(path);
    };
    for (int i = 0; i < fleet.prefills(); ++i)
        remember(prefill(i));
    for (int i = 0; i < fleet.decodes(); ++i)
        remember(decode(i));
    // Clients' sockets of the warm-up are gone when several looks agree.
    int looks = 0;
    return waitFor([&] {
        const int now = descriptors();
        looks = std::exchange(m_descriptors, now) == now ? looks + 1 : 0;
        m_threads = threadCount();
        return looks > 4;
    });
}

int Rig::descriptors() const
{
    // Both ends of a kept connection to an engine are in this process.
    qint64 kept = 0;
    auto &self = const_cast<Rig &>(*this);
    const auto count = [&kept](mock::MockEngine &engine) {
        kept += engine.http().openConnections();
        if (mock::MockBootstrap *bootstrap = engine.bootstrap()) // engines may change their role
            kept += bootstrap->http().openConnections();
    };
    for (int i = 0; i < fleet.prefills(); ++i)
        count(self.prefill(i));
    for (int i = 0; i < fleet.decodes(); ++i)
        count(self.decode(i));
    for (const mock::MockHttpServer *server : m_setup.servers)
        kept += server->openConnections();
    return openDescriptors() - int(2 * kept);
}

qint64 Rig::posts(const mock::MockEngine &engine, const QByteArray &path) const
{
    qint64 count = 0;
    for (const QByteArray &one : generationPaths) {
        if (path.isEmpty() || path == one)
            count += engine.postCount(one) - m_before.value(&engine).value(one);
    }
    return count;
}

mock::RecordedRequest Rig::lastPost(const mock::MockEngine &engine)
{
    const auto requests = engine.requests();
    for (auto request = requests.rbegin(); request != requests.rend(); ++request) {
        if (generationPaths.contains(request->path()))
            return *request;
    }
    return {};
}

void Rig::aftercheck()
{
    if (!balancer.isRunning())
        return;
    PDLB_WAIT_EQUAL(balancer.inFlight(), 0);
    Client client(port());
    client.get("/health");
    PDLB_WAIT(client.done());
    QCOMPARE(client.status(), 200);
    client.disconnect();
    for (int i = 0; i < fleet.prefills(); ++i)
        PDLB_WAIT_EQUAL(prefill(i).running(), 0);
    for (int i = 0; i < fleet.decodes(); ++i)
        PDLB_WAIT_EQUAL(decode(i).running(), 0);
    // Each thread of QNetworkAccessManager has an event descriptor.
    PDLB_WAIT(descriptors() <= m_descriptors + (m_threadsIgnored ? qMax(0, threadCount() - m_threads) : 0));
    if (m_threadsIgnored)
        qInfo("threads are not counted: %s", m_threadsIgnored);
    else
        PDLB_WAIT(threadCount() <= m_threads);
}

void RigTest::transports()
{
    QTest::addColumn<TransportKind>("transport");
    forBothTransports([](TransportKind kind) { QTest::newRow(transportName(kind)) << kind; });
}

void RigTest::direct()
{
    QTest::addColumn<TransportKind>("transport");
    QTest::newRow(transportName(TransportKind::Direct)) << TransportKind::Direct;
}

bool RigTest::isQnam()
{
    return *static_cast<TransportKind *>(QTest::qData("transport", qMetaTypeId<TransportKind>())) == TransportKind::Qnam;
}

bool RigTest::begin(Setup setup)
{
    setup.transport = isQnam() ? TransportKind::Qnam : TransportKind::Direct;
    m_rig = std::make_unique<Rig>(setup);
    if (!m_rig->start())
        return false;
    m_client = m_rig->client();
    return true;
}

void RigTest::settle()
{
    for (int i = 0; i < 2; ++i) {
        Client other(m_rig->port());
        other.get("/health");
        PDLB_WAIT(other.done());
    }
}

void RigTest::exchange(const QByteArray &path, const QByteArray &body, const QByteArray &headers)
{
    m_client->post(path, body, headers);
    PDLB_WAIT(m_client->done());
}

bool RigTest::wasAborted(const mock::MockEngine &engine) const
{
    const QJsonObject body = QJsonDocument::fromJson(Rig::lastPost(engine).body).object();
    const QByteArray rid = body.value("rid"_L1).toString().toUtf8();
    if (!rid.isEmpty())
        return engine.aborts().contains(rid);
    // Its body was cut before it was there: the record knows the rid.
    return m_rig->traces.size() > 0 && engine.aborts().contains(m_rig->traces.last().rid);
}

void RigTest::finish()
{
    m_client.reset();
    if (m_rig)
        m_rig->aftercheck();
    m_rig.reset();
}

} // namespace pdlb::test
