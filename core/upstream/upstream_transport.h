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
    QByteArray authority; ///< of the origin, when somebody has it at hand; else empty
    QByteArray method = QByteArrayLiteral("POST");
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

/// Told what happens to a leg, in this order: ready (unless isReady() at once), sent, head, data*, finished. `finished`
/// comes exactly once and last, never from within open(), unless abort() was called, after which nothing is told. May abort
/// the leg in any call, but not delete it.
class LegObserver
{
public:
    virtual void legReady() = 0;
    virtual void legSent() = 0;
    virtual void legHead(const http::ResponseHead &head) = 0;
    virtual void legData(QByteArrayView bytes) = 0;
    virtual void legFinished(const LegEnd &end) = 0;

protected:
    ~LegObserver() = default;
};

/// A request under way. The opener owns it; it lives in the transport's thread.
class Leg : public QObject
{
    Q_OBJECT

public:
    using QObject::QObject;

    /// Right after open(). A call and no signal: connecting five of them costs more than what a leg says. Where that does
    /// not matter, LegSignals has them.
    void setObserver(LegObserver *observer) { m_observer = observer ? observer : &nobody(); }

    /// True when a connection is there and send() may be called.
    virtual bool isReady() const = 0;
    /// Writes the request; call once, when ready. Splitting this from open() lets the caller hold every leg back until
    /// all have a connection, so that a refused connection leaves no half-started request on another engine.
    virtual void send() = 0;
    /// Stops and goes on reading (backpressure). Data already read may still be delivered.
    virtual void pause() = 0;
    virtual void resume() = 0;
    /// Closes the connection at once. Nothing is told any more.
    virtual void abort() = 0;
    /// Whether any byte of the request was handed to the network; when in doubt, true.
    virtual bool wroteAnything() const = 0;
    /// Whether the connection had served an earlier request.
    virtual bool reusedConnection() const = 0;

protected:
    /// Somebody in any case.
    LegObserver &observer() const { return *m_observer; }

private:
    static LegObserver &nobody();
    LegObserver *m_observer = &nobody();
};

/// What a leg tells, as signals. Its child.
class LegSignals final : public QObject, private LegObserver
{
    Q_OBJECT

public:
    explicit LegSignals(Leg *leg) : QObject(leg) { leg->setObserver(this); }

Q_SIGNALS:
    void ready();
    void sent();
    void head(const pdlb::http::ResponseHead &head);
    void data(QByteArrayView bytes);
    void finished(const pdlb::upstream::LegEnd &end);

private:
    void legReady() override { Q_EMIT ready(); }
    void legSent() override { Q_EMIT sent(); }
    void legHead(const http::ResponseHead &answer) override { Q_EMIT head(answer); }
    void legData(QByteArrayView bytes) override { Q_EMIT data(bytes); }
    void legFinished(const LegEnd &end) override { Q_EMIT finished(end); }
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
