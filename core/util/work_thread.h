// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QThread>

#include <functional>
#include <memory>

namespace pdlb {

/// A thread for many connections: with the balancer's own event dispatcher, which costs what happens, not what is watched.
/// All methods are for its owner's thread.
class WorkThread final
{
    Q_DISABLE_COPY_MOVE(WorkThread)

public:
    explicit WorkThread(const QString &name);
    ~WorkThread() { finish(); }

    void begin();
    /// Runs it there, after what was posted before. Nothing happens before begin() and after finish().
    void post(std::function<void()> work);
    /// Waits for what was posted, and for `last`, and ends it.
    void finish(std::function<void()> last = {});

private:
    QThread m_thread;
    std::unique_ptr<QObject> m_context; ///< lives in the thread
};

} // namespace pdlb
