// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/acceptor.h"
#include "edge/client_connection.h"
#include "edge/qt_router.h"
#include "edge/route_table.h"
#include "util/result.h"

#include <QSet>

#include <QSslConfiguration>
#include <QTimer>

namespace pdlb::edge {

/// The clients' side of one worker: accepts connections, puts a guard on each, and has the handler of the request's path
/// called, by Qt HTTP Server unless the route is a direct one. 404 and 405 (with Allow) are answered here. Lives in its
/// worker's thread.
class EdgeServer final : public QObject, private ConnectionHost
{
    Q_OBJECT

public:
    /// Everything referred to must outlive the server.
    EdgeServer(const EdgeOptions &options, EdgeShared &shared, const Clock &clock, QObject *parent = nullptr);
    ~EdgeServer() override;

    /// For all connections from now on; requests whose head was judged keep that verdict. maxConnections stays.
    void configure(const EdgeOptions &options, AccessRules access);

    /// Clients must speak TLS. Before listen().
    void setTls(const QSslConfiguration &configuration) { m_tls = configuration; }

    /// GET routes answer HEAD too.
    void addRoute(const QByteArray &path, const QByteArrayList &methods, Route::Handler handler, Access access = Access::Key,
                  qint64 maxBody = 0);
    /// POST requests, as many as come: their handler is called at once, without Qt HTTP Server.
    void addDirectRoute(const QByteArray &path, Route::Handler handler);
    /// Takes over a bound and listening socket.
    Result<void> listen(int descriptor);
    /// Stops accepting; idle connections close, running requests are answered with "Connection: close".
    void drain();
    /// Closes every connection now.
    void abortConnections();
    qsizetype connectionCount() const { return m_connections.size(); }

Q_SIGNALS:
    /// After drain(): the last connection is closed.
    void drained();

private:
    std::optional<Refusal> judge(const http::RequestHead &head, const QHostAddress &peer) const override;
    qint64 maxBody(const http::RequestHead &head) const override;
    std::optional<Refusal> judgeRate(const http::RequestHead &head, const QHostAddress &peer) const;
    QByteArray allowedOrigin(const http::RequestHead &head) const override { return m_access.allowedOrigin(head); }
    void requestReady(ClientConnection &connection) override;
    void connectionGone(ClientConnection &connection) override;
    void adopt(qintptr descriptor, const QHostAddress &peer);
    void setSweepInterval();
    void sweep();
    void dispatch(Exchange &exchange);
    void answerMissing(Exchange &exchange);

    EdgeOptions m_options;
    EdgeShared &m_shared;
    AccessRules m_access;
    const Clock &m_clock;
    std::optional<QSslConfiguration> m_tls;
    RouteTable m_routes;
    QSet<ClientConnection *> m_connections;
    QtRouter m_router;
    std::unique_ptr<Acceptor> m_acceptor;
    QTimer m_sweeper; ///< runs while there are connections
    bool m_draining = false;
};

} // namespace pdlb::edge
