// SPDX-License-Identifier: Apache-2.0

// T96 of the HTTP reference: the system's clock is set back and forth while requests run. This program's own
// clock_gettime() goes before the C library's, also for the libraries.
#include "scripts.h"

#include "fleet/fleet.h"

#include <QDateTime>

#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

namespace {

std::atomic<time_t> jump{0}; ///< seconds

}

extern "C" int clock_gettime(clockid_t id, timespec *time) noexcept
{
    const int result = int(::syscall(SYS_clock_gettime, id, time));
    if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        time->tv_sec += jump;
    return result;
}

extern "C" int gettimeofday(timeval *__restrict time, void *__restrict) noexcept
{
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    *time = {now.tv_sec, now.tv_nsec / 1000};
    return 0;
}

using namespace pdlb;
using namespace pdlb::test;
using namespace Qt::StringLiterals;
using namespace std::chrono_literals;

class TstClockJump : public RigTest
{
    Q_OBJECT

private Q_SLOTS:
    void jumps_data() { transports(); }
    void jumps();
};

void TstClockJump::jumps()
{
    Setup setup;
    setup.health = true;
    setup.change = [](Config &config) {
        config.serverMaxInFlight = 2;
        config.health.interval = 100ms;
        config.health.timeout = 30s; // a busy machine is no failure
    };
    QVERIFY(begin(setup));
    const auto state = m_rig->balancer.snapshot()->decode[0].state;
    PDLB_WAIT_EQUAL(state->health.health(), fleet::Health::Up);
    Client idle(m_rig->port());
    idle.get("/livez");
    PDLB_WAIT(idle.done());
    m_rig->decode().addFault(u"decode:stall=after-2,count=2"_s);
    std::vector<std::unique_ptr<Client>> streams;
    for (int i = 0; i < 2; ++i) {
        streams.push_back(m_rig->client());
        streams.back()->post("/generate", QByteArray(generateStream));
        PDLB_WAIT(streams.back()->received() > 0);
    }
    Client queued(m_rig->port());
    queued.post("/generate", QByteArray(generateBody));
    PDLB_WAIT_EQUAL(m_rig->balancer.inFlight(), 3);
    for (const time_t seconds : {time_t(3600), time_t(-3600), time_t(0)}) {
        const qint64 before = QDateTime::currentSecsSinceEpoch();
        const time_t last = jump.exchange(seconds);
        QVERIFY(std::abs(QDateTime::currentSecsSinceEpoch() - before - qint64(seconds - last)) < 60); // it does go
        const quint64 probes = state->probes;
        PDLB_WAIT(state->probes >= probes + 3);
        settle();
        QCOMPARE(state->health.health(), fleet::Health::Up);
        QCOMPARE(state->breaker.report(SteadyClock::instance().now()).state, fleet::Breaker::State::Closed);
        for (const auto &stream : streams)
            QVERIFY2(!stream->done(), stream->describe().constData()); // no deadline is over
        QVERIFY(!queued.done());
        QVERIFY(!idle.closed());
    }
    QVERIFY2(state->probes < 1000, "a mass of probes");
    streams.clear();
    PDLB_WAIT(queued.done());
    QCOMPARE(queued.status(), 200);
}

QTEST_GUILESS_MAIN(TstClockJump)
#include "tst_clock_jump.moc"
