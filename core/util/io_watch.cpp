// SPDX-License-Identifier: Apache-2.0
#include "util/io_watch.h"

#include "util/epoll_dispatcher.h"

#include <QSocketNotifier>
#include <QThread>

#include <unistd.h>

namespace pdlb {

void IoWatch::Retire::operator()(QSocketNotifier *notifier) const
{
    // It may be delivering its own signal.
    notifier->setEnabled(false);
    notifier->disconnect();
    notifier->deleteLater();
}

IoWatch::IoWatch(int descriptor, IoHandler &handler)
    : m_handler(handler), m_dispatcher(dynamic_cast<EpollDispatcher *>(QThread::currentThread()->eventDispatcher())),
      m_descriptor(descriptor)
{
}

IoWatch::~IoWatch()
{
    if (m_dispatcher && (m_reading || m_writing))
        m_dispatcher->setHandler(m_descriptor, nullptr, false, false);
}

void IoWatch::close()
{
    if (m_dispatcher && (m_reading || m_writing))
        m_dispatcher->forgetHandler(m_descriptor);
    m_reading = m_writing = false;
    m_readNotifier.reset(); // before the descriptor is another one's
    m_writeNotifier.reset();
    ::close(m_descriptor);
}

void IoWatch::setReading(bool on)
{
    if (on == m_reading)
        return;
    m_reading = on;
    if (m_dispatcher)
        update();
    else
        setNotifier(m_readNotifier, on, QSocketNotifier::Read, &IoHandler::ioReadable);
}

void IoWatch::setWriting(bool on)
{
    if (on == m_writing)
        return;
    m_writing = on;
    if (m_dispatcher)
        update();
    else
        setNotifier(m_writeNotifier, on, QSocketNotifier::Write, &IoHandler::ioWritable);
}

void IoWatch::update()
{
    m_dispatcher->setHandler(m_descriptor, &m_handler, m_reading, m_writing);
}

void IoWatch::setNotifier(Notifier &notifier, bool on, int type, void (IoHandler::*call)())
{
    if (!notifier) {
        notifier.reset(new QSocketNotifier(m_descriptor, QSocketNotifier::Type(type)));
        QObject::connect(notifier.get(), &QSocketNotifier::activated, notifier.get(), [this, call] { (m_handler.*call)(); });
    }
    notifier->setEnabled(on);
}

} // namespace pdlb
