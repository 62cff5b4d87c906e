// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QThread>

#include <functional>
#include <memory>

namespace pdlb::cli {

/// A thread for many connections: with the balancer's own event dispatcher, which costs what happens, not what is watched.
class ClientThread final
{
public:
    ClientThread();
    ~ClientThread() { finish(); }

    void begin();
    /// Runs it there, after what was posted before. Nothing happens before begin() and after finish().
    void post(std::function<void()> work);
    /// Waits for what was posted and ends it.
    void finish();

private:
    QThread m_thread;
    std::unique_ptr<QObject> m_context; ///< lives in the thread
};

} // namespace pdlb::cli
