// SPDX-License-Identifier: Apache-2.0
#include "util/work_thread.h"

#include "util/epoll_dispatcher.h"

namespace pdlb {

WorkThread::WorkThread(const QString &name) : m_context(std::make_unique<QObject>())
{
    m_thread.setObjectName(name);
    m_context->moveToThread(&m_thread);
}

void WorkThread::begin()
{
    m_thread.setEventDispatcher(new EpollDispatcher); // gone with the thread's end
    m_thread.start();
}

void WorkThread::post(std::function<void()> work)
{
    if (m_thread.isRunning())
        QMetaObject::invokeMethod(m_context.get(), std::move(work), Qt::QueuedConnection);
}

void WorkThread::finish(std::function<void()> last)
{
    if (!m_thread.isRunning())
        return;
    post([this, last = std::move(last)] {
        if (last)
            last();
        m_thread.quit();
    });
    m_thread.wait();
}

} // namespace pdlb
