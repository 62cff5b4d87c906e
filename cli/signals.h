// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <QObject>

#include <initializer_list>

namespace pdlb::cli {

/// Turns signals of the process into one of the event loop (signalfd). One object per process and signal; from its
/// construction on they no longer do anything by themselves.
class SignalEvents : public QObject
{
    Q_OBJECT

public:
    /// Make it before any thread is started.
    explicit SignalEvents(std::initializer_list<int> signalNumbers, QObject *parent = nullptr);
    ~SignalEvents() override;

Q_SIGNALS:
    void requested(int signalNumber);

private:
    int m_descriptor = -1;
};

/// SIGINT and SIGTERM.
class TerminationSignals final : public SignalEvents
{
    Q_OBJECT

public:
    explicit TerminationSignals(QObject *parent = nullptr);
};

/// SIGINT and SIGTERM end the process while this lives: for waits that no event loop interrupts.
class UnblockedSignals final
{
    Q_DISABLE_COPY_MOVE(UnblockedSignals)

public:
    UnblockedSignals();
    ~UnblockedSignals();
};

/// Blocks SIGINT and SIGTERM for this thread and all that it starts later, and ignores SIGPIPE. Call before any thread
/// is started.
void prepareSignals();

} // namespace pdlb::cli
