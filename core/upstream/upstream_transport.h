// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/message.h"
#include "upstream/origin.h"
#include "util/byte_pieces.h"

#include <QObject>

#include <chrono>

namespace pdlb::upstream {

/// One request to one engine. Headers are sent as given; Host, Content-Length and Connection are the transport's.
struct LegRequest {
    Origin origin;
    QByteArray method = "POST";
    QByteArray target; ///< path and query, behind the origin's base path
    http::HeaderList headers;
    BytePieces body;
    std::chrono::milliseconds connectTimeout{3000}; ///< 0: none
};

enum class LegEndKind {
    Complete, ///< the whole body is proven: Content-Length reached or terminating chunk seen
    Unproven, ///< the peer closed a body that only its closing delimits: it may be whole or cut
    Cut, ///< closed or reset before the answer was whole (or before it began)
    ProtocolError, ///< the bytes are no valid HTTP/1.1 answer
    ConnectFailed, ///< no connection: refused, unreachable, unknown host, TLS handshake
    ConnectTimeout,
    Exhausted, ///< this machine has no descriptor, port or memory left for a connection; the engine is not to blame
};

struct LegEnd {
    LegEndKind kind = LegEndKind::Complete;
    QString detail; ///< for people, what went wrong; empty when Complete
};

/// A request under way. The opener owns it; it lives in the transport's thread.
///
/// Order of signals: ready (unless isReady() at once), sent, head, data*, finished. `finished` comes exactly once and
/// last, never from within open(), unless abort() was called, after which there is no signal at all.
class Leg : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;

    /// True when a connection is there and send() may be called.
    virtual bool isReady() const = 0;
    /// Writes the request; call once, when ready. Splitting this from open() lets the caller hold every leg back until
    /// all have a connection, so that a refused connection leaves no half-started request on another engine.
    virtual void send() = 0;
    /// Stops and goes on reading (backpressure). Data already read may still be delivered.
    virtual void pause() = 0;
    virtual void resume() = 0;
    /// Closes the connection at once. No signal follows.
    virtual void abort() = 0;
    /// Whether any byte of the request was handed to the network; when in doubt, true.
    virtual bool wroteAnything() const = 0;
    /// Whether the connection had served an earlier request.
    virtual bool reusedConnection() const = 0;

Q_SIGNALS:
    void ready();
    void sent();
    void head(const pdlb::http::ResponseHead &head);
    void data(QByteArrayView bytes);
    void finished(const pdlb::upstream::LegEnd &end);
};

/// Sends legs. One object per worker thread; its legs live in that thread. Never re-sends a request, never follows a
/// redirect, keeps no cookies, uses no proxy.
class UpstreamTransport : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;
    /// Starts connecting (or takes an idle connection). The leg becomes a child of `owner`.
    virtual Leg *open(LegRequest request, QObject *owner) = 0;
};

} // namespace pdlb::upstream
