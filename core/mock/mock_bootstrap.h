// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "mock/mock_http_server.h"
#include "mock/mock_options.h"

namespace pdlb::mock {

/// A prefill's bootstrap server: GET /health and GET /route, PUT /route (registration, accepted and ignored).
class MockBootstrap final : public QObject
{
    Q_OBJECT
    Q_DISABLE_COPY_MOVE(MockBootstrap)

public:
    explicit MockBootstrap(MockOptions options, QObject *parent = nullptr);

    Result<void> listen(const QHostAddress &address, quint16 port) { return m_http.listen(address, port); }
    MockHttpServer &http() { return m_http; }
    const MockHttpServer &http() const { return m_http; }
    /// The prefill's HTTP port, told by /route.
    void setHttpPort(quint16 port) { m_httpPort = port; }
    /// False: /route answers 503, as while the prefill's workers still load.
    void setRegistered(bool registered) { m_registered = registered; }
    bool isRegistered() const { return m_registered; }

private:
    void handle(MockExchange &exchange);
    void route(MockExchange &exchange);

    MockOptions m_options;
    MockHttpServer m_http;
    quint16 m_httpPort = 0;
    bool m_registered;
};

} // namespace pdlb::mock
