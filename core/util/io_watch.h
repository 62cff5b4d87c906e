// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

class QSocketNotifier;

namespace pdlb {

class EpollDispatcher;

/// Told of a descriptor. Each call may delete the watch and the handler.
class IoHandler
{
public:
    virtual void ioReadable() = 0;
    virtual void ioWritable() = 0;

protected:
    ~IoHandler() = default;
};

/// Watches a descriptor for the thread that it is made in, level-triggered. On EpollDispatcher an event is one virtual
/// call; a QSocketNotifier, which is used on any other dispatcher, is a QEvent and a signal besides: a microsecond of
/// each chunk of a stream. Closed or failed connections count as readable and writable.
class IoWatch final
{
public:
    IoWatch(int descriptor, IoHandler &handler);
    /// The descriptor must still be open.
    ~IoWatch();
    IoWatch(const IoWatch &) = delete;
    IoWatch &operator=(const IoWatch &) = delete;

    void setReading(bool on);
    void setWriting(bool on);
    /// Watches no more and closes the descriptor: the kernel forgets it with that, which saves a system call.
    void close();

private:
    void update();

    struct Retire {
        void operator()(QSocketNotifier *notifier) const;
    };
    using Notifier = std::unique_ptr<QSocketNotifier, Retire>;
    void setNotifier(Notifier &notifier, bool on, int type, void (IoHandler::*call)());

    IoHandler &m_handler;
    EpollDispatcher *m_dispatcher; ///< null: notifiers are used
    Notifier m_readNotifier;
    Notifier m_writeNotifier;
    int m_descriptor;
    bool m_reading = false;
    bool m_writing = false;
};

} // namespace pdlb
