// SPDX-License-Identifier: Apache-2.0
#include "upstream/connection_pool.h"

namespace pdlb::upstream {

using SteadyTime = std::chrono::steady_clock::time_point;

/// A waiting connection; any byte or close while it waits makes it useless.
struct ConnectionPool::Idle final : StreamSocket::Observer {
    Idle(ConnectionPool *pool, QByteArray authority, std::unique_ptr<StreamSocket> socket)
        : pool(pool), authority(std::move(authority)), socket(std::move(socket)), since(std::chrono::steady_clock::now())
    {
        this->socket->setObserver(this);
    }
    void socketConnected() override {}
    void socketDrained() override {}
    void socketData(QByteArrayView) override { pool->drop(this); }
    void socketClosed(int) override { pool->drop(this); }

    ConnectionPool *pool;
    QByteArray authority;
    std::unique_ptr<StreamSocket> socket;
    SteadyTime since;
};

ConnectionPool::ConnectionPool(std::chrono::milliseconds maxIdle, QObject *parent) : QObject(parent), m_maxIdle(maxIdle)
{
    m_timer.setInterval(500);
    connect(&m_timer, &QTimer::timeout, this, &ConnectionPool::expire);
}

ConnectionPool::~ConnectionPool()
{
    changeCount(-m_count);
}

std::unique_ptr<StreamSocket> ConnectionPool::take(const QByteArray &authority)
{
    const auto found = m_idle.find(authority);
    if (found == m_idle.end())
        return nullptr;
    const SteadyTime oldest = std::chrono::steady_clock::now() - m_maxIdle;
    auto &list = found->second;
    while (!list.empty()) {
        // The newest first: the others may grow old and go.
        std::unique_ptr<Idle> idle = std::move(list.back());
        list.pop_back();
        changeCount(-1);
        if (idle->since >= oldest && idle->socket->isQuiet()) {
            idle->socket->setObserver(nullptr);
            idle->socket->forgetWrites();
            return std::move(idle->socket);
        }
    }
    return nullptr;
}

void ConnectionPool::put(const QByteArray &authority, std::unique_ptr<StreamSocket> socket)
{
    m_idle[authority].push_back(std::make_unique<Idle>(this, authority, std::move(socket)));
    changeCount(1);
    if (!m_timer.isActive())
        m_timer.start();
}

void ConnectionPool::changeCount(qsizetype by)
{
    m_count += by;
    if (m_counter)
        m_counter->fetch_add(by, std::memory_order_relaxed);
}

void ConnectionPool::drop(Idle *idle)
{
    const auto found = m_idle.find(idle->authority);
    if (found == m_idle.end())
        return;
    StreamSocket::dispose(std::move(idle->socket));
    changeCount(-qsizetype(found->second.remove_if([&](const std::unique_ptr<Idle> &entry) { return entry.get() == idle; })));
}

void ConnectionPool::expire()
{
    const SteadyTime oldest = std::chrono::steady_clock::now() - m_maxIdle;
    for (auto entry = m_idle.begin(); entry != m_idle.end();) {
        changeCount(-qsizetype(entry->second.remove_if([&](const std::unique_ptr<Idle> &idle) { return idle->since < oldest; })));
        entry = entry->second.empty() ? m_idle.erase(entry) : std::next(entry);
    }
    if (m_idle.empty())
        m_timer.stop();
}

} // namespace pdlb::upstream
