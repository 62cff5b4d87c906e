// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "upstream/stream_socket.h"

#include <QTimer>

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
    qsizetype idleCount() const;

private:
    struct Idle;
    void expire();
    void drop(Idle *idle);

    std::unordered_map<QByteArray, std::list<std::unique_ptr<Idle>>> m_idle;
    QTimer m_timer;
    std::chrono::milliseconds m_maxIdle;
};

} // namespace pdlb::upstream
