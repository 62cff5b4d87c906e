// SPDX-License-Identifier: Apache-2.0
#include "cli/signals.h"

#include <QSocketNotifier>

#include <csignal>

#include <sys/signalfd.h>
#include <unistd.h>

namespace pdlb::cli {

namespace {

/// The signals as a set, which is blocked from here on.
sigset_t block(std::initializer_list<int> signalNumbers)
{
    sigset_t set;
    sigemptyset(&set);
    for (const int number : signalNumbers)
        sigaddset(&set, number);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

} // namespace

void prepareSignals()
{
    block({SIGINT, SIGTERM});
    std::signal(SIGPIPE, SIG_IGN);
}

SignalEvents::SignalEvents(std::initializer_list<int> signalNumbers, QObject *parent) : QObject(parent)
{
    const sigset_t set = block(signalNumbers);
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

TerminationSignals::TerminationSignals(QObject *parent) : SignalEvents({SIGINT, SIGTERM}, parent) {}

} // namespace pdlb::cli
