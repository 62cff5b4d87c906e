// SPDX-License-Identifier: Apache-2.0
#include "util/epoll_dispatcher.h"

#include <QCoreApplication>
#include <QSocketNotifier>
#include <QThread>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace pdlb {

namespace {

constexpr qint64 nanosecondsPerMillisecond = 1'000'000;
constexpr quint64 wakeUpTag = ~quint64(0);
constexpr int eventsPerWait = 256;

constexpr quint32 maskOf(int type)
{
    constexpr quint32 masks[] = {EPOLLIN, EPOLLOUT, EPOLLPRI};
    return masks[type];
}

} // namespace

EpollDispatcher::EpollDispatcher(QObject *parent)
    : QAbstractEventDispatcher(parent), m_epoll(::epoll_create1(EPOLL_CLOEXEC)),
      m_event(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))
{
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = wakeUpTag;
    if (m_epoll < 0 || m_event < 0 || ::epoll_ctl(m_epoll, EPOLL_CTL_ADD, m_event, &event) != 0)
        qFatal("cannot set up epoll: %s", std::strerror(errno));
}

EpollDispatcher::~EpollDispatcher()
{
    ::close(m_event);
    ::close(m_epoll);
}

EpollDispatcher::Nanoseconds EpollDispatcher::now()
{
    return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

bool EpollDispatcher::processEvents(QEventLoop::ProcessEventsFlags flags)
{
    // Posted from here on: wakeUp() sets the flag again and the wait below does not block.
    m_woken.exchange(false, std::memory_order_acq_rel);
    Q_EMIT awake();
    QCoreApplication::sendPostedEvents();

    // An interrupt() from before this call counts too: the loop may have looked at its exit flag just before it.
    const bool interrupted = m_interrupted.exchange(false, std::memory_order_acq_rel);
    const bool mayWait = flags.testFlag(QEventLoop::WaitForMoreEvents) && !interrupted
        && !m_woken.load(std::memory_order_acquire);
    if (mayWait)
        Q_EMIT aboutToBlock();
    applyChanges();
    int processed = dispatchSockets(mayWait ? waitMilliseconds() : 0);
    if (!flags.testFlag(QEventLoop::X11ExcludeTimers))
        processed += fireTimers();
    return processed > 0;
}

int EpollDispatcher::waitMilliseconds() const
{
    if (m_queue.empty())
        return -1;
    const Nanoseconds left = m_queue.begin()->first - now();
    return left <= 0 ? 0 : int(std::min<qint64>((left + nanosecondsPerMillisecond - 1) / nanosecondsPerMillisecond, 1 << 30));
}

int EpollDispatcher::dispatchSockets(int timeout)
{
    std::array<epoll_event, eventsPerWait> events;
    const int count = ::epoll_wait(m_epoll, events.data(), eventsPerWait, timeout);
    int activated = 0;
    for (int i = 0; i < count; ++i) {
        const quint64 tag = events[size_t(i)].data.u64;
        if (tag == wakeUpTag) {
            quint64 value;
            while (::read(m_event, &value, sizeof value) > 0) {
            }
            continue;
        }
        activated += tell(size_t(tag & 0xffffffff), quint32(tag >> 32), events[size_t(i)].events);
    }
    return activated;
}

int EpollDispatcher::tell(size_t descriptor, quint32 generation, quint32 events)
{
    constexpr quint32 failed = EPOLLHUP | EPOLLERR;
    // Looked up anew each time: who was told before may have closed the descriptor, or grown the list.
    const auto current = [&]() -> Watch * { return m_watches[descriptor].generation == generation ? &m_watches[descriptor] : nullptr; };
    int told = 0;
    const auto handlerFor = [&](quint32 type) -> IoHandler * {
        const Watch *watch = current();
        if (!watch || !(watch->handlerMask & type) || !(events & (type | failed)))
            return nullptr;
        ++told;
        return watch->handler;
    };
    if (IoHandler *handler = handlerFor(EPOLLIN))
        handler->ioReadable();
    if (IoHandler *handler = handlerFor(EPOLLOUT))
        handler->ioWritable();
    for (int type = 0; type < 3; ++type) {
        const Watch *watch = current();
        QSocketNotifier *notifier = watch ? watch->notifiers[type] : nullptr;
        if (!notifier || !(events & (maskOf(type) | failed)))
            continue;
        QEvent event(QEvent::SockAct);
        QCoreApplication::sendEvent(notifier, &event);
        ++told;
    }
    return told;
}

quint32 EpollDispatcher::wantedMask(const Watch &watch)
{
    quint32 mask = watch.handlerMask;
    for (int type = 0; type < 3; ++type)
        mask |= watch.notifiers[type] ? maskOf(type) : 0;
    return mask;
}

EpollDispatcher::Watch &EpollDispatcher::watchOf(size_t descriptor)
{
    if (descriptor >= m_watches.size())
        m_watches.resize(std::max(descriptor + 1, m_watches.size() * 2));
    return m_watches[descriptor];
}

void EpollDispatcher::changed(size_t descriptor, Watch &watch)
{
    if (wantedMask(watch) == 0) {
        // At once: the descriptor may be closed and given to another socket before the next wait.
        if (watch.inKernel)
            ::epoll_ctl(m_epoll, EPOLL_CTL_DEL, int(descriptor), nullptr);
        watch.inKernel = 0;
        ++watch.generation;
    } else if (!std::exchange(watch.dirty, true)) {
        m_dirty.push_back(int(descriptor));
    }
}

void EpollDispatcher::setHandler(int descriptor, IoHandler *handler, bool reading, bool writing)
{
    Watch &watch = watchOf(size_t(descriptor));
    watch.handler = handler;
    watch.handlerMask = (reading ? quint32(EPOLLIN) : 0) | (writing ? quint32(EPOLLOUT) : 0);
    changed(size_t(descriptor), watch);
}

void EpollDispatcher::forgetHandler(int descriptor)
{
    Watch &watch = watchOf(size_t(descriptor));
    watch.inKernel = 0;
    setHandler(descriptor, nullptr, false, false);
}

void EpollDispatcher::registerSocketNotifier(QSocketNotifier *notifier)
{
    Watch &watch = watchOf(size_t(notifier->socket()));
    watch.notifiers[notifier->type()] = notifier;
    changed(size_t(notifier->socket()), watch);
}

void EpollDispatcher::unregisterSocketNotifier(QSocketNotifier *notifier)
{
    const auto descriptor = size_t(notifier->socket());
    if (descriptor >= m_watches.size() || m_watches[descriptor].notifiers[notifier->type()] != notifier)
        return;
    Watch &watch = m_watches[descriptor];
    watch.notifiers[notifier->type()] = nullptr;
    changed(descriptor, watch);
}

void EpollDispatcher::applyChanges()
{
    for (const int descriptor : m_dirty) {
        Watch &watch = m_watches[size_t(descriptor)];
        watch.dirty = false;
        applyMask(descriptor, watch);
    }
    m_dirty.clear();
}

void EpollDispatcher::applyMask(int descriptor, Watch &watch)
{
    const quint32 mask = wantedMask(watch);
    if (mask == watch.inKernel)
        return;
    epoll_event event{};
    event.events = mask;
    event.data.u64 = quint64(watch.generation) << 32 | quint32(descriptor);
    const int operation = watch.inKernel ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    if (::epoll_ctl(m_epoll, operation, descriptor, &event) == 0)
        watch.inKernel = mask;
    else
        qWarning("epoll_ctl on descriptor %d: %s", descriptor, std::strerror(errno));
}

void EpollDispatcher::enqueue(Timer &timer)
{
    m_queue.emplace(timer.due, &timer);
}

void EpollDispatcher::dequeue(const Timer &timer)
{
    const auto [begin, end] = m_queue.equal_range(timer.due);
    const auto found = std::find_if(begin, end, [&](const auto &entry) { return entry.second == &timer; });
    if (found != end)
        m_queue.erase(found);
}

void EpollDispatcher::registerTimer(int timerId, qint64 interval, Qt::TimerType timerType, QObject *object)
{
    auto timer = std::make_unique<Timer>();
    timer->id = timerId;
    timer->object = object;
    timer->type = timerType;
    timer->interval = interval;
    timer->due = now() + interval * nanosecondsPerMillisecond;
    enqueue(*timer);
    m_timers[timerId] = std::move(timer);
}

bool EpollDispatcher::unregisterTimer(int timerId)
{
    const auto found = m_timers.find(timerId);
    if (found == m_timers.end())
        return false;
    dequeue(*found->second);
    m_timers.erase(found);
    return true;
}

bool EpollDispatcher::unregisterTimers(QObject *object)
{
    return std::erase_if(m_timers, [&](const auto &entry) {
        if (entry.second->object != object)
            return false;
        dequeue(*entry.second);
        return true;
    }) > 0;
}

QList<QAbstractEventDispatcher::TimerInfo> EpollDispatcher::registeredTimers(QObject *object) const
{
    QList<TimerInfo> list;
    for (const auto &[id, timer] : m_timers) {
        if (timer->object == object)
            list.append(TimerInfo(id, int(timer->interval), timer->type));
    }
    return list;
}

int EpollDispatcher::remainingTime(int timerId)
{
    const auto found = m_timers.find(timerId);
    if (found == m_timers.end())
        return -1;
    return int(std::max<qint64>(0, (found->second->due - now()) / nanosecondsPerMillisecond));
}

int EpollDispatcher::fireTimers()
{
    if (m_queue.empty())
        return 0;
    const Nanoseconds time = now();
    int fired = 0;
    // A timer that becomes due while others fire waits for the next round; so does one of interval 0 for its second shot.
    std::vector<int> due;
    for (auto entry = m_queue.begin(); entry != m_queue.end() && entry->first <= time; ++entry)
        due.push_back(entry->second->id);
    for (const int id : due) {
        const auto found = m_timers.find(id);
        if (found == m_timers.end() || found->second->firing)
            continue;
        Timer &timer = *found->second;
        dequeue(timer);
        timer.due = std::max(timer.due + timer.interval * nanosecondsPerMillisecond, time);
        enqueue(timer);
        timer.firing = true; // not again from a nested loop
        QTimerEvent event(id);
        QCoreApplication::sendEvent(timer.object, &event);
        ++fired;
        if (const auto still = m_timers.find(id); still != m_timers.end())
            still->second->firing = false;
    }
    return fired;
}

void EpollDispatcher::wakeUp()
{
    // From its own thread the flag is enough: it is looked at before the next wait.
    if (m_woken.exchange(true, std::memory_order_acq_rel) || QThread::currentThread() == thread())
        return;
    const quint64 one = 1;
    [[maybe_unused]] const ssize_t written = ::write(m_event, &one, sizeof one);
}

void EpollDispatcher::interrupt()
{
    m_interrupted.store(true, std::memory_order_release);
    wakeUp();
}

} // namespace pdlb
