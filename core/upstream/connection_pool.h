// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "upstream/stream_socket.h"

#include <QTimer>

#include <atomic>
#include <chrono>
#include <list>
#include <unordered_map>

namespace pdlb::upstream {

/// Idle keep-alive connections of one worker, by authority. SGLang's uvicorn closes idle ones after 5 s
/// (SGLANG_TIMEOUT_KEEP_ALIVE), so none is kept longer than 3 s, and each is looked at before reuse.
class ConnectionPool final : public QObject
{
    Q_OBJECT

public:
    explicit ConnectionPool(std::chrono::milliseconds maxIdle = std::chrono::seconds(3), QObject *parent = nullptr);
    ~ConnectionPool() override;

    /// An idle connection that is still open, or null.
    std::unique_ptr<StreamSocket> take(const QByteArray &authority);
    void put(const QByteArray &authority, std::unique_ptr<StreamSocket> socket);
    qsizetype idleCount() const { return m_count; }
    /// Further changes of idleCount() are made to that number too, which must outlive the pool.
    void countIdleIn(std::atomic<qint64> *counter) { m_counter = counter; }

private:
    struct Idle;
    void expire();
    void drop(Idle *idle);
    void changeCount(qsizetype by);

    std::unordered_map<QByteArray, std::list<std::unique_ptr<Idle>>> m_idle;
    QTimer m_timer;
    qsizetype m_count = 0;
    std::atomic<qint64> *m_counter = nullptr;
    std::chrono::milliseconds m_maxIdle;
};

} // namespace pdlb::upstream
