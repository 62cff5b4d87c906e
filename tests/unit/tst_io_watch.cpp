// SPDX-License-Identifier: Apache-2.0
#include "util/epoll_dispatcher.h"
#include "util/io_watch.h"

#include <QCoreApplication>
#include <QTest>
#include <QThread>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include <sys/socket.h>
#include <unistd.h>

using namespace pdlb;

namespace {

struct SocketPair {
    SocketPair() { ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends); }
    ~SocketPair()
    {
        ::close(ends[0]);
        ::close(ends[1]);
    }
    Q_DISABLE_COPY_MOVE(SocketPair)
    void send(QByteArrayView bytes) const { [[maybe_unused]] const auto n = ::write(ends[1], bytes.data(), size_t(bytes.size())); }
    int ends[2] = {-1, -1};
};

/// Does what it is told and counts.
struct Handler final : IoHandler {
    explicit Handler(int descriptor) : descriptor(descriptor) { watch.emplace(descriptor, *this); }
    void ioReadable() override
    {
        ++reads;
        char buffer[16];
        bytes += int(std::max<ssize_t>(::read(descriptor, buffer, sizeof buffer), 0));
        if (const auto call = onRead) // a copy: it may destroy this
            call();
    }
    void ioWritable() override
    {
        ++writes;
        if (const auto call = onWrite)
            call();
    }

    int descriptor;
    std::optional<IoWatch> watch;
    std::function<void()> onRead, onWrite;
    int reads = 0, writes = 0, bytes = 0;
};

} // namespace

/// The same rows on the epoll dispatcher, where a watch is a call, and on Qt's own, where it is a notifier.
class TestIoWatch : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void reads_data() { dispatchers(); }
    void reads();
    void pauses_data() { dispatchers(); }
    void pauses();
    void writesUntilToldNotTo_data() { dispatchers(); }
    void writesUntilToldNotTo();
    void mayGoInItsOwnCall_data() { dispatchers(); }
    void mayGoInItsOwnCall();
    void successorGetsNoOldEvents_data() { dispatchers(); }
    void successorGetsNoOldEvents();
    void endOfFileIsReadable_data() { dispatchers(); }
    void endOfFileIsReadable();

private:
    static void dispatchers();
    /// Runs `work` in a thread of the row's kind; `turn` lets the event loop handle what is there.
    static void run(const std::function<void(const std::function<void()> &turn)> &work);
};

void TestIoWatch::dispatchers()
{
    QTest::addColumn<bool>("epoll");
    QTest::newRow("epoll") << true;
    QTest::newRow("qt") << false;
}

void TestIoWatch::run(const std::function<void(const std::function<void()> &turn)> &work)
{
    struct Thread final : QThread {
        std::function<void()> body;
        void run() override { body(); }
    };
    QFETCH(bool, epoll);
    Thread thread;
    if (epoll)
        thread.setEventDispatcher(new EpollDispatcher);
    thread.body = [&] {
        work([] {
            for (int i = 0; i < 3; ++i)
                QThread::currentThread()->eventDispatcher()->processEvents(QEventLoop::AllEvents);
        });
        QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    };
    thread.start();
    thread.wait();
}

void TestIoWatch::reads()
{
    int before = -1, after = -1, bytes = -1;
    run([&](const auto &turn) {
        SocketPair pair;
        Handler handler(pair.ends[0]);
        handler.watch->setReading(true);
        turn();
        before = handler.reads;
        pair.send("abc");
        turn();
        after = handler.reads;
        bytes = handler.bytes;
    });
    QCOMPARE(before, 0);
    QCOMPARE(after, 1);
    QCOMPARE(bytes, 3);
}

void TestIoWatch::pauses()
{
    int paused = -1, resumed = -1;
    run([&](const auto &turn) {
        SocketPair pair;
        Handler handler(pair.ends[0]);
        handler.watch->setReading(true);
        turn();
        handler.watch->setReading(false);
        pair.send("abc");
        turn();
        paused = handler.reads;
        handler.watch->setReading(true);
        turn();
        resumed = handler.bytes;
    });
    QCOMPARE(paused, 0);
    QCOMPARE(resumed, 3); // level-triggered: what came meanwhile is not lost
}

void TestIoWatch::writesUntilToldNotTo()
{
    int writes = -1, later = -1;
    run([&](const auto &turn) {
        SocketPair pair;
        Handler handler(pair.ends[0]);
        handler.onWrite = [&] { handler.watch->setWriting(handler.writes < 2); };
        handler.watch->setWriting(true);
        turn();
        writes = handler.writes;
        turn();
        later = handler.writes;
    });
    QCOMPARE(writes, 2);
    QCOMPARE(later, 2);
}

void TestIoWatch::mayGoInItsOwnCall()
{
    bool gone = false;
    run([&](const auto &turn) {
        SocketPair pair;
        auto handler = std::make_unique<Handler>(pair.ends[0]);
        handler->watch->setReading(true);
        handler->watch->setWriting(true);
        pair.send("a");
        handler->onRead = [&] {
            handler.reset();
            gone = true;
        };
        turn();
    });
    QVERIFY(gone);
}

void TestIoWatch::successorGetsNoOldEvents()
{
    // Two are readable in one round; the first that is told closes the other one, whose number a silent one gets.
    int strays = -1, told = -1;
    run([&](const auto &turn) {
        auto first = std::make_unique<SocketPair>(), second = std::make_unique<SocketPair>();
        std::unique_ptr<SocketPair> third;
        auto one = std::make_unique<Handler>(first->ends[0]), other = std::make_unique<Handler>(second->ends[0]);
        std::unique_ptr<Handler> late;
        const auto replace = [&](std::unique_ptr<Handler> &victim, std::unique_ptr<SocketPair> &sockets) {
            if (late || !victim)
                return;
            victim.reset();
            sockets.reset();
            third = std::make_unique<SocketPair>();
            late = std::make_unique<Handler>(third->ends[0]);
            late->watch->setReading(true);
        };
        one->onRead = [&] { replace(other, second); };
        other->onRead = [&] { replace(one, first); };
        first->send("a");
        second->send("b");
        one->watch->setReading(true);
        other->watch->setReading(true);
        turn();
        told = (one ? one->reads : 0) + (other ? other->reads : 0);
        strays = late ? late->reads : -1;
    });
    QCOMPARE(told, 1);
    QCOMPARE(strays, 0);
}

void TestIoWatch::endOfFileIsReadable()
{
    int reads = -1;
    run([&](const auto &turn) {
        SocketPair pair;
        Handler handler(pair.ends[0]);
        handler.onRead = [&] { handler.watch->setReading(false); };
        handler.watch->setReading(true);
        ::shutdown(pair.ends[1], SHUT_RDWR);
        turn();
        reads = handler.reads;
    });
    QCOMPARE(reads, 1);
}

QTEST_GUILESS_MAIN(TestIoWatch)
#include "tst_io_watch.moc"
