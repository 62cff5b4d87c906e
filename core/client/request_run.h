// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "client/request_result.h"
#include "client/request_spec.h"
#include "http/sse.h"
#include "upstream/upstream_transport.h"

#include <QBasicTimer>

namespace pdlb::client {

/// Sends one request and measures its answer. Lives in the transport's thread.
class RequestRun final : public QObject
{
    Q_OBJECT

public:
    struct Options {
        bool keepText = false; ///< deltas are told by text()
        bool keepRaw = false; ///< what comes is told by raw()
        std::chrono::milliseconds timeout{0}; ///< of the whole request; 0: none
    };

    RequestRun(upstream::UpstreamTransport &transport, const upstream::Origin &origin, RequestBytes request, const Clock &clock, QObject *parent)
        : RequestRun(transport, origin, std::move(request), clock, parent, Options())
    {
    }
    RequestRun(upstream::UpstreamTransport &transport, const upstream::Origin &origin, RequestBytes request, const Clock &clock, QObject *parent,
               Options options);

    /// `intended`: when it should have begun, which is what times count from; now, unless given.
    void start(std::optional<Monotonic> intended = {});
    /// Closes the connection, by which the balancer aborts both legs. finished() follows at once.
    void abort();
    const RequestResult &result() const { return m_result; }

Q_SIGNALS:
    void text(const QByteArray &content, const QByteArray &reasoning);
    void raw(QByteArrayView bytes);
    /// Exactly once, and last.
    void finished();

protected:
    void timerEvent(QTimerEvent *event) override;

private:
    void onHead(const http::ResponseHead &head);
    void onData(QByteArrayView bytes);
    void onEvent(const QByteArray &event);
    void onDelta(const QByteArray &json);
    void takeFacts(const QByteArray &json);
    void readWhole();
    void noteError(const QString &error);
    void fail(const QString &error);
    void onFinished(const upstream::LegEnd &end);
    void finish();

    upstream::UpstreamTransport &m_transport;
    upstream::Origin m_origin;
    RequestBytes m_request;
    const Clock &m_clock;
    Options m_options;
    upstream::Leg *m_leg = nullptr; ///< child
    RequestResult m_result;
    QBasicTimer m_timeout; // stopped with the request: a single shot would stay until its time
    http::SseSplitter m_splitter;
    QByteArray m_body; ///< of an answer that is no stream
    std::vector<qsizetype> m_accumulated; ///< text so far by index, of streams that repeat it
    bool m_isSse = false;
    bool m_done = false;
    bool m_over = false;
};

} // namespace pdlb::client
