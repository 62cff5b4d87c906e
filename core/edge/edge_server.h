// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "edge/client_connection.h"
#include "util/result.h"

#include <QHash>
#include <QSet>

#include <functional>

namespace pdlb::edge {

/// The clients' side of one worker: accepts connections, puts a guard on each, and lets QHttpServer's machinery call
/// the handler of the request's path. 404 and 405 (with Allow) are answered here. Lives in its worker's thread.
class EdgeServer final : public QObject
{
    Q_OBJECT

public:
    using Handler = std::function<void(Exchange &)>;

    EdgeServer(const ClientConnection::Limits &limits, const Clock &clock, QObject *parent = nullptr);
    ~EdgeServer() override;

    /// GET routes answer HEAD too.
    void addRoute(const QByteArray &path, const QByteArrayList &methods, Handler handler);
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
    class Listener;
    class HttpServer;
    struct Route {
        QByteArrayList methods;
        Handler handler;
    };

    void adopt(qintptr descriptor, Listener *listener);
    bool dispatch(Exchange &exchange);
    void answerMissing(Exchange &exchange);

    ClientConnection::Limits m_limits;
    const Clock &m_clock;
    QHash<QByteArray, Route> m_routes;
    QSet<ClientConnection *> m_connections;
    std::unique_ptr<HttpServer> m_server;
    Listener *m_listener = nullptr; ///< child of m_server
    ClientConnection *m_given = nullptr; ///< whose head QHttpServer is about to read
    bool m_draining = false;
};

} // namespace pdlb::edge
