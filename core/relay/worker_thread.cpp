// SPDX-License-Identifier: Apache-2.0
#include "relay/worker_thread.h"

#include "util/epoll_dispatcher.h"

#include <QLoggingCategory>

#include <unistd.h>

namespace pdlb::relay {

namespace {

Q_LOGGING_CATEGORY(lcWorker, "pdlb.worker")

} // namespace

WorkerThread::WorkerThread(SharedState &shared, int descriptor) : m_shared(shared), m_descriptor(descriptor)
{
    setObjectName(QStringLiteral("pdlb-worker"));
}

WorkerThread::~WorkerThread()
{
    quit();
    wait();
    if (!m_started)
        ::close(m_descriptor);
}

void WorkerThread::begin()
{
    m_started = true;
    setEventDispatcher(new EpollDispatcher); // gone with the thread's end; of a thread that never ran it would leak
    start();
}

void WorkerThread::askDrain()
{
    m_drainAsked = true;
    Q_EMIT drainRequested();
}

void WorkerThread::askForce()
{
    m_forceAsked = true;
    Q_EMIT forceRequested();
}

void WorkerThread::run()
{
    Worker worker(m_shared, m_descriptor);
    connect(this, &WorkerThread::configureRequested, &worker, &Worker::configure);
    connect(this, &WorkerThread::drainRequested, &worker, &Worker::drain);
    connect(this, &WorkerThread::forceRequested, &worker, &Worker::forceEnd);
    connect(this, &WorkerThread::abortRequested, &worker, &Worker::abort);
    connect(&worker, &Worker::drained, this, [this] {
        if (!std::exchange(m_drained, true))
            Q_EMIT drained();
    });
    if (auto listening = worker.listen(); !listening)
        qCCritical(lcWorker, "%s", qUtf8Printable(listening.error().message));
    worker.configure();
    // Asked before the connections above were made.
    if (m_drainAsked)
        worker.drain();
    if (m_forceAsked)
        worker.forceEnd();
    exec();
}

} // namespace pdlb::relay
