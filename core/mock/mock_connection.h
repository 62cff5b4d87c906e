// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message_reader.h"
#include "mock/mock_exchange.h"

#include <QTimer>

class QTcpSocket;

namespace pdlb::mock {

class MockHttpServer;

/// One accepted connection of a MockHttpServer: reads requests one after another and gives each to the server's
/// handlers. The next request is looked at once the answer has ended.
class MockConnection final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(MockConnection)

public:
    MockConnection(QTcpSocket *socket, MockHttpServer *server);

    /// RST at once.
    void drop();

private:
    bool mayRead() const;
    void readInput();
    void consumeInput();
    void startIdleTimer();
    void beginExchange();
    void endExchange();
    void refuse(const http::ProtocolError &error);
    void lingerAndDiscard();
    void onDisconnected();

    MockHttpServer *m_server;
    QTcpSocket *m_socket;
    http::RequestReader m_reader;
    QByteArray m_input;
    MockExchange *m_exchange = nullptr;
    QTimer m_idle;
    bool m_discarding = false;
    bool m_reading = false;
};

} // namespace pdlb::mock
