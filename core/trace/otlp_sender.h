// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "http/header_list.h"
#include "trace/trace_sink.h"
#include "util/result.h"
#include "util/tls_files.h"

#include <QNetworkAccessManager>
#include <QTimer>
#include <QUrl>

#include <atomic>
#include <deque>
#include <mutex>

class QNetworkReply;

namespace pdlb::trace {

/// Sends finished requests as spans to an OpenTelemetry collector, by OTLP/HTTP with JSON (OTLP specification 1.x, "OTLP/HTTP"):
/// batches, one at a time; 429, 502, 503, 504 and failures of the connection are retried after Retry-After or with exponential
/// back-off and jitter, everything else is not. The queue is bounded: the oldest is dropped for the newest, and counted.
/// record() is for any thread, the rest for the sender's own.
class OtlpSender final : public QObject, public TraceSink
{
    Q_OBJECT

public:
    struct Options {
        QUrl endpoint; ///< as given; "/v1/traces" is added to an endpoint without a path
        http::HeaderList headers; ///< sent with each batch; may hold secrets
        ClientTls tls;
        size_t maxQueue = 4096; ///< requests
        size_t maxBatch = 512; ///< requests
        std::chrono::milliseconds delay = std::chrono::seconds(1); ///< what comes within it goes together
        std::chrono::milliseconds timeout = std::chrono::seconds(10); ///< for an answer
        std::chrono::milliseconds firstPause = std::chrono::seconds(1); ///< doubled each time …
        std::chrono::milliseconds longestPause = std::chrono::seconds(60); ///< … up to this, which bounds Retry-After too
        int attempts = 8; ///< of one batch
    };

    explicit OtlpSender(Options options, QObject *parent = nullptr);
    ~OtlpSender() override;

    void record(const TimelinePtr &timeline) override;
    /// Sends what waits without further delay.
    void flush();
    /// Nothing waits and nothing is under way.
    bool isIdle() const;

    qint64 sent() const { return m_sent.load(std::memory_order_relaxed); } ///< requests
    qint64 dropped() const { return m_dropped.load(std::memory_order_relaxed); }

    /// How long to wait as that Retry-After says: seconds, or a date. Nothing when it says neither.
    static std::optional<std::chrono::milliseconds> retryAfter(const QByteArray &field, const QDateTime &now);
    /// Header fields as people write them: "name=value,name2=value2" with percent-encoded values (as in OTEL_EXPORTER_OTLP_HEADERS), or
    /// "Name: value", one text each. Errors do not show values.
    static Result<http::HeaderList> parseHeaders(const QByteArrayList &texts);

Q_SIGNALS:
    void idle();

private:
    void arm();
    void send();
    void post();
    void finished(QNetworkReply *reply);
    void retry(const QString &reason, std::optional<std::chrono::milliseconds> after);
    void giveUp(const QString &reason);
    void next();

    const Options m_options;
    QNetworkAccessManager m_manager;
    QTimer m_timer; ///< until the next batch, or the next attempt
    std::atomic<qint64> m_sent{0};
    std::atomic<qint64> m_dropped{0};
    mutable std::mutex m_mutex;
    std::deque<TimelinePtr> m_queue; ///< under the mutex
    bool m_armed = false; ///< likewise: the timer runs or a batch is under way
    QByteArray m_body; ///< of the batch under way
    qint64 m_batch = 0; ///< requests in it
    int m_attempt = 0;
    QNetworkReply *m_reply = nullptr; ///< child of m_manager
    Monotonic m_toldAt{0};
};

} // namespace pdlb::trace
