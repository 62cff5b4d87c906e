// SPDX-License-Identifier: Apache-2.0

// Places for requests and memory for bodies, from one thread and from several.
#include "relay/admission.h"
#include "util/byte_budget.h"

#include <QTest>

#include <thread>

using namespace pdlb;
using namespace pdlb::relay;

class TstAdmission : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void unlimited();
    void firstComeFirstServed();
    void leavingTheQueue();
    void noQueue();
    void busyServers();
    void placeFreedMeanwhile();
    void threads();
    void budget();
    void budgetWithoutLimit();
    void budgetInThreads();
};

void TstAdmission::unlimited()
{
    Admission admission(0, 0);
    std::vector<std::unique_ptr<Admission::Ticket>> tickets;
    for (int i = 0; i < 1000; ++i) {
        tickets.push_back(std::make_unique<Admission::Ticket>(admission, [] { QFAIL("nobody waited"); }));
        QCOMPARE(admission.enter(*tickets.back()), Admission::Verdict::Run);
    }
}

void TstAdmission::firstComeFirstServed()
{
    Admission admission(2, 2);
    QList<int> woken;
    std::vector<std::unique_ptr<Admission::Ticket>> tickets;
    QList<Admission::Verdict> verdicts;
    for (int i = 0; i < 5; ++i) {
        tickets.push_back(std::make_unique<Admission::Ticket>(admission, [&woken, i] { woken.append(i); }));
        verdicts.append(admission.enter(*tickets.back()));
    }
    using enum Admission::Verdict;
    QCOMPARE(verdicts, (QList{Run, Run, Wait, Wait, Refuse}));
    tickets[4].reset(); // had no place to give
    QVERIFY(woken.isEmpty());
    tickets[1].reset();
    QCOMPARE(woken, QList{2});
    tickets[2].reset();
    QCOMPARE(woken, (QList{2, 3}));
    tickets[0].reset();
    tickets[3].reset();
    Admission::Ticket last(admission, [] {});
    QCOMPARE(admission.enter(last), Run);
}

void TstAdmission::leavingTheQueue()
{
    Admission admission(1, 1);
    Admission::Ticket running(admission, [] {});
    QCOMPARE(admission.enter(running), Admission::Verdict::Run);
    {
        Admission::Ticket gone(admission, [] { QFAIL("it left before its turn"); });
        QCOMPARE(admission.enter(gone), Admission::Verdict::Wait);
    }
    bool woken = false;
    Admission::Ticket waiting(admission, [&] { woken = true; });
    QCOMPARE(admission.enter(waiting), Admission::Verdict::Wait);
    QVERIFY(!woken);
}

void TstAdmission::noQueue()
{
    Admission admission(1, 0);
    Admission::Ticket running(admission, [] {});
    Admission::Ticket refused(admission, [] { QFAIL("it does not wait"); });
    QCOMPARE(admission.enter(running), Admission::Verdict::Run);
    QCOMPARE(admission.enter(refused), Admission::Verdict::Refuse);
}

void TstAdmission::busyServers()
{
    // No limit of all requests: only servers are busy.
    using enum Admission::Verdict;
    Admission admission(0, 3);
    QByteArray woken;
    std::vector<std::unique_ptr<Admission::Ticket>> tickets;
    const auto add = [&](char name) -> Admission::Ticket & {
        tickets.push_back(std::make_unique<Admission::Ticket>(admission, [&woken, name] { woken += name; }));
        return *tickets.back();
    };
    for (const char name : {'a', 'b', 'c'}) {
        Admission::Ticket &ticket = add(name);
        QCOMPARE(admission.enter(ticket), Run);
        QCOMPARE(admission.park(ticket, true, admission.placesFreed()), Wait);
    }
    QCOMPARE(tickets[1]->position(), 2);
    QCOMPARE(admission.waiting(), 3);
    Admission::Ticket &late = add('d'); // may look behind a full queue, but not wait
    QCOMPARE(admission.enter(late), Run);
    QCOMPARE(admission.park(late, true, admission.placesFreed()), Refuse);
    QCOMPARE(woken, QByteArray());

    admission.placeFreed();
    QCOMPARE(woken, "a");
    QCOMPARE(admission.park(*tickets[0], false, admission.placesFreed()), Wait); // it wanted another server
    QCOMPARE(woken, "ab");
    admission.started(*tickets[1]);
    QCOMPARE(woken, "abc"); // there may be more than one place
    QCOMPARE(admission.park(*tickets[2], true, admission.placesFreed()), Wait);
    QCOMPARE(woken, "abc"); // for nobody: the search is over
    admission.placeFreed();
    QCOMPARE(woken, "abca"); // it kept its place at the front
    tickets[0].reset(); // gone at the very moment of its turn
    QCOMPARE(woken, "abcac");
    admission.started(*tickets[2]);
    QCOMPARE(admission.waiting(), 0);
}

void TstAdmission::placeFreedMeanwhile()
{
    using enum Admission::Verdict;
    Admission admission(0, 3);
    int woken = 0;
    Admission::Ticket ticket(admission, [&] { ++woken; });
    QCOMPARE(admission.enter(ticket), Run);
    quint64 seen = admission.placesFreed();
    admission.placeFreed(); // after it looked
    QCOMPARE(admission.park(ticket, true, seen), Run);
    QCOMPARE(admission.waiting(), 0);
    QCOMPARE(admission.park(ticket, true, admission.placesFreed()), Wait);
    admission.placeFreed();
    QCOMPARE(woken, 1);
    seen = admission.placesFreed();
    admission.placeFreed();
    QCOMPARE(admission.park(ticket, true, seen), Wait);
    QCOMPARE(woken, 2);
    QCOMPARE(admission.park(ticket, true, admission.placesFreed()), Wait);
    QCOMPARE(woken, 2);
}

void TstAdmission::threads()
{
    constexpr int places = 3;
    Admission admission(places, 1000);
    std::atomic<int> running{0};
    std::atomic<int> most{0};
    std::atomic<int> served{0};
    const auto work = [&] {
        for (int i = 0; i < 2000; ++i) {
            std::atomic<bool> woken{false};
            Admission::Ticket ticket(admission, [&] { woken = true; });
            const auto verdict = admission.enter(ticket);
            if (verdict == Admission::Verdict::Wait && i % 3 == 0)
                continue; // gave up, perhaps at the very moment of its turn
            while (verdict == Admission::Verdict::Wait && !woken)
                std::this_thread::yield();
            const int now = ++running;
            for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
            }
            ++served;
            --running;
        }
    };
    std::vector<std::jthread> workers;
    for (int i = 0; i < 6; ++i)
        workers.emplace_back(work);
    workers.clear();
    QVERIFY(most <= places);
    QVERIFY(served > 0);
    for (int i = 0; i < places; ++i) { // no place was lost
        auto *ticket = new Admission::Ticket(admission, [] {});
        QCOMPARE(admission.enter(*ticket), Admission::Verdict::Run);
        delete ticket;
    }
}

void TstAdmission::budget()
{
    ByteBudget budget(100);
    ByteBudget::Charge first(budget);
    QVERIFY(first.grow(60));
    ByteBudget::Charge second(budget);
    QVERIFY(!second.grow(41));
    QVERIFY(second.grow(40));
    QVERIFY(!budget.hasRoomFor(1));
    QVERIFY(!first.grow(1));
    QCOMPARE(budget.used(), 100);
    ByteBudget::Charge moved = std::move(first);
    QCOMPARE(first.bytes(), 0);
    QCOMPARE(budget.used(), 100);
    second = std::move(moved); // gives back what it had
    QCOMPARE(budget.used(), 60);
    second.release();
    second.release();
    QCOMPARE(budget.used(), 0);
}

void TstAdmission::budgetWithoutLimit()
{
    ByteBudget budget(0);
    ByteBudget::Charge charge(budget);
    QVERIFY(charge.grow(qint64(1) << 50));
    QVERIFY(budget.hasRoomFor(qint64(1) << 50));
    ByteBudget::Charge none;
    QVERIFY(none.grow(1));
}

void TstAdmission::budgetInThreads()
{
    ByteBudget budget(1000);
    std::atomic<bool> overdrawn{false};
    std::atomic<qint64> held{0};
    std::vector<std::jthread> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back([&] {
            for (int k = 0; k < 20000; ++k) {
                ByteBudget::Charge charge(budget);
                if (charge.grow(300)) {
                    if ((held += 300) > 1000)
                        overdrawn = true;
                    held -= 300;
                }
            }
        });
    }
    workers.clear();
    QVERIFY(!overdrawn);
    QCOMPARE(budget.used(), 0);
}

QTEST_APPLESS_MAIN(TstAdmission)
#include "tst_admission.moc"
