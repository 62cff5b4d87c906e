// SPDX-License-Identifier: Apache-2.0

// The edge in the test's own thread, where it can be told in which order things happen.
#include "edge/edge_server.h"
#include "edge/exchange.h"
#include "edge/listen_socket.h"
#include "util/clock.h"

#include <QSignalSpy>
#include <QTest>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace pdlb;
using namespace pdlb::edge;

namespace {

/// A socket that does nothing behind our back.
class RawClient
{
public:
    explicit RawClient(quint16 port) : m_descriptor(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))
    {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        m_connected = ::connect(m_descriptor, reinterpret_cast<const sockaddr *>(&address), sizeof address) == 0;
    }
    ~RawClient() { ::close(m_descriptor); }
    Q_DISABLE_COPY_MOVE(RawClient)

    bool isConnected() const { return m_connected; }
    bool send(const QByteArray &bytes) { return ::send(m_descriptor, bytes.data(), size_t(bytes.size()), MSG_NOSIGNAL) == bytes.size(); }
    /// Takes what has come; true at the end of the connection, which must be an orderly one.
    bool ended()
    {
        char buffer[4096];
        ssize_t n;
        while ((n = ::recv(m_descriptor, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
            received.append(buffer, n);
        return n == 0;
    }

    QByteArray received;

private:
    int m_descriptor;
    bool m_connected;
};

} // namespace

class TstEdgeServer : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void drainAnswersWhatHasArrived();
};

void TstEdgeServer::drainAnswersWhatHasArrived()
{
    const EdgeOptions options;
    EdgeShared shared(0);
    const ManualClock clock;
    EdgeServer server(options, shared, clock);
    server.addRoute("/", {"GET"}, [](Exchange &exchange) { exchange.respondJson(200, "{}"); });
    const auto sockets = openListenSockets(QHostAddress::LocalHost, 0, 1);
    QVERIFY(sockets);
    const quint16 port = localPort(sockets->first());
    QVERIFY(server.listen(sockets->first()));
    RawClient idle(port);
    RawClient asking(port);
    RawClient odd(port);
    QVERIFY(idle.isConnected() && asking.isConnected() && odd.isConnected());
    QTRY_COMPARE(server.connectionCount(), 3);

    QSignalSpy drained(&server, &EdgeServer::drained);
    QVERIFY(asking.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
    QVERIFY(odd.send("\r\n")); // empty lines before a request are nothing
    server.drain(); // before the event loop has seen any of it
    QTRY_VERIFY(idle.ended());
    QCOMPARE(idle.received, QByteArray());
    QTRY_VERIFY(asking.ended());
    QVERIFY2(asking.received.startsWith("HTTP/1.1 200 ") && asking.received.toLower().contains("\r\nconnection: close\r\n"),
             asking.received.constData());
    QTRY_VERIFY(odd.ended());
    QCOMPARE(odd.received, QByteArray());
    QTRY_COMPARE(drained.count(), 1);
}

QTEST_GUILESS_MAIN(TstEdgeServer)
#include "tst_edge_server.moc"
