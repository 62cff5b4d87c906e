// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mock/fault.h"
#include "mock/mock_bootstrap.h"
#include "mock/mock_http_server.h"
#include "mock/mock_info.h"
#include "mock/request_log.h"

#include <QUrl>

namespace pdlb::mock {

/// One SGLang-like engine on real sockets. Two engines of one Rendezvous hub serve PD requests together; without a hub
/// an engine has its own (useful alone as Role::Plain, or with the fake bootstrap host 2.2.2.2).
///
/// Requests with n > 1 are never answered in PD mode, as by real engines; see hungSamples().
class MockEngine final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(MockEngine)

public:
    explicit MockEngine(Role role, const MockOptions &options = {}, Rendezvous *hub = nullptr, QObject *parent = nullptr);
    ~MockEngine() override;

    /// Listens; a prefill's bootstrap server too. After a stop: on the same ports as before.
    Result<void> start();
    /// The HTTP port refuses connections; what runs goes on, a prefill's bootstrap server stays.
    void stopListening();
    /// As if the process were killed: RST everywhere, requests lost, bootstrap server gone.
    void kill();
    Result<void> restart();

    Role role() const { return m_core.role; }
    QUrl url() const;
    quint16 port() const { return m_http.port(); }
    /// Prefill: its bootstrap server's. Decode: what it uses when a request says null.
    quint16 bootstrapPort() const { return m_core.bootstrapPort; }
    /// The options can be changed at any time; ports and host count at start(), the rest for requests to come.
    MockOptions &options() { return m_core.options; }
    void setDefaultBootstrapPort(quint16 port) { m_core.bootstrapPort = port; }

    void addFault(const Fault &fault);
    /// As parseFault() reads it; the role and index in it are ignored. A bad one is fatal: for tests.
    void addFault(const QString &spec);
    void clearFaults();
    void setHealthy(bool healthy) { m_healthy = healthy; } ///< false: /health and /health_generate answer 503
    void setRegistered(bool registered); ///< prefill: see MockBootstrap; decode then fails its lookup

    MockHttpServer &http() { return m_http; } ///< connection and request counts
    MockBootstrap *bootstrap() { return m_bootstrap; } ///< null unless prefill
    qint64 postCount(const QByteArray &path) const { return m_log.posts(path); } ///< POST heads seen
    QList<RecordedRequest> requests() const { return m_log.requests(); } ///< the last 1,000
    QList<QByteArray> aborts() const { return m_log.aborts(); } ///< rids of /abort_request; "*" for all
    int running() const { return int(m_tasks.size()); } ///< generation requests being worked on
    qint64 duplicateRooms() const { return m_duplicateRooms; }
    qint64 hungSamples() const { return m_hungSamples; }

Q_SIGNALS:
    void requestReceived(const QByteArray &path); ///< a whole request, before faults act on it
    void requestEnded(); ///< a generation request is over, whatever its end

private:
    void onHead(MockExchange &exchange);
    void onRequest(MockExchange &exchange);
    void applyFault(MockExchange &exchange, const Fault &fault);
    void respondStatus(MockExchange &exchange, const Fault &fault);
    void serve(MockExchange &exchange, const Fault *fault);
    bool checkKey(MockExchange &exchange) const;
    void generate(MockExchange &exchange, MockRequest::Kind kind, const Fault *fault);
    bool claim(MockExchange &exchange, const MockRequest &request);
    void release(GenerationTask *task);
    void health(MockExchange &exchange);
    void flushCache(MockExchange &exchange);
    void abortRequest(MockExchange &exchange);
    void switchRole(MockExchange &exchange);
    /// As after POST /pd_role_switch: the bootstrap server comes or goes.
    Result<void> become(Role role);
    EngineFacts facts() const;
    QHostAddress address() const;

    Rendezvous m_ownHub;
    GenerationTask::Engine m_core;
    MockHttpServer m_http;
    MockBootstrap *m_bootstrap = nullptr;
    FaultScript m_faults;
    RequestLog m_log;
    QSet<GenerationTask *> m_tasks;
    QList<GenerationTask *> m_waiting; ///< those of m_tasks that wait for room, see MockOptions::maxRunning
    QSet<quint64> m_rooms;
    QSet<QByteArray> m_rids;
    bool m_healthy = true;
    qint64 m_duplicateRooms = 0;
    qint64 m_hungSamples = 0;
};

} // namespace pdlb::mock
