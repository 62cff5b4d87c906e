// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.h"

#include <QSocketNotifier>

#include <csignal>

#include <sys/signalfd.h>
#include <unistd.h>

namespace pdlb::cli {

namespace {

/// The signals as a set, which is blocked (or no longer) from here on.
sigset_t change(int how, std::initializer_list<int> signalNumbers)
{
    sigset_t set;
    sigemptyset(&set);
    for (const int number : signalNumbers)
        sigaddset(&set, number);
    pthread_sigmask(how, &set, nullptr);
    return set;
}

} // namespace

void prepareSignals()
{
    change(SIG_BLOCK, {SIGINT, SIGTERM});
    std::signal(SIGPIPE, SIG_IGN);
}

SignalEvents::SignalEvents(std::initializer_list<int> signalNumbers, QObject *parent) : QObject(parent)
{
    const sigset_t set = change(SIG_BLOCK, signalNumbers);
    m_descriptor = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    auto *notifier = new QSocketNotifier(m_descriptor, QSocketNotifier::Read, this);
    connect(notifier, &QSocketNotifier::activated, this, [this] {
        signalfd_siginfo info;
        while (::read(m_descriptor, &info, sizeof info) == ssize_t(sizeof info))
            Q_EMIT requested(int(info.ssi_signo));
    });
}

SignalEvents::~SignalEvents()
{
    ::close(m_descriptor);
}

UnblockedSignals::UnblockedSignals()
{
    change(SIG_UNBLOCK, {SIGINT, SIGTERM});
}

UnblockedSignals::~UnblockedSignals()
{
    change(SIG_BLOCK, {SIGINT, SIGTERM});
}

TerminationSignals::TerminationSignals(QObject *parent) : SignalEvents({SIGINT, SIGTERM}, parent) {}

} // namespace pdlb::cli
