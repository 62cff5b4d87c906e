// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "relay/worker.h"

#include <QThread>

#include <atomic>

namespace pdlb::relay {

/// Runs one worker, which is made, used and destroyed inside the thread. All methods are for the owner's thread.
class WorkerThread final : public QThread
{
    Q_OBJECT

public:
    /// Takes the listening socket over.
    WorkerThread(SharedState &shared, int descriptor);
    /// Ends it at once and waits.
    ~WorkerThread() override;

    void begin();
    bool begun() const { return m_started; }
    void askConfigure() { Q_EMIT configureRequested(); }
    void askDrain();
    void askForce();
    void askAbort(const QByteArray &requestId) { Q_EMIT abortRequested(requestId); }
    bool isDrained() const { return m_drained; }

Q_SIGNALS:
    void configureRequested();
    void drainRequested();
    void forceRequested();
    void abortRequested(const QByteArray &requestId);
    void drained();

protected:
    void run() override;

private:
    SharedState &m_shared;
    int m_descriptor;
    std::atomic<bool> m_drainAsked{false};
    std::atomic<bool> m_forceAsked{false};
    bool m_started = false;
    bool m_drained = false; ///< in the owner's thread
};

} // namespace pdlb::relay
