// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "util/io_watch.h"

#include <QAbstractEventDispatcher>

#include <atomic>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace pdlb {

/// An event dispatcher on epoll for threads with many sockets: a wake-up costs what happened, not what is watched. Qt's
/// own dispatcher polls every descriptor each time, which was a quarter of a worker's CPU at 100 streams. Set it with
/// QThread::setEventDispatcher() before the thread starts. Linux only.
class EpollDispatcher final : public QAbstractEventDispatcher
{
    Q_OBJECT

public:
    explicit EpollDispatcher(QObject *parent = nullptr);
    ~EpollDispatcher() override;

    /// For IoWatch: who is told of a descriptor, beside its notifiers. Neither reading nor writing: nobody, from now on.
    void setHandler(int descriptor, IoHandler *handler, bool reading, bool writing);
    /// The same for a descriptor that is closed next and that nobody else watches or holds a copy of.
    void forgetHandler(int descriptor);

    bool processEvents(QEventLoop::ProcessEventsFlags flags) override;
    void registerSocketNotifier(QSocketNotifier *notifier) override;
    void unregisterSocketNotifier(QSocketNotifier *notifier) override;
    void registerTimer(int timerId, qint64 interval, Qt::TimerType timerType, QObject *object) override;
    bool unregisterTimer(int timerId) override;
    bool unregisterTimers(QObject *object) override;
    QList<TimerInfo> registeredTimers(QObject *object) const override;
    int remainingTime(int timerId) override;
    void wakeUp() override;
    void interrupt() override;

private:
    using Nanoseconds = qint64;

    /// Who is told of one descriptor. `generation` tells events of a closed descriptor from those of its successor.
    struct Watch {
        QSocketNotifier *notifiers[3] = {}; ///< by QSocketNotifier::Type
        IoHandler *handler = nullptr;
        quint32 handlerMask = 0; ///< what the handler is told
        quint32 inKernel = 0; ///< event mask that epoll knows
        quint32 generation = 0;
        bool dirty = false;
    };
    struct Timer {
        int id = 0;
        QObject *object = nullptr;
        Qt::TimerType type = Qt::CoarseTimer;
        qint64 interval = 0; ///< milliseconds
        Nanoseconds due = 0;
        bool firing = false;
    };
    using Queue = std::multimap<Nanoseconds, Timer *>;

    static Nanoseconds now();
    static quint32 wantedMask(const Watch &watch);
    Watch &watchOf(size_t descriptor);
    void changed(size_t descriptor, Watch &watch);
    /// Tells those who wait for it of one event; how many were told.
    int tell(size_t descriptor, quint32 generation, quint32 events);
    void applyChanges();
    void applyMask(int descriptor, Watch &watch);
    int waitMilliseconds() const;
    int dispatchSockets(int timeout);
    int fireTimers();
    void enqueue(Timer &timer);
    void dequeue(const Timer &timer);

    int m_epoll = -1;
    int m_event = -1; ///< eventfd of wakeUp()
    std::vector<Watch> m_watches; ///< by descriptor
    std::vector<int> m_dirty;
    std::unordered_map<int, std::unique_ptr<Timer>> m_timers;
    Queue m_queue;
    std::atomic<bool> m_interrupted{false};
    std::atomic<bool> m_woken{false};
};

} // namespace pdlb
