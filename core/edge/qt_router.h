// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

namespace pdlb::edge {

class Exchange;

/// Lets Qt HTTP Server call the handler of a request that was read and judged already. It gets a head of request line and
/// Host from a socket in memory and never sees a client's bytes. Requests to the engines do not go this way: Qt's part
/// (URL, header map, responder, signals) costs as much as everything else that a worker does for one.
class QtRouter final
{
public:
    using Handler = std::function<void(Exchange &)>;
    /// `dispatch` is called from within route().
    explicit QtRouter(Handler dispatch);
    ~QtRouter();
    QtRouter(const QtRouter &) = delete;
    QtRouter &operator=(const QtRouter &) = delete;

    /// Calls dispatch for the exchange. What is returned has to live until the request is answered, and to be dropped from
    /// the event loop, before the router.
    std::shared_ptr<void> route(Exchange &exchange);

private:
    /// Makes the server, not before it is needed: what it is made of loads OpenSSL, 4 MiB. False: its socket could not be made.
    bool start();

    class Listener;
    class HeadSocket;
    class HttpServer;
    struct Token;

    Handler m_dispatch;
    std::unique_ptr<HttpServer> m_server;
    std::unique_ptr<Listener> m_waiting; ///< the listener, until there is a server
    Listener *m_listener = nullptr; ///< child of m_server
    Exchange *m_given = nullptr; ///< whose head Qt is about to read
    Token *m_token = nullptr; ///< of the same
};

} // namespace pdlb::edge
