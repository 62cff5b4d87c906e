// SPDX-License-Identifier: Apache-2.0
#include "cli/client_thread.h"

#include "util/epoll_dispatcher.h"

namespace pdlb::cli {

ClientThread::ClientThread() : m_context(std::make_unique<QObject>())
{
    m_thread.setObjectName(QStringLiteral("pdlb-client"));
    m_context->moveToThread(&m_thread);
}

void ClientThread::begin()
{
    m_thread.setEventDispatcher(new EpollDispatcher); // gone with the thread's end
    m_thread.start();
}

void ClientThread::post(std::function<void()> work)
{
    if (m_thread.isRunning())
        QMetaObject::invokeMethod(m_context.get(), std::move(work), Qt::QueuedConnection);
}

void ClientThread::finish()
{
    if (!m_thread.isRunning())
        return;
    post([this] { m_thread.quit(); });
    m_thread.wait();
}

} // namespace pdlb::cli
