// SPDX-License-Identifier: Apache-2.0
#include "util/epoll_dispatcher.h"

#include <QRandomGenerator>
#include <QSocketNotifier>
#include <QTest>
#include <QThread>
#include <QTimer>

#include <memory>
#include <thread>

#include <sys/socket.h>
#include <unistd.h>

using namespace pdlb;

namespace {

/// A thread on the dispatcher, with an object that lives in it.
class DispatcherThread final : public QThread
{
public:
    DispatcherThread()
    {
        setEventDispatcher(new EpollDispatcher);
        m_context.moveToThread(this);
        start();
    }
    ~DispatcherThread() override
    {
        quit();
        wait();
    }
    template <typename F> void run(F f) { QMetaObject::invokeMethod(&m_context, f, Qt::BlockingQueuedConnection); }
    QObject *context() { return &m_context; }

private:
    QObject m_context;
};

struct SocketPair {
    SocketPair() { ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends); }
    ~SocketPair()
    {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    int ends[2] = {-1, -1};
};

} // namespace

class TestEpollDispatcher : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void quitIsNeverLost();
    void postedEventsWakeIt();
    void timersFireInOrder();
    void timerRepeatsUntilStopped();
    void socketsReport();
    void reusedDescriptorGetsNoOldEvents();
};

void TestEpollDispatcher::quitIsNeverLost()
{
    // The quit meets the thread on its way back to waiting, just after it has posted to itself: both use one flag. The
    // spin, different each time, sweeps over the few nanoseconds that matter.
    QRandomGenerator random(7);
    for (int round = 0; round < 4000; ++round) {
        QThread thread;
        thread.setEventDispatcher(new EpollDispatcher);
        QObject object;
        object.moveToThread(&thread);
        thread.start();
        std::atomic<int> handled{0};
        const auto handler = [&] {
            ++handled;
            QMetaObject::invokeMethod(&object, [] {}, Qt::QueuedConnection);
        };
        for (int i = 1; i <= 2; ++i) {
            QMetaObject::invokeMethod(&object, handler, Qt::QueuedConnection);
            while (handled < i)
                std::this_thread::yield();
        }
        for (std::atomic<int> spin = int(random.bounded(2000)); spin > 0; --spin) {
        }
        thread.quit();
        QVERIFY2(thread.wait(20'000), qPrintable(QString::number(round)));
    }
}

void TestEpollDispatcher::postedEventsWakeIt()
{
    DispatcherThread thread;
    int handled = 0;
    for (int i = 0; i < 1000; ++i)
        thread.run([&] { ++handled; });
    QCOMPARE(handled, 1000);
}

void TestEpollDispatcher::timersFireInOrder()
{
    DispatcherThread thread;
    QList<int> order;
    std::atomic<int> fired{0};
    thread.run([&] {
        for (const int delay : {30, 10, 20, 0}) {
            QTimer::singleShot(delay, Qt::PreciseTimer, thread.context(), [&order, &fired, delay] {
                order += delay;
                ++fired;
            });
        }
    });
    QTRY_COMPARE(fired.load(), 4);
    QCOMPARE(order, (QList<int>{0, 10, 20, 30}));
}

void TestEpollDispatcher::timerRepeatsUntilStopped()
{
    DispatcherThread thread;
    std::atomic<int> ticks{0};
    QTimer *timer = nullptr;
    thread.run([&] {
        timer = new QTimer(thread.context());
        connect(timer, &QTimer::timeout, timer, [&] {
            if (++ticks == 5)
                timer->stop();
        });
        timer->start(1);
    });
    QTRY_COMPARE(ticks.load(), 5);
    bool active = true;
    thread.run([&] {
        active = timer->isActive();
        delete timer;
    });
    QVERIFY(!active);
}

void TestEpollDispatcher::socketsReport()
{
    DispatcherThread thread;
    SocketPair pair;
    std::atomic<int> readable{0};
    std::atomic<int> writable{0};
    QSocketNotifier *read = nullptr;
    QSocketNotifier *write = nullptr;
    thread.run([&] {
        read = new QSocketNotifier(pair.ends[0], QSocketNotifier::Read, thread.context());
        write = new QSocketNotifier(pair.ends[0], QSocketNotifier::Write, thread.context());
        connect(read, &QSocketNotifier::activated, read, [&] {
            char byte;
            readable += int(::read(pair.ends[0], &byte, 1));
        });
        connect(write, &QSocketNotifier::activated, write, [&] {
            ++writable;
            write->setEnabled(false);
        });
    });
    QTRY_COMPARE(writable.load(), 1);
    QCOMPARE(::write(pair.ends[1], "abc", 3), ssize_t(3));
    QTRY_COMPARE(readable.load(), 3);
    thread.run([&] {
        delete read;
        delete write;
    });
}

void TestEpollDispatcher::reusedDescriptorGetsNoOldEvents()
{
    // Two readable sockets in one round: the first handler closes the second, whose number a new, silent one gets.
    DispatcherThread thread;
    for (int round = 0; round < 50; ++round) {
        SocketPair first;
        auto second = std::make_unique<SocketPair>();
        std::unique_ptr<SocketPair> third;
        std::atomic<bool> handled{false};
        int strays = 0;
        QList<QSocketNotifier *> notifiers;
        QCOMPARE(::write(first.ends[1], "a", 1), ssize_t(1));
        QCOMPARE(::write(second->ends[1], "b", 1), ssize_t(1));
        thread.run([&] {
            auto *other = new QSocketNotifier(second->ends[0], QSocketNotifier::Read, thread.context());
            auto *one = new QSocketNotifier(first.ends[0], QSocketNotifier::Read, thread.context());
            connect(other, &QSocketNotifier::activated, other, [other] { other->setEnabled(false); });
            connect(one, &QSocketNotifier::activated, one, [&, one, other] {
                one->setEnabled(false);
                other->setEnabled(false);
                second.reset();
                third = std::make_unique<SocketPair>();
                auto *late = new QSocketNotifier(third->ends[0], QSocketNotifier::Read, thread.context());
                notifiers += late;
                connect(late, &QSocketNotifier::activated, late, [&] { ++strays; });
                handled = true;
            });
            notifiers += {one, other};
        });
        QTRY_VERIFY(handled);
        thread.run([&] { qDeleteAll(notifiers); });
        QCOMPARE(strays, 0);
    }
}

QTEST_GUILESS_MAIN(TestEpollDispatcher)
#include "tst_epoll_dispatcher.moc"
